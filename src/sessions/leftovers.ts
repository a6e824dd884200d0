// Periodically deletes leftovers of sessions that no longer exist: lock files and claims of a window that ended during
// a sign-out, files whose tokens are lost, and quarantined secrets, which may contain tokens.
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

/** The dependencies of {@link Leftovers}. */
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
  /** Returns whether a provider with this ID is configured. */
  isProvider(id: string): boolean;
}

/** How long after the start, in ms, to wait for other windows and a slow keyring. */
const DELAY = MINUTE;
/** The interval, in ms, between two runs. */
const INTERVAL = DAY;
/** How long, in ms, to keep what might still be useful: quarantined tokens and the file of a lost session. */
const RETENTION = 30 * DAY;
/** The kinds of claims that aren't about a known session or provider. */
const KEPT_CLAIMS: readonly string[] = ['newer', 'tls'];

/** Deletes leftovers. */
export class Leftovers {
  readonly #dependencies: LeftoversDependencies;
  #nextRunAt: number;

  constructor(dependencies: LeftoversDependencies) {
    this.#dependencies = dependencies;
    this.#nextRunAt = dependencies.clock.now() + DELAY;
  }

  /** Deletes leftovers if a run is due. All stored sessions must have been read into memory. Never rejects. */
  async onTick(): Promise<void> {
    const now = this.#dependencies.clock.now();
    // A clock that was set back also makes a run due.
    if (now < this.#nextRunAt && this.#nextRunAt - now <= INTERVAL) {
      return;
    }
    this.#nextRunAt = now + INTERVAL;
    for (const run of [() => this.#deleteLost(), () => this.#deleteUnused(), () => this.#deleteQuarantined()]) {
      await run().catch((error: unknown) =>
        this.#dependencies.log.debug(`Couldn't delete leftovers: ${toFailure(error).message}.`),
      );
    }
  }

  /** Deletes the files of lost sessions some time after the loss was reported. */
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
        log.info(`Deleting the file of session ${id.slice(0, 8)}: its tokens have been missing for 30 days.`);
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

  /** Deletes quarantined secrets some time after a window first saw them. */
  async #deleteQuarantined(): Promise<void> {
    const { clock, folder, log, notificationClaims, secretStorage } = this.#dependencies;
    for (const key of await secretStorage.listQuarantined()) {
      const claim = { kind: 'quarantined-secret', id: key, since: 0 };
      if (this.#isPast(await claimedAt(folder, claim))) {
        log.info('Deleting an unreadable secret that has been in quarantine for 30 days.');
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
