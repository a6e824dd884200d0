// After the faults have ended and the windows have settled, all windows must have the same sessions.
import { isNewer, type SessionRecord } from '../../src/core/session.ts';
import { hasNewest, newestOf } from '../support/simulation/invariants.ts';
import { headerGeneration, isSignedOut, sealedCopy, storedCopy } from './storedCopies.ts';
import type { Invariants, InvariantsContext } from './invariants.ts';
import type { Window } from './window.ts';

/** The time, in ms, until a window detects a change without a folder event: its next tick. */
const DETECTION_TIME = 65_000;
/** The time, in ms, that a renewal may take to reach all windows. */
const DELIVERY_TIME = 5000;

function describeRecord(record: SessionRecord | undefined): string {
  return record === undefined
    ? 'nothing'
    : `generation ${record.generation} (${record.ended?.code ?? record.refreshToken ?? ''})`;
}

/**
 * Checks that all windows have the newest record of a session, or none if it's signed out. In the browser, a window may
 * have an older one if it can't read the key of the newest.
 * @param mayBeLost whether the platform has discarded something it was given to store.
 */
export function checkConvergence(
  context: InvariantsContext,
  invariants: Invariants,
  id: string,
  mayBeLost: boolean,
): void {
  const { folder, keyring } = context;
  const windows = context.windows().filter(({ process }) => process.runs);
  const having = windows.map((window) => window.get(id)?.record);
  if (isSignedOut(folder, id)) {
    if (having.some((record) => record !== undefined)) {
      invariants.fail('signed-out', `${id} still exists in a window`);
    }
    return;
  }
  const newest = newestOf([...having, sealedCopy(folder, keyring, undefined, id), storedCopy(keyring, undefined, id)]);
  if (newest === undefined || headerGeneration(folder, id) > newest.generation) {
    checkLoss(context, invariants, id, mayBeLost);
    return;
  }
  for (const window of windows) {
    checkWindow(context, invariants, window, newest);
  }
  checkServer(context, invariants, newest);
}

function checkWindow(
  { time, folder, keyring, figures }: InvariantsContext,
  invariants: Invariants,
  window: Window,
  newest: SessionRecord,
): void {
  const { id } = newest;
  const mine = window.get(id)?.record;
  const copies = [sealedCopy(folder, keyring, window.process, id), storedCopy(keyring, window.process, id)];
  const canRead = keyring.model !== 'browser' || copies.some((copy) => copy !== undefined && !isNewer(newest, copy));
  if (hasNewest(mine, newest)) {
    figures.count('settled: newest');
  } else if (
    time.wall - newest.tokensRequestedAt < DETECTION_TIME &&
    (mine?.generation ?? 0) >= newest.generation - 4
  ) {
    figures.count('settled: the newest is on its way');
  } else if (!canRead) {
    figures.count("settled: can't read the newest");
  } else {
    invariants.fail(
      'converge',
      `${window.name} has ${describeRecord(mine)} of ${id}, the newest is ${describeRecord(newest)}`,
    );
  }
}

function checkServer({ server, time }: InvariantsContext, invariants: Invariants, newest: SessionRecord): void {
  if (newest.ended !== undefined) {
    return;
  }
  const token = server.read(newest.refreshToken ?? '');
  if (time.now - (token?.grant.issued.at(-1)?.at ?? 0) < DELIVERY_TIME) {
    return;
  }
  if (token?.grant.end === undefined && token?.number !== token?.grant.newest) {
    invariants.fail(
      'converge',
      `the windows have ${describeRecord(newest)} of ${newest.id}, the server's newest is ${token?.grant.newest ?? '?'}`,
    );
  }
  if (!newest.isComplete) {
    invariants.fail('converge', `${newest.id} stays incomplete`);
  }
}

/** Checks that, if no window has the newest record, the platform has discarded it and the user is notified. */
function checkLoss(context: InvariantsContext, invariants: Invariants, id: string, mayBeLost: boolean): void {
  const { figures } = context;
  if (!mayBeLost) {
    figures.unexpected += 1;
    invariants.fail('lost', `no window has the newest of ${id}, but the platform has discarded nothing`);
    return;
  }
  const isReported =
    invariants.lost.has(id) ||
    context.windows().some((window) => window.get(id)?.failure?.code === 'token-in-other-window');
  figures.count(
    invariants.lost.has(id)
      ? 'over: discarded by the platform, and reported'
      : 'over: discarded by the platform, an old copy left',
  );
  if (!isReported) {
    invariants.fail('lost', `the newest of ${id} was discarded, and no window reports it`);
  }
}
