// VS Code's AuthenticationProvider for one identity server.
import * as vscode from 'vscode';
import type { Constraint } from '../core/challenge.ts';
import { delay, SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { Failure, errorName, toFailure } from '../core/failure.ts';
import type { Lazy } from '../core/lazy.ts';
import { findMcpMarker } from '../core/mcpServers.ts';
import { formatFailure, type Log } from '../core/log.ts';
import type { Provider, SessionToken } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import {
  sessionChanges,
  toAuthenticationSession,
  usableToken,
  type SessionWithExpiry,
} from './authenticationSession.ts';
import type { ChallengeProvider } from './challenges.ts';
import { bundleLoadFailed } from '../host/startMessages.ts';
import { PendingRequests } from './pendingRequests.ts';
import type { SessionRequests } from './sessionRequests.ts';

/** What handles requests, loaded on demand. */
export interface ProviderRequests {
  readonly sessionRequests: SessionRequests;
  readonly mcpServers: {
    /** Returns the sessions for a request that VS Code sends for an MCP server. */
    getSessions(providerId: string, marker: string, accountId: string | undefined): Promise<SessionRecord[]>;
  };
}

/** What an authentication provider depends on. */
export interface ProviderDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionManager: SessionManager;
  /** Handles the requests that need more than the sessions in memory. */
  readonly onDemand: Lazy<ProviderRequests>;
  /**
   * Called when another extension requests a session.
   * @param isInteractive whether it's a request to sign in, which VS Code has asked the user about.
   */
  onCall(isInteractive: boolean): void;
}

/** How long, in ms, the Accounts menu waits for the stored sessions at start; an event announces sessions that load later. */
const MENU_TIMEOUT = SECOND;

/** The authentication provider of one identity server. */
export class OidcAuthenticationProvider implements vscode.AuthenticationProvider, ChallengeProvider, Disposable {
  readonly #id: string;
  #provider: Provider | undefined;
  readonly #dependencies: ProviderDependencies;
  readonly #changed = new vscode.EventEmitter<vscode.AuthenticationProviderAuthenticationSessionsChangeEvent>();
  readonly #pendingRequests = new PendingRequests();
  /**
   * The unique scopes of this extension's own requests that check whether VS Code asks this provider. Each is removed when
   * it arrives here, and counts neither as activity nor as a sign-in request.
   */
  readonly probes = new Set<string>();
  #isOwnCall = false;
  /** The sessions that VS Code knows of, by session ID. */
  #announced: ReadonlyMap<string, SessionRecord> = new Map<string, SessionRecord>();
  /** The failure that a caller was last rejected with. */
  #lastRejection: Failure | undefined;

  constructor(id: string, provider: Provider | undefined, dependencies: ProviderDependencies) {
    this.#id = id;
    this.#provider = provider;
    this.#dependencies = dependencies;
  }

  /** Sets a changed configuration of the same provider; keeps the pending requests and the announced sessions. */
  update(provider: Provider | undefined): void {
    this.#provider = provider;
  }

  /** Sets the scopes that the Accounts menu signs in with. */
  setMenuScopes(scopes: readonly string[]): void {
    this.#pendingRequests.setMenuScopes(scopes);
  }

  /** Runs a request for a session by this extension, which doesn't count as activity. */
  async withoutActivity<T>(request: () => Thenable<T>): Promise<T> {
    this.#isOwnCall = true;
    try {
      return await request();
    } finally {
      this.#isOwnCall = false;
    }
  }

  /** Removes the badges of pending requests, because this provider is about to be unregistered. */
  clearPendingRequests(): void {
    const noSession = { id: '', accessToken: '', account: { id: '', label: '' } };
    const added = this.#pendingRequests.removeAll().map((scopes) => ({ ...noSession, scopes }));
    if (added.length > 0) {
      this.#changed.fire({ added, removed: [], changed: [] });
    }
  }

  /** Fires when sessions are added, removed, or get a new token. */
  get onDidChangeSessions(): vscode.Event<vscode.AuthenticationProviderAuthenticationSessionsChangeEvent> {
    return this.#changed.event;
  }

