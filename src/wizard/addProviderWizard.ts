// Adding a provider step by step. What the steps are, and what comes of the answers, is decided in draft.ts.
import * as vscode from 'vscode';
import { toFailure } from '../core/failure.ts';
import type { Provider } from '../core/provider.ts';
import { leavesPortOpen } from '../core/redirectUri.ts';
import { redirectUrisFor } from '../flows/signInFlows.ts';
import type { Discovery } from '../protocol/discovery.ts';
import type { ClientSecrets } from '../storage/clientSecrets.ts';
import { PREFIX, SETTINGS } from '../host/ids.ts';
import { failureSentence } from '../host/failureMessages.ts';
import { openProviderSettings, type Settings } from '../host/settings.ts';
import * as text from '../host/messages.ts';
import { BACK, showStep, type Answer } from './multiStepInput.ts';
import {
  LIMITATIONS,
  draftOf,
  entriesIn,
  entryOf,
  factsOf,
  withMetadata,
  idOf,
  issuerOf,
  mayHaveSecret,
  nameOf,
  objectionToClientId,
  objectionToId,
  objectionToIssuer,
  objectionToScope,
  toggleTrailingSlash,
  proposedId,
  proposedLabel,
  providerOf,
  requiresSecret,
  scopeChoices,
  adjacentStep,
  stepsOf,
  withEntry,
  type Draft,
  type Entry,
  type ValidationError,
  type Step,
} from './draft.ts';
import * as words from './wizardMessages.ts';
import { isObjected, validate } from './validation.ts';
import { PRESETS, placeholderIn, type PresetId } from './presets.ts';
import { isForAnyPort, redirectEntered, urisToRegister } from './redirect.ts';
import { askRedirect, askRedirectUri } from './redirectStep.ts';

/** What the guide works with. */
export interface AddProviderWizardDependencies {
  readonly clientSecrets: ClientSecrets;
  readonly discovery: Discovery;
  readonly settings: Settings;
  /** The page that tells how to register a client: at a product, or at any other server. */
  pageOn(product: PresetId | 'other'): vscode.Uri;
  /** The URI at which the editor hands callbacks to this extension, as it is registered at a server. */
  readonly callbackUri: string;
  /** A port that is free now. */
  proposePort(): Promise<number>;
  /** Signs in to a provider, and tells how it went. */
  signIn(provider: Provider): Promise<void>;
}

/** What a step comes to: the draft with its answer, and where to go on where it is not the next step. */
interface Outcome {
  readonly draft: Draft;
  readonly next?: Step | 'sign-in' | 'save';
}

interface Row extends vscode.QuickPickItem {
  readonly outcome?: Outcome;
}

/** Leads a person from nothing to a provider in the settings, or through one that is there. */
export class AddProviderWizard {
  readonly #dependencies: AddProviderWizardDependencies;

  constructor(ports: AddProviderWizardDependencies) {
    this.#dependencies = ports;
  }

  /** Asks one thing after the other, with a way back, until the person saves or leaves. */
  async run(): Promise<void> {
    await new Visit(this.#dependencies).walk();
  }
}

/** One walk through the steps. */
class Visit {
  readonly #dependencies: AddProviderWizardDependencies;
  readonly #entries = entriesIn(storedValue());
  #draft = draftOf(undefined);
  #secret = '';

  constructor(ports: AddProviderWizardDependencies) {
    this.#dependencies = ports;
  }

