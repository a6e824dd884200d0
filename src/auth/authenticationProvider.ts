// The authentication provider of one identity server, as VS Code calls it.
import * as vscode from 'vscode';
import type { Constraint } from '../core/challenge.ts';
import { SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { Failure, errorName, toFailure } from '../core/failure.ts';
import type { Lazy } from '../core/lazy.ts';
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

/** What an authentication provider works with. */
export interface ProviderDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionManager: SessionManager;
  /** What takes more than the sessions in memory. */
  readonly onDemand: Lazy<{ readonly sessionRequests: SessionRequests }>;
  /** Told of each call of another extension that asks for a session. */
  onCall(): void;
}

/** How long, in ms, the Accounts menu waits for the stored sessions at start; later ones are announced by an event. */
const MENU_PATIENCE = SECOND;

/** One identity server as an authentication provider of VS Code. */
export class OidcAuthenticationProvider implements vscode.AuthenticationProvider, ChallengeProvider, Disposable {
  readonly #id: string;
  #provider: Provider | undefined;
  readonly #dependencies: ProviderDependencies;
  readonly #changed = new vscode.EventEmitter<vscode.AuthenticationProviderAuthenticationSessionsChangeEvent>();
  readonly #pendingRequests = new PendingRequests();
  #isOwnCall = false;
  /** The sessions that VS Code knows of, by session id. */
  #announced: ReadonlyMap<string, SessionRecord> = new Map<string, SessionRecord>();
  /** The failure that was last told to a caller. */
  #refusedFor: Failure | undefined;

  constructor(id: string, provider: Provider | undefined, dependencies: ProviderDependencies) {
    this.#id = id;
    this.#provider = provider;
    this.#dependencies = dependencies;
  }

  /** Sets another definition of the same provider: the pending requests, and what VS Code knows of, stay. */
  update(provider: Provider | undefined): void {
    this.#provider = provider;
  }

  /** Sets the scopes with which the Accounts menu offers to sign in. */
  setMenuScopes(scopes: readonly string[]): void {
    this.#pendingRequests.setMenuScopes(scopes);
  }

  /** Runs a request of this extension itself for a session: it is no sign that anybody is there. */
  async withoutActivity<T>(request: () => Thenable<T>): Promise<T> {
    this.#isOwnCall = true;
    try {
      return await request();
    } finally {
      this.#isOwnCall = false;
    }
  }

  /** Removes the badges for callers that wait, because this provider goes away. */
  clearPendingRequests(): void {
    const nobody = { id: '', accessToken: '', account: { id: '', label: '' } };
    const added = this.#pendingRequests.removeAll().map((scopes) => ({ ...nobody, scopes }));
    if (added.length > 0) {
      this.#changed.fire({ added, removed: [], changed: [] });
    }
  }

  /** Sessions that came, went, or have a new token. */
  get onDidChangeSessions(): vscode.Event<vscode.AuthenticationProviderAuthenticationSessionsChangeEvent> {
    return this.#changed.event;
  }

