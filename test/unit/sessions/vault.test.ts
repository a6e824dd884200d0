import assert from 'node:assert/strict';
import { Vault } from '../../../src/sessions/vault.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeStore, type StoreCall } from '../../support/fakeStore.ts';
import { recordAt } from '../../support/house.ts';

const KEY = 'session:s1';
const record = recordAt('https://id.example.com', 1_000_000);

describe('The vault', () => {
  let store: FakeStore;
  let vault: Vault;

  beforeEach(() => {
    store = new FakeStore();
    vault = new Vault(store);
  });

  it('gives back what it was given, to the last field', async () => {
    const full = { ...record, idToken: 'id', subject: 'person-1', sessionEndsAt: 5, sessionEndSource: 'answer', sessionEndIsFixed: true } as const;
    await vault.write(full);
    assert.deepEqual(await vault.read('s1'), full);
    assert.deepEqual(await vault.load(), { records: [full], findings: [] });
  });

  it('keeps one secret for each session and touches no other secret', async () => {
    store.secrets.set('other:secret', 'not ours');
    await vault.write(record);
    await vault.write({ ...record, id: 's2' });
    assert.deepEqual([...store.secrets.keys()], ['other:secret', KEY, 'session:s2']);
    await vault.delete('s1');
    assert.deepEqual([...store.secrets.keys()], ['other:secret', 'session:s2']);
  });

  const text = JSON.stringify(record);
  const spoilt: Readonly<Record<string, string>> = {
    'is not JSON': 'hello',
    'is empty': '',
    'was cut off half-way': text.slice(0, text.length / 2),
    'has a version that never was': JSON.stringify({ ...record, version: 0 }),
    'has no version': JSON.stringify({ ...record, version: undefined }),
    'lacks its access token': JSON.stringify({ ...record, accessToken: undefined }),
    'has a time that is text': JSON.stringify({ ...record, renewedAt: 'yesterday' }),
    'is a list': '[]',
    'belongs to another session': JSON.stringify({ ...record, id: 'other' }),
  };
  for (const [what, stored] of Object.entries(spoilt)) {
    it(`sets a text that ${what} aside, unchanged, and reports it`, async () => {
      store.secrets.set(KEY, stored);
      const { records, findings } = await vault.load();
      assert.deepEqual(records, []);
      assert.deepEqual(findings.map(({ id, kind }) => ({ id, kind })), [{ id: 's1', kind: 'set-aside' }]);
      assert.deepEqual([...store.secrets], [['set-aside:s1:1', stored]]);
    });
  }

  it('names the field at fault, and never what is in it', async () => {
    store.secrets.set(KEY, JSON.stringify({ ...record, accessToken: ['very-secret'] }));
    const { findings } = await vault.load();
    assert.match(findings[0]?.reason ?? '', /accessToken/);
    assert.doesNotMatch(JSON.stringify(findings), /very-secret/);
  });

  it('reports what was set aside once, not at every load', async () => {
    store.secrets.set(KEY, 'hello');
    await vault.load();
    assert.deepEqual(await vault.load(), { records: [], findings: [] });
  });

  it('keeps each text that was ever set aside for a session', async () => {
    for (const stored of ['first', 'second', 'first']) {
      store.secrets.set(KEY, stored);
      await vault.load();
    }
    assert.deepEqual([...store.secrets], [['set-aside:s1:1', 'first'], ['set-aside:s1:2', 'second']]);
  });

  it('leaves an unreadable text where it is while the copy cannot be made', async () => {
    store.secrets.set(KEY, 'hello');
    store.failing.add('store');
    await rejectsWith(vault.load(), 'storage', 'secret-store');
    assert.equal(store.secrets.get(KEY), 'hello');
  });

  it('leaves a record of a later version alone and reports it', async () => {
    const newer = JSON.stringify({ version: 2, anything: 'else' });
    store.secrets.set(KEY, newer);
    assert.deepEqual(await vault.load(), { records: [], findings: [{ id: 's1', kind: 'newer', reason: 'version 2' }] });
    assert.equal(await vault.read('s1'), undefined);
    assert.deepEqual([...store.secrets], [[KEY, newer]]);
  });

  it('reads the good sessions although one beside them is spoilt', async () => {
    store.secrets.set('session:bad', 'hello');
    await vault.write(record);
    const { records, findings } = await vault.load();
    assert.deepEqual(records, [record]);
    assert.equal(findings.length, 1);
  });

  it('refuses to write what it could not read back', async () => {
    await rejectsWith(vault.write({ ...record, accessToken: '' }), 'storage');
    await rejectsWith(vault.write({ ...record, renewedAt: NaN }), 'storage');
    assert.equal(store.secrets.size, 0);
  });

  const calls: readonly (readonly [StoreCall, () => Promise<unknown>])[] = [
    ['keys', () => vault.load()],
    ['get', () => vault.read('s1')],
    ['store', () => vault.write(record)],
    ['delete', () => vault.delete('s1')],
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
    const listening = vault.onDidChange((id) => heard.push(id));
    await vault.write(record);
    await store.store('other:secret', 'x');
    await vault.delete('s1');
    listening.dispose();
    await vault.write(record);
    assert.deepEqual(heard, ['s1', 's1']);
  });
});
