// Revokes the tokens of ended sessions (RFC 7009), and retries until the server confirms.
import { isSameAccount } from '../core/accounts.ts';
import { DAY, MINUTE, SECOND, type Clock } from '../core/clock.ts';
import { toFailure, type Failure } from '../core/failure.ts';
import { isOfflineCode } from '../core/failurePolicies.ts';
import { formatFailure, formatTimestamp, type Log } from '../core/log.ts';
import { decodeJwtClaims } from '../core/jwt.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import type { Discovery, ServerContext } from '../protocol/discovery.ts';
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
   * @param options `keepsAccessToken` if callers may still be using the access token.
   */
  start(
    record: SessionRecord,
    provider: Provider,
    options: { readonly keepsAccessToken?: boolean } = {},
  ): StartedRevocation {
    const { clock, pendingRevocations } = this.#dependencies;
    const now = clock.now();
    const pending = {
      id: this.#dependencies.newId(),
      record,
      provider,
      keepsAccessToken: options.keepsAccessToken === true,
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

  /** Called when a file in the shared folder has changed: another window may have left a revocation. */
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
      const revocation = isKnownDestination(record, server)
        ? await revokeTokens(server, tokens, transport)
        : 'not-supported';
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

/** Returns whether revoking the refresh token of one session may end another one. */
function mayShareGrant(one: SessionRecord, other: SessionRecord): boolean {
  const [sid, otherSid] = [one, other].map(serverSessionOf);
  const isSameClient = one.clientId === other.clientId && isSameAccount(one, other);
  return isSameClient && (sid === undefined || otherSid === undefined || sid === otherSid);
}

/**
 * Returns the session ID at the server (`sid`, OpenID Connect Front-Channel Logout 1.0 section 3); undefined if no
 * token has it.
 */
function serverSessionOf({ accessToken, idToken }: SessionRecord): unknown {
  return [idToken, accessToken].map((token) => decodeJwtClaims(token ?? '')?.['sid']).find((sid) => sid !== undefined);
}

/**
 * Returns whether the revocation endpoint has an origin that the session's entry, or the server at sign-in, specified.
 */
function isKnownDestination(
  { endpointOrigins = [], origins = [] }: SessionRecord,
  { metadata }: ServerContext,
): boolean {
  const endpoint = metadata.revocation_endpoint;
  const known = [...origins, ...endpointOrigins];
  return endpoint === undefined || known.length === 0 || known.includes(new URL(endpoint).origin);
}
