// What a step of the wizard is given and comes to, and the boxes it asks with.
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

/** What the wizard works with. */
export interface AddProviderWizardDependencies {
  readonly clientSecrets: ClientSecrets;
  readonly discovery: Discovery;
  readonly settings: Settings;
  /** The page that tells how to register a client: at a product, or at any other server. */
  getInstructions(product: PresetId | 'other'): vscode.Uri;
  /** The URI at which the editor hands callbacks to this extension, as it is registered at a server. */
  readonly callbackUri: string;
  /** A port that is free now. */
  proposePort(): Promise<number>;
  /** Signs in to a provider, and tells how it went. */
  signIn(provider: Provider): Promise<void>;
}

/** What a step is given. */
export interface WizardState {
  readonly dependencies: AddProviderWizardDependencies;
  readonly draft: Draft;
  /** The client's secret as it was typed; empty if none was. */
  readonly secret: string;
  /** The entries in the settings. */
  readonly entries: readonly Entry[];
}

/** What a step comes to. */
export interface Outcome {
  /** The draft with the answer. */
  readonly draft: Draft;
  /** The client's secret, if it was asked for. */
  readonly secret?: string;
  /** Where to go on, if it is not the next step. */
  readonly next?: Step | 'sign-in' | 'save';
}

/** Asks for one thing. */
export type AskStep = (state: WizardState) => Promise<Answer<Outcome>>;

/** A row to pick; one without an outcome is a separator. */
export interface Row extends vscode.QuickPickItem {
  readonly outcome?: Outcome;
}

/** A line between rows. */
export function separator(label: string): Row {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}

/** Lets the person pick a row. */
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

/** A list for a step, still without rows. */
export function createList(
  { draft }: WizardState,
  step: Step,
  placeholder: string,
): vscode.QuickPick<vscode.QuickPickItem> {
  const list = vscode.window.createQuickPick();
  list.placeholder = placeholder;
  list.matchOnDescription = true;
  return withFrame(list, draft, step);
}

/** A box for a step. */
export function createBox({ draft }: WizardState, step: Step, prompt: string, value: string): vscode.InputBox {
  const box = vscode.window.createInputBox();
  box.prompt = prompt;
  box.value = value;
  return withFrame(box, draft, step);
}

function withFrame<B extends Box>(box: B, draft: Draft, step: Step): B {
  const steps = getSteps(draft);
  box.title =
    draft.original === undefined || step === 'server'
      ? wizardMessages.addTitle()
      : wizardMessages.editTitle(entryName(draft.original));
  box.step = steps.indexOf(step) + 1;
  box.totalSteps = steps.length;
  // Who registers the client meanwhile, in the browser, finds it as it was.
  box.ignoreFocusOut = true;
  box.buttons = step === 'server' ? [] : [vscode.QuickInputButtons.Back];
  return box;
}
