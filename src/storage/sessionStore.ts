// Every place where a session is kept, as one: the secret storage, the sealed copy, and the session index beside them.
import { DAY, SECOND, type Clock } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { isNewer, type SessionRecord } from '../core/session.ts';
import type { SealedSessionCopies } from './sealedSessionCopies.ts';
import type { SessionIndex, SessionIndexEntry } from './sessionIndex.ts';
import { Mutex } from '../locking/mutex.ts';
import { describeSession } from './record.ts';
import type { SecretSessionStorage, StorageIssue } from './secretSessionStorage.ts';

/** What the session store consists of. */
export interface SessionStoreDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly secretStorage: SecretSessionStorage;
  readonly sealedCopies: SealedSessionCopies;
  readonly sessionIndex: SessionIndex;
}

/** How a record in memory stands to what is kept. */
export type RecordFreshness =
  /** It is the newest there is. */
  | { readonly kind: 'newest' }
  /** Another window has renewed the session, or signed in again. */
  | { readonly kind: 'newer'; readonly record: SessionRecord }
  /** Another window has renewed it, and this one cannot read the new tokens. */
  | { readonly kind: 'behind' }
  /** The person has signed out. */
  | { readonly kind: 'signed-out' };

/** What is there at start. */
export interface Contents {
  readonly records: readonly SessionRecord[];
  readonly findings: readonly StorageIssue[];
  /** The sessions that the session index knows and nobody has. */
  readonly missing: readonly SessionIndexEntry[];
}

/** How long, in ms, a newer record is waited for that the session index knows of: stores lag, but not longer. */
const LAG = 2 * SECOND;
const LOOK_EVERY = 200;
/** How long, in ms, a signed-out session is remembered: longer than any window stays open that may still know it. */
const REMEMBERED = 180 * DAY;

/** Where sessions are kept. */
export class SessionStore {
  readonly #dependencies: SessionStoreDependencies;
  readonly #saving = new Mutex();
  /** The sessions that were signed out here, and whether the session index knows it. */
  readonly #gone = new Map<string, boolean>();

  constructor(ports: SessionStoreDependencies) {
    this.#dependencies = ports;
  }

