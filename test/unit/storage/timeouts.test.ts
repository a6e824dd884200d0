import assert from 'node:assert/strict';
import { SECOND } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { Mutex } from '../../../src/locking/mutex.ts';
import { folderWithTimeout, storeWithTimeout, waitBriefly } from '../../../src/storage/timeouts.ts';
import { RenewalLock } from '../../../src/locking/renewalLock.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeClock, settle } from '../../support/fakeClock.ts';
import { FakeFolder, FakeProcessLiveness, FakeStore } from '../../support/fakeStore.ts';
import { JUST_WAIT } from '../../support/renewalLockFixture.ts';

/** A call that returns when a test releases it. */
function held<T>(value: T): {
  readonly call: () => Promise<T>;
  readonly answer: () => void;
  readonly calls: () => number;
} {
  const gate = Promise.withResolvers<T>();
  let calls = 0;
  return {
    call: () => {
      calls += 1;
      return gate.promise;
    },
    answer: () => gate.resolve(value),
    calls: () => calls,
  };
}

describe('Timeouts of SecretStorage and the folder', () => {
  let clock: FakeClock;

  beforeEach(() => {
    clock = new FakeClock();
  });

  it('return what arrives in time, and leave no timer', async () => {
    const store = storeWithTimeout(new FakeStore(), clock);
    await store.store('a', 'b');
    assert.deepEqual([await store.get('a'), await store.keys(), clock.pending], ['b', ['a'], 0]);
    const folder = folderWithTimeout(new FakeFolder(), clock);
    await folder.write('a', 'b');
    assert.deepEqual(
      [await folder.read('a'), await folder.create('a', 'c'), await folder.list(), clock.pending],
      ['b', false, ['a'], 0],
    );
  });

  it('reject after ten seconds for SecretStorage, and after five for the folder', async () => {
    const never = (): Promise<never> => new Promise(() => {});
    const reading = rejectsWith(
      storeWithTimeout(Object.assign(new FakeStore(), { get: never }), clock).get('a'),
      'storage',
      'secret-timeout',
    );
    const listing = rejectsWith(
      folderWithTimeout(Object.assign(new FakeFolder(), { list: never }), clock).list(),
      'storage',
      'folder-timeout',
    );
    await clock.advance(5 * SECOND);
    await listing;
    await clock.advance(5 * SECOND);
    await reading;
  });

  it('reject like the call when that fails in time', async () => {
    const store = new FakeStore();
    store.failing.add('get');
    await assert.rejects(storeWithTimeout(store, clock).get('a'), { message: 'The keyring is locked.' });
  });

  it("don't call again for half a minute, or until a call that timed out has returned", async () => {
    const slow = held<string | undefined>('b');
    const store = storeWithTimeout(Object.assign(new FakeStore(), { get: slow.call }), clock);
    const first = rejectsWith(store.get('a'), 'storage', 'secret-timeout');
    await clock.advance(10 * SECOND);
    await first;
    await rejectsWith(store.get('a'), 'storage', 'secret-timeout');
    assert.equal(slow.calls(), 1);
    slow.answer();
    await settle();
    assert.equal(await store.get('a'), 'b');

    const dead = held<string | undefined>('b');
    const other = storeWithTimeout(Object.assign(new FakeStore(), { get: dead.call }), clock);
    const tried = rejectsWith(other.get('a'), 'storage', 'secret-timeout');
    await clock.advance(10 * SECOND);
    await tried;
    await clock.advance(30 * SECOND);
    const again = rejectsWith(other.get('a'), 'storage', 'secret-timeout');
    assert.equal(dead.calls(), 2);
    await clock.advance(10 * SECOND);
    await again;
  });

  it('still return what has arrived when the process was stopped and its timers are late', async () => {
    const slow = held<string | undefined>('b');
    const store = storeWithTimeout(Object.assign(new FakeStore(), { get: slow.call }), clock);
    const reading = store.get('a');
    // The first timer is late. What has arrived meanwhile is processed before the second.
    await clock.advance(9 * SECOND);
    slow.answer();
    await clock.advance(SECOND);
    assert.equal(await reading, 'b');
  });

  it('let a call that timed out take effect later', async () => {
    const gate = held<undefined>(undefined);
    const folder = new FakeFolder();
    const slow = Object.assign(new FakeFolder(), {
      create: async (name: string, text: string) => {
        await gate.call();
        return folder.create(name, text);
      },
    });
    const creating = rejectsWith(folderWithTimeout(slow, clock).create('a', 'b'), 'storage', 'folder-timeout');
    await clock.advance(5 * SECOND);
    await creating;
    assert.equal(folder.files.size, 0);
    gate.answer();
    await settle();
    assert.deepEqual([...folder.files], [['a', 'b']]);
  });

  it("don't make a window wait for its own lock when the folder has created it too late", async () => {
    const folder = new FakeFolder();
    const slow = held<undefined>(undefined);
    let isSlow = true;
    const late = Object.assign(new FakeFolder(), {
      list: () => folder.list(),
      read: (name: string) => folder.read(name),
      create: async (name: string, text: string) => {
        const isMade = await folder.create(name, text);
        if (isSlow) {
          isSlow = false;
          await slow.call();
        }
        return isMade;
      },
    });
    const renewalLock = new RenewalLock({
      clock,
      log: silentLog,
      folder: folderWithTimeout(late, clock),
      liveness: new FakeProcessLiveness(),
      mutex: new Mutex(),
      onDidDegrade: () => assert.fail(),
    });
    const acquired = renewalLock.runExclusive<boolean>(
      's1',
      ({ isCrossWindow }) => Promise.resolve(isCrossWindow),
      JUST_WAIT,
    );
    await clock.advance(5 * SECOND);
    slow.answer();
    await clock.advance(SECOND);
    assert.equal(await acquired, true);
    assert.deepEqual([...folder.files.keys()], ['s1.1.locked', 's1.1.released']);
  });
});

describe('waitBriefly', () => {
  it('waits for a refresh that ends within five seconds, and rejects like it', async () => {
    const clock = new FakeClock();
    const gate = Promise.withResolvers<string>();
    let isOver = false;
    const waiting = waitBriefly(clock, gate.promise).then(() => (isOver = true));
    await clock.advance(4 * SECOND);
    assert.equal(isOver, false);
    gate.resolve('done');
    await waiting;
    await assert.rejects(waitBriefly(clock, Promise.reject(new Error('bad'))), { message: 'bad' });
    assert.equal(clock.pending, 0);
  });

  it('waits no longer than five seconds, and ignores a failure after that', async () => {
    const clock = new FakeClock();
    const gate = Promise.withResolvers<string>();
    const waiting = waitBriefly(clock, gate.promise);
    await clock.advance(5 * SECOND);
    await waiting;
    gate.reject(new Error('late'));
    await settle();
  });
});
