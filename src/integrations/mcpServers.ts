// MCP servers that accept a session's token: VS Code lists and starts them, and their tools work in chat.
import * as vscode from 'vscode';
import { HOUR, type Clock } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import { isUnexpired } from '../core/lifetime.ts';
import type { Log } from '../core/log.ts';
import { configuredMcpServers, mcpConsentName, servesMcpServer, type ConfiguredMcpServer } from '../core/mcpServers.ts';
import type { RememberedNames } from '../core/rememberedNames.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import { sessionTime } from '../core/status.ts';
import * as messages from '../host/mcpMessages.ts';
import { confirmOnce } from '../host/rememberedNames.ts';
import type { Settings } from '../host/settings.ts';
import { checkAccess, inspectResource, otherAuthorizationServers } from '../protocol/protectedResource.ts';
import type { Transport } from '../protocol/transport.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import { describeSession } from '../storage/recordDescription.ts';
import { AccountSelection } from './accountSelection.ts';
import { McpRefusal, refusalOf } from './mcpRefusal.ts';
import type { McpModes } from './mcpModes.ts';
import type { IssuedToken, TokenSource } from './tokenSource.ts';

/** How long, in ms, a server isn't asked for its metadata again. */
const METADATA_TTL = HOUR;

/** A definition with the member that makes VS Code request a token before each request (see mcpModes.ts). */
class McpServerDefinition extends vscode.McpHttpServerDefinition {
  readonly authentication: { readonly providerId: string; readonly scopes: readonly string[] } | undefined;

  constructor(
    { label, marker, provider, scopes, server }: ConfiguredMcpServer,
    version: string,
    token?: string,
    hasAuthentication = false,
  ) {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    super(label, vscode.Uri.parse(server.url, true), headers, version);
    if (hasAuthentication) {
      this.authentication = { providerId: provider.id, scopes: [...scopes, marker] };
    }
  }
}

/** What the servers depend on. */
export interface McpServersDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly modes: Pick<McpModes, 'mode' | 'onResolve' | 'onRequest'>;
  readonly sessionManager: Pick<SessionManager, 'findMatching' | 'ready'>;
  readonly settings: Pick<Settings, 'providers'>;
  readonly tokenSource: TokenSource;
  readonly transport: Transport;
  /** The servers that the user has allowed to get tokens, by {@link mcpConsentName}. */
  readonly consents: RememberedNames;
  /** Called when VS Code should get the definitions again. */
  onDidChange(): void;
  /** Shows why a server wasn't started. */
  notify(refusal: McpRefusal, server: ConfiguredMcpServer): void;
}

/** Provides the definitions of the servers to VS Code, and their tokens. */
export class McpServers {
  readonly #dependencies: McpServersDependencies;
  readonly #accounts = new AccountSelection();
  /** The versions of the definitions that VS Code has, by label. */
  #versions = new Map<string, string>();
  /** When a server's metadata were checked, by marker. */
  readonly #inspectedAt = new Map<string, number>();
  /** The servers and sessions whose token was accepted. */
  readonly #accepted = new Set<string>();
  /** The last reason for not starting a server that was shown, by marker: VS Code may start it for each tool. */
  readonly #notified = new Map<string, string>();

  constructor(dependencies: McpServersDependencies) {
    this.#dependencies = dependencies;
  }

  /** Returns the definitions of all servers, without tokens. */
  async provide(): Promise<vscode.McpHttpServerDefinition[]> {
    // Otherwise, the versions would change as soon as the sessions are loaded.
    await this.#dependencies.sessionManager.ready().catch(() => {});
    const servers = this.#configured();
    this.#versions = new Map(servers.map((server) => [server.label, this.#versionOf(server)]));
    this.#dependencies.log.debug(`Provided ${servers.length} MCP servers to VS Code.`);
    return servers.map((server) => new McpServerDefinition(server, this.#versionOf(server)));
  }

  /**
   * Returns the definition of a server that VS Code is about to start.
   * @throws Error with a message for the user, and a name as from `getSession`.
   */
  async resolve(label: string): Promise<vscode.McpHttpServerDefinition> {
    this.#dependencies.log.debug(`VS Code starts MCP server ${label}.`);
    const server = this.#configured().find((one) => one.label === label);
    if (server === undefined) {
      throw new McpRefusal('not-configured', messages.removed(label));
    }
    try {
      const definition = await this.#resolve(server);
      this.#notified.delete(server.marker);
      return definition;
    } catch (error) {
      const refusal = refusalOf(error, server);
      this.#dependencies.log.warn(`Didn't start MCP server ${server.label}: ${refusal.name}.`);
      if (this.#notified.get(server.marker) !== refusal.message) {
        this.#notified.set(server.marker, refusal.message);
        this.#dependencies.notify(refusal, server);
      }
      throw refusal;
    }
  }

  /**
   * Returns the sessions for a request that VS Code sends for a server, each with a valid token.
   * @param marker the server's marker.
   * @throws Failure if there is a session but its token can't be renewed now.
   */
  async getSessions(providerId: string, marker: string, accountId: string | undefined): Promise<SessionRecord[]> {
    const server = this.#configured().find((one) => one.marker === marker && one.provider.id === providerId);
    if (server === undefined || server.provider.dpop) {
      return [];
    }
    this.#dependencies.modes.onRequest(marker);
    const tokens = await this.#getTokens(server);
    return tokens
      .map(({ record }) => record)
      .filter(({ account }) => accountId === undefined || account.id === accountId);
  }

  /**
   * Makes VS Code get the definitions again if the version of a server has changed. The next use of its tools then starts
   * it again, with a new header or with an error, instead of sending a token that no longer works.
   */
  update(): void {
    const isChanged = this.#configured().some((server) => {
      const known = this.#versions.get(server.label);
      return known !== undefined && known !== this.#versionOf(server);
    });
    if (isChanged) {
      this.#dependencies.onDidChange();
    }
  }

