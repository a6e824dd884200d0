// Revokes the tokens of ended sessions (RFC 7009), and retries until the server confirms.
import { isSameAccount } from '../core/accounts.ts';
import { delay, DAY, MINUTE, SECOND, type Clock } from '../core/clock.ts';
import { toFailure, type Failure } from '../core/failure.ts';
import { isOfflineCode } from '../core/failurePolicies.ts';
import { formatFailure, formatTimestamp, type Log } from '../core/log.ts';
import { decodeJwtClaims } from '../core/jwt.ts';
import type { Provider } from '../core/provider.ts';
import { credentialOrigins } from '../core/serverIdentity.ts';
import { RECORD_VERSION, type SessionRecord } from '../core/session.ts';
import type { Discovery, ServerContext } from '../protocol/discovery.ts';
import type { UnusedTokens } from '../protocol/identity.ts';
import { revokeTokens, type Revocation } from '../protocol/revoke.ts';
import type { Transport } from '../protocol/transport.ts';
import { isRevocationFile, type PendingRevocation, type PendingRevocations } from '../storage/pendingRevocations.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import { describeSession } from '../storage/recordDescription.ts';

/** The dependencies of the revocations. */
export interface RevocationsDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly discovery: Discovery;
  readonly transport: Transport;
  readonly pendingRevocations: PendingRevocations;
  readonly liveSessions: Pick<LiveSessions, 'all'>;
  /** Returns a number in [0, 1). */
  random(): number;
  /** Returns a new ID. */
  newId(): string;
}

/** A started revocation. */
export interface StartedRevocation {
  /** Resolves when it's stored, so that it survives this window. Never rejects. */
  readonly queued: Promise<void>;
  /** Rejects with a Failure if the server hasn't confirmed it. It's then retried. */
  readonly confirmed: Promise<Revocation>;
}

/** How long, in ms, one window's attempt keeps other windows from making one. */
const ATTEMPT_TIME = 30 * SECOND;
/** The longest delay, in ms, before the first retry; it doubles with each retry, up to {@link MAX_DELAY}. */
const FIRST_RETRY_WITHIN = 10 * SECOND;
const MAX_RETRY_DELAY = DAY;
/** The retry interval, in ms, while this computer is offline. */
const OFFLINE_RETRY_INTERVAL = MINUTE / 2;
/** How long, in ms, the confirmation of a revocation is waited for, and how often it's checked. */
const CONFIRMATION_TIMEOUT = 10 * SECOND;
const POLL_INTERVAL = SECOND;
/** Stands for the account of a sign-in that failed before it was known. */
const UNKNOWN_ACCOUNT = { id: 'unknown', label: 'unknown' };
/** The shortest delay, in ms, before a retry. */
const MIN_RETRY_DELAY = 5 * SECOND;

/** The revocations of this window, and those that other windows left unfinished. */
export class Revocations {
  readonly #dependencies: RevocationsDependencies;
  /** When the next attempt of each pending revocation is due; undefined before the list is read. */
  #due: Map<string, number> | undefined;
  #running: Promise<void> | undefined;

