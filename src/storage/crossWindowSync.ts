// Keeps this window's sessions in step with what the other windows do to them.
import { SECOND, type Clock } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { isNewer, type SessionRecord } from '../core/session.ts';
import type { SessionStore } from './sessionStore.ts';
import { failureOf, longestWait, type SessionIndex } from './sessionIndex.ts';
import { describeExpiry, describeSession } from './record.ts';
import type { LiveSessions } from './liveSessions.ts';
import type { SecretSessionStorage } from './secretSessionStorage.ts';

/** What the cross-window sync works with. */
export interface CrossWindowSyncDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionStore: SessionStore;
  readonly sessionIndex: SessionIndex;
  readonly liveSessions: LiveSessions;
  readonly secretStorage: SecretSessionStorage;
}

/** The least time, in ms, between two looks at everything that nothing special calls for. */
const LOOK_EVERY = 15 * SECOND;

/** Follows the other windows. */
export class CrossWindowSync {
  readonly #dependencies: CrossWindowSyncDependencies;
  /** The sessions that are being signed out here: a late change must not bring them back for a moment. */
  readonly #signingOut = new Set<string>();
  readonly #following = new Map<string, Promise<void>>();
  /** The sessions that have changed while they were being looked at. */
  readonly #stale = new Set<string>();
  #lookedAt = -Infinity;

  constructor(ports: CrossWindowSyncDependencies) {
    this.#dependencies = ports;
  }

  /** Pays no attention to a session while it is being signed out here. */
  async without<T>(id: string, task: () => Promise<T>): Promise<T> {
    this.#signingOut.add(id);
    try {
      return await task();
    } finally {
      this.#signingOut.delete(id);
    }
  }

  /** Looks at all sessions, those that only other windows know included. */
  async syncAll(): Promise<void> {
    const { sessionStore, clock, sessionIndex, liveSessions } = this.#dependencies;
    this.#lookedAt = clock.now();
    await sessionStore.retryPendingSignOuts();
    const { present, gone } = await sessionIndex.ids();
    const mine = liveSessions.all().map(({ record }) => record.id);
    await Promise.all([...new Set([...present, ...mine.filter((id) => gone.includes(id))])].map((id) => this.sync(id)));
  }

  /** The same, unless that was done a moment ago. */
  async syncIfStale(): Promise<void> {
    // A clock that was set back must not keep it from looking.
    if (Math.abs(this.#dependencies.clock.now() - this.#lookedAt) >= LOOK_EVERY) {
      await this.syncAll();
    }
  }

  /** Looks at one session: takes over what another window has done to it. Changes that come in a crowd are looked at once. */
  async sync(id: string): Promise<void> {
    const running = this.#following.get(id);
    if (running !== undefined) {
      // It may already have looked at what has changed since.
      this.#stale.add(id);
      return running;
    }
    const following = this.#followUntilStill(id).finally(() => this.#following.delete(id));
    this.#following.set(id, following);
    return following;
  }

  async #followUntilStill(id: string): Promise<void> {
    do {
      await this.#follow(id);
    } while (this.#stale.delete(id));
  }

  async #follow(id: string): Promise<void> {
    const { sessionStore, liveSessions } = this.#dependencies;
    const mine = liveSessions.get(id)?.record;
    if (this.#signingOut.has(id)) {
      return;
    }
    if (mine === undefined) {
      const record = await sessionStore.read(id);
      if (record !== undefined && liveSessions.get(id) === undefined && !this.#signingOut.has(id)) {
        this.#put(record);
      }
      return;
    }
    if (await sessionStore.isStale(mine)) {
      await this.#applyNewer(mine);
    }
    await this.#applyFailure(id);
  }

  /** Looks at one session whose secret has changed, or vanished. */
  async onSecretChanged(id: string): Promise<void> {
    const { sessionIndex, log, liveSessions, secretStorage } = this.#dependencies;
    const before = liveSessions.get(id)?.record;
    if (before === undefined || this.#signingOut.has(id)) {
      return this.sync(id);
    }
    let stored: SessionRecord | undefined;
    try {
      stored = await secretStorage.read(id);
    } catch (error) {
      log.warn(`Session ${id.slice(0, 8)} could not be read after a change (${toFailure(error).code}).`);
      return;
    }
    if (stored === undefined) {
      await this.#onSecretDeleted(before);
      return;
    }
    // Half a renewal is one that another window is still busy with, unless the session index says that it stays like that.
    const mayTake = stored.isComplete || ((await sessionIndex.read(id))?.generation ?? 0) >= stored.generation;
    const mine = liveSessions.get(id);
    if (mine === undefined || mine.renewing) {
      return;
    }
    if (mayTake && isNewer(stored, mine.record)) {
      this.#put(stored);
    } else if (isNewer(mine.record, stored)) {
      // Somebody has put an older one over it.
      liveSessions.update(id, { unsaved: true });
    }
  }

  /** A sign-out leaves word, in the session index or in the store; without it, the store has lost the session. */
  async #onSecretDeleted(record: SessionRecord): Promise<void> {
    const { sessionStore, log, liveSessions, secretStorage } = this.#dependencies;
    const { id } = record;
    if (await sessionStore.isSignedOutAnywhere(id)) {
      if (liveSessions.remove(id) !== undefined) {
        log.info(`${describeSession(record)} was signed out in another window.`);
      }
    } else if (!(await secretStorage.holdsLaterVersion(id).catch(() => true))) {
      liveSessions.update(id, { unsaved: true });
      log.warn(`${describeSession(record)} has vanished from the store; it is stored again.`);
    }
  }

  async #applyNewer(mine: SessionRecord): Promise<void> {
    const { sessionStore, log, liveSessions } = this.#dependencies;
    const standing = await sessionStore.compareWithStored(mine);
    if (liveSessions.get(mine.id)?.record !== mine) {
      return;
    }
    if (standing.kind === 'signed-out') {
      liveSessions.remove(mine.id);
      log.info(`${describeSession(mine)} was signed out in another window.`);
    } else if (standing.kind === 'newer') {
      this.#put(standing.record);
    }
  }

  #put(record: SessionRecord): void {
    this.#dependencies.liveSessions.put(record);
    this.#dependencies.log.info(
      `${describeSession(record)} was taken over from another window: ${describeExpiry(record)}.`,
    );
  }

  /** What another window has failed at is known here, too: what the status bar says, and when the next try is. */
  async #applyFailure(id: string): Promise<void> {
    const { clock, sessionIndex, liveSessions } = this.#dependencies;
    const failed = await sessionIndex.getLastFailure(id);
    const session = liveSessions.get(id);
    const now = clock.now();
    if (failed === undefined || session === undefined || session.renewing || session.record.ended !== undefined) {
      return;
    }
    if (failed.generation !== session.record.generation || failed.at > now) {
      return;
    }
    const waitUntil = longestWait([failed.waitUntil, session.waitUntil], now);
    if (waitUntil !== undefined && waitUntil !== failed.waitUntil) {
      // Two windows were told to wait at the same time; the longer wait counts for all.
      await sessionIndex.recordWait(id, failed.generation, waitUntil);
    }
    if (failed.at > (session.failedAt ?? 0)) {
      const { failures, at, nextTryAt, rejectedAt } = failed;
      const next = nextTryAt === undefined ? undefined : Math.max(nextTryAt, waitUntil ?? 0);
      liveSessions.update(id, {
        failure: failureOf({ ...failed, waitUntil }, now),
        failures,
        failedAt: at,
        nextTryAt: next,
        waitUntil,
        rejectedAt,
      });
    }
  }
}
