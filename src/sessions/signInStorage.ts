// Turns the result of a sign-in into a session: a new one, or the one that it renews.
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

/** What it works with. */
export interface SignInStorageDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionStore: SessionStore;
  readonly crossWindowSync: CrossWindowSync;
  readonly liveSessions: LiveSessions;
  readonly renewalLock: Pick<RenewalLock, 'runExclusive'>;
  readonly sessionGate: SessionGate;
  /** The provider of a session as it's configured now; undefined if it isn't, or not for this session. */
  providerOf(record: SessionRecord): Provider | undefined;
  /** All sessions of a provider, ended ones included. */
  getAll(providerId: string): LiveSession[];
  /** Deletes a session here without telling the server. */
  remove(id: string): Promise<void>;
  readonly revocations: Pick<Revocations, 'revokeReplaced'>;
  /** A new session id. */
  newId(): string;
}

/** What is known of a sign-in beside what it has brought. */
export interface SignInResult {
  /** The id of the session that it resumes, whose scopes it has requested, too. */
  readonly resumeSessionId?: string | undefined;
  /** The scopes without those of that session; without one, all that were requested. */
  readonly wanted?: readonly string[] | undefined;
}

/** How long, in ms, a new sign-in waits for another window that is just refreshing the same session. */
const LOCK_TIMEOUT = 3000;

/** Stores sign-ins. */
export class SignInStorage {
  readonly #dependencies: SignInStorageDependencies;

  constructor(dependencies: SignInStorageDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Makes a session of a sign-in. The same account with the same permissions stays the same session, and so does the one
   * that it resumes. With other permissions, it makes a session of its own, and leaves the others of the account alone. If
   * the server takes scopes of the resumed session away, that stays as it is, and the new one stands beside it.
   * @throws Failure if the provider's entry was changed or removed during the sign-in.
   */
  async add(grant: SignInGrant, { resumeSessionId, wanted = grant.scopes }: SignInResult): Promise<SessionRecord> {
    const { crossWindowSync, liveSessions, sessionStore } = this.#dependencies;
    // The same person may just have signed in in another window, for the same scopes: one session serves both.
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

  /** Stores a record as the next generation of a session that exists. */
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
      // What has it may only look like a window: a process ID that is another program's by now, a file that nobody of
      // ours has written. A sign-in brings tokens of its own, and no refresh may be held up after it.
      overtakesAtTimeout: true,
    };
    if (refreshing) {
      // The refresh of this window finds out by itself that it isn't needed any more. It may be waiting for such a lock.
      const record = await persist(2);
      renewalLock.runExclusive(id, () => Promise.resolve(record), options).catch(() => {});
      return record;
    }
    return renewalLock
      .runExclusive(id, ({ hasOvertaken }) => persist(hasOvertaken ? 2 : 1), options)
      .catch((error: unknown) => {
        if (lacksLock(toFailure(error).category)) {
          // A refresh may be under way that brings the next generation: a sign-in counts for more.
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
    // What never expires, like the tokens of GitHub's OAuth Apps, needs no refresh.
    if (record.refreshToken === undefined && record.accessExpiresAt !== undefined) {
      log.warn(
        `${record.providerId} sent no refresh token; the session ends with its access token. "offline_access" may be missing.`,
      );
    }
    return record;
  }

  /**
   * Removes the sessions of the same account that have ended or can't be refreshed any more, if the new one serves all
   * their callers.
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

  /** VS Code keeps trust and preferences by label: two accounts of a provider must never share one. */
  #makeUniqueAccountLabel({ account, provider }: SignInGrant): string {
    const others = this.#dependencies.liveSessions.all().filter(({ record }) => record.providerId === provider.id);
    const known = others.find(({ record }) => record.account.id === account.id);
    if (known !== undefined) {
      return known.record.account.label;
    }
    const isTaken = (label: string): boolean => others.some(({ record }) => record.account.label === label);
    // The end of an id tells accounts apart more often than its beginning, which many share; the whole id always does.
    const candidates = [
      account.label,
      `${account.label} (${account.id.slice(-6)})`,
      `${account.label} (${account.id})`,
    ];
    return candidates.find((label) => !isTaken(label)) ?? account.id;
  }
}

/** Whether a token with the scopes that a server says it granted is as good as that of a session. */
function keepsScopes({ granted: before, scopes }: SessionRecord, granted: readonly string[] | undefined): boolean {
  return granted === undefined || (before ?? scopes).filter(isPermission).every((scope) => granted.includes(scope));
}
