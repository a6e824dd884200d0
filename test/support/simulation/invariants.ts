// The invariants of sessions in several windows, however they are simulated.
import { isNewer, type SessionRecord } from '../../../src/core/session.ts';
import { isTombstone, parseSessionFile } from '../../../src/storage/sessionFile.ts';

/** Returns the newest of some records of one session; undefined if there is none. */
export function newestOf(records: readonly (SessionRecord | undefined)[]): SessionRecord | undefined {
  let newest: SessionRecord | undefined;
  for (const record of records) {
    if (record !== undefined && (newest === undefined || isNewer(record, newest))) {
      newest = record;
    }
  }
  return newest;
}

/** Whether a window has the newest record of a session. */
export function hasNewest(record: SessionRecord | undefined, newest: SessionRecord): boolean {
  return record !== undefined && !isNewer(newest, record) && record.refreshToken === newest.refreshToken;
}

/** Returns the secrets and files that still contain data of sessions: none after a sign-out, except tombstones. */
export function remainsOfSessions(keys: Iterable<string>, files: Iterable<readonly [string, string]>): string[] {
  const isSession = (name: string, text: string): boolean =>
    name.endsWith('.session') && !isTombstone(parseSessionFile(text));
  return [
    ...[...keys].filter((key) => key.startsWith('session:')),
    ...[...files].filter(([name, text]) => isSession(name, text)).map(([name]) => name),
  ];
}
