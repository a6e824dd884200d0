import assert from 'node:assert/strict';
import { SecretSessionStorage } from '../../../src/storage/secretSessionStorage.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeStore, type StoreCall } from '../../support/fakeStore.ts';
import { recordAt } from '../../support/testWindow.ts';

const KEY = 'session:s1';
const record = recordAt('https://id.example.com', 1_000_000);

describe('SecretSessionStorage', () => {
  let store: FakeStore;
  let secretStorage: SecretSessionStorage;

  beforeEach(() => {
    store = new FakeStore();
    secretStorage = new SecretSessionStorage(store);
  });

  it("returns all fields of a record when it's read or loaded", async () => {
    const full = {
      ...record,
      idToken: 'id',
      subject: 'person-1',
      sessionEndsAt: 5,
      sessionEndSource: 'response',
      sessionEndIsFixed: true,
    } as const;
    await secretStorage.write(full);
    assert.deepEqual(await secretStorage.read('s1'), full);
    assert.deepEqual(await secretStorage.load(), { records: [full], issues: [], signedOutIds: [] });
  });

  it('writes nothing when the secret already exists', async () => {
    await secretStorage.write(record);
    await secretStorage.write(record);
    assert.equal(store.history.length, 1);
  });

  it("keeps one secret for each session, and doesn't change other secrets", async () => {
    store.secrets.set('other:secret', 'not ours');
    await secretStorage.write(record);
    await secretStorage.write({ ...record, id: 's2' });
    assert.deepEqual([...store.secrets.keys()], ['other:secret', KEY, 'session:s2']);
    await secretStorage.delete('s1');
    assert.deepEqual([...store.secrets.keys()], ['other:secret', 'session:s2']);
  });

  const text = JSON.stringify(record);
  const damaged: Readonly<Record<string, string>> = {
    "isn't JSON": 'hello',
    'is empty': '',
    'was truncated': text.slice(0, text.length / 2),
    'has a version that never existed': JSON.stringify({ ...record, version: 0 }),
    'has no version': JSON.stringify({ ...record, version: undefined }),
    "doesn't specify whether it's complete": JSON.stringify({ ...record, isComplete: undefined }),
    'lacks its access token': JSON.stringify({ ...record, accessToken: undefined }),
    'has a time that is text': JSON.stringify({ ...record, tokensRequestedAt: 'yesterday' }),
    'is a list': '[]',
    'belongs to another session': JSON.stringify({ ...record, id: 'other' }),
  };
  for (const [what, stored] of Object.entries(damaged)) {
    it(`quarantines a secret unchanged and reports it when it ${what}`, async () => {
      store.secrets.set(KEY, stored);
      const { records, issues } = await secretStorage.load();
      assert.deepEqual(records, []);
      assert.deepEqual(
        issues.map(({ id, kind }) => ({ id, kind })),
        [{ id: 's1', kind: 'quarantined' }],
      );
      assert.deepEqual([...store.secrets], [['quarantined:s1:1', stored]]);
    });
  }

  it('logs the field, and never its content, when a secret is damaged', async () => {
    store.secrets.set(KEY, JSON.stringify({ ...record, accessToken: ['very-secret'] }));
    const { issues } = await secretStorage.load();
    assert.match(issues[0]?.reason ?? '', /accessToken/);
    assert.doesNotMatch(JSON.stringify(issues), /very-secret/);
  });

  it('reports what is quarantined when loading it, and not later', async () => {
    store.secrets.set(KEY, 'hello');
    await secretStorage.load();
    assert.deepEqual(await secretStorage.load(), { records: [], issues: [], signedOutIds: [] });
  });

  it('keeps each quarantined secret when a session has several', async () => {
    for (const stored of ['first', 'second', 'first']) {
      store.secrets.set(KEY, stored);
      await secretStorage.load();
    }
    assert.deepEqual(
      [...store.secrets],
      [
        ['quarantined:s1:1', 'first'],
        ['quarantined:s1:2', 'second'],
      ],
    );
  });

  it("leaves a damaged secret in place when the copy can't be stored", async () => {
    store.secrets.set(KEY, 'hello');
    store.failing.add('store');
    await rejectsWith(secretStorage.load(), 'storage', 'secret-store');
    assert.equal(store.secrets.get(KEY), 'hello');
  });

  it('leaves a secret unchanged and reports it when a later version has written it', async () => {
    const newer = JSON.stringify({ version: 3, anything: 'else' });
    store.secrets.set(KEY, newer);
    assert.deepEqual(await secretStorage.load(), {
      records: [],
      issues: [{ id: 's1', kind: 'newer', reason: 'version 3' }],
      signedOutIds: [],
    });
    assert.equal(await secretStorage.read('s1'), undefined);
    assert.deepEqual([...store.secrets], [[KEY, newer]]);
  });

  it('reads the other sessions when one is damaged', async () => {
    store.secrets.set('session:bad', 'hello');
    await secretStorage.write(record);
    const { records, issues } = await secretStorage.load();
    assert.deepEqual(records, [record]);
    assert.equal(issues.length, 1);
  });

  it("doesn't overwrite a secret when a later version has written it", async () => {
    const newer = JSON.stringify({ version: 3, anything: 'else' });
    store.secrets.set(KEY, newer);
    await secretStorage.write(record);
    assert.equal(store.secrets.get(KEY), newer);
    assert.deepEqual(
      [await secretStorage.holdsLaterVersion('s1'), await secretStorage.holdsLaterVersion('s2')],
      [true, false],
    );
    store.secrets.set(KEY, JSON.stringify(record));
    assert.equal(await secretStorage.holdsLaterVersion('s1'), false);
  });

  it("doesn't overwrite a record that is newer or complete", async () => {
    const newer = { ...record, generation: 3 };
    await secretStorage.write(newer);
    await secretStorage.write({ ...record, generation: 2 });
    await secretStorage.write({ ...newer, isComplete: false });
    assert.deepEqual(await secretStorage.read('s1'), newer);
    const ended = { ...newer, ended: { at: 5, category: 'session-ended', code: 'invalid_grant' } };
    await secretStorage.write(ended);
    assert.deepEqual(await secretStorage.read('s1'), ended);
  });

  it('quarantines a damaged secret before replacing it', async () => {
    store.secrets.set(KEY, 'hello');
    await secretStorage.write(record);
    assert.deepEqual(await secretStorage.read('s1'), record);
    assert.equal(store.secrets.get('quarantined:s1:1'), 'hello');
  });

  it("keeps a tombstone in addition to the secret when the file of the session can't", async () => {
    await secretStorage.write(record);
    assert.equal(await secretStorage.hasTombstone('s1'), false);
    await secretStorage.writeTombstone('s1');
    assert.deepEqual([await secretStorage.hasTombstone('s1'), await secretStorage.hasTombstone('s2')], [true, false]);
    assert.deepEqual(await secretStorage.load(), { records: [record], issues: [], signedOutIds: ['s1'] });
    await secretStorage.deleteTombstone('s1');
    assert.equal(await secretStorage.hasTombstone('s1'), false);
    assert.deepEqual(await secretStorage.load(), { records: [record], issues: [], signedOutIds: [] });
  });

  it("rejects and writes nothing when a record isn't valid", async () => {
    await rejectsWith(secretStorage.write({ ...record, accessToken: '' }), 'storage');
    await rejectsWith(secretStorage.write({ ...record, tokensRequestedAt: NaN }), 'storage');
    assert.equal(store.secrets.size, 0);
  });

  describe('with a keyring that accepts everything', () => {
    it('rejects when the keyring keeps nothing', async () => {
      store.store = () => Promise.resolve();
      await rejectsWith(secretStorage.write(record), 'storage', 'secret-not-persistent');
    });

    it('rejects when the keyring keeps the previous value', async () => {
      await secretStorage.write(record);
      store.store = () => Promise.resolve();
      await rejectsWith(secretStorage.write({ ...record, generation: 2 }), 'storage', 'secret-not-persistent');
      await secretStorage.write(record);
    });

    it('rejects when the keyring stores something else', async () => {
      const storing = store.store.bind(store);
      store.store = (key, value) => storing(key, value.slice(0, 2000));
      await rejectsWith(
        secretStorage.write({ ...record, accessToken: 'x'.repeat(3000) }),
        'storage',
        'secret-not-persistent',
      );
    });

    it("never deletes a damaged secret when the keyring doesn't keep the copy", async () => {
      store.secrets.set(KEY, 'hello');
      store.store = () => Promise.resolve();
      await secretStorage.load();
      assert.deepEqual([...store.secrets], [[KEY, 'hello']]);
    });
  });

  it("rejects when a record can't be read back", async () => {
    store.failing.add('get');
    await rejectsWith(secretStorage.write(record), 'storage', 'secret-get');
  });

  const calls: readonly (readonly [StoreCall, () => Promise<unknown>])[] = [
    ['keys', () => secretStorage.load()],
    ['get', () => secretStorage.read('s1')],
    ['store', () => secretStorage.write(record)],
    ['delete', () => secretStorage.delete('s1')],
  ];
  const more: readonly (readonly [StoreCall, string, () => Promise<unknown>])[] = [
    ['get', 'hasTombstone', () => secretStorage.hasTombstone('s1')],
    ['store', 'writeTombstone', () => secretStorage.writeTombstone('s1')],
    ['delete', 'deleteTombstone', () => secretStorage.deleteTombstone('s1')],
    ['get', 'holdsLaterVersion', () => secretStorage.holdsLaterVersion('s1')],
    ['keys', 'listQuarantined', () => secretStorage.listQuarantined()],
    ['keys', 'deleteQuarantined', () => secretStorage.deleteQuarantined()],
  ];
  for (const [call, method, run] of more) {
    it(`rejects with a storage failure in ${method} when "${call}" of the keyring rejects`, async () => {
      store.failing.add(call);
      await rejectsWith(run(), 'storage', `secret-${call}`);
    });
  }
  for (const [call, run] of calls) {
    it(`rejects with a storage failure when "${call}" of the keyring rejects`, async () => {
      store.failing.add(call);
      const failure = await rejectsWith(run(), 'storage', `secret-${call}`);
      assert.equal(failure.message, `storage (secret-${call})`);
    });
  }

  it('fires with the ID of the session when its secret changes, and not for other secrets', async () => {
    const heard: string[] = [];
    const listening = secretStorage.onDidChange((id) => heard.push(id));
    await secretStorage.write(record);
    await store.store('other:secret', 'x');
    await secretStorage.delete('s1');
    listening.dispose();
    await secretStorage.write(record);
    assert.deepEqual(heard, ['s1', 's1']);
  });

  it('counts quarantined secrets, and deletes only those when requested', async () => {
    store.secrets.set(KEY, 'hello');
    await secretStorage.load();
    await secretStorage.write({ ...record, id: 's2' });
    assert.equal((await secretStorage.listQuarantined()).length, 1);
    await secretStorage.deleteQuarantined();
    assert.deepEqual([(await secretStorage.listQuarantined()).length, [...store.secrets.keys()]], [0, ['session:s2']]);
  });
});
