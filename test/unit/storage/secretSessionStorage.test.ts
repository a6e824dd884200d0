import assert from 'node:assert/strict';
import { SecretSessionStorage } from '../../../src/storage/secretSessionStorage.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeStore, type StoreCall } from '../../support/fakeStore.ts';
import { recordAt } from '../../support/testWindow.ts';

const KEY = 'session:s1';
const record = recordAt('https://id.example.com', 1_000_000);

describe('The secret storage', () => {
  let store: FakeStore;
  let secretStorage: SecretSessionStorage;

  beforeEach(() => {
    store = new FakeStore();
    secretStorage = new SecretSessionStorage(store);
  });

  it('gives back what it was given, to the last field', async () => {
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
    assert.deepEqual(await secretStorage.load(), { records: [full], findings: [], gone: [] });
  });

  it('keeps one secret for each session and touches no other secret', async () => {
    store.secrets.set('other:secret', 'not ours');
    await secretStorage.write(record);
    await secretStorage.write({ ...record, id: 's2' });
    assert.deepEqual([...store.secrets.keys()], ['other:secret', KEY, 'session:s2']);
    await secretStorage.delete('s1');
    assert.deepEqual([...store.secrets.keys()], ['other:secret', 'session:s2']);
  });

  const text = JSON.stringify(record);
  const spoilt: Readonly<Record<string, string>> = {
    'is not JSON': 'hello',
    'is empty': '',
    'was cut off half-way': text.slice(0, text.length / 2),
    'has a version that never was': JSON.stringify({ ...record, version: 0 }),
    'has no version': JSON.stringify({ ...record, version: undefined }),
    'does not say how whole it is': JSON.stringify({ ...record, isComplete: undefined }),
    'lacks its access token': JSON.stringify({ ...record, accessToken: undefined }),
    'has a time that is text': JSON.stringify({ ...record, tokensRequestedAt: 'yesterday' }),
    'is a list': '[]',
    'belongs to another session': JSON.stringify({ ...record, id: 'other' }),
  };
  for (const [what, stored] of Object.entries(spoilt)) {
    it(`sets a text that ${what} aside, unchanged, and reports it`, async () => {
      store.secrets.set(KEY, stored);
      const { records, findings } = await secretStorage.load();
      assert.deepEqual(records, []);
      assert.deepEqual(
        findings.map(({ id, kind }) => ({ id, kind })),
        [{ id: 's1', kind: 'set-aside' }],
      );
      assert.deepEqual([...store.secrets], [['set-aside:s1:1', stored]]);
    });
  }

  it('names the field at fault, and never what is in it', async () => {
    store.secrets.set(KEY, JSON.stringify({ ...record, accessToken: ['very-secret'] }));
    const { findings } = await secretStorage.load();
    assert.match(findings[0]?.reason ?? '', /accessToken/);
    assert.doesNotMatch(JSON.stringify(findings), /very-secret/);
  });

  it('reports what was set aside once, not at every load', async () => {
    store.secrets.set(KEY, 'hello');
    await secretStorage.load();
    assert.deepEqual(await secretStorage.load(), { records: [], findings: [], gone: [] });
  });

  it('keeps each text that was ever set aside for a session', async () => {
    for (const stored of ['first', 'second', 'first']) {
      store.secrets.set(KEY, stored);
      await secretStorage.load();
    }
    assert.deepEqual(
      [...store.secrets],
      [
        ['set-aside:s1:1', 'first'],
        ['set-aside:s1:2', 'second'],
      ],
    );
  });

  it('leaves an unreadable text where it is while the copy cannot be made', async () => {
    store.secrets.set(KEY, 'hello');
    store.failing.add('store');
    await rejectsWith(secretStorage.load(), 'storage', 'secret-store');
    assert.equal(store.secrets.get(KEY), 'hello');
  });

  it('leaves a record of a later version alone and reports it', async () => {
    const newer = JSON.stringify({ version: 3, anything: 'else' });
    store.secrets.set(KEY, newer);
    assert.deepEqual(await secretStorage.load(), {
      records: [],
      findings: [{ id: 's1', kind: 'newer', reason: 'version 3' }],
      gone: [],
    });
    assert.equal(await secretStorage.read('s1'), undefined);
    assert.deepEqual([...store.secrets], [[KEY, newer]]);
  });

  it('reads a record of the first version, leaves it as it is, and writes it as one of this version', async () => {
    const { isComplete: _unknownThen, ...rest } = record;
    const first = JSON.stringify({ ...rest, version: 1 });
    store.secrets.set(KEY, first);
    assert.deepEqual(await secretStorage.load(), { records: [record], findings: [], gone: [] });
    assert.deepEqual([...store.secrets], [[KEY, first]]);
    await secretStorage.write(record);
    assert.deepEqual(JSON.parse(store.secrets.get(KEY) ?? ''), record);
  });

  it('reads the good sessions although one beside them is spoilt', async () => {
    store.secrets.set('session:bad', 'hello');
    await secretStorage.write(record);
    const { records, findings } = await secretStorage.load();
    assert.deepEqual(records, [record]);
    assert.equal(findings.length, 1);
  });

  it('knows of a record of a later version that it is one, and does not write over it', async () => {
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

  it('does not write older tokens over newer ones, nor half a renewal over a whole one', async () => {
    const newer = { ...record, generation: 3 };
    await secretStorage.write(newer);
    await secretStorage.write({ ...record, generation: 2 });
    await secretStorage.write({ ...newer, isComplete: false });
    assert.deepEqual(await secretStorage.read('s1'), newer);
    const ended = { ...newer, ended: { at: 5, category: 'session-ended', code: 'invalid_grant' } };
    await secretStorage.write(ended);
    assert.deepEqual(await secretStorage.read('s1'), ended);
  });

  it('sets aside what nobody can read before it writes in its place', async () => {
    store.secrets.set(KEY, 'hello');
    await secretStorage.write(record);
    assert.deepEqual(await secretStorage.read('s1'), record);
    assert.equal(store.secrets.get('set-aside:s1:1'), 'hello');
  });

  it('keeps the word that a session is signed out, where the session index cannot', async () => {
    await secretStorage.write(record);
    assert.equal(await secretStorage.hasTombstone('s1'), false);
    await secretStorage.writeTombstone('s1');
    assert.deepEqual([await secretStorage.hasTombstone('s1'), await secretStorage.hasTombstone('s2')], [true, false]);
    assert.deepEqual(await secretStorage.load(), { records: [record], findings: [], gone: ['s1'] });
  });

  it('refuses to write what it could not read back', async () => {
    await rejectsWith(secretStorage.write({ ...record, accessToken: '' }), 'storage');
    await rejectsWith(secretStorage.write({ ...record, tokensRequestedAt: NaN }), 'storage');
    assert.equal(store.secrets.size, 0);
  });

  describe('over a store that accepts everything', () => {
    it('says so where it keeps nothing', async () => {
      store.store = () => Promise.resolve();
      await rejectsWith(secretStorage.write(record), 'storage', 'secret-not-persistent');
    });

    it('says so where it goes on showing what was there before', async () => {
      await secretStorage.write(record);
      store.store = () => Promise.resolve();
      await rejectsWith(secretStorage.write({ ...record, generation: 2 }), 'storage', 'secret-not-persistent');
      await secretStorage.write(record);
    });

    it('says so where it keeps something else', async () => {
      const storing = store.store.bind(store);
      store.store = (key, value) => storing(key, value.slice(0, 2000));
      await rejectsWith(
        secretStorage.write({ ...record, accessToken: 'x'.repeat(3000) }),
        'storage',
        'secret-not-persistent',
      );
    });

    it('never deletes what it cannot set aside', async () => {
      store.secrets.set(KEY, 'hello');
      store.store = () => Promise.resolve();
      await secretStorage.load();
      assert.deepEqual([...store.secrets], [[KEY, 'hello']]);
    });
  });

  it('says that the storage failed where a record cannot be read back', async () => {
    store.failing.add('get');
    await rejectsWith(secretStorage.write(record), 'storage', 'secret-get');
  });

  const calls: readonly (readonly [StoreCall, () => Promise<unknown>])[] = [
    ['keys', () => secretStorage.load()],
    ['get', () => secretStorage.read('s1')],
    ['store', () => secretStorage.write(record)],
    ['delete', () => secretStorage.delete('s1')],
  ];
  for (const [call, run] of calls) {
    it(`says that the storage failed where "${call}" of the store beneath rejects`, async () => {
      store.failing.add(call);
      const failure = await rejectsWith(run(), 'storage', `secret-${call}`);
      assert.equal(failure.message, `storage (secret-${call})`);
    });
  }

  it('tells which session has changed, and nothing of other secrets', async () => {
    const heard: string[] = [];
    const listening = secretStorage.onDidChange((id) => heard.push(id));
    await secretStorage.write(record);
    await store.store('other:secret', 'x');
    await secretStorage.delete('s1');
    listening.dispose();
    await secretStorage.write(record);
    assert.deepEqual(heard, ['s1', 's1']);
  });

  it('counts what lies set aside, and deletes that alone when it is told to', async () => {
    store.secrets.set(KEY, 'hello');
    await secretStorage.load();
    await secretStorage.write({ ...record, id: 's2' });
    assert.equal(await secretStorage.leftovers(), 1);
    await secretStorage.deleteQuarantined();
    assert.deepEqual([await secretStorage.leftovers(), [...store.secrets.keys()]], [0, ['session:s2']]);
  });
});
