// The steps about the client: its ID, and its secret if it has one.
import * as vscode from 'vscode';
import { leavesPortOpen } from '../core/redirectUri.ts';
import { redirectUrisFor } from '../flows/signInFlows.ts';
import { toProvider } from './draft.ts';
import { validateClientId } from './entryValidation.ts';
import { showStep, type Answer } from './multiStepInput.ts';
import { findPresetRequiringSecret } from './steps.ts';
import { isInvalid, validateWhileTyping } from './validation.ts';
import * as messages from './clientStepMessages.ts';
import * as wizardMessages from './wizardMessages.ts';
import { createBox, type Outcome, type WizardState } from './wizardStep.ts';

/** Asks for the client ID, and shows how to register the client. */
export function askClient(state: WizardState): Promise<Answer<Outcome>> {
  const { dependencies, draft } = state;
  const provider = toProvider(draft);
  const redirectUris =
    provider === undefined || draft.preset?.registersRedirect === false
      ? []
      : redirectUrisFor(provider, undefined, dependencies.callbackUri);
  const isAnyPort = redirectUris.some(leavesPortOpen);
  const prompt = messages.clientIdPrompt(draft.preset, redirectUris, isAnyPort);
  const box = createBox(state, 'client', prompt, draft.clientId);
  box.placeholder = messages.clientIdPlaceholder();
  const copy = { iconPath: new vscode.ThemeIcon('copy'), tooltip: messages.copyRedirectUris() };
  const instructions = { iconPath: new vscode.ThemeIcon('book'), tooltip: messages.showInstructions() };
  box.buttons = [...box.buttons, ...(redirectUris.length > 0 ? [copy] : []), instructions];
  validateWhileTyping(box, validateClientId);
  const onButton = async (button: vscode.QuickInputButton): Promise<void> => {
    if (button === copy) {
      await vscode.env.clipboard.writeText(redirectUris.join('\n'));
      box.prompt = wizardMessages.copied(prompt);
    } else {
      await vscode.commands.executeCommand(
        'markdown.showPreview',
        dependencies.getInstructions(draft.preset?.id ?? 'other'),
      );
    }
  };
  return showStep(
    box,
    () =>
      isInvalid(box, validateClientId(box.value)) ? undefined : { draft: { ...draft, clientId: box.value.trim() } },
    onButton,
  );
}

/** Asks for the client's secret. */
export async function askSecret(state: WizardState): Promise<Answer<Outcome>> {
  const { dependencies, draft } = state;
  const provider = toProvider(draft);
  const stored = provider && (await dependencies.clientSecrets.read(provider).catch(() => undefined));
  const box = createBox(state, 'secret', messages.secretPrompt(stored !== undefined, draft.preset), state.secret);
  box.password = true;
  return showStep(box, () => {
    const secret = box.value.trim();
    const next = { ...draft, withoutSecret: secret === '' && stored === undefined };
    const preset = findPresetRequiringSecret(next);
    box.validationMessage = preset && messages.secretRequired(preset);
    return preset === undefined ? { draft: next, secret } : undefined;
  });
}
