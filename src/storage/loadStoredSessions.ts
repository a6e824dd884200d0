// Reads SecretStorage and the session files at start. Either may have what the other has lost.
import { DAY, type Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { compareVersions, isNewer, versionOf, type SessionRecord } from '../core/session.ts';
import { describeSession } from './recordDescription.ts';
import type { SecretSessionStorage, StorageIssue } from './secretSessionStorage.ts';
import { headerOf, isAhead, isTombstone, type SessionFile, type SessionHeader } from './sessionFile.ts';
import type { SessionFiles } from './sessionFiles.ts';

/** What is stored, at start. */
export interface StoreSnapshot {
  readonly records: readonly SessionRecord[];
  readonly issues: readonly StorageIssue[];
  /** The sessions that have a file, but no tokens anywhere. */
  readonly missing: readonly MissingSession[];
}

/** A session whose tokens can't be found. */
export interface MissingSession {
  readonly id: string;
  readonly providerId: string;
}

/** The dependencies of the load. */
export interface LoadDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly secretStorage: SecretSessionStorage;
  readonly files: SessionFiles;
}

/** How long, in ms, to remember a signed-out session: longer than any window that may still have it stays open. */
const TOMBSTONE_LIFETIME = 180 * DAY;

/**
 * Reads all stored sessions. A record that is missing from one of the two stores is copied to it, and signed-out
 * sessions that reappeared are deleted.
 * @throws Failure `storage` if SecretStorage can't be read.
 */
export async function loadStoredSessions(dependencies: LoadDependencies): Promise<StoreSnapshot> {
  const { files, secretStorage } = dependencies;
  const stored = await secretStorage.load();
  const shared = await files.list();
  const signedOut = new Set(stored.signedOutIds);
  for (const [id, file] of shared) {
    if (isTombstone(file)) {
      signedOut.add(id);
    }
  }
  await shareTombstones(dependencies, stored.signedOutIds);
  for (const id of signedOut) {
    await purge(
      dependencies,
      id,
      shared.get(id),
      stored.records.some((record) => record.id === id),
    );
  }
  const issues = new Map(stored.issues.map((issue) => [issue.id, issue]));
  const records: SessionRecord[] = [];
  const missing: MissingSession[] = [];
  for (const record of stored.records.filter(({ id }) => !signedOut.has(id) && !shared.has(id))) {
    records.push(record);
    await files.write(record);
  }
  for (const [id, file] of shared) {
    const header = headerOf(file);
    if (header === undefined || signedOut.has(id) || issues.get(id)?.kind === 'newer') {
      continue;
    }
    const inSecrets = stored.records.find((record) => record.id === id);
    const record = await newerOf(dependencies, id, header, inSecrets);
    if (record !== undefined) {
      records.push(record);
      // Restored sessions aren't lost, so there is nothing to report.
      issues.delete(id);
    } else if (issues.has(id) && !(await files.isOfAnotherEditor(id))) {
      // Already reported with its own issue; a later start must not report it as lost as well.
      await files.delete(id);
    } else {
      missing.push({ id, providerId: header.providerId });
    }
  }
  return { records, issues: [...issues.values()], missing };
}

/** Returns the newer of the records in SecretStorage and in the file, and copies it to the other. */
async function newerOf(
  { files, log, secretStorage }: LoadDependencies,
  id: string,
  header: SessionHeader,
  inSecrets: SessionRecord | undefined,
): Promise<SessionRecord | undefined> {
  if (inSecrets !== undefined && !isAhead(header, inSecrets)) {
    const isCurrent = compareVersions(header, versionOf(inSecrets)) === 0;
    if (!isCurrent || header.sealed === undefined || header.mac === undefined) {
      await files.write(inSecrets);
    }
    return inSecrets;
  }
  const inFile = await files.open(id, header);
  if (inFile === undefined || (inSecrets !== undefined && !isNewer(inFile, inSecrets))) {
    return inSecrets;
  }
  const known = inSecrets === undefined ? 'no record' : 'an older one';
  log.info(`${describeSession(inFile)}: read from its file; SecretStorage had ${known}.`);
  await secretStorage.write(inFile).catch(() => {});
  return inFile;
}

/** Moves tombstones from SecretStorage, where they are if the folder failed at the sign-out, to the files. */
async function shareTombstones(
  { clock, files, secretStorage }: LoadDependencies,
  ids: readonly string[],
): Promise<void> {
  for (const id of ids) {
    if (await files.writeTombstone(id, clock.now())) {
      await secretStorage.deleteTombstone(id).catch(() => {});
    }
  }
}

/** Deletes the rest of a signed-out session and, after a long time, its tombstone. */
async function purge(
  { clock, files, log, secretStorage }: LoadDependencies,
  id: string,
  file: SessionFile | undefined,
  isInSecrets: boolean,
): Promise<void> {
  if (isInSecrets) {
    // Another window or the platform has written it again.
    log.info(`Session ${id.slice(0, 8)} was stored again after sign-out; deleting it.`);
    await secretStorage.delete(id).catch(() => {});
  } else if (isTombstone(file) && clock.now() - file.signedOutAt > TOMBSTONE_LIFETIME) {
    await files.delete(id);
  }
}
