// The input and outcome of the wizard's steps, and their input boxes and quick picks.
import * as vscode from 'vscode';
import type { Provider } from '../core/provider.ts';
import type { Settings } from '../host/settings.ts';
import type { Discovery } from '../protocol/discovery.ts';
import type { ClientSecrets } from '../storage/clientSecrets.ts';
import type { Draft } from './draft.ts';
import { entryName, type Entry } from './entries.ts';
import { showStep, type Answer, type Box } from './multiStepInput.ts';
import type { PresetId } from './presets.ts';
import { getSteps, type Step } from './steps.ts';
import * as wizardMessages from './wizardMessages.ts';

/** What the wizard depends on. */
export interface AddProviderWizardDependencies {
  readonly clientSecrets: ClientSecrets;
  readonly discovery: Discovery;
  readonly settings: Settings;
  /** Returns the page with instructions for registering a client: at a product, or at any other server. */
  getInstructions(product: PresetId | 'other'): vscode.Uri;
  /** The ID of this extension. */
  readonly extensionId: string;
  /** The URI for callbacks through the editor, as it is registered at a server. */
  readonly callbackUri: string;
  /** Returns a port that is free now. */
  proposePort(): Promise<number>;
  /** Signs in to a provider, and shows the outcome. */
  signIn(provider: Provider): Promise<void>;
}

/** The input of a step. */
export interface WizardState {
  readonly dependencies: AddProviderWizardDependencies;
  readonly draft: Draft;
  /** The client secret that was entered; empty if none was. */
  readonly secret: string;
  /** The entries in the settings. */
  readonly entries: readonly Entry[];
  /** Whether another step leads here and follows again, instead of the next one. */
  readonly isDetour: boolean;
}

/** The outcome of a step. */
export interface Outcome {
  /** The draft with the answer. */
  readonly draft: Draft;
  /** The client secret, if the step asked for it. */
  readonly secret?: string;
  /** What follows, if not the next step. A step returns here. */
  readonly next?: Step | 'sign-in' | 'save' | 'copy-link';
}

/** Runs one step. */
export type RunStep = (state: WizardState) => Promise<Answer<Outcome>>;

/** A row of a quick pick; one without an outcome is a separator. */
export interface Row extends vscode.QuickPickItem {
  readonly outcome?: Outcome;
}

/** Returns the entries other than the one to edit. */
export function otherEntries({ draft, entries }: WizardState): Entry[] {
  return entries.filter((entry) => entry !== draft.original);
}

/** Returns a separator between rows. */
export function separator(label: string): Row {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}

/** Shows a quick pick with these rows. */
export function pickRow(
  state: WizardState,
  step: Step,
  placeholder: string,
  rows: readonly Row[],
): Promise<Answer<Outcome>> {
  const list = createList(state, step, placeholder);
  list.items = rows;
  return showStep(list, () => (list.selectedItems[0] as Row | undefined)?.outcome);
}

/** Creates a quick pick for a step, without rows. */
export function createList(
  state: WizardState,
  step: Step,
  placeholder: string,
): vscode.QuickPick<vscode.QuickPickItem> {
  const list = vscode.window.createQuickPick();
  list.placeholder = placeholder;
  list.matchOnDescription = true;
  return withFrame(list, state, step);
}

/** Creates an input box for a step. */
export function createBox(state: WizardState, step: Step, prompt: string, value: string): vscode.InputBox {
  const box = vscode.window.createInputBox();
  box.prompt = prompt;
  box.value = value;
  return withFrame(box, state, step);
}

function withFrame<B extends Box>(box: B, { draft, isDetour }: WizardState, step: Step): B {
  const steps = getSteps(draft);
  box.title =
    draft.original === undefined || step === 'server'
      ? wizardMessages.addTitle()
      : wizardMessages.editTitle(entryName(draft.original));
  if (!isDetour && draft.original === undefined) {
    box.step = steps.indexOf(step) + 1;
    box.totalSteps = steps.length;
  }
  // The user may switch to the browser to register the client.
  box.ignoreFocusOut = true;
  box.buttons = step === 'server' ? [] : [vscode.QuickInputButtons.Back];
  return box;
}
