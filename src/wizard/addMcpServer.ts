// Add MCP Server: asks for a URL, a provider, and scopes, compares them with the server's metadata, and asks for consent
// before anything is written.
import * as vscode from 'vscode';
import { Failure, sanitizeDisplayName } from '../core/failure.ts';
import { configuredMcpServers, mcpConsentName, uniqueLabel } from '../core/mcpServers.ts';
import type { Provider } from '../core/provider.ts';
import type { RememberedNames } from '../core/rememberedNames.ts';
import { coversScopes, normalizeScopes, sameScopes } from '../core/scopes.ts';
import { addProvider as addProviderLabel } from '../host/buttonLabels.ts';
import { changeEntry } from '../host/changeSettings.ts';
import * as mcpMessages from '../host/mcpMessages.ts';
import { entryNotSaved } from '../host/notificationMessages.ts';
import type { Settings } from '../host/settings.ts';
import {
  inspectResource,
  otherAuthorizationServers,
  ResourceProblem,
  type ProtectedResource,
} from '../protocol/protectedResource.ts';
import type { Transport } from '../protocol/transport.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import { validateMcpUrl, validateScope } from './entryValidation.ts';
import * as messages from './mcpServerMessages.ts';
import { BACK, showStep, type Answer, type Box } from './multiStepInput.ts';
import { isInvalid, validateWhileTyping } from './validation.ts';

/** What the command depends on. */
export interface AddMcpServerDependencies {
  readonly consents: RememberedNames;
  readonly sessionManager: Pick<SessionManager, 'findMatching'>;
  readonly settings: Settings;
  readonly transport: Transport;
  /** Runs the wizard that adds a provider. */
  addProvider(): Promise<void>;
  /** Makes VS Code get the definitions of the MCP servers again. */
  onDidChange(): void;
  /** Signs in to a provider, and shows the outcome. */
  signIn(provider: Provider, scopes: readonly string[]): Promise<void>;
}

/** A URL, and what its server responds. */
interface Target {
  readonly url: string;
  readonly resource: ProtectedResource;
}

const STEPS = 3;

/** Adds an MCP server to a provider's entry. */
export class AddMcpServer {
  readonly #dependencies: AddMcpServerDependencies;

  constructor(dependencies: AddMcpServerDependencies) {
    this.#dependencies = dependencies;
  }

  /** Shows one step after the other, with a Back button, until the user adds the server or cancels. */
  async run(): Promise<void> {
    if (!this.#dependencies.settings.managed.allowsMcpServers) {
      void vscode.window.showInformationMessage(messages.turnedOffByOrganization());
      return;
    }
    let url = '';
    for (;;) {
      const target = await this.#askUrl(url);
      if (target === undefined || target === BACK) {
        return;
      }
      url = target.url;
      if ((await this.#askProviderAndScopes(target)) !== BACK) {
        return;
      }
    }
  }

  /** Returns BACK if the user goes back to the URL. */
  async #askProviderAndScopes(target: Target): Promise<typeof BACK | undefined> {
    for (;;) {
      const provider = await this.#askProvider(target);
      if (provider === BACK || provider === undefined) {
        return provider;
      }
      if (provider === 'add') {
        await this.#dependencies.addProvider();
        return undefined;
      }
      const scopes = await askScopes(provider, target);
      if (scopes === undefined) {
        return undefined;
      }
      if (scopes !== BACK) {
        await this.#add(provider, scopes, target);
        return undefined;
      }
    }
  }

