// Deletes what is left of sessions that no longer exist, once in a while: lock files and claims of a window that ended in
// the middle of a sign-out, files whose tokens nobody has any more, and quarantined secrets, which may hold tokens.
import { DAY, MINUTE, type Clock } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import type { NotificationClaims } from '../locking/notificationClaims.ts';
import type { RenewalLock } from '../locking/renewalLock.ts';
import type { SharedFolder } from '../locking/sharedFolder.ts';
import { claimedAt, deleteUnusedClaims } from '../locking/unusedClaims.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import type { SecretSessionStorage } from '../storage/secretSessionStorage.ts';
import { isTombstone } from '../storage/sessionFile.ts';
import type { SessionFiles } from '../storage/sessionFiles.ts';
import type { SessionStore } from '../storage/sessionStore.ts';

/** What it works with. */
export interface LeftoversDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly files: SessionFiles;
  readonly folder: SharedFolder;
  readonly liveSessions: LiveSessions;
  readonly notificationClaims: NotificationClaims;
  readonly renewalLock: Pick<RenewalLock, 'deleteUnused'>;
  readonly secretStorage: SecretSessionStorage;
  readonly sessionStore: SessionStore;
  /** Whether a provider with this id is configured. */
  isProvider(id: string): boolean;
}

/** How long, in ms after the start, other windows and a slow keyring have to show what they have. */
const DELAY = MINUTE;
/** The time, in ms, between two runs. */
const INTERVAL = DAY;
/** How long, in ms, what might still be of use to somebody is kept: tokens that were quarantined, a lost session's file. */
const RETENTION = 30 * DAY;
/** The kinds of claims that aren't about a session or a provider that is known here. */
const KEPT_CLAIMS: readonly string[] = ['newer', 'tls'];

/** Deletes leftovers. */
export class Leftovers {
  readonly #dependencies: LeftoversDependencies;
  #nextRunAt: number;

  constructor(dependencies: LeftoversDependencies) {
    this.#dependencies = dependencies;
    this.#nextRunAt = dependencies.clock.now() + DELAY;
  }

  /** Deletes what is left over, if it's time. All stored sessions must have been read into memory. Never rejects. */
  async onTick(): Promise<void> {
    const now = this.#dependencies.clock.now();
    // If the clock was set back, it's time as well.
    if (now < this.#nextRunAt && this.#nextRunAt - now <= INTERVAL) {
      return;
    }
    this.#nextRunAt = now + INTERVAL;
    for (const run of [() => this.#deleteLost(), () => this.#deleteUnused(), () => this.#deleteQuarantined()]) {
      await run().catch((error: unknown) =>
        this.#dependencies.log.debug(`Leftovers couldn't be deleted: ${toFailure(error).message}.`),
      );
    }
  }

  /** Deletes the files of sessions whose tokens are gone from everywhere, some time after that was reported. */
  async #deleteLost(): Promise<void> {
    const { files, folder, liveSessions, log, secretStorage, sessionStore } = this.#dependencies;
    for (const { id } of (await sessionStore.listFiles()).present) {
      const reportedAt = await claimedAt(folder, { kind: 'lost', id, since: 0 });
      const isLost =
        this.#isPast(reportedAt) &&
        liveSessions.get(id) === undefined &&
        !(await sessionStore.isOfAnotherEditor(id)) &&
        (await sessionStore.get(id)) === undefined &&
        !(await secretStorage.holdsLaterVersion(id));
      if (isLost) {
        log.info(`The file of session ${id.slice(0, 8)} is deleted: its tokens have been lost for 30 days.`);
        await files.delete(id);
      }
    }
  }

  /** Deletes the lock files and claims of sessions that have no file and aren't in memory. */
  async #deleteUnused(): Promise<void> {
    const { files, folder, liveSessions, renewalLock } = this.#dependencies;
    const ids = new Set(await files.listIds());
    for (const [id, file] of await files.list()) {
      if (isTombstone(file)) {
        ids.delete(id);
      }
    }
    const exists = (id: string): boolean => ids.has(id) || liveSessions.get(id) !== undefined;
    await renewalLock.deleteUnused(exists);
    const providers = new Set(liveSessions.all().map(({ record }) => record.providerId));
    const isKnown = (id: string): boolean => exists(id) || providers.has(id) || this.#dependencies.isProvider(id);
    await deleteUnusedClaims(folder, (kind, id) => !KEPT_CLAIMS.includes(kind) && !isKnown(id));
  }

  /** Deletes quarantined secrets some time after a window has first seen them. */
  async #deleteQuarantined(): Promise<void> {
    const { clock, folder, log, notificationClaims, secretStorage } = this.#dependencies;
    for (const key of await secretStorage.listQuarantined()) {
      const claim = { kind: 'quarantined-secret', id: key, since: 0 };
      if (this.#isPast(await claimedAt(folder, claim))) {
        log.info('A secret that could not be read is deleted: it has been in quarantine for 30 days.');
        await secretStorage.deleteQuarantined(key);
        await notificationClaims.forget(key);
      } else {
        await notificationClaims.tryClaim(claim, clock.now());
      }
    }
  }

  #isPast(time: number | undefined): boolean {
    return time !== undefined && this.#dependencies.clock.now() - time > RETENTION;
  }
}
