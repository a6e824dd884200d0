// Adding a provider step by step, or editing one. Which steps there are is decided in steps.ts, what comes of the
// answers in draft.ts.
import * as vscode from 'vscode';
import type { Provider } from '../core/provider.ts';
import { describeFailure } from '../host/failureMessages.ts';
import { PREFIX, SETTINGS } from '../host/ids.ts';
import * as button from '../host/buttonLabels.ts';
import * as wizardMessages from './wizardMessages.ts';
import { openProviderSettings } from '../host/openSettings.ts';
import { askClient, askSecret } from './clientSteps.ts';
import { createDraft, toEntry, toProvider, type Draft } from './draft.ts';
import { parseEntries, withEntry } from './entries.ts';
import { askId, askLabel, askScopes, askSummary } from './entrySteps.ts';
import { BACK, type Answer } from './multiStepInput.ts';
import { askRedirect, askRedirectUri } from './redirectStep.ts';
import { askIssuer, askServer, showCapabilities } from './serverSteps.ts';
import { adjacentStep, mayHaveSecret, type Step } from './steps.ts';
import type { AddProviderWizardDependencies, AskStep, Outcome } from './wizardStep.ts';

const ASK: Readonly<Record<Step, AskStep>> = {
  server: askServer,
  issuer: askIssuer,
  found: showCapabilities,
  redirect: askRedirect,
  redirectUri: askRedirectUri,
  client: askClient,
  secret: askSecret,
  scopes: askScopes,
  label: askLabel,
  id: askId,
  summary: askSummary,
};

/** Leads a person from nothing to a provider in the settings, or through one that is there. */
export class AddProviderWizard {
  readonly #dependencies: AddProviderWizardDependencies;

  constructor(dependencies: AddProviderWizardDependencies) {
    this.#dependencies = dependencies;
  }

  /** Asks one thing after the other, with a way back, until the person saves or leaves. */
  async run(): Promise<void> {
    await new WizardRun(this.#dependencies).run();
  }
}

/** One way through the steps. */
class WizardRun {
  readonly #dependencies: AddProviderWizardDependencies;
  readonly #entries = parseEntries(storedValue());
  #draft = createDraft(undefined);
  #secret = '';

  constructor(dependencies: AddProviderWizardDependencies) {
    this.#dependencies = dependencies;
  }

  async run(): Promise<void> {
    let step: Step = 'server';
    for (;;) {
      const answer: Answer<Outcome> = await ASK[step]({
        dependencies: this.#dependencies,
        draft: this.#draft,
        secret: this.#secret,
        entries: this.#entries,
      });
      if (answer === undefined) {
        return;
      }
      if (answer === BACK) {
        step = adjacentStep(step, this.#draft, -1) ?? step;
        continue;
      }
      this.#accept(answer);
      const next: NonNullable<Outcome['next']> = answer.next ?? adjacentStep(step, this.#draft, 1) ?? step;
      if (next !== 'sign-in' && next !== 'save') {
        step = next;
      } else if (await this.#save(next)) {
        return;
      }
    }
  }

  #accept({ draft, secret = this.#secret }: Outcome): void {
    // A secret is one client's at one server.
    this.#secret = isSameClient(draft, this.#draft) ? secret : '';
    this.#draft = draft;
  }

  /** Writes the entry, and the secret where one was given; whether that worked. */
  async #save(next: 'sign-in' | 'save'): Promise<boolean> {
    const draft = this.#draft;
    const entry = toEntry(draft);
    const made = toProvider(draft);
    try {
      if (made !== undefined && this.#secret !== '' && mayHaveSecret(draft)) {
        await this.#dependencies.clientSecrets.write(made, this.#secret);
      }
    } catch (error) {
      void vscode.window.showErrorMessage(describeFailure(error, draft.label));
      return false;
    }
    try {
      const stored = storedValue();
      if (stored !== undefined && stored !== null && !Array.isArray(stored)) {
        throw new Error('What is there is no list, and somebody has written it.');
      }
      const value = withEntry(stored, entry, draft.original);
      await vscode.workspace
        .getConfiguration(PREFIX)
        .update(SETTINGS.providers, value, vscode.ConfigurationTarget.Global);
    } catch {
      void vscode.window
        .showErrorMessage(wizardMessages.notSaved(), button.openSettings())
        .then((chosen) => (chosen === undefined ? undefined : openProviderSettings()));
      return false;
    }
    const provider = this.#dependencies.settings.provider(draft.id);
    if (provider !== undefined) {
      this.#finish(provider, next);
    }
    return true;
  }

  /** Signs in, or offers to. Nobody is kept waiting for it. */
  #finish(provider: Provider, next: 'sign-in' | 'save'): void {
    const signIn = (): void => void this.#dependencies.signIn(provider);
    if (next === 'sign-in') {
      signIn();
    } else if (this.#draft.original !== undefined) {
      void vscode.window.showInformationMessage(wizardMessages.changesSaved(provider.label));
    } else {
      void vscode.window
        .showInformationMessage(wizardMessages.providerSaved(provider.label), button.signIn())
        .then((chosen) => (chosen === undefined ? undefined : signIn()));
    }
  }
}

function isSameClient(one: Draft, other: Draft): boolean {
  return one.issuer === other.issuer && one.clientId === other.clientId;
}

/** The value of the setting as the person has it. */
function storedValue(): unknown {
  return vscode.workspace.getConfiguration(PREFIX).inspect<unknown>(SETTINGS.providers)?.globalValue;
}