  constructor(dependencies: RevocationsDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Revokes the tokens of a session at a provider.
   * @param options `keepsAccessToken` if callers may still be using the access token; `sparesSessions` to give it up if a
   *   session may be of the same grant.
   */
  start(
    record: SessionRecord,
    provider: Provider,
    options: Partial<Pick<PendingRevocation, 'keepsAccessToken' | 'sparesSessions'>> = {},
  ): StartedRevocation {
    const { clock, pendingRevocations } = this.#dependencies;
    const now = clock.now();
    const pending = {
      id: this.#dependencies.newId(),
      record,
      provider,
      keepsAccessToken: false,
      sparesSessions: false,
      ...options,
      queuedAt: now,
      attempts: 1,
      nextAttemptAt: now + ATTEMPT_TIME,
    };
    const queued = pendingRevocations.put(pending);
    const confirmed = queued.then(() => this.#attempt(pending));
    confirmed.catch(() => {});
    return { queued, confirmed };
  }

  /**
   * Revokes the refresh token that a new sign-in replaces. Its access token may be in use and expires on its own.
   * Nothing
   * is revoked if the new tokens, or another session of the account, may have the same grant, because they would end
   * with
   * it (RFC 7009 section 2.1): many servers have one grant per account and client, and responses don't show that. Only
   * a
   * different session at the server is known to be another grant, unless the entry specifies more.
   * @param provider undefined if it's no longer configured.
   */
  revokeReplaced(replaced: SessionRecord, by: SessionRecord, provider: Provider | undefined): void {
    const { refreshToken } = replaced;
    const others = this.#dependencies.liveSessions
      .all()
      .map(({ record }) => record)
      .filter(({ id, ended }) => id !== replaced.id && ended === undefined);
    const { revokeReplacedSession } = provider ?? {};
    const mayBeOfGrant = revokeReplacedSession === true ? hasSameGrant(replaced, by) : mayShareGrant(replaced, by);
    const isShared = mayBeOfGrant || others.some((other) => mayShareGrant(replaced, other));
    if (provider !== undefined && refreshToken !== undefined && !isShared && revokeReplacedSession !== false) {
      this.start(replaced, provider, { keepsAccessToken: true });
    }
  }

  /**
   * Revokes the tokens of a sign-in that failed after they had arrived. Nothing is revoked if a session may be of the same
   * grant, even one that the next sign-in adds before a retry.
   */
  revokeUnused({ account = UNKNOWN_ACCOUNT, endpointOrigins, idToken, provider, tokens }: UnusedTokens): void {
    const { clock, log } = this.#dependencies;
    const { accessToken, refreshToken } = tokens;
    const now = clock.now();
    const record: SessionRecord = {
      version: RECORD_VERSION,
      id: this.#dependencies.newId(),
      providerId: provider.id,
      issuer: provider.issuer,
      clientId: provider.clientId,
      origins: credentialOrigins(provider),
      endpointOrigins: [...endpointOrigins],
      account,
      scopes: [],
      generation: 1,
      isComplete: true,
      signedInAt: now,
      tokensRequestedAt: now,
      tokenType: 'Bearer',
      accessToken: accessToken ?? 'none',
      refreshToken,
      idToken,
      expirySource: 'unknown',
    };
    if (this.#mayEndSession(record)) {
      log.info(`Sign-in at ${provider.id}: its tokens aren't revoked, because a session may be of the same grant.`);
    } else {
      log.info(`Sign-in at ${provider.id}: its tokens aren't used. They are revoked.`);
      this.start(record, provider, { keepsAccessToken: accessToken === undefined, sparesSessions: true });
    }
  }

  /**
   * Waits a while for the server to confirm a revocation of a session's tokens, whichever window has started it. Never
   * rejects.
   */
  async outcomeOf(record: SessionRecord, provider: Provider | undefined): Promise<Revocation | 'unconfirmed'> {
    const { clock, discovery, pendingRevocations } = this.#dependencies;
    const isPending = async (): Promise<boolean> =>
      (await pendingRevocations.list()).some((pending) => pending.record.id === record.id);
    for (let waited = 0; await isPending(); waited += POLL_INTERVAL) {
      if (waited >= CONFIRMATION_TIMEOUT) {
        return 'unconfirmed';
      }
      await delay(clock, POLL_INTERVAL);
    }
    const server = provider && (await discovery.find(provider).catch(() => undefined));
    return server === undefined || canRevoke(record, server) ? 'revoked' : 'not-supported';
  }

  /** Called when a file in the shared folder has changed: another window may have left a revocation behind. */
  onFileChanged(name: string): void {
    if (isRevocationFile(name)) {
      this.#due = undefined;
    }
  }

  /** Retries due revocations. Never rejects. */
  async retry(): Promise<void> {
    this.#running ??= this.#retryDue().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #retryDue(): Promise<void> {
    const { clock, pendingRevocations } = this.#dependencies;
    if (this.#due === undefined) {
      const all = await pendingRevocations.list();
      this.#due = new Map(all.map(({ id, nextAttemptAt }) => [id, nextAttemptAt]));
    }
    const due = [...this.#due].filter(([, at]) => at <= clock.now());
    for (const [id] of due) {
      // Another window may have attempted it, or its tokens may have expired.
      const pending = await pendingRevocations.get(id);
      if (pending === undefined || pending.nextAttemptAt > clock.now()) {
        this.#setDue(pending ?? { id });
        continue;
      }
      if (pending.sparesSessions && this.#mayEndSession(pending.record)) {
        await pendingRevocations.delete(id);
        this.#setDue({ id });
        continue;
      }
      const claimed = {
        ...pending,
        attempts: pending.attempts + 1,
        nextAttemptAt: clock.now() + ATTEMPT_TIME,
      };
      await pendingRevocations.put(claimed);
      await this.#attempt(claimed).catch(() => {});
    }
  }

  async #attempt(pending: PendingRevocation): Promise<Revocation> {
    const { discovery, log, pendingRevocations, transport } = this.#dependencies;
    const { id, keepsAccessToken, provider, record } = pending;
    const tokens = keepsAccessToken ? { refreshToken: record.refreshToken } : record;
    try {
      const server = await discovery.find(provider);
      const revocation = canRevoke(record, server) ? await revokeTokens(server, tokens, transport) : 'not-supported';
      log.info(`${describeSession(record)}: revocation at the server: ${revocation}.`);
      await pendingRevocations.delete(id);
      this.#setDue({ id });
      return revocation;
    } catch (error) {
      const failure = toFailure(error);
      const nextAttemptAt = this.#dependencies.clock.now() + this.#delayAfter(failure, pending.attempts);
      log.warn(
        `${describeSession(record)}: the server didn't confirm the revocation: ${formatFailure(failure)}. Next attempt at ${formatTimestamp(nextAttemptAt)}.`,
      );
      await pendingRevocations.put({ ...pending, nextAttemptAt });
      this.#setDue({ id, nextAttemptAt });
      throw failure;
    }
  }

  /** Whether the revocation of tokens that no session has may end one. */
  #mayEndSession(record: SessionRecord): boolean {
    const sessions = this.#dependencies.liveSessions.all().filter(({ record: { ended } }) => ended === undefined);
    const isAccountKnown = record.account.id !== UNKNOWN_ACCOUNT.id;
    return sessions.some(({ record: other }) =>
      isAccountKnown ? mayShareGrant(record, other) : isSameClient(record, other),
    );
  }

  #setDue({ id, nextAttemptAt }: { readonly id: string; readonly nextAttemptAt?: number }): void {
    if (nextAttemptAt === undefined) {
      this.#due?.delete(id);
    } else {
      this.#due?.set(id, nextAttemptAt);
    }
  }

