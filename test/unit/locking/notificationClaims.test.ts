import assert from 'node:assert/strict';
import { silentLog } from '../../../src/core/log.ts';
import { NotificationClaims, type ClaimKey } from '../../../src/locking/notificationClaims.ts';
import { FakeFolder } from '../../support/fakeStore.ts';

const NOW = 1_000_000;
const ENDING: ClaimKey = { kind: 'ending', id: 's1', since: 1000 };

describe('A notification', () => {
  let folder: FakeFolder;
  let windows: NotificationClaims[];

  beforeEach(() => {
    folder = new FakeFolder();
    windows = [1, 2, 3].map(() => new NotificationClaims(folder, silentLog));
  });

  const claims = async (key: ClaimKey, now = NOW): Promise<boolean[]> =>
    Promise.all(windows.map((one) => one.tryClaim(key, now)));
  const countShown = async (key: ClaimKey, now = NOW): Promise<number> =>
    (await claims(key, now)).filter(Boolean).length;

  it('is shown by one window, and not again by any, even after a reload', async () => {
    assert.equal(await countShown(ENDING), 1);
    assert.equal(await countShown(ENDING, NOW + 1e9), 0);
    assert.equal(await new NotificationClaims(folder, silentLog).tryClaim(ENDING, NOW), false);
  });

  it('is a different one when it has another kind, session, or occasion', async () => {
    await countShown(ENDING);
    for (const other of [
      { ...ENDING, kind: 'ended' },
      { ...ENDING, id: 's2' },
      { ...ENDING, since: 1001 },
      { ...ENDING, variant: 'x' },
    ]) {
      assert.equal(await countShown(other), 1, JSON.stringify(other));
    }
  });

  it('that is snoozed is shown again by one window when its time comes, and not before', async () => {
    await countShown(ENDING);
    await windows[0]?.snooze(ENDING, NOW + 60_000);
    assert.equal(await countShown(ENDING, NOW + 59_999), 0);
    assert.equal(await countShown(ENDING, NOW + 60_000), 1);
    assert.equal(await countShown(ENDING, NOW + 60_001), 0);
  });

  it('can be snoozed again', async () => {
    await countShown(ENDING);
    await windows[0]?.snooze(ENDING, NOW + 10);
    assert.equal(await countShown(ENDING, NOW + 10), 1);
    await windows[1]?.snooze(ENDING, NOW + 20);
    assert.deepEqual(
      [await countShown(ENDING, NOW + 19), await countShown(ENDING, NOW + 20), await countShown(ENDING, NOW + 21)],
      [0, 1, 0],
    );
  });

  it('is shown again after it was forgotten: of one kind, or all of a session', async () => {
    const clock: ClaimKey = { kind: 'clock', id: 's1', since: 0 };
    await countShown(ENDING);
    await countShown(clock);
    await windows[0]?.forget('s1', 'clock');
    assert.deepEqual([await countShown(clock), await countShown(ENDING)], [1, 0]);
    await windows[0]?.forget('s1');
    assert.deepEqual([await countShown(clock), await countShown(ENDING)], [1, 1]);
  });

  it('is kept when others are forgotten, regardless of their names', async () => {
    const others: ClaimKey[] = ['s10', 's', 'x_s1', 's1_x', 'S1', 'a.claimed', '../s1'].map((id) => ({
      ...ENDING,
      id,
    }));
    for (const other of others) {
      assert.equal(await countShown(other), 1, other.id);
    }
    await windows[0]?.forget('s1');
    for (const other of others) {
      assert.equal(await countShown(other), 0, other.id);
    }
    assert.ok(
      [...folder.files.keys()].every((name) => /^[\w~.-]+$/.test(name)),
      [...folder.files.keys()].join(),
    );
  });

  it('removes claims of earlier occasions, and keeps those of the same one', async () => {
    for (let since = 1; since <= 20; since += 1) {
      await countShown({ ...ENDING, since });
      await windows[0]?.snooze({ ...ENDING, since }, NOW);
    }
    assert.equal(folder.files.size, 2);
    assert.equal(await countShown({ ...ENDING, since: 20, variant: 'certificate' }), 1);
    assert.equal(await countShown({ ...ENDING, since: 20, variant: 'proxy' }), 1);
    assert.equal(await countShown({ ...ENDING, since: 20, variant: 'certificate' }), 0);
  });

  it("of an outdated occasion doesn't affect that of a newer one", async () => {
    const newer = { ...ENDING, since: 2000 };
    assert.equal(await countShown(newer), 1);
    assert.equal(await countShown(ENDING), 1);
    assert.equal(await countShown(newer), 0);
  });

  it('is shown by every window when the folder fails', async () => {
    folder.failing = true;
    assert.equal(await countShown(ENDING), 3);
  });

  it('is shown when its snooze record is invalid', async () => {
    await windows[0]?.snooze(ENDING, NOW + 60_000);
    for (const [name] of folder.files) {
      folder.files.set(name, '{"round":"x"');
    }
    assert.equal(await countShown(ENDING), 1);
  });
});