  #configured(): ConfiguredMcpServer[] {
    return configuredMcpServers(this.#dependencies.settings.providers);
  }

  /** The version changes whenever VS Code must not use what it has. */
  #versionOf({ provider, scopes, server }: ConfiguredMcpServer): string {
    const { clock, modes, sessionManager } = this.#dependencies;
    const sessions = sessionManager.findMatching(provider.id, scopes, undefined, (record) =>
      servesMcpServer(record, server),
    );
    const working = sessions.filter((session) => {
      const isValid = isUnexpired(tokenLifetimes(session.record), sessionTime(session, clock.now()));
      // A request of VS Code causes a renewal.
      return isValid || (modes.mode === 'authentication' && session.failure === undefined);
    });
    if (working.length === 0) {
      return `${server.url} unavailable`;
    }
    const tokens = working.map(({ record }) => `${record.id}.${record.generation}`).sort();
    return `${server.url} ${modes.mode === 'authentication' ? modes.mode : tokens.join(' ')}`;
  }

  async #resolve(server: ConfiguredMcpServer): Promise<vscode.McpHttpServerDefinition> {
    const { log, modes } = this.#dependencies;
    const { label, provider } = server;
    if (provider.dpop) {
      throw new McpRefusal('configuration', messages.boundTokens(label, provider.label));
    }
    await this.#inspect(server);
    const { mode } = modes;
    if (mode !== 'authentication' && !(await this.#hasConsent(server))) {
      throw new McpRefusal('denied', messages.declined(label, provider.label), 'none');
    }
    const tokens = await this.#getTokens(server);
    if (tokens.length === 0) {
      throw new McpRefusal('signed-out', messages.signedOut(label, provider.label), 'sign-in');
    }
    if (mode === 'authentication') {
      await this.#checkAccess(server, tokens);
      modes.onResolve(server.marker);
      return new McpServerDefinition(server, this.#versionOf(server), undefined, true);
    }
    const issued = await this.#accounts.select(tokens, server.marker, () => messages.selectAccount(label));
    if (issued === undefined) {
      throw new McpRefusal('denied', messages.declined(label, provider.label), 'none');
    }
    await this.#checkAccess(server, [issued]);
    modes.onResolve(server.marker);
    log.info(`${describeSession(issued.record)}: access token used for MCP server ${label}.`);
    return new McpServerDefinition(server, this.#versionOf(server), issued.token, mode === 'both');
  }

  /** Checks where the server redirects to, and which authorization servers its metadata name. */
  async #inspect({ label, marker, provider, server }: ConfiguredMcpServer): Promise<void> {
    const { clock, transport } = this.#dependencies;
    const at = this.#inspectedAt.get(marker);
    if (at !== undefined && Math.abs(clock.now() - at) < METADATA_TTL) {
      return;
    }
    const resource = await reach(label, () => inspectResource(transport, server.url));
    const others = otherAuthorizationServers(resource, provider.issuer);
    if (others.length > 0) {
      throw new McpRefusal('issuer-mismatch', messages.otherAuthorizationServer(label, provider.label, others));
    }
    this.#inspectedAt.set(marker, clock.now());
  }

  /** Asks once for each server and provider, because VS Code asks nothing before it sends a header. */
  async #hasConsent({ label, provider, scopes, server }: ConfiguredMcpServer): Promise<boolean> {
    const { consents } = this.#dependencies;
    const name = mcpConsentName(provider, server.url);
    return confirmOnce(consents, name, () =>
      vscode.window.showWarningMessage(
        messages.consent(label, provider.label),
        { modal: true, detail: messages.consentDetail(server.url, scopes) },
        messages.allow(),
      ),
    );
  }

  async #getTokens({ provider, scopes, server }: ConfiguredMcpServer): Promise<IssuedToken[]> {
    return this.#dependencies.tokenSource.getTokens({
      providerId: provider.id,
      scopes,
      filter: (record) => servesMcpServer(record, server),
    });
  }

  /**
   * Checks whether the server accepts the token, because VS Code would ask for a client ID of the server if it doesn't. The
   * token is sent only if the user has allowed that in a dialog of this extension.
   */
  async #checkAccess(
    { label, marker, provider, server }: ConfiguredMcpServer,
    tokens: readonly IssuedToken[],
  ): Promise<void> {
    const { consents, transport } = this.#dependencies;
    const [issued] = tokens;
    const key = `${marker} ${issued?.record.id}.${issued?.record.signedInAt}`;
    const isAllowed = consents.has(mcpConsentName(provider, server.url));
    // With several accounts, VS Code asks which one to use.
    if (issued === undefined || tokens.length > 1 || !isAllowed || this.#accepted.has(key)) {
      return;
    }
    const { outcome, scopes } = await reach(label, () => checkAccess(transport, server.url, issued.token));
    if (outcome === 'insufficient-scope') {
      throw new McpRefusal('insufficient-scope', messages.insufficientScope(label, scopes), 'add-scopes', {
        missingScopes: scopes,
      });
    }
    if (outcome === 'rejected') {
      throw new McpRefusal('token-rejected', messages.tokenRejected(label, provider.label));
    }
    this.#accepted.add(key);
  }
}

/** Runs a request to a server. A failure is about that server, not about the provider. */
async function reach<T>(label: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof Failure) {
      throw new McpRefusal(error.category, messages.unreachable(label, error.code));
    }
    throw error;
  }
}