  /**
   * Returns sessions. Without scopes: all of them, from memory and at once, without a network request and without an error,
   * because VS Code fills the Accounts menu with them. With scopes: the sessions that serve them, each with a valid token.
   * Shows nothing, because VS Code doesn't report whether the request is silent.
   * @throws Error with a message for the user, if there is a session but its token can't be renewed now.
   */
  async getSessions(
    scopes: readonly string[] | undefined,
    options: vscode.AuthenticationProviderSessionOptions = {},
  ): Promise<SessionWithExpiry[]> {
    const { clock, sessionManager } = this.#dependencies;
    if (scopes === undefined) {
      await Promise.race([sessionManager.ready().catch(() => {}), delay(clock, MENU_TIMEOUT)]);
      const all = sessionManager.getActive(this.#id).map(({ record }) => record);
      return all
        .filter(({ account }) => options.account === undefined || account.id === options.account.id)
        .map((record) => this.#toSession(record));
    }
    if (this.probes.delete(scopes.join())) {
      return [];
    }
    const mcpMarker = findMcpMarker(scopes);
    if (mcpMarker !== undefined) {
      return this.#runRequest(async (_, { mcpServers }) => {
        const records = await mcpServers.getSessions(this.#id, mcpMarker, options.account?.id);
        return records.map((record) => this.#toSessionOrThrow(record, scopes));
      });
    }
    if (!this.#isOwnCall) {
      this.#dependencies.onCall(false);
    }
    try {
      const sessions = await sessionManager.getUsableSessions(this.#id, scopes, options.account?.id);
      if (sessions.length === 0) {
        this.#pendingRequests.add(scopes);
      }
      return sessions.map(({ record }) => this.#toSessionOrThrow(record, scopes));
    } catch (error) {
      throw await this.#toError(error);
    }
  }

  /**
   * Signs in.
   * @throws Error with a message for the user.
   */
  async createSession(
    scopes: readonly string[],
    options: vscode.AuthenticationProviderSessionOptions = {},
  ): Promise<SessionWithExpiry> {
    this.#dependencies.onCall(true);
    const mcpMarker = findMcpMarker(scopes);
    return this.#signIn(async (requests, provider) => {
      const wanted = scopes.filter((scope) => scope !== mcpMarker);
      const record = await requests.signIn(provider, wanted, options.account);
      return { record, scopes };
    });
  }

  /**
   * Returns the sessions that meet a resource server's challenge (RFC 6750 section 3, RFC 9470), each with a valid token.
   * Shows nothing, like {@link getSessions}.
   * @throws Error with a message for the user.
   */
  async getSessionsFromChallenges(
    constraint: Constraint,
    options: vscode.AuthenticationProviderSessionOptions = {},
  ): Promise<SessionWithExpiry[]> {
    this.#dependencies.onCall(false);
    return this.#runRequest(async (requests) => {
      const { records, scopes } = await requests.findForChallenge(this.#id, constraint, options.account);
      return records.map((record) => this.#toSessionOrThrow(record, scopes));
    });
  }

  /**
   * Signs in to meet a resource server's challenge. Replaces the account's session for the same permissions, if any.
   * @throws Error with a message for the user, also if the sign-in succeeded but doesn't meet the challenge.
   */
  async createSessionFromChallenges(
    constraint: Constraint,
    options: vscode.AuthenticationProviderSessionOptions = {},
  ): Promise<SessionWithExpiry> {
    this.#dependencies.onCall(true);
    return this.#signIn((requests, provider) => requests.signInForChallenge(provider, constraint, options.account));
  }

  /**
   * Signs out of the account of a session. VS Code calls this for each session of the account that it knows of; the first
   * call signs out of all of them, ended ones included, and the others do nothing. Resolves when the local sessions are
   * deleted, without waiting for the server. If the server doesn't confirm the sign-out, a notification is shown.
   * @throws Error if the stored session couldn't be deleted.
   */
  async removeSession(id: string): Promise<void> {
    try {
      const signOuts = await this.#dependencies.sessionManager.signOutOfAccount(id);
      const name = this.#provider?.label ?? this.#id;
      this.#dependencies.onDemand.load().then(
        ({ sessionRequests }) => sessionRequests.completeSignOut(name, signOuts),
        () => {},
      );
    } catch (error) {
      throw await this.#toError(error);
    }
  }

  /** Fires an event for the changes since the last one. Called after every change, and as time passes. */
  fireChanges(): void {
    const now = new Map(this.#dependencies.sessionManager.getActive(this.#id).map(({ record }) => [record.id, record]));
    const { added, removed, changed, survivors } = sessionChanges(this.#announced, now);
    this.#announced = now;
    // Signing in again keeps the session ID, so a changed session can fulfill pending requests, too.
    const fulfilled = [...added, ...changed].flatMap((record) =>
      this.#pendingRequests.removeFulfilled(record, this.#provider).map((scopes) => this.#toSession(record, scopes)),
    );
    if (added.length + removed.length + changed.length > 0) {
      this.#dependencies.log.debug(
        `Sessions of ${this.#id} changed: ${added.length} added, ${removed.length} removed, ${changed.length} changed.`,
      );
      this.#changed.fire({
        added: [...added.map((record) => this.#toSession(record)), ...fulfilled],
        removed: removed.map((record) => this.#toSession(record)),
        changed: [...changed, ...survivors].map((record) => this.#toSession(record)),
      });
    }
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #toSession(record: SessionRecord, scopes: readonly string[] = record.scopes): SessionWithExpiry {
    return toAuthenticationSession(record, this.#tokenKind, this.#dependencies.clock.now(), scopes);
  }

  /** The same for a caller that needs a usable token. */
  #toSessionOrThrow(record: SessionRecord, scopes: readonly string[]): SessionWithExpiry {
    if (usableToken(record, this.#tokenKind, this.#dependencies.clock.now()) === undefined) {
      // The entry was changed to use ID tokens after this session had started.
      throw new Failure('unsupported-server', 'no-id-token', { detail: 'id_token' });
    }
    return this.#toSession(record, scopes);
  }

  get #tokenKind(): SessionToken {
    return this.#provider?.sessionToken ?? 'access_token';
  }

  async #signIn(
    signIn: (
      requests: SessionRequests,
      provider: Provider,
    ) => Promise<{ readonly record: SessionRecord; readonly scopes: readonly string[] }>,
  ): Promise<SessionWithExpiry> {
    const provider = this.#provider;
    if (provider === undefined) {
      throw await this.#load().then(({ sessionRequests }) => sessionRequests.offerToConfigure());
    }
    const { record, scopes } = await this.#runRequest((requests) => signIn(requests, provider), false);
    return this.#toSession(record, scopes);
  }

  async #runRequest<T>(
    run: (requests: SessionRequests, parts: ProviderRequests) => Promise<T>,
    hasSession = true,
  ): Promise<T> {
    const parts = await this.#load();
    try {
      return await run(parts.sessionRequests, parts);
    } catch (error) {
      throw await this.#toError(error, hasSession);
    }
  }

  async #load(): Promise<ProviderRequests> {
    try {
      return await this.#dependencies.onDemand.load();
    } catch (error) {
      throw this.#toNamedError(toFailure(error), bundleLoadFailed());
    }
  }

  async #toError(error: unknown, hasSession = true): Promise<Error> {
    const failure = toFailure(error);
    if (failure !== this.#lastRejection) {
      // Callers that request a session before each HTTP request get the same failure many times.
      this.#lastRejection = failure;
      this.#dependencies.log.warn(`Rejected a session request for ${this.#id}: ${formatFailure(failure)}.`);
    }
    const message = await this.#dependencies.onDemand.load().then(
      ({ sessionRequests }) => sessionRequests.describeFailure(failure, this.#provider?.label ?? this.#id, hasSession),
      () => bundleLoadFailed(),
    );
    return this.#toNamedError(failure, message);
  }

  /** VS Code passes only the name and the message of an error to other extensions. */
  #toNamedError(failure: Failure, message: string): Error {
    const error = new Error(message, { cause: failure });
    return Object.assign(error, { name: errorName(failure.category), code: failure.category });
  }
}
