// Coordinates a refresh with other windows: adopts what they have stored, and stops if the session was replaced.
import { MINUTE, type Clock } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import { needsSignIn } from '../core/failurePolicies.ts';
import { isFresh } from '../core/lifetime.ts';
import type { Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { endedFailure, tokenLifetimes, type SessionRecord } from '../core/session.ts';
import type { ServerContext } from '../protocol/discovery.ts';
import type { RefreshResponse } from '../protocol/refresh.ts';
import type { LockHandle } from '../locking/renewalLock.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import { describeExpiry, describeSession } from '../storage/recordDescription.ts';
import { toSharedFailure } from '../storage/sessionFile.ts';
import type { CompareDepth, SessionStore } from '../storage/sessionStore.ts';
import type { RefreshAttempt } from './refreshAttempt.ts';
import type { RefreshBackoff } from './refreshBackoff.ts';
import type { Revocations } from './revocations.ts';

/** The dependencies of {@link RefreshSync}. */
export interface RefreshSyncDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionStore: SessionStore;
  readonly liveSessions: LiveSessions;
  readonly revocations: Pick<Revocations, 'start' | 'revokeReplaced'>;
}

/** How long, in ms, tokens of another window must still be valid to count as a refresh. */
const FRESH_ENOUGH = MINUTE;

/** Keeps the refreshes of this window in sync with other windows. */
export class RefreshSync {
  readonly #dependencies: RefreshSyncDependencies;
  readonly #backoff: RefreshBackoff;

  constructor(dependencies: RefreshSyncDependencies, backoff: RefreshBackoff) {
    this.#dependencies = dependencies;
    this.#backoff = backoff;
  }

  /**
   * Adopts newer tokens that another window has stored.
   * @param depth `file` while another window has the lock; `all` before; `wait` with the lock.
   * @returns the adopted record if it counts as a refresh.
   * @throws Failure if the session is over, if newer tokens can't be read, or if another window has just failed and
   * this
   * one must not try as well.
   */
  async adopt(attempt: RefreshAttempt, depth: CompareDepth): Promise<SessionRecord | undefined> {
    const mine = attempt.useCurrentRecord();
    if (mine !== attempt.initialRecord && this.#isFresh(mine)) {
      // It was adopted after this refresh began.
      return mine;
    }
    const state = await this.#dependencies.sessionStore.compare(mine, depth);
    if (attempt.useCurrentRecord() !== mine) {
      return this.adopt(attempt, depth);
    }
    switch (state.kind) {
      case 'signed-out':
        this.#drop(mine);
        throw new Failure('signed-out', 'signed-out');
      case 'unreadable-newer':
        if (depth === 'wait') {
          // An older refresh token is never sent: a server that rotates would treat it as stolen and end the session.
          throw new Failure('token-in-other-window', 'token-in-other-window');
        }
        return undefined;
      case 'superseded':
        return this.#adoptNewer(attempt, state.record, depth);
      case 'current':
        attempt.sharedFailure = await this.#backoff.findSharedFailure(mine, attempt, depth === 'file');
        if (attempt.sharedFailure !== undefined) {
          throw toSharedFailure(attempt.sharedFailure, this.#dependencies.clock.now());
        }
        return undefined;
    }
  }

  async #adoptNewer(
    attempt: RefreshAttempt,
    record: SessionRecord,
    depth: CompareDepth,
  ): Promise<SessionRecord | undefined> {
    if (!record.isComplete && depth !== 'wait') {
      // Without the lock, another window may still be processing it.
      return undefined;
    }
    this.#adopt(attempt, record);
    if (record.ended !== undefined) {
      throw endedFailure(record.ended);
    }
    // If it's due again already, another window may have failed to refresh it.
    return this.#isFresh(record) ? record : this.adopt(attempt, depth);
  }

  /**
   * Continues only if the session is still the one that the refresh began with. If the user has signed out or in again
   * in
   * any window, the received tokens are revoked.
   * @throws Failure `replaced` or `signed-out`.
   */
  async assertStillCurrent(attempt: RefreshAttempt, server: ServerContext, response?: RefreshResponse): Promise<void> {
    const { sessionStore, liveSessions } = this.#dependencies;
    const { record } = attempt;
    if (record !== undefined && attempt.isCurrent()) {
      // SecretStorage is read only if something newer exists: received tokens must not wait for a keyring.
      const state = await sessionStore.compare(record, 'file');
      if (attempt.isCurrent()) {
        if (state.kind === 'signed-out') {
          this.#drop(record);
        } else if (state.kind === 'superseded') {
          this.#adopt(attempt, state.record);
          attempt.record = undefined;
        } else {
          return;
        }
      }
    }
    const present = liveSessions.get(attempt.id)?.record;
    await this.#revokeReceived(attempt, response, present, server.provider);
    throw present === undefined ? new Failure('signed-out', 'signed-out') : new Failure('replaced', 'replaced');
  }

  /** Revokes tokens that are no longer needed: those of a response received after a sign-out or a new sign-in. */
  async #revokeReceived(
    { initialRecord }: RefreshAttempt,
    { accessToken, refreshToken }: Partial<RefreshResponse> = {},
    present: SessionRecord | undefined,
    provider: Provider,
  ): Promise<void> {
    const { revocations } = this.#dependencies;
    if (initialRecord === undefined || (accessToken ?? refreshToken) === undefined) {
      return;
    }
    const received = {
      ...initialRecord,
      accessToken: accessToken ?? initialRecord.accessToken,
      refreshToken: refreshToken ?? initialRecord.refreshToken,
    };
    if (present === undefined) {
      await revocations.start(received, provider).confirmed.catch(() => {});
    } else if (present.signedInAt !== received.signedInAt) {
      // Refreshes of other windows have the same grant.
      revocations.revokeReplaced(received, present, provider);
    }
  }

  /**
   * Adopts another window's tokens if they explain why the server rejected this window's token.
   * @throws Failure the given one if there are none.
   */
  async adoptInsteadOf(failure: Failure, attempt: RefreshAttempt, lock: LockHandle): Promise<SessionRecord> {
    const { record } = attempt;
    if (record !== undefined && needsSignIn(failure.category) && attempt.isCurrent()) {
      // Without a cross-window lock, another window may have used the token, and its new one takes a moment to appear.
      const newer = await this.#dependencies.sessionStore.findNewer(record, !lock.isCrossWindow);
      if (newer !== undefined && attempt.isCurrent()) {
        this.#adopt(attempt, newer);
        return newer;
      }
    }
    throw failure;
  }

  /** Returns whether a record counts as a refresh. */
  #isFresh(record: SessionRecord): boolean {
    const isUsable = record.isComplete && record.ended === undefined;
    return isUsable && isFresh(tokenLifetimes(record), this.#dependencies.clock.now(), FRESH_ENOUGH);
  }

  #adopt(attempt: RefreshAttempt, record: SessionRecord): void {
    const { log } = this.#dependencies;
    log.info(`${describeSession(record)}: adopted from another window; ${describeExpiry(record)}.`);
    attempt.adopt(record);
  }

  #drop(record: SessionRecord): void {
    this.#dependencies.liveSessions.remove(record.id);
    this.#dependencies.log.info(`${describeSession(record)}: signed out in another window.`);
  }
}
