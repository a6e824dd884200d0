// Windows that cannot take turns, because the folder that they share does not work: they do their best with the store.
import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { rotatingTokens, ScriptedServer, type ScriptedAnswer } from '../../support/scriptedServer.ts';
import { type StoreModel } from '../../support/simulation/sharedSecrets.ts';
import { timed, tokenIn, Windows } from '../../support/windows.ts';
import { hasTombstone } from '../../support/sharedFiles.ts';

describe('Windows that cannot take turns', function () {
  this.timeout(20_000);
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

  /** Lets all windows renew, one after another, by which they find out that they are alone. */
  const renewInTurn = async (): Promise<void> => {
    for (const window of windows.all) {
      // Who is behind merely takes over what another has.
      await window.crossWindowSync.syncSecret('s1');
      await Promise.all([window.tokenRefresher.refresh('s1', { reason: 'test' }), windows.clock.pass(5 * SECOND)]);
    }
  };

  /** Lets all windows, which know that they are alone, send the same token in the same moment. */
  const collide = async (): Promise<void> => {
    await renewInTurn();
    await Promise.all(windows.all.map(({ crossWindowSync }) => crossWindowSync.syncSecret('s1')));
    const before = times.length;
    const renewals = Promise.allSettled(
      windows.all.map(({ tokenRefresher }) => tokenRefresher.refresh('s1', { reason: 'test' })),
    );
    await windows.clock.pass(20 * SECOND);
    await renewals;
    assert.equal(times.length - before, windows.all.length, 'they did not collide');
  };

  for (const kind of ['immediate', 'lagging'] as const) {
    describe(`(${kind})`, () => {
      it('take over silently what another has renewed, where theirs came too late for the server', async () => {
        await openSignedIn(kind, 2);
        // A refusal of the older token, and nothing worse.
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

      it('revoke nothing where both have been given tokens', async () => {
        await openSignedIn(kind, 2);
        let generation = 1;
        // One that does not rotate.
        times = timed(windows, server, () => ({
          body: { access_token: `access-${(generation += 1)}`, token_type: 'Bearer', expires_in: 300 },
        }));
        await collide();
        assert.deepEqual(revoked(), []);
        await windows.clock.pass(HOUR);
        assert.deepEqual([revoked(), windows.all.map((window) => window.record().ended)], [[], [undefined, undefined]]);
      });

      it('revoke nothing where both have been given refresh tokens, one of which will do', async () => {
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

      it('say so, once each', async () => {
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

  it('renew once each time all the same, where the store tells at once', async () => {
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

  it('take turns again as soon as the folder works, with the newest of what they have', async () => {
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

  it('hear of a renewal that could not be told to them as soon as it can, where the folder is the only way', async () => {
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
      'the folder is on a network that is gone',
      () => Object.assign(windows.folder, { list: never, read: never, write: never, create: never, delete: never }),
    ],
  ] as const) {
    it(`give a caller whose token has run out a new one within half a minute, though ${what}`, async () => {
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

  it('sign out for all of them, and for good', async () => {
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
