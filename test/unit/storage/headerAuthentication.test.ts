// What can be done to a session with write access to the shared folder but without the keys.
import assert from 'node:assert/strict';
import { SECOND } from '../../../src/core/clock.ts';
import { headerOf, isTombstone, type SessionFile, type SessionHeader } from '../../../src/storage/sessionFile.ts';
import { ended, generation, SessionStoreFixture, type StoreWindow } from '../../support/sessionStoreFixture.ts';
import { hasTombstone, sessionFile, sessionFileName } from '../../support/sharedFiles.ts';

describe('The authentication of session files', () => {
  let fixture: SessionStoreFixture;
  let files: Map<string, string>;
  let window: StoreWindow;

  beforeEach(async () => {
    fixture = new SessionStoreFixture();
    ({ files } = fixture.folder);
    window = fixture.openWindow();
    await window.put(generation(3));
    window.liveSessions.set(generation(3));
  });

  const present = (): SessionHeader => {
    const header = headerOf(sessionFile(files));
    assert.ok(header !== undefined);
    return header;
  };
  /** Replaces the newest file, or adds one after it. */
  const forge = (content: object, number?: number): void =>
    void files.set(
      number === undefined ? (sessionFileName(files) ?? '') : `s1.${number}.session`,
      JSON.stringify(content),
    );
  const key = 'ffffffffffff';
  const failure = { generation: 3, at: 1, category: 'session-ended', code: 'invalid_grant', failures: 1 };

  /** Forged tombstones. */
  const tombstones: Readonly<Record<string, object>> = {
    'has no code': {},
    'has a code of an unknown key': { mac: { key, code: 'x' } },
    'has a wrong code of a known key': { mac: { code: 'x' } },
    'has an empty code of a known key': { mac: { code: '' } },
  };
  for (const [what, more] of Object.entries(tombstones)) {
    it(`doesn't sign out when a tombstone ${what}`, async () => {
      const { mac } = present();
      const forged = { version: 1, signedOutAt: fixture.clock.now(), ...more };
      forge('mac' in forged ? { ...forged, mac: { ...mac, ...(forged.mac as object) } } : forged);
      assert.deepEqual(await window.compare(generation(3), 'all'), { kind: 'current' });
      assert.equal(await window.isSignedOutAnywhere('s1'), false);
      const { records } = await fixture.within(6 * SECOND, fixture.openWindow().list());
      assert.deepEqual(records, [generation(3)]);
      assert.equal(fixture.secrets.has('session:s1'), true);
      await fixture.within(6 * SECOND, window.put(generation(4)));
      assert.deepEqual(await fixture.openWindow().get('s1'), generation(4));
    });
  }

  it('signs out when the tombstone comes from another window', async () => {
    await fixture.openWindow().remove('s1');
    assert.deepEqual(await window.compare(generation(3), 'file'), { kind: 'signed-out' });
  });

  it("signs out in all windows when the window of the sign-out can't read the keyring", async () => {
    const other = fixture.openWindow();
    for (const call of ['get', 'keys', 'store'] as const) {
      fixture.store.failing.add(call);
    }
    await other.remove('s1').catch(() => {});
    fixture.store.failing.clear();
    await other.retryPendingRemovals();
    assert.deepEqual([hasTombstone(files), await window.isSignedOut('s1')], [true, true]);
  });

  it('keeps a tombstone when its key becomes visible a moment later', async () => {
    const secrets = fixture.store.secrets;
    const before = [...secrets].filter(([name]) => name.startsWith('encryption-key:'));
    before.forEach(([name]) => secrets.delete(name));
    files.clear();
    await fixture.openWindow().remove('s1');
    const hidden = [...secrets].filter(([name]) => name.startsWith('encryption-key:'));
    hidden.forEach(([name]) => secrets.delete(name));
    before.forEach(([name, key]) => secrets.set(name, key));
    fixture.clock.after(SECOND, () => hidden.forEach(([name, key]) => secrets.set(name, key)));
    await fixture.within(2 * SECOND, window.files.write(generation(4)));
    assert.deepEqual([hidden.length, hasTombstone(files), await window.isSignedOut('s1')], [1, true, true]);
  });

  it('ignores a tombstone of one session under the name of another', async () => {
    await window.put(generation(1, { id: 's2' }));
    await window.remove('s2');
    files.set(sessionFileName(files) ?? '', files.get(sessionFileName(files, 's2') ?? '') ?? '');
    assert.equal(await window.isSignedOut('s1'), false);
  });

  it('ignores an old file that is stored as a newer revision', async () => {
    const old = files.get(sessionFileName(files) ?? '') ?? '';
    await window.put(ended(generation(4)));
    files.set('s1.9.session', old);
    assert.equal((await window.header('s1'))?.generation, 4);
  });

  /** What is changed in a header whose code stays the same. */
  const changes: Readonly<Record<string, object>> = {
    generation: { generation: 4 },
    'generation, far ahead': { generation: 1e12 },
    end: { isEnded: true },
    completeness: { generation: 4, isComplete: false },
    provider: { providerId: 'other' },
    'request in flight': { inFlight: 3 },
    failure: { lastFailure: failure },
    "text of a field that this version doesn't know": { later: 1 },
    'encrypted record': { sealed: { key: 'x', text: 'y' } },
    'key of the code': { mac: { key: '' } },
  };
  for (const [what, more] of Object.entries(changes)) {
    it(`ignores the header, and deletes nothing, when its ${what} was changed`, async () => {
      forge({ ...present(), ...more });
      const before = [...files];
      const header = await window.header('s1');
      assert.ok(header === undefined || header.isUnverified === true);
      assert.deepEqual([header?.lastFailure, [...files]], [undefined, before]);
      if (what !== 'key of the code') {
        assert.equal(header, undefined);
        assert.deepEqual(await window.compare(generation(3), 'file'), { kind: 'current' });
        assert.equal(fixture.lines.filter((line) => line.includes('belongs to another editor')).length, 1);
      }
      await window.put(generation(4));
      assert.deepEqual(await fixture.openWindow().get('s1'), generation(4));
    });
  }

  for (const number of [1e12, 2 ** 52, 2 ** 53, 1e300, 20_000, -1, 1.5, '4', null]) {
    it(`delays no refresh when a header without a code has generation ${number}`, async () => {
      forge({ version: 1, providerId: 'acme', isComplete: true, isEnded: false, generation: number });
      assert.deepEqual(await window.compare(generation(3), 'file'), { kind: 'current' });
      await window.put(generation(4));
      assert.deepEqual(await fixture.openWindow().get('s1'), generation(4));
      assert.equal((await window.header('s1'))?.isUnverified, undefined);
    });
  }

  it("sends no older refresh token when a window that couldn't read the keyring has stored a newer one", async () => {
    forge({ ...present(), generation: 4, mac: undefined });
    assert.deepEqual(await window.compare(generation(3), 'file'), { kind: 'unreadable-newer' });
  });

  it('ignores a failure when the header has no code', async () => {
    forge({ ...present(), lastFailure: failure, mac: undefined });
    assert.deepEqual(
      [(await window.header('s1'))?.lastFailure, (await window.header('s1'))?.generation],
      [undefined, 3],
    );
  });

  for (const number of ['9007199254740992', '1000000001', '01', '1e3', '99999999999999999999']) {
    it(`ignores a file when its revision is ${number}`, async () => {
      files.set(`s1.${number}.session`, JSON.stringify({ version: 1, signedOutAt: 1 }));
      await window.put(generation(4));
      assert.deepEqual(await fixture.openWindow().get('s1'), generation(4));
      assert.equal((await window.header('s1'))?.generation, 4);
    });
  }

  it('continues with the next change when a file has the highest possible revision', async () => {
    files.set('s1.1000000000.session', JSON.stringify({ version: 1, signedOutAt: 1 }));
    await window.put(generation(4));
    assert.deepEqual([files.has('s1.1000000000.session'), (await window.header('s1'))?.generation], [false, 4]);
  });

  it('accepts a field that only a later version knows when it is authenticated', async () => {
    let next: SessionFile | undefined;
    await window.files.update('s1', (file) => (next = { ...headerOf(file), later: 'x' } as unknown as SessionFile));
    assert.ok(next !== undefined && !isTombstone(next));
    assert.match(files.get(sessionFileName(files) ?? '') ?? '', /"later":"x"/);
    assert.deepEqual(
      [(await window.header('s1'))?.generation, (await window.header('s1'))?.isUnverified],
      [3, undefined],
    );
  });
});