  /** Returns the delay, in ms, before the next attempt: exponential backoff with full jitter. */
  #delayAfter({ code, retryAfter = 0 }: Failure, attempts: number): number {
    if (isOfflineCode(code)) {
      return OFFLINE_RETRY_INTERVAL;
    }
    const period = Math.min(FIRST_RETRY_WITHIN * 2 ** (attempts - 1), MAX_RETRY_DELAY);
    return Math.max(MIN_RETRY_DELAY, Math.min(retryAfter, MAX_RETRY_DELAY), this.#dependencies.random() * period);
  }
}

/** Returns whether revoking the refresh token of one session is known to end another one. */
function hasSameGrant(one: SessionRecord, other: SessionRecord): boolean {
  const [sid, otherSid] = [one, other].map(serverSessionOf);
  return one.refreshToken === other.refreshToken || (sid !== undefined && sid === otherSid);
}

/** Returns whether two sessions are of the same client at the same server. */
function isSameClient(one: SessionRecord, other: SessionRecord): boolean {
  return one.issuer === other.issuer && one.clientId === other.clientId;
}

/** Returns whether revoking the refresh token of one session may end another one. */
function mayShareGrant(one: SessionRecord, other: SessionRecord): boolean {
  const [sid, otherSid] = [one, other].map(serverSessionOf);
  const isAlike = one.clientId === other.clientId && isSameAccount(one, other);
  return isAlike && (sid === undefined || otherSid === undefined || sid === otherSid);
}

/**
 * Returns the session ID at the server (`sid`, OpenID Connect Front-Channel Logout 1.0 section 3); undefined if no
 * token has it.
 */
function serverSessionOf({ accessToken, idToken }: SessionRecord): unknown {
  return [idToken, accessToken].map((token) => decodeJwtClaims(token ?? '')?.['sid']).find((sid) => sid !== undefined);
}

/**
 * Returns whether there is a revocation endpoint at an origin that the session's entry, or the server at sign-in, specified.
 */
function canRevoke({ endpointOrigins = [], origins = [] }: SessionRecord, { metadata }: ServerContext): boolean {
  const endpoint = metadata.revocation_endpoint;
  const known = [...origins, ...endpointOrigins];
  return endpoint !== undefined && (known.length === 0 || known.includes(new URL(endpoint).origin));
}
