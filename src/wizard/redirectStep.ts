// The boxes of the step for the redirect URI. What has to be registered is shown, and can be copied, before the client ID is asked for.
import * as vscode from 'vscode';
import * as text from '../host/messages.ts';
import { showStep, type Answer } from './multiStepInput.ts';
import { draftOf, objectionToRedirect, type Draft } from './draft.ts';
import * as words from './wizardMessages.ts';
import {
  REDIRECT_KINDS,
  SAMPLE_REDIRECT_URI,
  isForAnyPort,
  urisToRegister,
  withRedirectEntered,
  type RedirectDraft,
} from './redirect.ts';

interface Row extends vscode.QuickPickItem {
  readonly uris: readonly string[];
  readonly draft: Draft;
}

const copyButton = (): vscode.QuickInputButton => ({
  iconPath: new vscode.ThemeIcon('copy'),
  tooltip: words.labelCopyUris(),
});

/** Asks which redirect URIs the server accepts. */
export function askRedirect(list: vscode.QuickPick<vscode.QuickPickItem>, draft: Draft): Promise<Answer<Draft>> {
  const { redirectKind: usual } = draftOf(draft.preset);
  const rows = REDIRECT_KINDS.map((redirectKind): Row => {
    const uris = urisToRegister(draft, redirectKind);
    return {
      label: words.REDIRECT_KINDS[redirectKind](),
      description: redirectKind === usual ? words.labelRecommended() : '',
      detail: words.detailRedirect(redirectKind, uris),
      buttons: uris.length === 0 ? [] : [copyButton()],
      uris,
      draft: { ...draft, redirectKind },
    };
  });
  list.items = rows;
  list.activeItems = rows.filter((_, index) => REDIRECT_KINDS[index] === draft.redirectKind);
  list.onDidTriggerItemButton(async ({ item }) => {
    const uris = (item as Row).uris.join(', ');
    await vscode.env.clipboard.writeText((item as Row).uris.join('\n'));
    list.placeholder = words.sayCopied(uris);
  });
  return showStep(list, () => (list.selectedItems[0] as Row | undefined)?.draft);
}

/** Asks for the ports, or for the redirect URI that is registered. */
export function askRedirectUri(box: vscode.InputBox, draft: Draft): Promise<Answer<Draft>> {
  const isUri = draft.redirectKind === 'redirect-uri';
  const asked = isUri ? words.askRedirectUri() : words.askPorts();
  const copy = copyButton();
  box.buttons = [...box.buttons, copy];
  box.placeholder = isUri ? SAMPLE_REDIRECT_URI : '';
  const entered = (): RedirectDraft => withRedirectEntered(draft, box.value);
  const show = (isEmptyFine = true): boolean => {
    const objection = objectionToRedirect(entered());
    const isQuiet = isEmptyFine && box.value.trim() === '';
    box.validationMessage = isQuiet ? undefined : objection && words.sayObjection(objection);
    box.prompt =
      objection === undefined
        ? `${asked} ${text.sayToRegister(urisToRegister(entered()).join(' , '), isForAnyPort(entered()))}`
        : asked;
    return objection === undefined;
  };
  box.onDidChangeValue(() => show());
  show();
  const press = async (): Promise<void> => {
    if (show(false)) {
      await vscode.env.clipboard.writeText(urisToRegister(entered()).join('\n'));
      box.prompt = words.sayCopied(box.prompt ?? '');
    }
  };
  return showStep<Draft>(box, () => (show(false) ? { ...draft, ...entered() } : undefined), press);
}
