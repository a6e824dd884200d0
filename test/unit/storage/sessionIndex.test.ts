import assert from 'node:assert/strict';
import { silentLog, type Log } from '../../../src/core/log.ts';
import { SessionIndex, type RefreshFailure } from '../../../src/storage/sessionIndex.ts';
import { Mutex } from '../../../src/locking/mutex.ts';
import { LiveSessions, type SessionChange } from '../../../src/storage/liveSessions.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { FakeFolder } from '../../support/fakeStore.ts';
import { recordAt } from '../../support/testWindow.ts';

const record = recordAt('https://id.example.com', 1_000_000);
const TRY: RefreshFailure = {
  generation: 1,
  at: 1_050_000,
  category: 'server',
  code: 'http-503',
  failures: 2,
  nextTryAt: 1_054_000,
  waitUntil: 1_054_000,
};

describe('The session index', () => {
  it('gives back what it was told of a session', async () => {
    const sessionIndex = new SessionIndex(new FakeFolder(), silentLog);
    await sessionIndex.write(record);
    const entry = {
      version: 1,
      id: 's1',
      providerId: 'acme',
      generation: 1,
      renewedAt: 1_000_000,
      accessExpiresAt: 1_300_000,
    };
    assert.deepEqual(await sessionIndex.read('s1'), entry);
    assert.deepEqual(await sessionIndex.load(), [entry]);
    await sessionIndex.delete('s1');
    assert.deepEqual(await sessionIndex.load(), []);
  });

  it('says when a verdict has ended a session', async () => {
    const sessionIndex = new SessionIndex(new FakeFolder(), silentLog);
    await sessionIndex.write({ ...record, ended: { at: 1_200_000, category: 'session-ended', code: 'invalid_grant' } });
    assert.equal((await sessionIndex.read('s1'))?.endedAt, 1_200_000);
  });

  it('remembers that a session is signed out, and nothing else of it', async () => {
    const folder = new FakeFolder();
    const sessionIndex = new SessionIndex(folder, silentLog);
    await sessionIndex.write(record);
    await sessionIndex.recordFailure('s1', TRY);
    assert.equal(await sessionIndex.signedOutAt('s1'), undefined);
    await sessionIndex.markSignedOut('s1', 1_100_000);
    assert.deepEqual(
      [await sessionIndex.signedOutAt('s1'), await sessionIndex.ids()],
      [1_100_000, { present: [], gone: ['s1'] }],
    );
    assert.deepEqual([...folder.files], [['s1.gone', '{"version":1,"signedOutAt":1100000}']]);
  });

  it('counts a session as signed out although a window that did not know has entered it again', async () => {
    const sessionIndex = new SessionIndex(new FakeFolder(), silentLog);
    await sessionIndex.markSignedOut('s1', 1_100_000);
    await sessionIndex.write(record);
    assert.deepEqual([await sessionIndex.ids(), await sessionIndex.load()], [{ present: [], gone: ['s1'] }, []]);
  });

  it('gives back the latest failed try, until a later generation is entered', async () => {
    const sessionIndex = new SessionIndex(new FakeFolder(), silentLog);
    assert.equal(await sessionIndex.getLastFailure('s1'), undefined);
    await sessionIndex.recordFailure('s1', TRY);
    assert.deepEqual(await sessionIndex.getLastFailure('s1'), { version: 1, ...TRY });
    await sessionIndex.write({ ...record, accessExpiresAt: 5 });
    assert.deepEqual(await sessionIndex.getLastFailure('s1'), { version: 1, ...TRY });
    await sessionIndex.write({ ...record, generation: 2 });
    assert.equal(await sessionIndex.getLastFailure('s1'), undefined);
  });

  it('passes over a try of a category that it does not know: a later version may', async () => {
    const folder = new FakeFolder();
    folder.files.set('s1.try', JSON.stringify({ version: 1, ...TRY, category: 'full-moon' }));
    assert.equal(await new SessionIndex(folder, silentLog).getLastFailure('s1'), undefined);
  });

  it('knows the files that are about a session from those that are not', () => {
    const sessionIndex = new SessionIndex(new FakeFolder(), silentLog);
    assert.deepEqual(
      ['s1.json', 's1.gone', 's1.try'].map((name) => sessionIndex.idOf(name)),
      ['s1', 's1', 's1'],
    );
    assert.deepEqual(
      ['s1.sealed', 's1.3.held', 's1.3.over', 'lost-s1.told', 'x.part'].map((name) => sessionIndex.idOf(name)),
      Array(5).fill(undefined),
    );
  });

  it('holds no secret', async () => {
    const folder = new FakeFolder();
    const sessionIndex = new SessionIndex(folder, silentLog);
    await sessionIndex.write({ ...record, idToken: 'id-token-1' });
    await sessionIndex.recordFailure('s1', TRY);
    await sessionIndex.markSignedOut('s2', 1);
    assert.equal(folder.files.size, 4);
    assert.doesNotMatch([...folder.files].join(), /access-1|refresh-1|id-token-1|Sam|person-1/);
  });

  it('passes over entries that cannot be read, and files that are not entries', async () => {
    const folder = new FakeFolder();
    const sessionIndex = new SessionIndex(folder, silentLog);
    await sessionIndex.write(record);
    folder.files.set('s2.json', '{"version":1');
    folder.files.set('s3.json', '{"version":7}');
    folder.files.set('s4.lock', 'held');
    assert.deepEqual(
      (await sessionIndex.load()).map(({ id }) => id),
      ['s1'],
    );
    assert.equal(await sessionIndex.read('s2'), undefined);
  });

  it('lets the sessions go on where its folder fails, and says so in the log', async () => {
    const folder = new FakeFolder();
    folder.failing = true;
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (line) => void warnings.push(line) };
    const sessionIndex = new SessionIndex(folder, log);
    await sessionIndex.write(record);
    await sessionIndex.delete('s1');
    assert.equal(await sessionIndex.read('s1'), undefined);
    assert.deepEqual(await sessionIndex.load(), []);
    assert.deepEqual(
      warnings,
      ['write', 'read', 'delete', 'list'].map(
        (what) => `The session index could not ${what}: unexpected (unexpected): Error.`,
      ),
    );
  });

  it('says so once, however often it is looked at, and again after it has worked in between', async () => {
    const folder = new FakeFolder();
    const warnings: string[] = [];
    const sessionIndex = new SessionIndex(folder, { ...silentLog, warn: (line) => void warnings.push(line) });
    for (const failing of [true, true, true, false, true, true]) {
      folder.failing = failing;
      await sessionIndex.read('s1');
    }
    assert.equal(warnings.length, 2);
    folder.failing = false;
    folder.files.set('s1.json', 'hello');
    for (let time = 0; time < 3; time += 1) {
      assert.equal(await sessionIndex.read('s1'), undefined);
    }
    assert.deepEqual(warnings.slice(2), ["The session index's file s1.json makes no sense."]);
  });

  it('says whether a sign-out could be entered, which other windows would not know of otherwise', async () => {
    const folder = new FakeFolder();
    const sessionIndex = new SessionIndex(folder, silentLog);
    assert.equal(await sessionIndex.markSignedOut('s1', 5), true);
    folder.failing = 'writing';
    assert.equal(await sessionIndex.markSignedOut('s2', 5), false);
  });
});

