// Answers the requests of the command `session-keeper`.
import * as vscode from 'vscode';
import { readResourceRequest, type DpopHeadersCommand } from '../auth/dpopHeaders.ts';
import { isSameAccount } from '../core/accounts.ts';
import type { Clock } from '../core/clock.ts';
import { errorName, sanitizeDisplayName, toFailure } from '../core/failure.ts';
import { FAILURE_POLICIES } from '../core/failurePolicies.ts';
import { formatFailure, type Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { sameScopes } from '../core/scopes.ts';
import { isDpopBound, type SessionRecord } from '../core/session.ts';
import { statusOf } from '../core/status.ts';
import type { ListedSession, TerminalFailure, TerminalRequest, TerminalResponse } from '../core/terminal.ts';
import { parseTerminalRequest } from '../core/terminalRequest.ts';
import { describeFailure } from '../host/failureMessages.ts';
import type { Settings } from '../host/settings.ts';
import * as messages from '../host/terminalMessages.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import { describeSession } from '../storage/recordDescription.ts';
import { permissionFor, type Decision, type TerminalConsent } from './terminalConsent.ts';
import type { IssuedToken, TokenSource } from './tokenSource.ts';

/** What the answers depend on. */
export interface TerminalRequestsDependencies {
  readonly clock: Clock;
  readonly consent: TerminalConsent;
  readonly dpopHeaders: DpopHeadersCommand;
  readonly liveSessions: Pick<LiveSessions, 'patch'>;
  readonly log: Log;
  readonly sessionManager: Pick<SessionManager, 'findMatching' | 'getAll' | 'ready'>;
  readonly settings: Pick<Settings, 'lifetimes' | 'nameOf' | 'provider' | 'providers'>;
  readonly tokenSource: TokenSource;
  /** The ID of this window. */
  readonly windowId: string;
  /** Signs in to a provider. */
  readonly signIn: (provider: Provider, scopes: readonly string[]) => Promise<SessionRecord>;
}

type Waiting = Extract<TerminalResponse, { readonly kind: 'waiting' }>['for'];

/** The connection to the program. */
interface Caller {
  /** Informs the program that the window waits for the user. */
  readonly waitFor: (reason: Waiting) => void;
  /** Is aborted when the program has ended. */
  readonly signal: AbortSignal;
}

/** A failure with a message for the program. */
class Refusal extends Error {
  readonly response: TerminalResponse;

  constructor(name: TerminalFailure, message: string) {
    super(name);
    this.response = { kind: 'failure', name, message };
  }
}

/** Answers requests from programs in the terminal. */
export class TerminalRequests {
  readonly #dependencies: TerminalRequestsDependencies;

  constructor(dependencies: TerminalRequestsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Answers a request, both in JSON. Never rejects. */
  async handle(json: string, send: (message: string) => void, signal: AbortSignal): Promise<string> {
    const waitFor = (reason: Waiting): void => send(JSON.stringify({ kind: 'waiting', for: reason }));
    const request = parseTerminalRequest(json);
    return JSON.stringify(await this.#answer(request, { waitFor, signal }));
  }

  async #answer(request: TerminalRequest | undefined, caller: Caller): Promise<TerminalResponse> {
    const { log, settings } = this.#dependencies;
    try {
      if (request === undefined) {
        throw new Refusal('invalid-request', messages.invalidRequest());
      }
      // Not even which accounts there are.
      if (!vscode.workspace.isTrusted) {
        throw new Refusal('untrusted-workspace', messages.untrustedWorkspace());
      }
      return await this.#answerTrusted(request, caller);
    } catch (error) {
      if (error instanceof Refusal) {
        log.info(`Request of a program in the terminal (${request?.command ?? 'invalid'}): ${error.message}.`);
        return error.response;
      }
      const failure = toFailure(error);
      log.warn(`Request of a program in the terminal failed: ${formatFailure(failure)}.`);
      const name = FAILURE_POLICIES[failure.category].outcome;
      const message = describeFailure(failure, settings.nameOf(request?.provider ?? ''));
      return { kind: 'failure', name, code: errorName(failure.category), message };
    }
  }

  async #answerTrusted(request: TerminalRequest, caller: Caller): Promise<TerminalResponse> {
    const { sessionManager, settings } = this.#dependencies;
    if (request.command === 'list') {
      await sessionManager.ready();
      return { kind: 'list', sessions: settings.providers.flatMap((provider) => this.#list(provider)) };
    }
    const provider = settings.provider(request.provider ?? '');
    if (provider === undefined) {
      const known = settings.providers.map(({ id }) => id);
      throw new Refusal('unknown-provider', messages.unknownProvider(request.provider ?? '', known));
    }
    if (request.command === 'git-credential' && !provider.git.includes(request.url ?? '')) {
      return { kind: 'none' };
    }
    if (request.command === 'login') {
      const record = await this.#signIn(provider, request, caller);
      return { kind: 'signed-in', account: sanitizeDisplayName(record.account.label) };
    }
    const target = request.command === 'headers' ? this.#readTarget(request) : undefined;
    const issued = await this.#getToken(provider, request, caller);
    const response: TerminalResponse =
      target === undefined
        ? {
            kind: 'token',
            token: issued.token,
            account: issued.record.account.label,
            scopes: issued.record.scopes,
            expiresAt: issued.expiresAt,
          }
        : { kind: 'headers', headers: await this.#getHeaders(issued, target) };
    // If the program has ended, nothing is sent.
    if (!caller.signal.aborted) {
      this.#record(issued.record, request, target?.url);
    }
    return response;
  }

  #list({ id, label }: Provider): ListedSession[] {
    const { clock, sessionManager, settings } = this.#dependencies;
    const sessions = sessionManager.getAll(id).map((session) => {
      const { accessExpiresAt, state } = statusOf(session, settings.lifetimes(), clock.now());
      const { account, scopes } = session.record;
      return { provider: id, label, account: account.label, scopes, state, expiresAt: accessExpiresAt };
    });
    return sessions.length === 0 ? [{ provider: id, label, state: 'signed-out' }] : sessions;
  }

  #readTarget({ method, nonce, url }: TerminalRequest): { method: string; nonce: string | undefined; url: string } {
    try {
      const request = readResourceRequest({ method, nonce, url });
      return { method: request.method, nonce: request.nonce, url: request.url.href };
    } catch {
      throw new Refusal('invalid-request', messages.invalidRequest());
    }
  }

  async #getToken(provider: Provider, request: TerminalRequest, caller: Caller): Promise<IssuedToken> {
    const { tokenSource } = this.#dependencies;
    const record = await this.#selectSession(provider, request, caller);
    if (isDpopBound(record) && request.command !== 'headers') {
      throw new Refusal('bound-token', messages.boundToken(provider.label));
    }
    await this.#askForConsent(provider, record, request, caller);
    const [issued] = await tokenSource.getTokens({
      providerId: provider.id,
      scopes: request.scopes,
      filter: (other) => isSameAccount(other, record),
    });
    // The renewed session may be another one of the account, whose token may be bound.
    if (issued === undefined || (isDpopBound(issued.record) && request.command !== 'headers')) {
      throw new Refusal('signed-out', messages.signedOut(provider.label, provider.id));
    }
    return issued;
  }

  /** Returns the only session that the request can mean. */
  async #selectSession(provider: Provider, request: TerminalRequest, caller: Caller): Promise<SessionRecord> {
    const { sessionManager } = this.#dependencies;
    await sessionManager.ready();
    const { account, scopes = provider.scopes } = request;
    const records = sessionManager
      .findMatching(provider.id, scopes, undefined)
      .map(({ record }) => record)
      .filter((record) => account === undefined || record.account.id === account || record.account.label === account);
    const [first, ...others] = records;
    if (first === undefined) {
      if (request.signIn === true) {
        return this.#signIn(provider, request, caller);
      }
      const hasSession = sessionManager.getAll(provider.id).some(({ record }) => record.ended === undefined);
      throw new Refusal(
        'signed-out',
        hasSession ? messages.noMatchingSession(provider.label) : messages.signedOut(provider.label, provider.id),
      );
    }
    if (others.length > 0) {
      const labels = records.map((record) => sanitizeDisplayName(record.account.label));
      throw new Refusal('several-accounts', messages.severalAccounts(provider.label, labels));
    }
    return first;
  }

  async #signIn(provider: Provider, request: TerminalRequest, caller: Caller): Promise<SessionRecord> {
    const { consent, signIn } = this.#dependencies;
    caller.waitFor('sign-in');
    throwUnlessAllowed(provider, await consent.decideSignIn(provider, caller.signal));
    return signIn(provider, request.scopes ?? provider.scopes);
  }

  async #askForConsent(
    provider: Provider,
    record: SessionRecord,
    { scopes, window }: TerminalRequest,
    { signal, waitFor }: Caller,
  ): Promise<void> {
    const { consent, windowId } = this.#dependencies;
    const requested = scopes === undefined || sameScopes(scopes, provider.scopes) ? undefined : scopes;
    const permission = permissionFor(record, requested);
    const decision = await consent.decide(permission, window === windowId, () => waitFor('consent'), signal);
    throwUnlessAllowed(provider, decision);
  }

  async #getHeaders(
    { record, token }: IssuedToken,
    target: { readonly method: string; readonly nonce: string | undefined; readonly url: string },
  ): Promise<Record<string, string>> {
    if (!isDpopBound(record)) {
      return { Authorization: `Bearer ${token}` };
    }
    const { authorization, dpop } = await this.#dependencies.dpopHeaders(record.accessToken, target);
    return { Authorization: authorization, ...(dpop === undefined ? {} : { DPoP: dpop }) };
  }

  #record(record: SessionRecord, { command, url }: TerminalRequest, target: string | undefined): void {
    const { clock, liveSessions, log } = this.#dependencies;
    const host = target ?? url;
    const receiver = host === undefined ? '' : ` for ${new URL(host).origin}`;
    log.info(`${describeSession(record)}: access token used by a program in the terminal (${command}${receiver}).`);
    liveSessions.patch(record.id, { terminalUsedAt: clock.now() });
  }
}

function throwUnlessAllowed(provider: Provider, decision: Decision): void {
  if (decision === 'denied') {
    throw new Refusal('denied', messages.denied(provider.label));
  }
  if (decision === 'no-answer') {
    throw new Refusal('no-answer', messages.noAnswer());
  }
}
