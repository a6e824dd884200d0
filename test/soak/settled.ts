// After the faults have ended and the windows have settled, they all know the same.
import { isNewer, type SessionRecord } from '../../src/core/session.ts';
import { hasNewest, newestOf } from '../support/simulation/invariants.ts';
import { headerGeneration, isSignedOut, sealedCopy, storedCopy } from './copies.ts';
import type { Judge, Scene } from './judge.ts';
import type { Window } from './window.ts';

/** How long a window may know nothing of a renewal whose change the folder has not told it, in ms: until its next tick. */
const NEXT_LOOK = 65_000;
/** How long a renewal of this very moment may take to reach all windows, in ms. */
const ON_THE_WAY = 5000;

function nameOf(record: SessionRecord | undefined): string {
  return record === undefined
    ? 'nothing'
    : `generation ${record.generation} (${record.ended?.code ?? record.refreshToken ?? ''})`;
}

/**
 * Looks whether all windows have the newest of one session, or none where it is signed out. In the browser, windows
 * are excused that cannot read the newest, because they do not see the key that it is sealed with.
 * @param mayBeLost whether the platform has thrown away what it was given to store.
 */
export function judgeSettled(scene: Scene, judge: Judge, id: string, mayBeLost: boolean): void {
  const { folder, keyring } = scene;
  const windows = scene.windows().filter(({ process }) => process.runs);
  const having = windows.map((window) => window.get(id)?.record);
  if (isSignedOut(folder, id)) {
    if (having.some((record) => record !== undefined)) {
      judge.fail('signed-out', `${id} is still there in a window`);
    }
    return;
  }
  const newest = newestOf([...having, sealedCopy(folder, keyring, undefined, id), storedCopy(keyring, undefined, id)]);
  if (newest === undefined || headerGeneration(folder, id) > newest.generation) {
    judgeLost(scene, judge, id, mayBeLost);
    return;
  }
  for (const window of windows) {
    judgeWindow(scene, judge, window, newest);
  }
  judgeAtServer(scene, judge, newest);
}

function judgeWindow(
  { time, folder, keyring, figures }: Scene,
  judge: Judge,
  window: Window,
  newest: SessionRecord,
): void {
  const { id } = newest;
  const mine = window.get(id)?.record;
  const copies = [sealedCopy(folder, keyring, window.process, id), storedCopy(keyring, window.process, id)];
  const canRead = keyring.model !== 'browser' || copies.some((copy) => copy !== undefined && !isNewer(newest, copy));
  if (hasNewest(mine, newest)) {
    figures.count('settled: newest');
  } else if (time.wall - newest.tokensRequestedAt < NEXT_LOOK && (mine?.generation ?? 0) >= newest.generation - 4) {
    figures.count('settled: the newest is on its way');
  } else if (!canRead) {
    figures.count('settled: cannot read the newest');
  } else {
    judge.fail('converge', `${window.name} has ${nameOf(mine)} of ${id}, the newest is ${nameOf(newest)}`);
  }
}

function judgeAtServer({ server, time }: Scene, judge: Judge, newest: SessionRecord): void {
  if (newest.ended !== undefined) {
    return;
  }
  const token = server.read(newest.refreshToken ?? '');
  if (time.now - (token?.grant.issued.at(-1)?.at ?? 0) < ON_THE_WAY) {
    return;
  }
  if (token?.grant.end === undefined && token?.number !== token?.grant.newest) {
    judge.fail(
      'converge',
      `the windows have ${nameOf(newest)} of ${newest.id}, the server's newest is ${token?.grant.newest ?? '?'}`,
    );
  }
  if (!newest.isComplete) {
    judge.fail('converge', `${newest.id} stays half renewed`);
  }
}

/** Nobody has the newest of a session any more: that is for the platform to answer for, and for a person to know. */
function judgeLost(scene: Scene, judge: Judge, id: string, mayBeLost: boolean): void {
  const { figures } = scene;
  if (!mayBeLost) {
    figures.unexpected += 1;
    judge.fail('lost', `nobody has the newest of ${id}, and the platform has thrown nothing away`);
    return;
  }
  const isTold =
    judge.lost.has(id) || scene.windows().some((window) => window.get(id)?.failure?.code === 'token-in-other-window');
  figures.count(
    judge.lost.has(id)
      ? 'over: thrown away by the platform, and told'
      : 'over: thrown away by the platform, an old copy left',
  );
  if (!isTold) {
    judge.fail('lost', `the newest of ${id} was thrown away, and nobody is told`);
  }
}
