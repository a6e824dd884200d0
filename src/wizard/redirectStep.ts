// The steps about the redirect URI. They come before the client ID, because the redirect URI is needed to register a client.
import * as vscode from 'vscode';
import { redirectUriToRegister } from '../host/promptMessages.ts';
import * as messages from './redirectStepMessages.ts';
import * as wizardMessages from './wizardMessages.ts';
import { createDraft } from './draft.ts';
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
import { isInvalid } from './validation.ts';
import { createBox, createList, type Outcome, type WizardState } from './wizardStep.ts';

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
  const { redirectKind: recommended } = createDraft(draft.preset);
  const rows = REDIRECT_KINDS.map((redirectKind): Row => {
    const uris = urisToRegister(draft, redirectKind);
    return {
      label: messages.KIND_LABELS[redirectKind](),
      description: redirectKind === recommended ? messages.recommended() : '',
      detail: messages.kindDetail(redirectKind, uris),
      buttons: uris.length === 0 ? [] : [copyButton()],
      uris,
      outcome: { draft: { ...draft, redirectKind } },
    };
  });
  list.items = rows;
  list.activeItems = rows.filter((_, index) => REDIRECT_KINDS[index] === draft.redirectKind);
  list.onDidTriggerItemButton(async ({ item }) => {
    const uris = (item as Row).uris.join(', ');
    await vscode.env.clipboard.writeText((item as Row).uris.join('\n'));
    list.placeholder = wizardMessages.copied(uris);
  });
  return showStep(list, () => (list.selectedItems[0] as Row | undefined)?.outcome);
}

/** Asks for the ports, or for the registered redirect URI. */
export async function askRedirectUri(state: WizardState): Promise<Answer<Outcome>> {
  const { dependencies, draft } = state;
  const box = createBox(state, 'redirectUri', '', formatRedirect(draft, await dependencies.proposePort()));
  const isUri = draft.redirectKind === 'redirect-uri';
  const prompt = isUri ? messages.redirectUriPrompt() : messages.portsPrompt();
  const copy = copyButton();
  box.buttons = [...box.buttons, copy];
  box.placeholder = isUri ? SAMPLE_REDIRECT_URI : '';
  const entered = (): RedirectDraft => withEnteredRedirect(draft, box.value);
  const update = (isEmptyAllowed = true): boolean => {
    const error = validateRedirect(entered());
    isInvalid(box, isEmptyAllowed && box.value.trim() === '' ? undefined : error);
    box.prompt =
      error === undefined
        ? `${prompt} ${redirectUriToRegister(urisToRegister(entered()).join(' , '), allowsAnyPort(entered()))}`
        : prompt;
    return error === undefined;
  };
  box.onDidChangeValue(() => update());
  update();
  const onButton = async (): Promise<void> => {
    if (update(false)) {
      await vscode.env.clipboard.writeText(urisToRegister(entered()).join('\n'));
      box.prompt = wizardMessages.copied(box.prompt ?? '');
    }
  };
  return showStep<Outcome>(box, () => (update(false) ? { draft: { ...draft, ...entered() } } : undefined), onButton);
}