  /** Asks for the URL, and the server for its metadata. */
  #askUrl(value: string): Promise<Answer<Target>> {
    const box = withFrame(vscode.window.createInputBox(), 1);
    box.value = value;
    box.prompt = messages.urlPrompt();
    box.placeholder = messages.urlPlaceholder();
    validateWhileTyping(box, validateMcpUrl, false);
    return showStep<Target>(box, async () => {
      const url = box.value.trim();
      if (isInvalid(box, validateMcpUrl(url))) {
        return undefined;
      }
      const target = await this.#inspect(url);
      if (box.value.trim() !== url) {
        // The user has typed in the meantime.
        return undefined;
      }
      box.validationMessage = typeof target === 'string' ? target : undefined;
      return typeof target === 'string' ? undefined : target;
    });
  }

  /** Returns what the server responds, or why it can't be added. */
  async #inspect(url: string): Promise<Target | string> {
    const { settings, transport } = this.#dependencies;
    const known = settings.providers.find(({ mcpServers }) => mcpServers.some((server) => server.url === url));
    if (known !== undefined) {
      return messages.alreadyAdded(known.label);
    }
    const host = sanitizeDisplayName(new URL(url).host);
    try {
      const resource = await inspectResource(transport, url);
      return describeResponse(resource, host) ?? { url, resource };
    } catch (error) {
      return describeError(error, host);
    }
  }

  /** Asks for the provider. Those whose tokens the server doesn't accept can't be selected. */
  #askProvider({ resource }: Target): Promise<Answer<Provider | 'add'>> {
    const list = withFrame(vscode.window.createQuickPick<vscode.QuickPickItem>(), 2);
    list.placeholder = messages.providerPrompt();
    list.matchOnDescription = true;
    const named = resource.metadata?.authorizationServers ?? [];
    const rows = this.#dependencies.settings.providers.map((provider) => {
      const others = otherAuthorizationServers(resource, provider.issuer);
      const rank = provider.dpop || others.length > 0 ? 2 : named.length > 0 ? 0 : 1;
      const detail = provider.dpop
        ? messages.providerIsBound()
        : others.length > 0
          ? messages.providerDiffers(others)
          : named.length > 0
            ? messages.providerMatches()
            : messages.providerUnknown();
      const icon = rank === 2 ? '$(circle-slash)' : rank === 0 ? '$(pass)' : '$(question)';
      return { label: `${icon} ${provider.label}`, description: provider.id, detail, rank, answer: provider };
    });
    const issuers = rows.some(({ rank }) => rank < 2) ? [] : otherAuthorizationServers(resource, '');
    const other = {
      label: `$(add) ${addProviderLabel()}`,
      detail: messages.addProviderDetail(issuers),
      rank: issuers.length > 0 ? 0 : 1,
      answer: 'add' as const,
    };
    const items = [...rows, other].toSorted((one, next) => one.rank - next.rank);
    list.items = items;
    return showStep<Provider | 'add'>(list, () => {
      const selected = items.find((item) => item === list.selectedItems[0]);
      return selected === undefined || selected.rank === 2 ? undefined : selected.answer;
    });
  }

  /** Asks for consent, writes the settings, and signs in if no session has the scopes. */
  async #add(provider: Provider, scopes: readonly string[], { resource, url }: Target): Promise<void> {
    const { consents, sessionManager, settings } = this.#dependencies;
    const used = configuredMcpServers(settings.providers).map((server) => server.label);
    const label = uniqueLabel(sanitizeDisplayName(new URL(url).host), used);
    const named = resource.metadata?.authorizationServers ?? [];
    const notes = [
      mcpMessages.consentDetail(url, scopes),
      named.length > 0 ? messages.consentMetadata(provider.label) : messages.consentWithoutMetadata(provider.label),
      ...(resource.requiresToken ? [] : [messages.consentWithoutToken()]),
    ];
    const selected = await vscode.window.showWarningMessage(
      mcpMessages.consent(label, provider.label),
      { modal: true, detail: notes.join('\n\n') },
      messages.addServer(),
    );
    if (selected === undefined) {
      return;
    }
    const server = { label, url, ...(sameScopes(scopes, provider.scopes) ? {} : { scopes }) };
    try {
      await changeEntry(settings, provider.id, ({ mcpServers }) => ({
        mcpServers: [...(Array.isArray(mcpServers) ? (mcpServers as unknown[]) : []), server],
      }));
    } catch {
      void vscode.window.showErrorMessage(entryNotSaved(provider.label));
      return;
    }
    consents.add(mcpConsentName(provider, url));
    this.#dependencies.onDidChange();
    if (sessionManager.findMatching(provider.id, scopes, undefined).length === 0) {
      await this.#dependencies.signIn(provider, scopes);
    }
    void vscode.window
      .showInformationMessage(messages.added(label), messages.showServers())
      .then((button) =>
        button === undefined ? undefined : vscode.commands.executeCommand('workbench.mcp.listServer'),
      );
  }
}

/** Asks for the scopes. The box contains those that the server requires, or else those that it supports. */
function askScopes({ label, scopes: configured }: Provider, { resource }: Target): Promise<Answer<string[]>> {
  const { challengeScopes, metadata } = resource;
  const required = challengeScopes.length > 0 ? challengeScopes : (metadata?.scopes ?? []);
  const missing = required.filter((scope) => !coversScopes(configured, [scope]));
  const box = withFrame(vscode.window.createInputBox(), 3);
  box.value = (missing.length === 0 ? configured : [...configured, ...missing]).join(' ');
  box.prompt =
    required.length === 0
      ? messages.scopesPrompt(label)
      : missing.length === 0
        ? messages.scopesMatch(label)
        : messages.scopesDiffer(label, missing);
  const validate = (value: string): ReturnType<typeof validateScope> =>
    normalizeScopes([value])
      .map(validateScope)
      .find((error) => error !== undefined);
  validateWhileTyping(box, validate, false);
  return showStep<string[]>(box, () => {
    const scopes = normalizeScopes([box.value]);
    return isInvalid(box, validate(box.value)) ? undefined : scopes.length === 0 ? [...configured] : scopes;
  });
}

/** Returns why a response isn't one of an MCP server; undefined if it may be. */
function describeResponse({ isWebPage, metadata, status }: ProtectedResource, host: string): string | undefined {
  if ((status === 404 || status >= 500) && metadata === undefined) {
    return messages.unexpectedStatus(host, status);
  }
  return isWebPage ? messages.webPage(host) : undefined;
}

function describeError(error: unknown, host: string): string {
  if (error instanceof ResourceProblem) {
    return mcpMessages.describeResourceProblem(error, host);
  }
  if (error instanceof Failure) {
    return mcpMessages.unreachable(host, error.code);
  }
  throw error;
}

function withFrame<B extends Box>(box: B, step: number): B {
  box.title = messages.title();
  box.step = step;
  box.totalSteps = STEPS;
  box.ignoreFocusOut = true;
  box.buttons = step === 1 ? [] : [vscode.QuickInputButtons.Back];
  return box;
}