  /**
   * Without scopes: every session, from memory and at once, without a request and without an error, because VS Code
   * fills the Accounts menu with it. With scopes: the sessions that serve them, each with a token that works.
   * Shows nothing: VS Code does not say whether the caller is silent.
   * @throws Error with a sentence that names the cause, where there is a session whose token cannot be renewed right now.
   */
  async getSessions(
    scopes: readonly string[] | undefined,
    options: vscode.AuthenticationProviderSessionOptions = {},
  ): Promise<SessionWithExpiry[]> {
    const { clock, sessionManager } = this.#dependencies;
    if (scopes === undefined) {
      const enough = new Promise((resolve) => clock.after(MENU_PATIENCE, () => resolve(undefined)));
      await Promise.race([sessionManager.ready().catch(() => {}), enough]);
      const all = sessionManager.getActive(this.#id).map(({ record }) => record);
      return all
        .filter(({ account }) => options.account === undefined || account.id === options.account.id)
        .map((record) => this.#toSession(record));
    }
    if (!this.#isOwnCall) {
      this.#dependencies.onCall();
    }
    try {
      const found = await sessionManager.getUsableSessions(this.#id, scopes, options.account?.id);
      if (found.length === 0) {
        this.#pendingRequests.add(scopes);
      }
      return found.map(({ record }) => this.#toSessionOrThrow(record, scopes));
    } catch (error) {
      throw await this.#toError(error);
    }
  }

  /**
   * Signs in through the browser.
   * @throws Error with a sentence for the person.
   */
  async createSession(
    scopes: readonly string[],
    options: vscode.AuthenticationProviderSessionOptions = {},
  ): Promise<SessionWithExpiry> {
    this.#dependencies.onCall();
    return this.#signIn(async (requests, provider) => {
      const record = await requests.signIn(provider, scopes, options.account);
      return { record, scopes };
    });
  }

  /**
   * The sessions that meet what a resource server wants (RFC 6750 section 3, RFC 9470), each with a token that works.
   * Shows nothing, like {@link getSessions}.
   * @throws Error with a sentence that names the cause.
   */
  async getSessionsFromChallenges(
    constraint: Constraint,
    options: vscode.AuthenticationProviderSessionOptions = {},
  ): Promise<SessionWithExpiry[]> {
    this.#dependencies.onCall();
    return this.#answer(async (requests) => {
      const { records, scopes } = await requests.findForChallenge(this.#id, constraint, options.account);
      return records.map((record) => this.#toSessionOrThrow(record, scopes));
    });
  }

  /**
   * Signs in so that a resource server gets what it wants. The session of the account becomes that one.
   * @throws Error with a sentence for the person, also where the server has signed them in, but not as it was asked to.
   */
  async createSessionFromChallenges(
    constraint: Constraint,
    options: vscode.AuthenticationProviderSessionOptions = {},
  ): Promise<SessionWithExpiry> {
    this.#dependencies.onCall();
    return this.#signIn((requests, provider) => requests.signInForChallenge(provider, constraint, options.account));
  }

  /**
   * Signs out. It is over here at once; VS Code is not kept waiting for the server, and the person is told where that
   * does not confirm.
   * @throws Error where the stored session could not be deleted.
   */
  async removeSession(id: string): Promise<void> {
    try {
      const signOut = await this.#dependencies.sessionManager.signOut(id);
      const name = this.#provider?.label ?? this.#id;
      this.#dependencies.onDemand.load().then(
        ({ sessionRequests }) => sessionRequests.completeSignOut(name, signOut),
        () => {},
      );
    } catch (error) {
      throw await this.#toError(error);
    }
  }

  /** Tells VS Code what has changed since it was last told. Called after every change, and when time has passed. */
  fireChanges(): void {
    const now = new Map(this.#dependencies.sessionManager.getActive(this.#id).map(({ record }) => [record.id, record]));
    const { added, removed, changed, survivors } = sessionChanges(this.#announced, now);
    this.#announced = now;
    // A sign-in again under the same id fulfills what was asked for in the meantime, too.
    const fulfilled = [...added, ...changed].flatMap((record) =>
      this.#pendingRequests.removeFulfilled(record).map((scopes) => this.#toSession(record, scopes)),
    );
    if (added.length + removed.length + changed.length > 0) {
      this.#dependencies.log.debug(
        `VS Code is told of ${this.#id}: ${added.length} added, ${removed.length} removed, ${changed.length} changed.`,
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

  /** The same for a caller that goes on with its token, so that there has to be one. */
  #toSessionOrThrow(record: SessionRecord, scopes: readonly string[]): SessionWithExpiry {
    if (usableToken(record, this.#tokenKind, this.#dependencies.clock.now()) === undefined) {
      // The entry has come to want ID tokens since this session began.
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
      throw await this.#load().then((requests) => requests.offerToConfigure());
    }
    const { record, scopes } = await this.#answer((requests) => signIn(requests, provider), false);
    return this.#toSession(record, scopes);
  }

  async #answer<T>(answer: (requests: SessionRequests) => Promise<T>, hasSession = true): Promise<T> {
    const requests = await this.#load();
    try {
      return await answer(requests);
    } catch (error) {
      throw await this.#toError(error, hasSession);
    }
  }

  async #load(): Promise<SessionRequests> {
    try {
      return (await this.#dependencies.onDemand.load()).sessionRequests;
    } catch (error) {
      throw this.#withName(toFailure(error), bundleLoadFailed());
    }
  }

  async #toError(error: unknown, hasSession = true): Promise<Error> {
    const failure = toFailure(error);
    if (failure !== this.#refusedFor) {
      // Callers that come before each request get the same failure many times.
      this.#refusedFor = failure;
      this.#dependencies.log.warn(`A caller of ${this.#id} is refused: ${formatFailure(failure)}.`);
    }
    const sentence = await this.#dependencies.onDemand.load().then(
      ({ sessionRequests }) => sessionRequests.describe(failure, this.#provider?.label ?? this.#id, hasSession),
      () => bundleLoadFailed(),
    );
    return this.#withName(failure, sentence);
  }

  /** Of an error that it hands on to another extension, VS Code keeps name and message, and drops everything else. */
  #withName(failure: Failure, sentence: string): Error {
    const error = new Error(sentence, { cause: failure });
    return Object.assign(error, { name: errorName(failure.category), code: failure.category });
  }
}