  async walk(): Promise<void> {
    const ask: Readonly<Record<Step, () => Promise<Answer<Outcome>>>> = {
      server: () => this.#askServer(),
      issuer: () => this.#askIssuer(),
      found: () => this.#showFound(),
      redirect: () => this.#askRedirect(),
      redirectUri: () => this.#askRedirectUri(),
      client: () => this.#askClient(),
      secret: () => this.#askSecret(),
      scopes: () => this.#askScopes(),
      label: () => this.#askText('label', words.askLabel(), proposedLabel(this.#draft), () => undefined),
      id: () =>
        this.#askText('id', words.askId(), proposedId(this.#draft, this.#others()), (id) =>
          objectionToId(id, this.#others()),
        ),
      summary: () => this.#askSummary(),
    };
    let step: Step = 'server';
    for (;;) {
      const answer: Answer<Outcome> = await ask[step]();
      if (answer === undefined) {
        return;
      }
      if (answer === BACK) {
        step = adjacentStep(step, this.#draft, -1) ?? step;
        continue;
      }
      if (answer.draft.issuer !== this.#draft.issuer || answer.draft.clientId !== this.#draft.clientId) {
        // A secret is one client's at one server.
        this.#secret = '';
      }
      this.#draft = answer.draft;
      const next: Outcome['next'] = answer.next ?? adjacentStep(step, this.#draft, 1) ?? step;
      if (next !== 'sign-in' && next !== 'save') {
        step = next;
      } else if (await this.#save(next)) {
        return;
      }
    }
  }

  async #askServer(): Promise<Answer<Outcome>> {
    const { old, preset } = this.#draft;
    // Who comes back and chooses the same again keeps what they have typed.
    const choose = (chosen: Draft): Outcome => ({
      draft: chosen.preset === preset && chosen.old === old && this.#draft.issuer !== '' ? this.#draft : chosen,
    });
    const rows: Row[] = [
      { label: words.labelOther(), detail: words.detailOther(), outcome: choose(draftOf(undefined)) },
      // What is there already must not lie below the fold of the products.
      ...(this.#entries.length === 0 ? [] : [separator(words.labelExisting())]),
      ...this.#entries.map((entry) => ({
        label: nameOf(entry),
        description: idOf(entry),
        outcome: choose(draftOf(undefined, entry)),
      })),
      separator(words.labelReadyMade()),
      ...PRESETS.map((one) => ({ label: one.name, description: one.issuer, outcome: choose(draftOf(one)) })),
    ];
    return this.#pick('server', words.askServer(), rows);
  }

