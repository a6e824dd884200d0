import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { formatRecord, parseRecord, type SessionRecord } from '../../../src/core/session.ts';
import { providerAt } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeFolder, FakeProcessLiveness, FakeStore } from '../../support/fakeStore.ts';
import { createTestWindow, grantFor, seedSession, recordAt, type TestWindow } from '../../support/testWindow.ts';
import { Crashable, StoreWithoutEvents, FolderWithoutWatch } from '../../support/crashable.ts';
import { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';

/** A store that tells of no change, where what has been read takes its time to arrive. */
class SlowStore extends StoreWithoutEvents {
  arrival: Promise<void> = Promise.resolve();

  override async get(key: string): Promise<string | undefined> {
    const value = await super.get(key);
    await this.arrival;
    return value;
  }
}

describe('The cross-window sync', function () {
  this.timeout(20_000);
  let server: ScriptedServer;
  let shared: {
    readonly clock: ManualAsyncClock;
    readonly folder: FakeFolder;
    readonly store: FakeStore;
    readonly life: FakeProcessLiveness;
  };
  let windows: TestWindow[];
  /** The window in which things happen. */
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

  /** The session of one window, which is not due for days. */
  const record = (more: Partial<SessionRecord> = {}): SessionRecord =>
    recordAt(server.issuer, shared.clock.now(), { accessExpiresAt: shared.clock.now() + 3 * DAY, ...more });

  const generationIn = (testWindow: TestWindow): number | undefined =>
    testWindow.liveSessions.get('s1')?.record.generation;
  const rest = (): Promise<void> => shared.clock.rest();
  const stored = (): unknown => {
    const parsed = parseRecord(shared.store.secrets.get('session:s1') ?? '');
    return parsed.kind === 'record' ? parsed.record : parsed;
  };

  /** The ways in which a window hears of others, each with how long it takes at the most. */
  const ways = {
    'the folder': {
      open: () => openWindow({ store: new StoreWithoutEvents(shared.store, new Crashable()) }),
      within: 0,
    },
    'a change of the secret': {
      open: () => openWindow({ folder: new FolderWithoutWatch(shared.folder, new Crashable()) }),
      within: 0,
    },
    'a look now and then': {
      open: () =>
        openWindow({
          folder: new FolderWithoutWatch(shared.folder, new Crashable()),
          store: new StoreWithoutEvents(shared.store, new Crashable()),
        }),
      within: MINUTE + 15 * SECOND,
    },
  };

  for (const [way, { open, within }] of Object.entries(ways)) {
    describe(`that hears of other windows by ${way}`, () => {
      const hear = (): Promise<void> => shared.clock.pass(within);

      it('takes over a sign-in, a renewal and a sign-out', async () => {
        const other = open();
        await rest();
        const { id } = await one.sessionManager.addSession(
          grantFor(providerAt(server.issuer), shared.clock.now(), { accessExpiresAt: shared.clock.now() + 3 * DAY }),
        );
        await hear();
        assert.deepEqual(other.record(id), one.record(id));
        await one.tokenRefresher.refresh(id, { reason: 'test' });
        await hear();
        assert.deepEqual([other.record(id).accessToken, other.record(id)], ['access-2', one.record(id)]);
        await one.sessionManager.signOut(id);
        await hear();
        assert.deepEqual(other.liveSessions.all(), []);
      });

      it('takes over an end', async () => {
        const other = open();
        await seedSession(one, record());
        await hear();
        server.onToken({ status: 400, body: { error: 'invalid_grant' } });
        await rejectsWith(one.tokenRefresher.refresh('s1', { reason: 'test' }), 'session-ended');
        await hear();
        assert.deepEqual(other.record().ended, one.record().ended);
        assert.notEqual(other.record().ended, undefined);
      });

      it('takes over a new sign-in of the same account', async () => {
        const other = open();
        await seedSession(one, record());
        await hear();
        const later = {
          refreshToken: 'refresh-x',
          accessToken: 'access-x',
          accessExpiresAt: shared.clock.now() + 3 * DAY,
        };
        await one.sessionManager.addSession(grantFor(providerAt(server.issuer), shared.clock.now(), later));
        await hear();
        assert.equal(other.record().accessToken, 'access-x');
      });

      if (way !== 'a change of the secret') {
        it('takes over a failure, and that it has passed', async () => {
          const other = open();
          await seedSession(one, record());
          await hear();
          server.onToken({ status: 429, headers: { 'Retry-After': '1800' } });
          await rejectsWith(one.tokenRefresher.refresh('s1', { reason: 'test' }), 'rate-limited');
          await hear();
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

  describe('when a session vanishes from the store', () => {
    let other: TestWindow;

    beforeEach(async () => {
      other = openWindow();
      await seedSession(one, record());
      await rest();
    });

    it('takes it for a sign-out where somebody has signed out', async () => {
      await one.sessionManager.signOut('s1');
      await rest();
      assert.deepEqual([other.liveSessions.all(), other.lines.filter((line) => line.includes('vanished'))], [[], []]);
    });

    it('takes it for a sign-out, too, where that could not be written down in the folder', async () => {
      shared.folder.failing = 'writing';
      await one.sessionManager.signOut('s1').catch(() => {});
      await shared.clock.pass(MINUTE);
      assert.deepEqual(
        [one.liveSessions.all(), other.liveSessions.all(), shared.store.secrets.has('session:s1')],
        [[], [], false],
      );
      shared.folder.failing = false;
      await shared.clock.pass(2 * MINUTE);
      const third = openWindow();
      await shared.clock.pass(MINUTE);
      assert.deepEqual([one.liveSessions.all(), other.liveSessions.all(), third.liveSessions.all()], [[], [], []]);
    });

    for (const failing of [false, 'writing', true] as const) {
      it(`stores it again where nobody has (the folder fails: ${failing})`, async () => {
        shared.folder.failing = failing;
        await shared.store.delete('session:s1');
        await shared.clock.pass(30 * SECOND);
        assert.deepEqual(stored(), one.record());
        assert.deepEqual(
          [one.liveSessions.all().length, other.liveSessions.all().length, other.liveSessions.get('s1')?.unsaved],
          [1, 1, false],
        );
        assert.equal(other.lines.filter((line) => line.includes('vanished')).length, 1);
      });
    }

    it('stores everything again after a keyring was reset, so that a later start finds it', async () => {
      const keys = [...shared.store.secrets.keys()];
      await Promise.all(keys.map((key) => shared.store.delete(key)));
      await shared.clock.pass(30 * SECOND);
      await one.tokenRefresher.refresh('s1', { reason: 'test' });
      const later = openWindow();
      await rest();
      assert.deepEqual(later.record(), one.record());
    });

    it('leaves it alone while the store cannot be read, and says so', async () => {
      shared.store.failing.add('get');
      await shared.store.delete('session:s1');
      await rest();
      assert.equal(other.liveSessions.all().length, 1);
      assert.match(other.lines.join('\n'), /could not be read after a change/);
    });

    it('puts the newest back where an older one was put over it', async () => {
      await one.tokenRefresher.refresh('s1', { reason: 'test' });
      await shared.store.store('session:s1', formatRecord(record({ generation: 1 })));
      await shared.clock.pass(30 * SECOND);
      assert.deepEqual(stored(), one.record());
      assert.deepEqual([generationIn(one), generationIn(other)], [2, 2]);
    });
  });

  describe('of half a renewal', () => {
    const half = (): SessionRecord => ({
      ...one.record(),
      generation: 2,
      isComplete: false,
      refreshToken: 'refresh-2',
    });

    beforeEach(async () => {
      await seedSession(one, record());
    });

    it('does not take it over while another window is busy with it, however it hears of it', async () => {
      const other = openWindow();
      await rest();
      await one.sessionStore.save(half(), false);
      await shared.clock.pass(2 * MINUTE);
      other.sessions.wake();
      await rest();
      assert.equal(generationIn(other), 1);
    });

    it('does not take it over in a renewal of its own that waits for its turn, either', async () => {
      const other = openWindow();
      await rest();
      let end = (): void => {};
      const busy = one.renewalLock.take(
        's1',
        1,
        () => new Promise<void>((resolve) => (end = resolve)),
        () => Promise.resolve(undefined),
      );
      const begun = half();
      await one.sessionStore.save(begun, false);
      const renewal = other.tokenRefresher.refresh('s1', { reason: 'test' });
      await shared.clock.pass(3 * SECOND);
      assert.equal(generationIn(other), 1);
      const whole = { ...begun, isComplete: true, accessToken: 'access-2' };
      await one.sessionStore.save(whole);
      end();
      await Promise.all([busy, renewal, shared.clock.pass(SECOND)]);
      assert.deepEqual([other.record(), server.requestsTo('/token')], [whole, []]);
    });

    it('takes it over when it stays like that', async () => {
      const other = openWindow();
      await rest();
      await one.sessionStore.save(half(), false);
      await one.sessionStore.enter(half());
      await rest();
      assert.deepEqual(
        [generationIn(other), other.record().isComplete, other.record().refreshToken],
        [2, false, 'refresh-2'],
      );
    });

    it('takes over the whole of it when that comes', async () => {
      const other = openWindow();
      await rest();
      await one.sessionStore.save(half(), false);
      const whole = { ...half(), isComplete: true, accessToken: 'access-2' };
      await one.sessionStore.save(whole);
      await rest();
      assert.deepEqual(other.record(), whole);
    });
  });

  it('does not bring back a session that is being signed out, whatever it hears meanwhile', async () => {
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

  it('ends with the newest where changes come in a crowd', async () => {
    const other = openWindow();
    await seedSession(one, record());
    const all = [];
    for (let generation = 2; generation <= 10; generation += 1) {
      await one.sessionStore.save(record({ generation, accessToken: `access-${generation}` }));
      all.push(...Array.from({ length: 20 }, () => other.crossWindowSync.sync('s1')));
    }
    await Promise.all(all);
    assert.equal(generationIn(other), 10);
  });

  it('does not miss what changes while it is looking', async () => {
    const store = new SlowStore(shared.store, new Crashable());
    const other = openWindow({ store });
    await seedSession(one, record());
    await rest();
    let arrive = (): void => {};
    store.arrival = new Promise((resolve) => (arrive = resolve));
    await one.sessionStore.save(record({ generation: 2 }));
    await rest();
    await one.sessionStore.save(record({ generation: 3 }));
    await rest();
    assert.equal(generationIn(other), 1);
    store.arrival = Promise.resolve();
    arrive();
    await rest();
    assert.equal(generationIn(other), 3);
  });

  it('goes on looking now and then where the clock was set back by a day', async () => {
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

  it('tells a sign-in of another window once, without a token in the log', async () => {
    const other = openWindow();
    await seedSession(one, record());
    await shared.clock.pass(5 * MINUTE);
    assert.equal(other.lines.filter((line) => line.includes('taken over')).length, 1);
    assert.doesNotMatch(other.lines.join('\n'), /access-1|refresh-1/);
  });

  it('is back in step at once when the window is looked at again', async () => {
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

  it('hears nothing any more once the window is closed', async () => {
    const other = openWindow();
    await rest();
    other.sessions.dispose();
    await seedSession(one, record());
    await shared.clock.pass(5 * MINUTE);
    assert.deepEqual(other.liveSessions.all(), []);
  });
});
