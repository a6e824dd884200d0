// The steps about the redirect URI, which has a default.
import * as vscode from 'vscode';
import { formatList } from '../host/formatting.ts';
import { redirectUriToRegister } from '../host/promptMessages.ts';
import * as messages from './redirectStepMessages.ts';
import * as wizardMessages from './wizardMessages.ts';
import { withRedirectKind, type Draft } from './draft.ts';
import { validateRedirect } from './entryValidation.ts';
import { showStep, type Answer } from './multiStepInput.ts';
import {
  REDIRECT_KINDS,
  SAMPLE_REDIRECT_URI,
  allowsAnyPort,
  formatRedirect,
  urisToRegister,
  withEnteredRedirect,
  type RedirectDraft,
} from './redirect.ts';
import { benefitsFromIssuerPath, proposeRedirectKind } from './proposals.ts';
import { isInvalid } from './validation.ts';
import { createBox, createList, otherEntries, type Outcome, type WizardState } from './wizardStep.ts';

interface Row extends vscode.QuickPickItem {
  readonly uris: readonly string[];
  readonly outcome: Outcome;
}

const copyButton = (): vscode.QuickInputButton => ({
  iconPath: new vscode.ThemeIcon('copy'),
  tooltip: messages.copyRedirectUri(),
});

/** Asks which redirect URIs the server accepts. */
export function askRedirect(state: WizardState): Promise<Answer<Outcome>> {
  const { draft } = state;
  const list = createList(state, 'redirect', messages.kindPrompt());
  const recommended = proposeRedirectKind({ ...draft, original: undefined }, otherEntries(state));
  const kinds = REDIRECT_KINDS.filter((kind) => kind !== 'issuer-path' || isOffered(draft));
  const rows = kinds.map((redirectKind): Row => {
    const changed = withRedirectKind(draft, redirectKind);
    const uris = urisToRegister(changed);
    const needsInput = redirectKind === 'ports' || redirectKind === 'redirect-uri';
    return {
      label: messages.KIND_LABELS[redirectKind](),
      description: redirectKind === recommended ? messages.recommended() : '',
      detail: messages.kindDetail(redirectKind, uris, allowsAnyPort(changed)),
      buttons: uris.length === 0 ? [] : [copyButton()],
      uris,
      outcome: { draft: { ...changed, isRedirectChosen: true }, ...(needsInput ? { next: 'redirectUri' } : {}) },
    };
  });
  list.items = rows;
  list.activeItems = rows.filter((_, index) => kinds[index] === draft.redirectKind);
  list.onDidTriggerItemButton(async ({ item }) => {
    const { uris } = item as Row;
    await vscode.env.clipboard.writeText(uris.join('\n'));
    list.placeholder = wizardMessages.copied(formatList(uris));
  });
  return showStep(list, () => (list.selectedItems[0] as Row | undefined)?.outcome);
}

/** Returns whether a path for the issuer only is among the kinds of redirect URI. */
function isOffered(draft: Draft): boolean {
  return draft.redirectKind === 'issuer-path' || benefitsFromIssuerPath(draft);
}

/** Asks for the ports, or for the registered redirect URI. */
export async function askRedirectUri(state: WizardState): Promise<Answer<Outcome>> {
  const { dependencies, draft } = state;
  const box = createBox(state, 'redirectUri', '', formatRedirect(draft, await dependencies.proposePort()));
  const isUri = draft.redirectKind === 'redirect-uri';
  const prompt = isUri ? messages.redirectUriPrompt() : messages.portsPrompt();
  const copy = copyButton();
  box.buttons = [...box.buttons, copy];
  box.placeholder = isUri ? SAMPLE_REDIRECT_URI : messages.portsPlaceholder();
  const entered = (): RedirectDraft => withEnteredRedirect(draft, box.value);
  const update = (isEmptyAllowed = true): boolean => {
    const error = validateRedirect(entered());
    isInvalid(box, isEmptyAllowed && box.value.trim() === '' ? undefined : error);
    box.prompt =
      error === undefined && !isUri
        ? `${prompt} ${redirectUriToRegister(urisToRegister(entered()), allowsAnyPort(entered()))}`
        : prompt;
    return error === undefined;
  };
  box.onDidChangeValue(() => update());
  update();
  const onButton = async (): Promise<undefined> => {
    if (update(false)) {
      await vscode.env.clipboard.writeText(urisToRegister(entered()).join('\n'));
      box.prompt = wizardMessages.copied(box.prompt ?? '');
    }
    return undefined;
  };
  return showStep<Outcome>(box, () => (update(false) ? { draft: { ...draft, ...entered() } } : undefined), onButton);
}
