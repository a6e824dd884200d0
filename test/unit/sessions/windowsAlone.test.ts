// Windows without a shared lock, because the shared folder doesn't work: they use the store as well as possible.
import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { rotatingTokens, ScriptedServer, type ScriptedAnswer } from '../../support/scriptedServer.ts';
import { type StoreModel } from '../../support/simulation/sharedSecrets.ts';
import { timed, tokenIn, Windows } from '../../support/windows.ts';
import { hasTombstone } from '../../support/sharedFiles.ts';

describe('Windows without a shared lock', () => {
  let server: ScriptedServer;
  let windows: Windows;
  let times: readonly number[];

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    windows.folder.failing = false;
    await windows.closeAll();
    await server.stop();
  });

  const openSignedIn = async (kind: StoreModel, count: number): Promise<void> => {
    windows = new Windows(server, kind);
    await windows.signIn(windows.open());
    await windows.clock.pass(3 * SECOND);
    await windows.openMany(count - 1);
    windows.folder.failing = true;
  };

  const accessTokens = (): Set<string> => new Set(windows.all.map((window) => window.record().accessToken));
  const revoked = (): unknown[] => server.requestsTo('/revoke');

  /** Refreshes in all windows in turn, which makes them detect that they have no shared lock. */
  const renewInTurn = async (): Promise<void> => {
    for (const window of windows.all) {
      // A window that is behind only adopts what another has.
      await window.crossWindowSync.syncSecret('s1');
      await Promise.all([window.tokenRefresher.refresh('s1', { reason: 'test' }), windows.clock.pass(5 * SECOND)]);
    }
  };

  /** Makes all windows, which know that they have no shared lock, send the same token at the same time. */
  const collide = async (): Promise<void> => {
    await renewInTurn();
    await Promise.all(windows.all.map(({ crossWindowSync }) => crossWindowSync.syncSecret('s1')));
    const before = times.length;
    const renewals = Promise.allSettled(
      windows.all.map(({ tokenRefresher }) => tokenRefresher.refresh('s1', { reason: 'test' })),
    );
    await windows.clock.pass(20 * SECOND);
    await renewals;
    assert.equal(times.length - before, windows.all.length, "they didn't collide");
  };

  for (const kind of ['immediate', 'lagging'] as const) {
    describe(`(${kind})`, () => {
      it('adopt silently what another has refreshed when their own request came too late', async () => {
        await openSignedIn(kind, 2);
        // A rejection of the older token, and nothing worse.
        let generation = 1;
        times = timed(windows, server, ({ parameters }): ScriptedAnswer => {
          if (parameters.get('refresh_token') !== `refresh-${generation}`) {
            return { status: 400, body: { error: 'invalid_grant' } };
          }
          generation += 1;
          return {
            body: {
              access_token: `access-${generation}`,
              refresh_token: `refresh-${generation}`,
              token_type: 'Bearer',
              expires_in: 300,
            },
          };
        });
        await collide();
        const newest = `access-${times.length}`;
        assert.deepEqual([accessTokens(), revoked()], [new Set([newest]), []]);
        for (const window of windows.all) {
          assert.deepEqual(
            [window.record().ended, window.liveSessions.get('s1')?.failure, await tokenIn(window)],
            [undefined, undefined, newest],
          );
        }
        await windows.clock.pass(HOUR);
        assert.ok(windows.all.every((window) => window.record().ended === undefined));
      });

      it('revoke nothing when both got tokens', async () => {
        await openSignedIn(kind, 2);
        let generation = 1;
        // A server that doesn't rotate.
        times = timed(windows, server, () => ({
          body: { access_token: `access-${(generation += 1)}`, token_type: 'Bearer', expires_in: 300 },
        }));
        await collide();
        assert.deepEqual(revoked(), []);
        await windows.clock.pass(HOUR);
        assert.deepEqual([revoked(), windows.all.map((window) => window.record().ended)], [[], [undefined, undefined]]);
      });

      it('revoke nothing when both got refresh tokens, one of which is enough', async () => {
        await openSignedIn(kind, 2);
        let count = 1;
        times = timed(windows, server, () => {
          count += 1;
          return {
            body: {
              access_token: `access-${count}`,
              refresh_token: `refresh-${count}`,
              token_type: 'Bearer',
              expires_in: 300,
            },
          };
        });
        await collide();
        assert.deepEqual(revoked(), []);
        assert.ok(windows.all.every((window) => window.record().ended === undefined));
      });

      it('report it, once each', async () => {
        await openSignedIn(kind, 3);
        times = timed(windows, server, rotatingTokens());
        await renewInTurn();
        await renewInTurn();
        assert.deepEqual(
          windows.all.map(({ alone }) => alone),
          [1, 1, 1],
        );
      });
    });
  }

  it('refresh once each time anyway when the store is immediately consistent', async () => {
    await openSignedIn('immediate', 5);
    times = timed(windows, server, rotatingTokens());
    await windows.clock.pass(HOUR);
    assert.deepEqual(
      [accessTokens(), windows.all.map((window) => window.record().ended)],
      [new Set([`access-${times.length + 1}`]), Array(5).fill(undefined)],
    );
    assert.ok(times.length >= 17 && times.length <= 22, `${times.length} requests`);
    await windows.closeAll();
    assert.equal(await tokenIn(windows.open()), `access-${times.length + 1}`);
  });

  it('use the lock again as soon as the folder works, with their newest tokens', async () => {
    await openSignedIn('immediate', 5);
    times = timed(windows, server, rotatingTokens());
    await windows.clock.pass(10 * MINUTE);
    windows.folder.failing = false;
    const before = times.length;
    await windows.clock.pass(10 * MINUTE);
    await renewInTurn();
    assert.deepEqual(
      [accessTokens(), windows.all.map((window) => window.record().ended)],
      [new Set([`access-${times.length + 1}`]), Array(5).fill(undefined)],
    );
    assert.ok(times.length > before);
    assert.ok([...windows.folder.files.keys()].some((name) => name.endsWith('.locked')));
  });

  it('learn of a refresh as soon as possible when the folder is the only channel and had failed', async () => {
    await openSignedIn('browser', 3);
    times = timed(windows, server, rotatingTokens());
    const [one] = windows.all;
    await Promise.all([one?.tokenRefresher.refresh('s1', { reason: 'test' }), windows.clock.pass(5 * SECOND)]);
    windows.folder.failing = false;
    await windows.clock.pass(70 * SECOND);
    assert.deepEqual([accessTokens(), times.length], [new Set(['access-2']), 1]);
    await windows.closeAll();
    assert.equal(await tokenIn(windows.open()), 'access-2');
  });

  const never = (): Promise<never> => new Promise(() => {});

  for (const [what, hang] of [
    [
      'the keyring waits behind a dialog',
      () => Object.assign(windows.store, { get: never, store: never, keys: never, delete: never }),
    ],
    [
      'the folder is on a disconnected network drive',
      () => Object.assign(windows.folder, { list: never, read: never, write: never, create: never, delete: never }),
    ],
  ] as const) {
    it(`give a caller whose token has expired a new one within half a minute although ${what}`, async () => {
      await openSignedIn('immediate', 2);
      windows.folder.failing = false;
      times = timed(windows, server, rotatingTokens());
      hang();
      windows.clock.sleep(HOUR);
      const [one] = windows.all;
      assert.ok(one !== undefined);
      let token: string | undefined;
      void tokenIn(one).then((found) => (token = found));
      await windows.clock.pass(30 * SECOND);
      assert.equal(token, `access-${times.length + 1}`);
      assert.ok(times.length > 0);
    });
  }

  it('sign out in all of them, permanently', async () => {
    await openSignedIn('immediate', 3);
    times = timed(windows, server, rotatingTokens());
    windows.folder.failing = 'writing';
    await windows.all[1]?.sessionManager.signOut('s1').catch(() => {});
    await windows.clock.pass(10 * MINUTE);
    assert.deepEqual(
      windows.all.map(({ liveSessions }) => liveSessions.all().length),
      [0, 0, 0],
    );
    windows.folder.failing = false;
    await windows.clock.pass(10 * MINUTE);
    assert.ok(hasTombstone(windows.folder.files), 'as soon as the folder works again');
    await windows.closeAll();
    const later = windows.open();
    await windows.clock.pass(10 * MINUTE);
    assert.deepEqual([later.liveSessions.all(), windows.secrets.has('session:s1'), times.length], [[], false, 0]);
    assert.deepEqual(later.findings, []);
  });
});