describe('The registry', () => {
  const changesOf = (liveSessions: LiveSessions): SessionChange[] => {
    const changes: SessionChange[] = [];
    liveSessions.onDidChange((change) => changes.push(change));
    return changes;
  };

  it('tells of a session that comes, changes and goes, with what it was before', () => {
    const liveSessions = new LiveSessions(silentLog, new FakeClock());
    const changes = changesOf(liveSessions);
    const first = liveSessions.put(record);
    const second = liveSessions.put({ ...record, generation: 2 });
    liveSessions.remove('s1');
    assert.deepEqual(changes, [
      { before: undefined, after: first },
      { before: first, after: second },
      { before: second, after: undefined },
    ]);
  });

  it('never removes and adds a session that is renewed', () => {
    const liveSessions = new LiveSessions(silentLog, new FakeClock());
    liveSessions.put(record);
    const changes = changesOf(liveSessions);
    liveSessions.update('s1', { renewing: true });
    liveSessions.put({ ...record, generation: 2 });
    liveSessions.update('s1', { renewing: false });
    assert.ok(changes.every(({ before, after }) => before !== undefined && after !== undefined));
    assert.equal(liveSessions.all().length, 1);
  });

  it('forgets the failures of a session that gets new tokens, but not that a renewal is on its way', () => {
    const liveSessions = new LiveSessions(silentLog, new FakeClock());
    liveSessions.put(record);
    liveSessions.update('s1', { failures: 3, nextTryAt: 5, failedAt: 4, unsaved: true, renewing: true });
    const { failures, nextTryAt, failedAt, unsaved, renewing } = liveSessions.put({ ...record, generation: 2 });
    assert.deepEqual(
      { failures, nextTryAt, failedAt, unsaved, renewing },
      { failures: 0, nextTryAt: undefined, failedAt: undefined, unsaved: false, renewing: true },
    );
  });

  it('does nothing to a session that is gone, and tells nobody', () => {
    const liveSessions = new LiveSessions(silentLog, new FakeClock());
    const changes = changesOf(liveSessions);
    liveSessions.update('s1', { renewing: true });
    assert.equal(liveSessions.remove('s1'), undefined);
    assert.deepEqual([liveSessions.all(), changes], [[], []]);
  });

  it('keeps going where a listener throws, and logs that without its words', () => {
    const errors: string[] = [];
    const liveSessions = new LiveSessions({ ...silentLog, error: (line) => void errors.push(line) }, new FakeClock());
    liveSessions.onDidChange(() => {
      throw new TypeError('token access-1');
    });
    const changes = changesOf(liveSessions);
    liveSessions.put(record);
    assert.equal(changes.length, 1);
    assert.deepEqual(errors, ['A listener failed: unexpected (unexpected): TypeError.']);
  });
});

describe('The lock of a window', () => {
  it('lets one task at a time hold a name, in the order they came', async () => {
    const lock = new Mutex();
    const story: string[] = [];
    const task = (name: string) => async (): Promise<void> => {
      story.push(`${name} in`);
      await new Promise((resolve) => setImmediate(resolve));
      story.push(`${name} out`);
    };
    await Promise.all([lock.hold('s1', task('a')), lock.hold('s1', task('b')), lock.hold('s1', task('c'))]);
    assert.deepEqual(story, ['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  });

  it('does not make different names wait for each other', async () => {
    const lock = new Mutex();
    void lock.hold('s1', () => new Promise(() => {}));
    assert.equal(await lock.hold('s2', () => Promise.resolve('done')), 'done');
  });

  it('goes on after a task that failed, and gives the failure to its own caller only', async () => {
    const lock = new Mutex();
    const bad = lock.hold('s1', () => Promise.reject(new Error('bad')));
    const good = lock.hold('s1', () => Promise.resolve('good'));
    await assert.rejects(bad, { message: 'bad' });
    assert.equal(await good, 'good');
  });
});
