import assert from 'node:assert/strict';
import { SECOND } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { Mutex } from '../../../src/locking/mutex.ts';
import { folderWithTimeout, storeWithTimeout } from '../../../src/storage/timeouts.ts';
import { RenewalLock } from '../../../src/locking/renewalLock.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeClock, settle } from '../../support/fakeClock.ts';
import { FakeFolder, FakeProcessLiveness, FakeStore } from '../../support/fakeStore.ts';

/** Something that answers when it is told to. */
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

describe('Patience', () => {
  let clock: FakeClock;

  beforeEach(() => {
    clock = new FakeClock();
  });

  it('hands on what comes in time, and leaves no timer behind', async () => {
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

  it('ends after ten seconds with the store, after five with the folder', async () => {
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

  it('hands on what has failed as it failed', async () => {
    const store = new FakeStore();
    store.failing.add('get');
    await assert.rejects(storeWithTimeout(store, clock).get('a'), { message: 'The keyring is locked.' });
  });

  it('does not ask again for half a minute what does not answer, or until it has answered', async () => {
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

  it('gives what was waiting all the while a chance after a stop of the process, whose timers come first', async () => {
    const slow = held<string | undefined>('b');
    const store = storeWithTimeout(Object.assign(new FakeStore(), { get: slow.call }), clock);
    const reading = store.get('a');
    // The first timer is late; what has arrived meanwhile is looked at before the second.
    await clock.advance(9 * SECOND);
    slow.answer();
    await clock.advance(SECOND);
    assert.equal(await reading, 'b');
  });

  it('does not make a window wait for a turn of its own that the folder has made too late', async () => {
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
      life: new FakeProcessLiveness(),
      lock: new Mutex(),
      onDidDegrade: () => assert.fail(),
    });
    const taken = renewalLock.take(
      's1',
      1,
      ({ isCrossWindow }) => Promise.resolve(isCrossWindow),
      () => Promise.resolve(undefined),
    );
    await clock.advance(5 * SECOND);
    slow.answer();
    await clock.advance(SECOND);
    assert.equal(await taken, true);
    assert.deepEqual([...folder.files.keys()], ['s1.1.held', 's1.1.over']);
  });
});
