// The steps about the client: its ID, and its secret if it has one.
import * as vscode from 'vscode';
import { leavesPortOpen } from '../core/redirectUri.ts';
import { redirectUrisFor } from '../flows/signInFlows.ts';
import { toProvider } from './draft.ts';
import { validateClientId } from './entryValidation.ts';
import { showStep, type Answer } from './multiStepInput.ts';
import { findPresetRequiringSecret, registersRedirect } from './steps.ts';
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
  const change = { iconPath: new vscode.ThemeIcon('edit'), tooltip: messages.changeRedirectUri() };
  box.buttons = [
    ...box.buttons,
    ...(redirectUris.length > 0 ? [copy] : []),
    ...(registersRedirect(draft) ? [change] : []),
    instructions,
  ];
  validateWhileTyping(box, validateClientId, state.isDetour);
  const onButton = async (button: vscode.QuickInputButton): Promise<Outcome | undefined> => {
    if (button === change) {
      return { draft: { ...draft, clientId: box.value.trim() }, next: 'redirect' };
    }

    if (button === copy) {
      await vscode.env.clipboard.writeText(redirectUris.join('\n'));
      box.prompt = wizardMessages.copied(prompt);
    } else {
      await vscode.commands.executeCommand(
        'markdown.showPreview',
        dependencies.getInstructions(draft.preset?.id ?? 'other'),
      );
    }
    return undefined;
  };
  return showStep<Outcome>(
    box,
    () => {
      const clientId = box.value.trim();
      if (isInvalid(box, validateClientId(clientId))) {
        return undefined;
      }
      // Another client has another secret.
      const needsSecret = state.isDetour && clientId !== draft.clientId && (draft.preset?.secret ?? 'none') !== 'none';
      return { draft: { ...draft, clientId }, ...(needsSecret ? { next: 'secret' } : {}) };
    },
    onButton,
  );
}

/** Asks for the client's secret. */
export async function askSecret(state: WizardState): Promise<Answer<Outcome>> {
  const { dependencies, draft } = state;
  const provider = toProvider(draft);
  const stored = provider && (await dependencies.clientSecrets.read(provider).catch(() => undefined));
  const box = createBox(state, 'secret', messages.secretPrompt(stored !== undefined, draft.preset), state.secret);
  box.placeholder = messages.secretPlaceholder();
  box.password = true;
  return showStep(box, () => {
    const secret = box.value.trim();
    const next = { ...draft, withoutSecret: secret === '' && stored === undefined };
    const preset = findPresetRequiringSecret(next);
    box.validationMessage = preset && messages.secretRequired(preset);
    return preset === undefined ? { draft: next, secret } : undefined;
  });
}