  /**
   * Keeps a record, in the order that survives a crash at any point: the sealed copy, which is on the disk when this
   * goes on; the secret storage, which may still be on its way; last the session index, after which other windows look for it.
   * What has been overtaken by a newer record, or is signed out, is not kept any more, and that is no failure.
   * @param isComplete false where more of the same generation is to come, so that the others do not look yet.
   * @returns whether the other windows can know of it.
   * @throws Failure `storage` where the secret storage does not take it, after everything else was done.
   */
  async save(record: SessionRecord, isComplete = true): Promise<boolean> {
    const { sealedCopies, sessionIndex, secretStorage } = this.#dependencies;
    return this.#saving.hold(record.id, async () => {
      const [entry, sealed] = [await sessionIndex.read(record.id), await sealedCopies.read(record.id)];
      const isOvertaken =
        (entry !== undefined && isNewerEntry(entry, record)) || (sealed !== undefined && isNewer(sealed, record));
      if (isOvertaken || (await this.isSignedOut(record.id))) {
        return true;
      }
      const isSealed = await sealedCopies.write(record);
      const stored = await secretStorage.write(record).then(() => undefined, toFailure);
      const isEntered = !isComplete || (await this.enter(record));
      if (stored !== undefined) {
        throw stored;
      }
      return isSealed && isEntered;
    });
  }

  /** Seals and enters a record that the secret storage has already; false where that failed again. */
  async share(record: SessionRecord): Promise<boolean> {
    return this.#saving.hold(record.id, async () => {
      if ((await this.isStale(record)) || (await this.isSignedOut(record.id))) {
        return true;
      }
      return (await this.#dependencies.sealedCopies.write(record)) && this.enter(record);
    });
  }

  /** Enters a record that is kept already, so that other windows look for it; false where that failed. Generations never go back. */
  async enter(record: SessionRecord): Promise<boolean> {
    const { sessionIndex } = this.#dependencies;
    const entry = await sessionIndex.read(record.id);
    const isEntered = entry?.generation === record.generation && entry.endedAt === record.ended?.at;
    return isEntered || (entry !== undefined && isNewerEntry(entry, record)) || sessionIndex.write(record);
  }

  /** Whether the person has signed out of a session, in whichever window. */
  async isSignedOut(id: string): Promise<boolean> {
    return this.#gone.has(id) || (await this.#dependencies.sessionIndex.signedOutAt(id)) !== undefined;
  }

  /** The same, where the session index may not have taken the sign-out: the secret storage is asked, too. */
  async isSignedOutAnywhere(id: string): Promise<boolean> {
    return (await this.isSignedOut(id)) || this.#dependencies.secretStorage.hasTombstone(id).catch(() => false);
  }

  /** How a record stands to what is kept now. Never throws: a store that cannot be read has nothing newer to say. */
  async compareWithStored(mine: SessionRecord): Promise<RecordFreshness> {
    const { sessionIndex } = this.#dependencies;
    if (await this.isSignedOut(mine.id)) {
      return { kind: 'signed-out' };
    }
    const newest = await this.#newestOf(mine.id);
    if (newest !== undefined && isNewer(newest, mine)) {
      return { kind: 'newer', record: newest };
    }
    const entry = await sessionIndex.read(mine.id);
    return entry !== undefined && isNewerEntry(entry, mine) ? { kind: 'behind' } : { kind: 'newest' };
  }

  /** Whether the session index, at a glance, knows of something newer than a record. */
  async isStale(mine: SessionRecord): Promise<boolean> {
    const { sessionIndex } = this.#dependencies;
    const entry = await sessionIndex.read(mine.id);
    // Of half a renewal, the other half may have come since.
    const isBehind =
      entry !== undefined && (isNewerEntry(entry, mine) || (!mine.isComplete && entry.generation === mine.generation));
    return isBehind || this.isSignedOut(mine.id);
  }

  /**
   * A record that is newer than this one.
   * @param isSure whether what is not there now is not there; else it is waited for as long as a store lags.
   */
  async findNewer(mine: SessionRecord, isSure: boolean): Promise<SessionRecord | undefined> {
    for (let waited = 0; ; waited += LOOK_EVERY) {
      const standing = await this.compareWithStored(mine);
      if (standing.kind === 'newer' || isSure || waited >= LAG) {
        return standing.kind === 'newer' ? standing.record : undefined;
      }
      await pause(this.#dependencies.clock, LOOK_EVERY);
    }
  }

  /** The same as {@link describeToken}, and where the newer tokens cannot be read yet, they are waited for as long as a store lags. */
  async waitAndCompare(mine: SessionRecord): Promise<RecordFreshness> {
    for (let waited = 0; ; waited += LOOK_EVERY) {
      const standing = await this.compareWithStored(mine);
      if (standing.kind !== 'behind' || waited >= LAG) {
        return standing;
      }
      await pause(this.#dependencies.clock, LOOK_EVERY);
    }
  }

  /** A session that this window does not know; undefined where it is signed out, or cannot be read from here. */
  async read(id: string): Promise<SessionRecord | undefined> {
    return (await this.isSignedOutAnywhere(id)) ? undefined : this.#newestOf(id);
  }

  /**
   * Everything that is kept.
   * @throws Failure `storage` where the secret storage cannot be read.
   */
  async load(): Promise<Contents> {
    const { clock, sessionIndex, secretStorage } = this.#dependencies;
    const stored = await secretStorage.load();
    const gone = [...(await sessionIndex.ids()).gone, ...stored.gone];
    const entries = new Map((await sessionIndex.load()).map((entry) => [entry.id, entry]));
    const records: SessionRecord[] = [];
    const missing: SessionIndexEntry[] = [];
    const findings = new Map(stored.findings.map((finding) => [finding.id, finding]));
    for (const id of stored.gone) {
      if (await sessionIndex.markSignedOut(id, clock.now())) {
        await secretStorage.deleteTombstone(id).catch(() => {});
      }
    }
    for (const id of gone) {
      await this.#purge(
        id,
        stored.records.some((record) => record.id === id),
      );
    }
    for (const record of stored.records) {
      if (!entries.has(record.id) && !gone.includes(record.id)) {
        records.push(record);
        await sessionIndex.write(record);
      }
    }
    for (const entry of [...entries.values()].filter(
      ({ id }) => findings.get(id)?.kind !== 'newer' && !gone.includes(id),
    )) {
      const inVault = stored.records.find(({ id }) => id === entry.id);
      // Of half a renewal, the other half may be in the sealed copy.
      const isOld = inVault?.isComplete !== true || isNewerEntry(entry, inVault);
      const record = isOld ? await this.#restoreFromSealedCopy(entry.id, inVault) : inVault;
      if (record !== undefined) {
        records.push(record);
        // What was restored is not lost, so there is nothing to tell.
        findings.delete(entry.id);
      } else if (findings.has(entry.id)) {
        // Told of as what it is; a later start must not call it lost as well.
        await sessionIndex.delete(entry.id);
      } else {
        missing.push(entry);
      }
    }
    return { records, findings: [...findings.values()], missing };
  }

  /**
   * Takes a session away for good, because the person has signed out. The session index remembers it, so that no other window
   * brings it back, and no store that another window overwrites.
   * @throws Failure `storage` where the secret storage does not delete it, after everything else was done.
   */
  async forget(id: string): Promise<void> {
    const { clock, sealedCopies, sessionIndex, secretStorage } = this.#dependencies;
    this.#gone.set(id, false);
    const isNoted = await sessionIndex.markSignedOut(id, clock.now());
    this.#gone.set(id, isNoted);
    await sealedCopies.delete(id);
    if (!isNoted) {
      await secretStorage.writeTombstone(id).catch(() => {});
    }
    await secretStorage.delete(id);
  }

  /** Whether a session that this window can't find was never this editor's: another one that shares the folder has sealed it. */
  async isOfAnotherEditor(id: string): Promise<boolean> {
    return this.#dependencies.sealedCopies.isOfAnotherEditor(id);
  }

  /** Enters the sign-outs that the session index has not taken yet. */
  async retryPendingSignOuts(): Promise<void> {
    for (const [id] of [...this.#gone].filter(([, isNoted]) => !isNoted)) {
      await this.forget(id).catch(() => {});
    }
  }

  async #newestOf(id: string): Promise<SessionRecord | undefined> {
    const { sealedCopies, log, secretStorage } = this.#dependencies;
    const sealed = await sealedCopies.read(id);
    const stored = await secretStorage.read(id).catch((error: unknown) => {
      log.warn(`Session ${id.slice(0, 8)} could not be read back (${toFailure(error).code}).`);
      return undefined;
    });
    return sealed !== undefined && (stored === undefined || isNewer(sealed, stored)) ? sealed : stored;
  }

  /** The sealed copy where it is newer than what the secret storage has, put back into the secret storage; else what the secret storage has. */
  async #restoreFromSealedCopy(id: string, inVault: SessionRecord | undefined): Promise<SessionRecord | undefined> {
    const { sealedCopies, log, secretStorage } = this.#dependencies;
    const sealed = await sealedCopies.read(id);
    if (sealed === undefined || (inVault !== undefined && !isNewer(sealed, inVault))) {
      return inVault;
    }
    log.info(
      `${describeSession(sealed)} was read from its sealed copy; the store had ${inVault === undefined ? 'none' : 'an older one'}.`,
    );
    await secretStorage.write(sealed).catch(() => {});
    return sealed;
  }

  async #purge(id: string, isInVault: boolean): Promise<void> {
    const { clock, sealedCopies, sessionIndex, log, secretStorage } = this.#dependencies;
    if (isInVault) {
      // Another window, or the platform, has written it again.
      log.info(`Session ${id.slice(0, 8)} was in the store again after it had been signed out; it is deleted.`);
      await secretStorage.delete(id).catch(() => {});
    }
    await sealedCopies.delete(id);
    if (!isInVault && clock.now() - ((await sessionIndex.signedOutAt(id)) ?? clock.now()) > REMEMBERED) {
      await sessionIndex.delete(id);
    }
  }
}

/** Whether the session index knows of something newer than a record. */
function isNewerEntry(entry: SessionIndexEntry, record: SessionRecord): boolean {
  return entry.generation !== record.generation
    ? entry.generation > record.generation
    : entry.endedAt !== undefined && record.ended === undefined;
}

function pause(clock: Clock, time: number): Promise<void> {
  return new Promise((resolve) => clock.after(time, resolve));
}
