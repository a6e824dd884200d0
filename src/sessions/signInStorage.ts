// Stores the result of a sign-in as a new session, or in the session that it renews.
import type { Clock } from '../core/clock.ts';
import { Failure, toFailure } from '../core/failure.ts';
import { lacksLock, needsSignIn } from '../core/failurePolicies.ts';
import type { Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { isPermission } from '../core/scopes.ts';
import { isNewer, type SessionRecord } from '../core/session.ts';
import { isSameSignIn } from '../core/resumedSessions.ts';
import { servesScopes } from '../core/sessionScopes.ts';
import { isUsable, type LiveSession } from '../core/status.ts';
import type { SignInGrant } from '../protocol/identity.ts';
import type { RenewalLock } from '../locking/renewalLock.ts';
import type { CrossWindowSync } from '../storage/crossWindowSync.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import { createRecord } from '../storage/record.ts';
import { describeExpiry, describeSession } from '../storage/recordDescription.ts';
import { isAhead } from '../storage/sessionFile.ts';
import type { SessionStore } from '../storage/sessionStore.ts';
import type { Revocations } from './revocations.ts';
import type { SessionGate } from './sessionGate.ts';

/** The dependencies of {@link SignInStorage}. */
export interface SignInStorageDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionStore: SessionStore;
  readonly crossWindowSync: CrossWindowSync;
  readonly liveSessions: LiveSessions;
  readonly renewalLock: Pick<RenewalLock, 'runExclusive'>;
  readonly sessionGate: SessionGate;
  /** Returns the provider of a session as configured now; undefined if it isn't configured, or not for this session. */
  providerOf(record: SessionRecord): Provider | undefined;
  /** Returns all sessions of a provider, including ended ones. */
  getAll(providerId: string): LiveSession[];
  /** Deletes a session here without notifying the server. */
  remove(id: string): Promise<void>;
  readonly revocations: Pick<Revocations, 'revokeReplaced'>;
  /** Returns a new session ID. */
  newId(): string;
}

/** Information about a sign-in in addition to its result. */
export interface SignInResult {
  /** The ID of the session that it resumes, whose scopes were requested as well. */
  readonly resumeSessionId?: string | undefined;
  /** The scopes without those of that session; if undefined, all that were requested. */
  readonly wanted?: readonly string[] | undefined;
}

/** How long, in ms, a new sign-in waits for another window that is refreshing the same session. */
const LOCK_TIMEOUT = 3000;

/** Stores sign-ins. */
export class SignInStorage {
  readonly #dependencies: SignInStorageDependencies;