  async #askIssuer(): Promise<Answer<Outcome>> {
    const draft = this.#draft;
    const box = this.#box('issuer', words.askIssuer(draft.preset), draft.issuer);
    box.placeholder = words.sampleIssuer();
    const gap = placeholderIn(draft.issuer);
    if (gap !== undefined) {
      const start = draft.issuer.indexOf(gap);
      box.valueSelection = [start, start + gap.length];
    }
    let failed: string | undefined;
    validate(box, (value) => objectionToIssuer(issuerOf(value)));
    return showStep<Outcome>(box, async () => {
      const issuer = issuerOf(box.value);
      if (isObjected(box, objectionToIssuer(issuer))) {
        return undefined;
      }
      // Other scopes may be right at another server.
      const scopes = issuer === draft.issuer || draft.old !== undefined ? draft.scopes : undefined;
      if (failed === issuer) {
        return { draft: { ...draft, issuer, scopes, offers: null } };
      }
      try {
        const found = await this.#find({ ...draft, issuer, scopes });
        return found !== undefined && issuerOf(box.value) === issuer ? { draft: found } : undefined;
      } catch (error) {
        if (issuerOf(box.value) === issuer) {
          failed = issuer;
          box.validationMessage = {
            message: words.sayNotFound(error, new URL(issuer).host),
            severity: vscode.InputBoxValidationSeverity.Warning,
          };
        }
        return undefined;
      }
    });
  }

  /** The draft with what its server says of itself; where that calls itself something else, it is tried with the other slash. */
  async #find(draft: Draft): Promise<Draft | undefined> {
    try {
      return await this.#findAt(draft);
    } catch (error) {
      const other = { ...draft, issuer: toggleTrailingSlash(draft.issuer) };
      const found =
        toFailure(error).category === 'issuer-mismatch' ? await this.#findAt(other).catch(() => undefined) : undefined;
      if (found === undefined) {
        throw error;
      }
      return found;
    }
  }

  async #findAt(draft: Draft): Promise<Draft | undefined> {
    const provider = providerOf(draft);
    return provider && withMetadata(draft, (await this.#dependencies.discovery.find(provider)).metadata);
  }

  async #showFound(): Promise<Answer<Outcome>> {
    const draft = this.#draft;
    const outcome = { draft };
    const facts = factsOf(draft).map((fact) => ({
      label: `$(${LIMITATIONS.has(fact) ? 'info' : 'pass'}) ${words.factWords(fact)}`,
      outcome,
    }));
    const isAsked = providerOf(draft)?.endpoints === undefined;
    return this.#pick('found', isAsked ? words.askFound(draft.issuer) : words.askKnown(proposedLabel(draft)), [
      { label: `$(arrow-right) ${words.labelGoOn()}`, outcome },
      separator(isAsked ? words.labelOffers() : ''),
      ...facts,
    ]);
  }

  async #askRedirect(): Promise<Answer<Outcome>> {
    return outcomeOf(await askRedirect(this.#list('redirect', words.askRedirect()), this.#draft));
  }

  async #askRedirectUri(): Promise<Answer<Outcome>> {
    const draft = this.#draft;
    return outcomeOf(
      await askRedirectUri(
        this.#box('redirectUri', '', redirectEntered(draft, await this.#dependencies.proposePort())),
        draft,
      ),
    );
  }

  async #askClient(): Promise<Answer<Outcome>> {
    const draft = this.#draft;
    const provider = providerOf(draft);
    const addresses =
      provider === undefined || draft.preset?.registersRedirect === false
        ? []
        : redirectUrisFor(provider, undefined, this.#dependencies.callbackUri);
    const isAnyPort = addresses.some(leavesPortOpen);
    const prompt = words.askClient(draft.preset, addresses, isAnyPort);
    const box = this.#box('client', prompt, draft.clientId);
    box.placeholder = words.sampleClient();
    const copy = { iconPath: new vscode.ThemeIcon('copy'), tooltip: words.labelCopyAddresses() };
    const page = { iconPath: new vscode.ThemeIcon('book'), tooltip: words.labelPage() };
    box.buttons = [...box.buttons, ...(addresses.length > 0 ? [copy] : []), page];
    validate(box, objectionToClientId);
    const press = async (button: vscode.QuickInputButton): Promise<void> => {
      if (button === copy) {
        await vscode.env.clipboard.writeText(addresses.join('\n'));
        box.prompt = words.sayCopied(prompt);
      } else {
        await vscode.commands.executeCommand(
          'markdown.showPreview',
          this.#dependencies.pageOn(draft.preset?.id ?? 'other'),
        );
      }
    };
    return showStep(
      box,
      () =>
        isObjected(box, objectionToClientId(box.value))
          ? undefined
          : { draft: { ...draft, clientId: box.value.trim() } },
      press,
    );
  }

  async #askSecret(): Promise<Answer<Outcome>> {
    const draft = this.#draft;
    const provider = providerOf(draft);
    const known = provider && (await this.#dependencies.clientSecrets.read(provider).catch(() => undefined));
    const box = this.#box('secret', words.askSecret(known !== undefined, draft.preset), this.#secret);
    box.password = true;
    return showStep(box, () => {
      const secret = box.value.trim();
      const next = { ...draft, withoutSecret: secret === '' && known === undefined };
      const refusing = requiresSecret(next);
      box.validationMessage = refusing && words.saySecretMissing(refusing);
      if (refusing !== undefined) {
        return undefined;
      }
      this.#secret = secret;
      return { draft: next };
    });
  }

  async #askScopes(): Promise<Answer<Outcome>> {
    const draft = this.#draft;
    const list = this.#list('scopes', words.askScopes());
    const choices = scopeChoices(draft);
    const rows = choices.map(({ isOffered, scope }) => ({
      label: scope,
      description: [
        words.scopeWords(scope),
        ...(isOffered || draft.offers?.scopes_supported === undefined ? [] : [words.labelNotNamed()]),
      ]
        .filter(Boolean)
        .join(' · '),
    }));
    list.canSelectMany = true;
    list.items = rows;
    list.selectedItems = rows.filter((_, index) => choices[index]?.picked);
    list.onDidChangeValue((value) => {
      const typed = value.trim();
      const chosen = list.selectedItems;
      const known = [...new Set([...rows, ...chosen])];
      const isNew =
        typed !== '' && objectionToScope(typed) === undefined && known.every(({ label }) => label !== typed);
      list.items = isNew ? [...known, { label: typed, description: words.labelNotNamed() }] : known;
      list.selectedItems = chosen;
    });
    return showStep(list, () => {
      const scopes = list.selectedItems.map(({ label }) => label);
      return scopes.length === 0 ? undefined : { draft: { ...draft, scopes } };
    });
  }

  async #askText(
    step: 'label' | 'id',
    prompt: string,
    value: string,
    object: (value: string) => ValidationError | undefined,
  ): Promise<Answer<Outcome>> {
    const draft = this.#draft;
    const box = this.#box(step, prompt, value);
    validate(box, object);
    return showStep(box, () =>
      isObjected(box, object(box.value.trim())) ? undefined : { draft: { ...draft, [step]: box.value.trim() } },
    );
  }

  async #askSummary(): Promise<Answer<Outcome>> {
    const draft = this.#draft;
    const lines: readonly (readonly [keyof typeof words.LINES, string])[] = [
      ['label', draft.label],
      ['id', draft.id],
      ['issuer', draft.issuer],
      ...(stepsOf(draft).includes('redirect')
        ? [['redirect', words.lineRedirect(urisToRegister(draft), isForAnyPort(draft))] as const]
        : []),
      ['client', draft.clientId],
      ...(mayHaveSecret(draft)
        ? [
            [
              'secret',
              this.#secret !== '' ? words.sayGiven() : draft.withoutSecret ? words.sayNone() : words.sayKept(),
            ] as const,
          ]
        : []),
      ['scopes', draft.scopes?.join(' ') ?? ''],
    ];
    return this.#pick('summary', words.askSummary(), [
      {
        label: `$(sign-in) ${words.labelSignInNow()}`,
        detail: words.detailSignInNow(),
        outcome: { draft, next: 'sign-in' },
      },
      { label: `$(save) ${words.labelSave()}`, outcome: { draft, next: 'save' } },
      separator(''),
      ...lines.map(([step, value]) => ({
        label: words.LINES[step](),
        description: value,
        outcome: { draft, next: step },
      })),
    ]);
  }

  /** Writes the entry, and the secret where one was given; whether that worked. */
  async #save(next: 'sign-in' | 'save'): Promise<boolean> {
    const draft = this.#draft;
    const entry = entryOf(draft);
    const made = providerOf(draft);
    try {
      if (made !== undefined && this.#secret !== '' && mayHaveSecret(draft)) {
        await this.#dependencies.clientSecrets.write(made, this.#secret);
      }
    } catch (error) {
      void vscode.window.showErrorMessage(failureSentence(error, draft.label));
      return false;
    }
    try {
      const stored = storedValue();
      if (stored !== undefined && stored !== null && !Array.isArray(stored)) {
        throw new Error('What is there is no list, and somebody has written it.');
      }
      const value = withEntry(stored, entry, draft.old);
      await vscode.workspace
        .getConfiguration(PREFIX)
        .update(SETTINGS.providers, value, vscode.ConfigurationTarget.Global);
    } catch {
      void vscode.window
        .showErrorMessage(words.sayNotSaved(), text.labelOpenSettings())
        .then((chosen) => (chosen === undefined ? undefined : openProviderSettings()));
      return false;
    }
    const provider = this.#dependencies.settings.provider(draft.id);
    if (provider !== undefined) {
      this.#goOn(provider, next);
    }
    return true;
  }

  /** Signs in, or offers to. Nobody is kept waiting for it. */
  #goOn(provider: Provider, next: 'sign-in' | 'save'): void {
    const signIn = (): void => void this.#dependencies.signIn(provider);
    if (next === 'sign-in') {
      signIn();
    } else if (this.#draft.old !== undefined) {
      void vscode.window.showInformationMessage(words.sayChanged(provider.label));
    } else {
      void vscode.window
        .showInformationMessage(words.saySaved(provider.label), text.labelSignIn())
        .then((chosen) => (chosen === undefined ? undefined : signIn()));
    }
  }

  #others(): Entry[] {
    return this.#entries.filter((entry) => entry !== this.#draft.old);
  }

  async #pick(step: Step, placeholder: string, rows: readonly Row[]): Promise<Answer<Outcome>> {
    const list = this.#list(step, placeholder);
    list.items = rows;
    return showStep(list, () => (list.selectedItems[0] as Row | undefined)?.outcome);
  }

  #list(step: Step, placeholder: string): vscode.QuickPick<vscode.QuickPickItem> {
    const list = vscode.window.createQuickPick();
    list.placeholder = placeholder;
    list.matchOnDescription = true;
    return this.#framed(list, step);
  }

  #box(step: Step, prompt: string, value: string): vscode.InputBox {
    const box = vscode.window.createInputBox();
    box.prompt = prompt;
    box.value = value;
    return this.#framed(box, step);
  }

  #framed<B extends vscode.InputBox | vscode.QuickPick<vscode.QuickPickItem>>(box: B, step: Step): B {
    const { old } = this.#draft;
    const steps = stepsOf(this.#draft);
    box.title = old === undefined || step === 'server' ? words.titleAdd() : words.titleEdit(nameOf(old));
    box.step = steps.indexOf(step) + 1;
    box.totalSteps = steps.length;
    // Who registers the client meanwhile, in the browser, finds it as it was.
    box.ignoreFocusOut = true;
    box.buttons = step === 'server' ? [] : [vscode.QuickInputButtons.Back];
    return box;
  }
}

function outcomeOf(answer: Answer<Draft>): Answer<Outcome> {
  return answer === BACK || answer === undefined ? answer : { draft: answer };
}

/** The value of the setting as the person has it. */
function storedValue(): unknown {
  return vscode.workspace.getConfiguration(PREFIX).inspect<unknown>(SETTINGS.providers)?.globalValue;
}

function separator(label: string): Row {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}
