// The boxes of the step for the redirect URI. What has to be registered is shown, and can be copied, before the client ID is asked for.
import * as vscode from 'vscode';
import * as text from '../host/messages.ts';
import { draftOf } from './draft.ts';
import { validateRedirect } from './entryValidation.ts';
import { showStep, type Answer } from './multiStepInput.ts';
import {
  REDIRECT_KINDS,
  SAMPLE_REDIRECT_URI,
  isForAnyPort,
  redirectEntered,
  urisToRegister,
  withRedirectEntered,
  type RedirectDraft,
} from './redirect.ts';
import { isInvalid } from './validation.ts';
import * as words from './wizardMessages.ts';
import { createBox, createList, type Outcome, type WizardState } from './wizardStep.ts';

interface Row extends vscode.QuickPickItem {
  readonly uris: readonly string[];
  readonly outcome: Outcome;
}

const copyButton = (): vscode.QuickInputButton => ({
  iconPath: new vscode.ThemeIcon('copy'),
  tooltip: words.labelCopyUris(),
});

/** Asks which redirect URIs the server accepts. */
export function askRedirect(state: WizardState): Promise<Answer<Outcome>> {
  const { draft } = state;
  const list = createList(state, 'redirect', words.askRedirect());
  const { redirectKind: usual } = draftOf(draft.preset);
  const rows = REDIRECT_KINDS.map((redirectKind): Row => {
    const uris = urisToRegister(draft, redirectKind);
    return {
      label: words.REDIRECT_KINDS[redirectKind](),
      description: redirectKind === usual ? words.labelRecommended() : '',
      detail: words.detailRedirect(redirectKind, uris),
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
    list.placeholder = words.sayCopied(uris);
  });
  return showStep(list, () => (list.selectedItems[0] as Row | undefined)?.outcome);
}

/** Asks for the ports, or for the redirect URI that is registered. */
export async function askRedirectUri(state: WizardState): Promise<Answer<Outcome>> {
  const { dependencies, draft } = state;
  const box = createBox(state, 'redirectUri', '', redirectEntered(draft, await dependencies.proposePort()));
  const isUri = draft.redirectKind === 'redirect-uri';
  const asked = isUri ? words.askRedirectUri() : words.askPorts();
  const copy = copyButton();
  box.buttons = [...box.buttons, copy];
  box.placeholder = isUri ? SAMPLE_REDIRECT_URI : '';
  const entered = (): RedirectDraft => withRedirectEntered(draft, box.value);
  const show = (isEmptyFine = true): boolean => {
    const error = validateRedirect(entered());
    isInvalid(box, isEmptyFine && box.value.trim() === '' ? undefined : error);
    box.prompt =
      error === undefined
        ? `${asked} ${text.sayToRegister(urisToRegister(entered()).join(' , '), isForAnyPort(entered()))}`
        : asked;
    return error === undefined;
  };
  box.onDidChangeValue(() => show());
  show();
  const press = async (): Promise<void> => {
    if (show(false)) {
      await vscode.env.clipboard.writeText(urisToRegister(entered()).join('\n'));
      box.prompt = words.sayCopied(box.prompt ?? '');
    }
  };
  return showStep<Outcome>(box, () => (show(false) ? { draft: { ...draft, ...entered() } } : undefined), press);
}