  constructor(dependencies: SignInStorageDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Stores a sign-in as a session. The same account with the same permissions keeps its session, and so does the
   * session
   * that it resumes. With other permissions, a separate session is created, and the account's others stay unchanged. If
   * the
   * server removes scopes of the resumed session, that session stays unchanged, and a new one is added.
   * @throws Failure if the provider's entry was changed or removed during the sign-in.
   */
  async add(grant: SignInGrant, { resumeSessionId, wanted = grant.scopes }: SignInResult): Promise<SessionRecord> {
    const { crossWindowSync, liveSessions, sessionStore } = this.#dependencies;
    // The same user may just have signed in in another window for the same scopes. One session serves both.
    await crossWindowSync.syncAll().catch(() => {});
    const label = this.#makeUniqueAccountLabel(grant);
    const resumed = this.#dependencies
      .getAll(grant.provider.id)
      .find(({ record }) => record.id === resumeSessionId)?.record;
    const isOfAccount = resumed?.account.id === grant.account.id;
    const isResumed = isOfAccount && keepsScopes(resumed, grant.tokens.scopes);
    const scopes = isOfAccount && !isResumed ? wanted : grant.scopes;
    const fresh = {
      ...createRecord({ ...grant, scopes, account: { ...grant.account, label } }, this.#dependencies.newId()),
      ...(label === grant.account.label ? {} : { loginHint: grant.account.label }),
    };
    const known = liveSessions
      .all()
      .find(({ record }) => (isResumed ? record.id === resumeSessionId : isSameSignIn(record, fresh)));
    const isNew = known === undefined || (await sessionStore.isSignedOutAnywhere(known.record.id));
    return isNew ? this.#persist(fresh, grant.tokens.skew) : this.#persistNext(fresh, known, grant.tokens.skew);
  }

  /** Stores a record as the next generation of an existing session. */
  async #persistNext(
    fresh: SessionRecord,
    { record: known, refreshing }: LiveSession,
    skew: number | undefined,
  ): Promise<SessionRecord> {
    const { liveSessions, renewalLock, revocations, sessionStore } = this.#dependencies;
    const { id } = known;
    const provider = this.#dependencies.providerOf(fresh);
    const persist = async (increment: number): Promise<SessionRecord> => {
      const [live, stored] = [liveSessions.get(id)?.record, await sessionStore.get(id)];
      const header = await sessionStore.header(id);
      const others = [live, stored, isAhead(header, known) ? header : undefined];
      const latest = Math.max(known.generation, ...others.map((other) => other?.generation ?? 0));
      const record = await this.#persist({ ...fresh, id, generation: latest + increment }, skew);
      const replaced = live !== undefined && stored !== undefined && isNewer(stored, live) ? stored : (live ?? stored);
      if (replaced !== undefined && replaced.generation < record.generation) {
        revocations.revokeReplaced(replaced, record, provider);
      }
      return record;
    };
    const options = {
      whileWaiting: () => Promise.resolve(undefined),
      timeout: LOCK_TIMEOUT,
      // The holder may not be a window: the process ID may have been reused, or the file forged. A sign-in has its own
      // tokens, and refreshes must not be blocked after it.
      overtakesAtTimeout: true,
    };
    if (refreshing) {
      // This window's refresh detects on its own that it's no longer needed. It may be waiting for such a lock.
      const record = await persist(2);
      renewalLock.runExclusive(id, () => Promise.resolve(record), options).catch(() => {});
      return record;
    }
    return renewalLock
      .runExclusive(id, ({ hasOvertaken }) => persist(hasOvertaken ? 2 : 1), options)
      .catch((error: unknown) => {
        if (lacksLock(toFailure(error).category)) {
          // A running refresh may produce the next generation. A sign-in takes precedence.
          return persist(2);
        }
        throw error;
      });
  }

  async #persist(record: SessionRecord, skew: number | undefined): Promise<SessionRecord> {
    const { log, liveSessions, sessionGate, sessionStore } = this.#dependencies;
    if (this.#dependencies.providerOf(record) === undefined) {
      throw new Failure('not-configured', 'provider-removed');
    }
    liveSessions.set(record);
    sessionGate.onSignIn();
    liveSessions.patch(record.id, { skew });
    await sessionStore.put(record);
    await this.#removeSuperseded(record);
    log.info(`${describeSession(record)}: signed in; ${describeExpiry(record)}.`);
    // Tokens that never expire, like those of GitHub's OAuth Apps, need no refresh.
    if (record.refreshToken === undefined && record.accessExpiresAt !== undefined) {
      log.warn(
        `${record.providerId} sent no refresh token. The session ends with its access token. The scope "offline_access" may be missing.`,
      );
    }
    return record;
  }

  /**
   * Removes the account's sessions that have ended or can no longer be refreshed, if the new one serves all their
   * callers.
   */
  async #removeSuperseded(by: SessionRecord): Promise<void> {
    const { revocations } = this.#dependencies;
    const now = this.#dependencies.clock.now();
    const provider = this.#dependencies.providerOf(by);
    for (const { failure, record } of this.#dependencies.getAll(by.providerId)) {
      const isOfAccount = record.id !== by.id && record.account.id === by.account.id;
      const isReplaced =
        isOfAccount && provider !== undefined && servesScopes(by, record.scopes.filter(isPermission), provider);
      const isFailed = failure !== undefined && needsSignIn(failure.category);
      if (isReplaced && (record.ended !== undefined || isFailed || !isUsable(record, now))) {
        revocations.revokeReplaced(record, by, provider);
        await this.#dependencies.remove(record.id).catch(() => {});
      }
    }
  }

  /** VS Code stores trust and preferences by label, so two accounts of a provider must never share one. */
  #makeUniqueAccountLabel({ account, provider }: SignInGrant): string {
    const others = this.#dependencies.liveSessions.all().filter(({ record }) => record.providerId === provider.id);
    const known = others.find(({ record }) => record.account.id === account.id);
    if (known !== undefined) {
      return known.record.account.label;
    }
    const isTaken = (label: string): boolean => others.some(({ record }) => record.account.label === label);
    // The end of an ID is more distinctive than its beginning. The full ID is always unique.
    const candidates = [
      account.label,
      `${account.label} (${account.id.slice(-6)})`,
      `${account.label} (${account.id})`,
    ];
    return candidates.find((label) => !isTaken(label)) ?? account.id;
  }
}

/** Returns whether a token with the scopes that a server says it granted can replace that of a session. */
function keepsScopes({ granted: before, scopes }: SessionRecord, granted: readonly string[] | undefined): boolean {
  return granted === undefined || (before ?? scopes).filter(isPermission).every((scope) => granted.includes(scope));
}
