// The wizard that adds or edits a provider. steps.ts decides which steps there are; draft.ts turns the answers into an
// entry.
import * as vscode from 'vscode';
import { sanitizeDisplayName } from '../core/failure.ts';
import type { Provider } from '../core/provider.ts';
import { createProviderLink, parseProviderLink, type ProviderLink } from '../core/providerLink.ts';
import { describeFailure } from '../host/failureMessages.ts';
import { PREFIX, SETTINGS } from '../host/ids.ts';
import * as button from '../host/buttonLabels.ts';
import * as wizardMessages from './wizardMessages.ts';
import { openProviderSettings } from '../host/openSettings.ts';
import { selectOne } from '../ui/pick.ts';
import { askClient, askSecret } from './clientSteps.ts';
import { createDraft, toEntry, toProvider, type Draft } from './draft.ts';
import { editableProviders, type EditableProvider, type ProviderSource } from './editableProviders.ts';
import { parseEntries, withEntry } from './entries.ts';
import { askId, askLabel, askScopes } from './entrySteps.ts';
import { BACK, type Answer } from './multiStepInput.ts';
import { askRedirect, askRedirectUri } from './redirectStep.ts';
import { askIssuer, askServer, draftForEntry, showCapabilities } from './serverSteps.ts';
import { withDefaults, withProposedRedirect } from './proposals.ts';
import { adjacentStep, mayHaveSecret, type Step } from './steps.ts';
import { askSummary } from './summaryStep.ts';
import {
  otherEntries,
  type AddProviderWizardDependencies,
  type RunStep,
  type Outcome,
  type WizardState,
} from './wizardStep.ts';

const RUN_STEP: Readonly<Record<Step, RunStep>> = {
  server: askServer,
  issuer: askIssuer,
  capabilities: showCapabilities,
  redirect: askRedirect,
  redirectUri: askRedirectUri,
  client: askClient,
  secret: askSecret,
  scopes: askScopes,
  label: askLabel,
  id: askId,
  summary: askSummary,
};

/** Adds a provider to the settings, or edits one, step by step. */
export class AddProviderWizard {
  readonly #dependencies: AddProviderWizardDependencies;

  constructor(dependencies: AddProviderWizardDependencies) {
    this.#dependencies = dependencies;
  }

