import assert from 'node:assert/strict';
import { silentLog } from '../../../src/core/log.ts';
import { NotificationClaims, type ClaimKey } from '../../../src/locking/notificationClaims.ts';
import { FakeFolder } from '../../support/fakeStore.ts';

const NOW = 1_000_000;
const ENDING: ClaimKey = { kind: 'ending', id: 's1', since: 1000 };

describe('a notice', () => {
  let folder: FakeFolder;
  let windows: NotificationClaims[];

  beforeEach(() => {
    folder = new FakeFolder();
    windows = [1, 2, 3].map(() => new NotificationClaims(folder, silentLog));
  });

  const claims = async (notice: ClaimKey, now = NOW): Promise<boolean[]> =>
    Promise.all(windows.map((one) => one.tryClaim(notice, now)));
  const told = async (notice: ClaimKey, now = NOW): Promise<number> =>
    (await claims(notice, now)).filter(Boolean).length;

  it('is told by one window of all, and by none again, reloads included', async () => {
    assert.equal(await told(ENDING), 1);
    assert.equal(await told(ENDING, NOW + 1e9), 0);
    assert.equal(await new NotificationClaims(folder, silentLog).tryClaim(ENDING, NOW), false);
  });

  it('is another one where it is of another kind, of another session, or about something else', async () => {
    await told(ENDING);
    for (const other of [
      { ...ENDING, kind: 'ended' },
      { ...ENDING, id: 's2' },
      { ...ENDING, since: 1001 },
      { ...ENDING, variant: 'x' },
    ]) {
      assert.equal(await told(other), 1, JSON.stringify(other));
    }
  });

  it('that is put off is told again by one window when its time comes, and not before', async () => {
    await told(ENDING);
    await windows[0]?.snooze(ENDING, NOW + 60_000);
    assert.equal(await told(ENDING, NOW + 59_999), 0);
    assert.equal(await told(ENDING, NOW + 60_000), 1);
    assert.equal(await told(ENDING, NOW + 60_001), 0);
  });

  it('can be put off again', async () => {
    await told(ENDING);
    await windows[0]?.snooze(ENDING, NOW + 10);
    assert.equal(await told(ENDING, NOW + 10), 1);
    await windows[1]?.snooze(ENDING, NOW + 20);
    assert.deepEqual(
      [await told(ENDING, NOW + 19), await told(ENDING, NOW + 20), await told(ENDING, NOW + 21)],
      [0, 1, 0],
    );
  });

  it('is told again after it has been forgotten: of one kind, or all of a session', async () => {
    const clock: ClaimKey = { kind: 'clock', id: 's1', since: 0 };
    await told(ENDING);
    await told(clock);
    await windows[0]?.forget('s1', 'clock');
    assert.deepEqual([await told(clock), await told(ENDING)], [1, 0]);
    await windows[0]?.forget('s1');
    assert.deepEqual([await told(clock), await told(ENDING)], [1, 1]);
  });

  it('forgets nothing of others, whatever they are called', async () => {
    const others: ClaimKey[] = ['s10', 's', 'x_s1', 's1_x', 'S1', 'a.claimed', '../s1'].map((id) => ({
      ...ENDING,
      id,
    }));
    for (const other of others) {
      assert.equal(await told(other), 1, other.id);
    }
    await windows[0]?.forget('s1');
    for (const other of others) {
      assert.equal(await told(other), 0, other.id);
    }
    assert.ok(
      [...folder.files.keys()].every((name) => /^[\w~.-]+$/.test(name)),
      [...folder.files.keys()].join(),
    );
  });

  it('leaves nothing behind of what began earlier, and all of what began at the same time', async () => {
    for (let since = 1; since <= 20; since += 1) {
      await told({ ...ENDING, since });
      await windows[0]?.snooze({ ...ENDING, since }, NOW);
    }
    assert.equal(folder.files.size, 2);
    assert.equal(await told({ ...ENDING, since: 20, variant: 'certificate' }), 1);
    assert.equal(await told({ ...ENDING, since: 20, variant: 'proxy' }), 1);
    assert.equal(await told({ ...ENDING, since: 20, variant: 'certificate' }), 0);
  });

  it('that a window which is behind tells takes nothing away from the newer one', async () => {
    const newer = { ...ENDING, since: 2000 };
    assert.equal(await told(newer), 1);
    assert.equal(await told(ENDING), 1);
    assert.equal(await told(newer), 0);
  });

  it('is told by every window rather than by none where the folder fails', async () => {
    folder.failing = true;
    assert.equal(await told(ENDING), 3);
  });

  it('is told where the word that it was put off makes no sense', async () => {
    await windows[0]?.snooze(ENDING, NOW + 60_000);
    for (const [name] of folder.files) {
      folder.files.set(name, '{"round":"x"');
    }
    assert.equal(await told(ENDING), 1);
  });
});
