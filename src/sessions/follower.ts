// Keeps this window's sessions in step with what the other windows do to them.
import { SECOND, type Clock } from '../core/clock.ts';
import { asFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { isNewer, type SessionRecord } from '../core/session.ts';
import type { Archive } from './archive.ts';
import type { Ledger } from './ledger.ts';
import { expiryOf, nameOf } from './record.ts';
import type { Registry } from './registry.ts';
import { failureOf, longestWait } from './tries.ts';
import type { Vault } from './vault.ts';

/** What the follower works with. */
export interface FollowerPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly archive: Archive;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly vault: Vault;
}

/** The least time, in ms, between two looks at everything that nothing special calls for. */
const LOOK_EVERY = 15 * SECOND;

/** Follows the other windows. */
export class Follower {
  readonly #ports: FollowerPorts;
  /** The sessions that are being signed out here: a late change must not bring them back for a moment. */
  readonly #leaving = new Set<string>();
  readonly #following = new Map<string, Promise<void>>();
  /** The sessions that have changed while they were being looked at. */
  readonly #stale = new Set<string>();
  #lookedAt = -Infinity;

  constructor(ports: FollowerPorts) {
    this.#ports = ports;
  }

  /** Pays no attention to a session while it is being signed out here. */
  async without<T>(id: string, task: () => Promise<T>): Promise<T> {
    this.#leaving.add(id);
    try {
      return await task();
    } finally {
      this.#leaving.delete(id);
    }
  }

  /** Looks at all sessions, those that only other windows know included. */
  async followAll(): Promise<void> {
    const { archive, clock, ledger, registry } = this.#ports;
    this.#lookedAt = clock.now();
    await archive.noteAgain();
    const { present, gone } = await ledger.ids();
    const mine = registry.all().map(({ record }) => record.id);
    await Promise.all([...new Set([...present, ...mine.filter((id) => gone.includes(id))])].map((id) => this.follow(id)));
  }

  /** The same, unless that was done a moment ago. */
  async followNowAndThen(): Promise<void> {
    // A clock that was set back must not keep it from looking.
    if (Math.abs(this.#ports.clock.now() - this.#lookedAt) >= LOOK_EVERY) {
      await this.followAll();
    }
  }

  /** Looks at one session: takes over what another window has done to it. Changes that come in a crowd are looked at once. */
  async follow(id: string): Promise<void> {
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
    const { archive, registry } = this.#ports;
    const mine = registry.get(id)?.record;
    if (this.#leaving.has(id)) {
      return;
    }
    if (mine === undefined) {
      const record = await archive.read(id);
      if (record !== undefined && registry.get(id) === undefined && !this.#leaving.has(id)) {
        this.#put(record);
      }
      return;
    }
    if (await archive.hasNewsOf(mine)) {
      await this.#takeOver(mine);
    }
    await this.#takeFailure(id);
  }

  /** Looks at one session whose secret has changed, or vanished. */
  async onSecretChanged(id: string): Promise<void> {
    const { ledger, log, registry, vault } = this.#ports;
    const before = registry.get(id)?.record;
    if (before === undefined || this.#leaving.has(id)) {
      return this.follow(id);
    }
    let stored: SessionRecord | undefined;
    try {
      stored = await vault.read(id);
    } catch (error) {
      log.warn(`Session ${id.slice(0, 8)} could not be read after a change (${asFailure(error).code}).`);
      return;
    }
    if (stored === undefined) {
      await this.#onVanished(before);
      return;
    }
    // Half a renewal is one that another window is still busy with, unless the ledger says that it stays like that.
    const mayTake = stored.isWhole || ((await ledger.read(id))?.generation ?? 0) >= stored.generation;
    const mine = registry.get(id);
    if (mine === undefined || mine.renewing) {
      return;
    }
    if (mayTake && isNewer(stored, mine.record)) {
      this.#put(stored);
    } else if (isNewer(mine.record, stored)) {
      // Somebody has put an older one over it.
      registry.update(id, { unsaved: true });
    }
  }

  /** A sign-out leaves word, in the ledger or in the store; without it, the store has lost the session. */
  async #onVanished(record: SessionRecord): Promise<void> {
    const { archive, log, registry, vault } = this.#ports;
    const { id } = record;
    if (await archive.isSignedOutForSure(id)) {
      if (registry.remove(id) !== undefined) {
        log.info(`${nameOf(record)} was signed out in another window.`);
      }
    } else if (!(await vault.holdsLaterVersion(id).catch(() => true))) {
      registry.update(id, { unsaved: true });
      log.warn(`${nameOf(record)} has vanished from the store; it is stored again.`);
    }
  }

  async #takeOver(mine: SessionRecord): Promise<void> {
    const { archive, log, registry } = this.#ports;
    const standing = await archive.standingOf(mine);
    if (registry.get(mine.id)?.record !== mine) {
      return;
    }
    if (standing.kind === 'signed-out') {
      registry.remove(mine.id);
      log.info(`${nameOf(mine)} was signed out in another window.`);
    } else if (standing.kind === 'newer') {
      this.#put(standing.record);
    }
  }

  #put(record: SessionRecord): void {
    this.#ports.registry.put(record);
    this.#ports.log.info(`${nameOf(record)} was taken over from another window: ${expiryOf(record)}.`);
  }

  /** What another window has failed at is known here, too: what the status bar says, and when the next try is. */
  async #takeFailure(id: string): Promise<void> {
    const { clock, ledger, registry } = this.#ports;
    const failed = await ledger.failedTry(id);
    const session = registry.get(id);
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
      await ledger.noteWait(id, failed.generation, waitUntil);
    }
    if (failed.at > (session.failedAt ?? 0)) {
      const { failures, at, nextTryAt, rejectedAt } = failed;
      const next = nextTryAt === undefined ? undefined : Math.max(nextTryAt, waitUntil ?? 0);
      registry.update(id, { failure: failureOf({ ...failed, waitUntil }, now), failures, failedAt: at, nextTryAt: next, waitUntil, rejectedAt });
    }
  }
}