  /** Shows one step after the other, with a Back button, until the user saves or cancels. */
  async run(): Promise<void> {
    await new WizardRun(this.#dependencies).run();
  }

  /**
   * Shows the summary of the entry with an ID, of the only one, or of the one that the user selects. If there is none, starts
   * to add one.
   */
  async edit(id?: string): Promise<void> {
    await new WizardRun(this.#dependencies).edit(id);
  }

  /**
   * Shows the summary of the provider that a link proposes, after the user has agreed. Sends nothing to the server before the
   * user saves it.
   * @param query the query of the link.
   */
  async addFromLink(query: string): Promise<void> {
    const link = parseProviderLink(query);
    if ('code' in link) {
      void vscode.window.showErrorMessage(wizardMessages.linkInvalid(link.field));
      return;
    }
    const known = this.#dependencies.settings.providers.find(
      ({ clientId, issuer }) => clientId === link.clientId && issuer === link.issuer,
    );
    if (known !== undefined) {
      const selected = await vscode.window.showInformationMessage(
        wizardMessages.linkKnown(known.label),
        button.signIn(),
      );
      if (selected !== undefined) {
        await this.#dependencies.signIn(known);
      }
      return;
    }
    const { host } = new URL(link.issuer);
    const selected = await vscode.window.showWarningMessage(
      wizardMessages.linkQuestion(link.label || host),
      { modal: true, detail: wizardMessages.linkDetail(host, sanitizeDisplayName(link.clientId)) },
      button.continueSignIn(),
    );
    if (selected !== undefined) {
      await new WizardRun(this.#dependencies).add(link);
    }
  }
}

/** The steps that complete the answer of another one. */
const FOLLOWS: Readonly<Partial<Record<Step, Step>>> = { redirectUri: 'redirect', secret: 'client' };

/** A step to return to, and its answers in case that the user goes back. */
interface Detour {
  readonly from: Step;
  readonly draft: Draft;
  readonly secret: string;
}

/** One run of the wizard. */
class WizardRun {
  readonly #dependencies: AddProviderWizardDependencies;
  readonly #entries = parseEntries(readStoredValue());
  #draft = createDraft(undefined);
  #secret = '';
  readonly #detours: Detour[] = [];

  constructor(dependencies: AddProviderWizardDependencies) {
    this.#dependencies = dependencies;
  }

  async edit(id: string | undefined): Promise<void> {
    const providers = editableProviders(this.#entries, this.#dependencies.settings).filter(
      (one) => id === undefined || one.id === id,
    );
    const selected = await selectOne(
      providers,
      wizardMessages.editList(),
      ({ id: description, name: label, source }) => ({
        label,
        description,
        ...(source === undefined ? {} : { detail: wizardMessages.describeSource(source) }),
      }),
    );
    if (selected?.source !== undefined) {
      await showSource(selected, selected.source);
    } else if (selected?.entry !== undefined) {
      this.#draft = draftForEntry(selected.entry, this.#entries, this.#dependencies.discovery);
      await this.run('summary');
    } else if (providers.length === 0) {
      await this.run();
    }
  }

  async add(link: ProviderLink): Promise<void> {
    this.#draft = withProposedRedirect({ ...createDraft(undefined), ...link }, this.#entries);
    await this.run('summary');
  }

  async run(first: Step = 'server'): Promise<void> {
    let step = first;
    for (;;) {
      const answer: Answer<Outcome> = await RUN_STEP[step](this.#state());
      if (answer === undefined) {
        return;
      }
      if (answer === BACK) {
        step = this.#goBack(step);
        continue;
      }
      this.#accept(answer);
      const next: Outcome['next'] = answer.next;
      if (next === undefined) {
        step = this.#goOn(step);
      } else if (next === 'copy-link') {
        await this.#copyLink();
      } else if (next !== 'sign-in' && next !== 'save') {
        this.#detours.push({ from: step, draft: this.#draft, secret: this.#secret });
        step = next;
      } else if (await this.#save(next)) {
        return;
      }
    }
  }

  async #copyLink(): Promise<void> {
    const { clientId, issuer, label } = withDefaults(this.#draft, otherEntries(this.#state()));
    const link = createProviderLink(vscode.env.uriScheme, this.#dependencies.extensionId, { issuer, clientId, label });
    await vscode.env.clipboard.writeText(link);
    void vscode.window.showInformationMessage(wizardMessages.linkCopied(label));
  }

  #state(): WizardState {
    return {
      dependencies: this.#dependencies,
      draft: this.#draft,
      secret: this.#secret,
      entries: this.#entries,
      isDetour: this.#detours.length > 0,
    };
  }

  #goBack(step: Step): Step {
    const detour = this.#detours.pop();
    if (detour === undefined) {
      return adjacentStep(step, this.#draft, -1) ?? step;
    }
    this.#draft = detour.draft;
    this.#secret = detour.secret;
    return detour.from;
  }

  #goOn(step: Step): Step {
    let detour = this.#detours.pop();
    if (detour !== undefined && detour.from === FOLLOWS[step]) {
      detour = this.#detours.pop();
    }
    return detour?.from ?? adjacentStep(step, this.#draft, 1) ?? step;
  }

  #accept({ draft, secret = this.#secret }: Outcome): void {
    // A secret belongs to one client at one server.
    this.#secret = isSameClient(draft, this.#draft) ? secret : '';
    this.#draft = draft;
  }

  /** Writes the entry, and the secret if one was entered; returns whether that succeeded. */
  async #save(next: 'sign-in' | 'save'): Promise<boolean> {
    const draft = withDefaults(this.#draft, otherEntries(this.#state()));
    const entry = toEntry(draft);
    const provider = toProvider(draft);
    try {
      if (provider !== undefined && this.#secret !== '' && mayHaveSecret(draft)) {
        await this.#dependencies.clientSecrets.write(provider, this.#secret);
      }
    } catch (error) {
      void vscode.window.showErrorMessage(describeFailure(error, draft.label));
      return false;
    }
    try {
      const stored = readStoredValue();
      if (stored !== undefined && stored !== null && !Array.isArray(stored)) {
        throw new Error('The setting is not a list.');
      }
      const value = withEntry(stored, entry, draft.original);
      await vscode.workspace
        .getConfiguration(PREFIX)
        .update(SETTINGS.providers, value, vscode.ConfigurationTarget.Global);
    } catch {
      void vscode.window
        .showErrorMessage(wizardMessages.notSaved(), button.openSettings())
        .then((selected) => (selected === undefined ? undefined : openProviderSettings()));
      return false;
    }
    const saved = this.#dependencies.settings.provider(draft.id);
    if (saved !== undefined) {
      this.#finish(saved, next);
    }
    return true;
  }

  /** Signs in, or offers to. Does not wait for it. */
  #finish(provider: Provider, next: 'sign-in' | 'save'): void {
    const signIn = (): void => void this.#dependencies.signIn(provider);
    if (next === 'sign-in') {
      signIn();
    } else if (this.#draft.original !== undefined) {
      void vscode.window.showInformationMessage(wizardMessages.changesSaved(provider.label));
    } else {
      void vscode.window
        .showInformationMessage(wizardMessages.providerSaved(provider.label), button.signIn())
        .then((selected) => (selected === undefined ? undefined : signIn()));
    }
  }
}

/** Shows who configures a provider, and opens the settings if the user can change, or has changed, some of its fields there. */
async function showSource(provider: EditableProvider, source: ProviderSource): Promise<void> {
  if (provider.entry !== undefined) {
    await openProviderSettings();
    return;
  }
  const items = 'isLocked' in source && source.isLocked ? [] : [button.openSettings()];
  const message = wizardMessages.explainSource(provider, source);
  if ((await vscode.window.showInformationMessage(message, ...items)) !== undefined) {
    await openProviderSettings();
  }
}

function isSameClient(one: Draft, other: Draft): boolean {
  return one.issuer === other.issuer && one.clientId === other.clientId;
}

/** Returns the value of the setting in the user settings. */
function readStoredValue(): unknown {
  return vscode.workspace.getConfiguration(PREFIX).inspect<unknown>(SETTINGS.providers)?.globalValue;
}
