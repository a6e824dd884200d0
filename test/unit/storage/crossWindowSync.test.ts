import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { formatRecord, parseRecord, type SessionRecord } from '../../../src/core/session.ts';
import { providerAt } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeFolder, FakeProcessLiveness, FakeStore } from '../../support/fakeStore.ts';
import { createTestWindow, grantFor, seedSession, recordAt, type TestWindow } from '../../support/testWindow.ts';
import { Crashable, StoreWithoutEvents, FolderWithoutWatch } from '../../support/crashable.ts';
import { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { hasTombstone, lockContent, setAuthenticFile } from '../../support/sharedFiles.ts';
import { rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';

/** A store that reports no changes, and whose reads take time. */
class SlowStore extends StoreWithoutEvents {
  arrival: Promise<void> = Promise.resolve();

  override async get(key: string): Promise<string | undefined> {
    const value = await super.get(key);
    await this.arrival;
    return value;
  }
}

describe('CrossWindowSync', () => {
  let server: ScriptedServer;
  let shared: {
    readonly clock: ManualAsyncClock;
    readonly folder: FakeFolder;
    readonly store: FakeStore;
    readonly life: FakeProcessLiveness;
  };
  let windows: TestWindow[];
  /** The observed window. */
  let one: TestWindow;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    shared = {
      clock: new ManualAsyncClock(),
      folder: new FakeFolder(),
      store: new FakeStore(),
      life: new FakeProcessLiveness(),
    };
    server.date = () => shared.clock.now();
    server.onToken(rotatingTokens({ expires_in: 3 * 86400 }));
    windows = [];
    one = openWindow();
  });

  afterEach(async () => {
    windows.forEach(({ sessions }) => sessions.dispose());
    await server.stop();
  });

  const openWindow = (more: { readonly folder?: FakeFolder; readonly store?: FakeStore } = {}): TestWindow => {
    const testWindow = createTestWindow(server.issuer, { ...shared, ...more });
    testWindow.sessions.start();
    windows.push(testWindow);
    return testWindow;
  };

  /** The session of one window, which isn't due for days. */
  const record = (more: Partial<SessionRecord> = {}): SessionRecord =>
    recordAt(server.issuer, shared.clock.now(), { accessExpiresAt: shared.clock.now() + 3 * DAY, ...more });

  const generationIn = (testWindow: TestWindow): number | undefined =>
    testWindow.liveSessions.get('s1')?.record.generation;
  const rest = (): Promise<void> => shared.clock.rest();
  const stored = (): unknown => {
    const parsed = parseRecord(shared.store.secrets.get('session:s1') ?? '');
    return parsed.kind === 'record' ? parsed.record : parsed;
  };

  /** How a window learns of changes in others, with the longest time that each takes. */
  const channels = {
    'the folder': {
      open: () => openWindow({ store: new StoreWithoutEvents(shared.store, new Crashable()) }),
      within: 0,
    },
    'a change of the secret': {
      open: () => openWindow({ folder: new FolderWithoutWatch(shared.folder, new Crashable()) }),
      within: 0,
    },
    polling: {
      open: () =>
        openWindow({
          folder: new FolderWithoutWatch(shared.folder, new Crashable()),
          store: new StoreWithoutEvents(shared.store, new Crashable()),
        }),
      within: MINUTE + 15 * SECOND,
    },
  };

  for (const [channel, { open, within }] of Object.entries(channels)) {
    describe(`that learns of changes by ${channel}`, () => {
      const waitForSync = (): Promise<void> => shared.clock.pass(within);

      it('adopts a sign-in, a refresh and a sign-out of another window', async () => {
        const other = open();
        await rest();
        const { id } = await one.sessionManager.addSession(
          grantFor(providerAt(server.issuer), shared.clock.now(), { accessExpiresAt: shared.clock.now() + 3 * DAY }),
        );
        await waitForSync();
        assert.deepEqual(other.record(id), one.record(id));
        await one.tokenRefresher.refresh(id, { reason: 'test' });
        await waitForSync();
        assert.deepEqual([other.record(id).accessToken, other.record(id)], ['access-2', one.record(id)]);
        await one.sessionManager.signOut(id);
        await waitForSync();
        assert.deepEqual(other.liveSessions.all(), []);
      });

      it('adopts the end of a session when another window got the verdict', async () => {
        const other = open();
        await seedSession(one, record());
        await waitForSync();
        server.onToken({ status: 400, body: { error: 'invalid_grant' } });
        await rejectsWith(one.tokenRefresher.refresh('s1', { reason: 'test' }), 'session-ended');
        await waitForSync();
        assert.deepEqual(other.record().ended, one.record().ended);
        assert.notEqual(other.record().ended, undefined);
      });

      it('adopts the new tokens when the same account signs in again in another window', async () => {
        const other = open();
        await seedSession(one, record());
        await waitForSync();
        const later = {
          refreshToken: 'refresh-x',
          accessToken: 'access-x',
          accessExpiresAt: shared.clock.now() + 3 * DAY,
        };
        await one.sessionManager.addSession(grantFor(providerAt(server.issuer), shared.clock.now(), later));
        await waitForSync();
        assert.equal(other.record().accessToken, 'access-x');
      });

      if (channel !== 'a change of the secret') {
        it('adopts a failure of another window, and its recovery', async () => {
          const other = open();
          await seedSession(one, record());
          await waitForSync();
          server.onToken({ status: 429, headers: { 'Retry-After': '1800' } });
          await rejectsWith(one.tokenRefresher.refresh('s1', { reason: 'test' }), 'rate-limited');
          await waitForSync();
          const { failure, failures, failedAt, nextAttemptAt } = other.liveSessions.get('s1') ?? {};
          assert.deepEqual(
            [failure?.category, failures, failedAt, nextAttemptAt],
            ['rate-limited', 1, one.liveSessions.get('s1')?.failedAt, one.liveSessions.get('s1')?.nextAttemptAt],
          );
          assert.ok((failure?.retryAfter ?? 0) > 0);
          server.onToken(rotatingTokens({ expires_in: 3 * 86400 }));
          await shared.clock.pass(HOUR);
          assert.deepEqual(
            [generationIn(other), other.liveSessions.get('s1')?.failure],
            [generationIn(one), undefined],
          );
          assert.equal(generationIn(one), 2);
        });
      }
    });
  }

  describe('when a secret is deleted', () => {
    let other: TestWindow;

    beforeEach(async () => {
      other = openWindow();
      await seedSession(one, record());
      await rest();
    });

    it('signs out when another window has', async () => {
      await one.sessionManager.signOut('s1');
      await rest();
      assert.deepEqual(
        [other.liveSessions.all(), other.lines.filter((line) => line.includes('missing from SecretStorage'))],
        [[], []],
      );
    });

    it('signs out when another window has, although the folder failed', async () => {
      shared.folder.failing = 'writing';
      await one.sessionManager.signOut('s1').catch(() => {});
      await shared.clock.pass(MINUTE);
      assert.deepEqual(
        [one.liveSessions.all(), other.liveSessions.all(), shared.store.secrets.has('session:s1')],
        [[], [], false],
      );
      shared.folder.failing = false;
      await shared.clock.pass(2 * MINUTE);
      assert.equal(hasTombstone(shared.folder.files), true);
      const third = openWindow();
      await shared.clock.pass(MINUTE);
      assert.deepEqual([one.liveSessions.all(), other.liveSessions.all(), third.liveSessions.all()], [[], [], []]);
    });

    for (const failing of [false, 'writing', true] as const) {
      it(`stores it again when there was no sign-out (the folder fails: ${failing})`, async () => {
        shared.folder.failing = failing;
        await shared.store.delete('session:s1');
        await shared.clock.pass(30 * SECOND);
        assert.deepEqual(stored(), one.record());
        assert.deepEqual(
          [one.liveSessions.all().length, other.liveSessions.all().length, other.liveSessions.get('s1')?.unsaved],
          [1, 1, false],
        );
        assert.equal(other.lines.filter((line) => line.includes('missing from SecretStorage')).length, 1);
      });
    }

    it('stores everything again when the keyring was reset, so that a later start finds it', async () => {
      const keys = [...shared.store.secrets.keys()];
      await Promise.all(keys.map((key) => shared.store.delete(key)));
      await shared.clock.pass(30 * SECOND);
      await one.tokenRefresher.refresh('s1', { reason: 'test' });
      const later = openWindow();
      await rest();
      assert.deepEqual(later.record(), one.record());
    });

    it("changes nothing, and logs it, when SecretStorage can't be read", async () => {
      shared.store.failing.add('get');
      await shared.store.delete('session:s1');
      await rest();
      assert.equal(other.liveSessions.all().length, 1);
      assert.match(other.lines.join('\n'), /Couldn't read session s1 after a change/);
    });

    it('stores the newest record again when an older one has overwritten it', async () => {
      await one.tokenRefresher.refresh('s1', { reason: 'test' });
      await shared.store.store('session:s1', formatRecord(record({ generation: 1 })));
      await shared.clock.pass(30 * SECOND);
      assert.deepEqual(stored(), one.record());
      assert.deepEqual([generationIn(one), generationIn(other)], [2, 2]);
    });
  });

  describe('when a secret is stored', () => {
    let other: TestWindow;

    beforeEach(async () => {
      other = openWindow();
      await seedSession(one, record());
      await rest();
    });

    it('leaves it unchanged when a later version has written it', async () => {
      const later = JSON.stringify({ ...record({ generation: 2 }), version: 99 });
      await shared.store.store('session:s1', later);
      await shared.clock.pass(2 * MINUTE);
      assert.deepEqual([generationIn(other), other.liveSessions.get('s1')?.unsaved], [1, false]);
      assert.equal(shared.store.secrets.get('session:s1'), later);
      assert.doesNotMatch(other.lines.join('\n'), /missing from SecretStorage/);
    });

    it('leaves a session that this window is refreshing to the refresh', async () => {
      other.liveSessions.patch('s1', { refreshing: true });
      await shared.store.store('session:s1', formatRecord(record({ generation: 2 })));
      await rest();
      assert.equal(generationIn(other), 1);
      other.liveSessions.patch('s1', { refreshing: false });
      await shared.store.store('session:s1', formatRecord(record({ generation: 3 })));
      await rest();
      assert.equal(generationIn(other), 3);
    });

    it("signs out, and adopts no newer tokens, when they can't be deleted after a sign-out", async () => {
      setAuthenticFile(shared.folder.files, shared.store.secrets, { version: 1, signedOutAt: shared.clock.now() });
      shared.store.failing.add('delete');
      const adopted: number[] = [];
      other.liveSessions.onDidChange(({ after }) => adopted.push(after?.record.generation ?? 0));
      await shared.store.store('session:s1', formatRecord(record({ generation: 2 })));
      await rest();
      assert.deepEqual([other.liveSessions.all(), adopted], [[], [0]]);
    });
  });

  describe('with an incomplete record', () => {
    const half = (): SessionRecord => ({
      ...one.record(),
      generation: 2,
      isComplete: false,
      refreshToken: 'refresh-2',
    });
    let other: TestWindow;

    beforeEach(async () => {
      await seedSession(one, record());
      other = openWindow();
      await rest();
      await one.sessionStore.markRefreshInFlight(one.record());
    });

    it("doesn't adopt it while another window completes it, however it learns of it", async () => {
      await one.sessionStore.put(half());
      await shared.clock.pass(2 * MINUTE);
      other.sessions.wake();
      await rest();
      assert.equal(generationIn(other), 1);
    });

    it("doesn't adopt it for its own refresh that waits for the lock, either", async () => {
      const busy = Promise.withResolvers<undefined>();
      const holding = one.renewalLock.runExclusive('s1', () => busy.promise, {
        whileWaiting: () => Promise.resolve(undefined),
      });
      const begun = half();
      await one.sessionStore.put(begun);
      const refresh = other.tokenRefresher.refresh('s1', { reason: 'test' });
      await shared.clock.pass(3 * SECOND);
      assert.equal(generationIn(other), 1);
      const whole = { ...begun, isComplete: true, accessToken: 'access-2' };
      await one.sessionStore.put(whole);
      busy.resolve(undefined);
      await Promise.all([holding, refresh, shared.clock.pass(SECOND)]);
      assert.deepEqual([other.record(), server.requestsTo('/token')], [whole, []]);
    });

    it('adopts it when its window has finished and it stays incomplete', async () => {
      await one.sessionStore.put(half());
      await one.sessionStore.clearRefreshInFlight('s1');
      await rest();
      assert.deepEqual(
        [generationIn(other), other.record().isComplete, other.record().refreshToken],
        [2, false, 'refresh-2'],
      );
    });

    it('adopts the complete one when that arrives', async () => {
      await one.sessionStore.put(half());
      const whole = { ...half(), isComplete: true, accessToken: 'access-2' };
      await one.sessionStore.put(whole);
      await rest();
      assert.deepEqual(other.record(), whole);
    });

    it('continues with its refresh token when its window has ended', async () => {
      // The lock of a process that isn't alive.
      await shared.folder.create('s1.1.locked', lockContent('ended'));
      await one.sessionStore.put(half());
      one.sessions.dispose();
      server.onToken(({ parameters }) =>
        parameters.get('refresh_token') === 'refresh-2'
          ? { body: { access_token: 'access-3', refresh_token: 'refresh-3', token_type: 'Bearer', expires_in: 9000 } }
          : { status: 400, body: { error: 'invalid_grant' } },
      );
      await shared.clock.pass(MINUTE);
      assert.deepEqual(
        [other.record().accessToken, generationIn(other), other.record().isComplete],
        ['access-3', 3, true],
      );
      assert.equal(server.requestsTo('/token').length, 1);
    });
  });

  it("doesn't restore a session when it learns of it during the sign-out", async () => {
    await seedSession(one, record());
    const text = formatRecord(one.record());
    const seen: number[] = [];
    one.liveSessions.onDidChange(() => seen.push(one.liveSessions.all().length));
    const leaving = one.sessionManager.signOut('s1');
    await shared.store.store('session:s1', text);
    await one.crossWindowSync.sync('s1');
    await leaving;
    await shared.clock.pass(2 * MINUTE);
    assert.deepEqual(
      [seen.at(-1), Math.max(...seen.slice(1), 0), shared.store.secrets.has('session:s1')],
      [0, 0, false],
    );
  });

  it("doesn't adopt a session that is signed out in this window while it's being read", async () => {
    const store = new SlowStore(shared.store, new Crashable());
    const other = openWindow({ store });
    await rest();
    const arrival = Promise.withResolvers<undefined>();
    store.arrival = arrival.promise.then(() => {});
    await seedSession(one, record());
    await rest();
    const removing = other.sessionStore.remove('s1');
    arrival.resolve(undefined);
    await removing;
    await shared.clock.pass(MINUTE);
    assert.deepEqual(
      other.changes.map(({ after }) => after?.record.id),
      [],
    );
  });

  it('leaves no tokens when a slow window stores them after the sign-out', async () => {
    const other = openWindow();
    await seedSession(one, record());
    await rest();
    const text = formatRecord(record({ generation: 2 }));
    await one.sessionManager.signOut('s1');
    await rest();
    await shared.store.store('session:s1', text);
    await rest();
    assert.deepEqual([one.liveSessions.all(), other.liveSessions.all()], [[], []]);
    assert.equal(shared.store.secrets.has('session:s1'), false);
  });

  it("doesn't adopt tokens that are stored after a sign-out that this window doesn't know of yet", async () => {
    const blind = openWindow({ folder: new FolderWithoutWatch(shared.folder, new Crashable()) });
    await seedSession(one, record());
    await rest();
    const adopted: number[] = [];
    blind.liveSessions.onDidChange(({ after }) => adopted.push(after?.record.generation ?? 0));
    setAuthenticFile(shared.folder.files, shared.store.secrets, { version: 1, signedOutAt: shared.clock.now() });
    await shared.store.store('session:s1', formatRecord(record({ generation: 2 })));
    await rest();
    assert.deepEqual([blind.liveSessions.all(), adopted], [[], [0]]);
    assert.equal(shared.store.secrets.has('session:s1'), false);
  });

  it('signs out within seconds when the key of a tombstone becomes visible later', async () => {
    await seedSession(one, record());
    await rest();
    const files = shared.folder.files;
    const [prefixed = '', key = ''] =
      [...shared.store.secrets].find(([name]) => name.startsWith('encryption-key:')) ?? [];
    const late = openWindow();
    await late.sessionManager.ready();
    assert.equal(late.liveSessions.all().length, 1);
    shared.store.secrets.set('encryption-key:0', key.split('').reverse().join('').replaceAll('=', 'A'));
    setAuthenticFile(files, shared.store.secrets, { version: 1, signedOutAt: shared.clock.now() });
    const hidden = shared.store.secrets.get('encryption-key:0') ?? '';
    shared.store.secrets.delete('encryption-key:0');
    await late.crossWindowSync.sync('s1');
    assert.equal(late.liveSessions.all().length, 1, prefixed);
    shared.store.secrets.set('encryption-key:0', hidden);
    await shared.clock.pass(3 * SECOND);
    assert.equal(late.liveSessions.all().length, 0);
  });

  it('ends with the newest record when many changes come at once', async () => {
    const other = openWindow();
    await seedSession(one, record());
    const all = [];
    for (let generation = 2; generation <= 10; generation += 1) {
      await one.sessionStore.put(record({ generation, accessToken: `access-${generation}` }));
      all.push(...Array.from({ length: 20 }, () => other.crossWindowSync.sync('s1')));
    }
    await Promise.all(all);
    assert.equal(generationIn(other), 10);
  });

  it('misses no change that happens during a read', async () => {
    const store = new SlowStore(shared.store, new Crashable());
    const other = openWindow({ store });
    await seedSession(one, record());
    await rest();
    let arrive = (): void => {};
    store.arrival = new Promise((resolve) => (arrive = resolve));
    await one.sessionStore.put(record({ generation: 2 }));
    await rest();
    await one.sessionStore.put(record({ generation: 3 }));
    await rest();
    assert.equal(generationIn(other), 1);
    store.arrival = Promise.resolve();
    arrive();
    await rest();
    assert.equal(generationIn(other), 3);
  });

  it('continues polling when the clock was set back by a day', async () => {
    const blind = openWindow({
      folder: new FolderWithoutWatch(shared.folder, new Crashable()),
      store: new StoreWithoutEvents(shared.store, new Crashable()),
    });
    await shared.clock.pass(MINUTE);
    shared.clock.sleep(-DAY);
    await seedSession(one, record());
    await shared.clock.pass(2 * MINUTE);
    assert.deepEqual(blind.record(), one.record());
  });

  it('logs it once, without a token, when another window signs in', async () => {
    const other = openWindow();
    await seedSession(one, record());
    await shared.clock.pass(5 * MINUTE);
    assert.equal(other.lines.filter((line) => line.includes('adopted from another window')).length, 1);
    assert.doesNotMatch(other.lines.join('\n'), /access-1|refresh-1/);
  });

  it('syncs immediately when the window is used again', async () => {
    const blind = openWindow({
      folder: new FolderWithoutWatch(shared.folder, new Crashable()),
      store: new StoreWithoutEvents(shared.store, new Crashable()),
    });
    await shared.clock.pass(SECOND);
    await seedSession(one, record());
    await rest();
    assert.deepEqual(blind.liveSessions.all(), []);
    blind.sessions.wake();
    await rest();
    assert.deepEqual(blind.record(), one.record());
  });

  it('stops syncing when the window is closed', async () => {
    const other = openWindow();
    await rest();
    other.sessions.dispose();
    await seedSession(one, record());
    await shared.clock.pass(5 * MINUTE);
    assert.deepEqual(other.liveSessions.all(), []);
  });
});
