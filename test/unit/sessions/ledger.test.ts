import assert from 'node:assert/strict';
import { silentLog, type Log } from '../../../src/core/log.ts';
import { Ledger } from '../../../src/sessions/ledger.ts';
import { WindowLock } from '../../../src/sessions/lock.ts';
import { Registry, type RegistryChange } from '../../../src/sessions/registry.ts';
import { FakeFolder } from '../../support/fakeStore.ts';
import { recordAt } from '../../support/house.ts';

const record = recordAt('https://id.example.com', 1_000_000);

describe('The ledger', () => {
  it('gives back what it was told of a session', async () => {
    const ledger = new Ledger(new FakeFolder(), silentLog);
    await ledger.write(record);
    const entry = { version: 1, id: 's1', providerId: 'acme', generation: 1, renewedAt: 1_000_000, accessExpiresAt: 1_300_000 };
    assert.deepEqual(await ledger.read('s1'), entry);
    assert.deepEqual(await ledger.load(), [entry]);
    await ledger.delete('s1');
    assert.deepEqual(await ledger.load(), []);
  });

  it('holds no secret', async () => {
    const folder = new FakeFolder();
    await new Ledger(folder, silentLog).write({ ...record, idToken: 'id-token-1' });
    assert.doesNotMatch([...folder.files].join(), /access-1|refresh-1|id-token-1|Sam|person-1/);
  });

  it('passes over entries that cannot be read, and files that are not entries', async () => {
    const folder = new FakeFolder();
    const ledger = new Ledger(folder, silentLog);
    await ledger.write(record);
    folder.files.set('s2.json', '{"version":1');
    folder.files.set('s3.json', '{"version":7}');
    folder.files.set('s4.lock', 'held');
    assert.deepEqual((await ledger.load()).map(({ id }) => id), ['s1']);
    assert.equal(await ledger.read('s2'), undefined);
  });

  it('lets the sessions go on where its folder fails, and says so in the log', async () => {
    const folder = new FakeFolder();
    folder.failing = true;
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (line) => void warnings.push(line) };
    const ledger = new Ledger(folder, log);
    await ledger.write(record);
    await ledger.delete('s1');
    assert.equal(await ledger.read('s1'), undefined);
    assert.deepEqual(await ledger.load(), []);
    assert.equal(warnings.length, 4);
  });
});

describe('The registry', () => {
  const changesOf = (registry: Registry): RegistryChange[] => {
    const changes: RegistryChange[] = [];
    registry.onDidChange((change) => changes.push(change));
    return changes;
  };

  it('tells of a session that comes, changes and goes, with what it was before', () => {
    const registry = new Registry(silentLog);
    const changes = changesOf(registry);
    const first = registry.put(record);
    const second = registry.put({ ...record, generation: 2 });
    registry.remove('s1');
    assert.deepEqual(changes, [
      { before: undefined, after: first },
      { before: first, after: second },
      { before: second, after: undefined },
    ]);
  });

  it('never removes and adds a session that is renewed', () => {
    const registry = new Registry(silentLog);
    registry.put(record);
    const changes = changesOf(registry);
    registry.update('s1', { renewing: true });
    registry.put({ ...record, generation: 2 });
    registry.update('s1', { renewing: false });
    assert.ok(changes.every(({ before, after }) => before !== undefined && after !== undefined));
    assert.equal(registry.all().length, 1);
  });

  it('forgets the failures of a session that gets new tokens, but not that a renewal is on its way', () => {
    const registry = new Registry(silentLog);
    registry.put(record);
    registry.update('s1', { failures: 3, nextTryAt: 5, failedAt: 4, unsaved: true, renewing: true });
    const { failures, nextTryAt, failedAt, unsaved, renewing } = registry.put({ ...record, generation: 2 });
    assert.deepEqual({ failures, nextTryAt, failedAt, unsaved, renewing }, { failures: 0, nextTryAt: undefined, failedAt: undefined, unsaved: false, renewing: true });
  });

  it('does nothing to a session that is gone, and tells nobody', () => {
    const registry = new Registry(silentLog);
    const changes = changesOf(registry);
    registry.update('s1', { renewing: true });
    assert.equal(registry.remove('s1'), undefined);
    assert.deepEqual([registry.all(), changes], [[], []]);
  });

  it('keeps going where a listener throws, and logs that without its words', () => {
    const errors: string[] = [];
    const registry = new Registry({ ...silentLog, error: (line) => void errors.push(line) });
    registry.onDidChange(() => {
      throw new TypeError('token access-1');
    });
    const changes = changesOf(registry);
    registry.put(record);
    assert.equal(changes.length, 1);
    assert.deepEqual(errors, ['A listener failed: unexpected (unexpected): TypeError.']);
  });
});

describe('The lock of a window', () => {
  it('lets one task at a time hold a name, in the order they came', async () => {
    const lock = new WindowLock();
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
    const lock = new WindowLock();
    void lock.hold('s1', () => new Promise(() => {}));
    assert.equal(await lock.hold('s2', () => Promise.resolve('done')), 'done');
  });

  it('goes on after a task that failed, and gives the failure to its own caller only', async () => {
    const lock = new WindowLock();
    const bad = lock.hold('s1', () => Promise.reject(new Error('bad')));
    const good = lock.hold('s1', () => Promise.resolve('good'));
    await assert.rejects(bad, { message: 'bad' });
    assert.equal(await good, 'good');
  });
});
