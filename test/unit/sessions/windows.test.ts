// Many windows with one session: when one refreshes it, the others get the result.
import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { providerAt } from '../../support/fixtures.ts';
import { grantFor } from '../../support/testWindow.ts';
import { rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';
import { STORE_MODELS, type StoreModel } from '../../support/simulation/sharedSecrets.ts';
import { timed, tokenIn, Windows } from '../../support/windows.ts';

const NAMES: Readonly<Record<StoreModel, string>> = {
  immediate: 'a store that is immediately consistent',
  lagging: 'a store that lags',
  browser: "the browser's store",
};

describe('Windows', () => {
  let server: ScriptedServer;
  let windows: Windows;
  let times: readonly number[];

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    await windows.closeAll();
    await server.stop();
  });

  /** Opens a number of windows with the same session, signed in by the first. */
  const openSignedIn = async (kind: StoreModel, count: number): Promise<void> => {
    windows = new Windows(server, kind);
    times = timed(windows, server, rotatingTokens());
    await windows.signIn(windows.open());
    await windows.clock.pass(3 * SECOND);
    await windows.openMany(count - 1);
    await windows.clock.pass(3 * SECOND);
  };

  const passUntil = async (count: number, most: number): Promise<void> => {
    for (let passed = 0; times.length < count && passed < most; passed += 5 * SECOND) {
      await windows.clock.pass(5 * SECOND);
    }
  };

  it('refresh once each time when the store is slow, so that all others wait', async () => {
    await openSignedIn('immediate', 20);
    windows.store.beforeStore = () => new Promise((resolve) => windows.clock.after(700, resolve));
    await passUntil(10, HOUR);
    await windows.clock.pass(10 * SECOND);
    assert.deepEqual(new Set(windows.all.map((window) => window.record().accessToken)), new Set(['access-11']));
    windows.clock.sleep(HOUR);
    windows.all.forEach(({ sessions }) => sessions.wake());
    await windows.clock.pass(20 * SECOND);
    assert.deepEqual(
      [new Set(windows.all.map((window) => window.record().accessToken)), times.length],
      [new Set(['access-12']), 11],
    );
  });

  for (const kind of STORE_MODELS) {
    it(`have one session when the same user signs in in two of them, with ${NAMES[kind]}`, async () => {
      await openSignedIn(kind, 1);
      const [one, other] = ['one', 'other'].map((name) => windows.open({ isBlind: true, newId: () => name }));
      assert.ok(one !== undefined && other !== undefined);
      await windows.clock.pass(3 * SECOND);
      const first = await one.sessionManager.addSession(grantFor(providerAt(server.issuer), windows.clock.now()));
      await windows.clock.pass(SECOND);
      const second = await other.sessionManager.addSession(
        grantFor(providerAt(server.issuer), windows.clock.now(), { accessToken: 'access-of-the-second' }),
      );
      assert.deepEqual([first.id, second.id, second.generation], ['one', 'one', first.generation + 1]);
      await windows.clock.pass(MINUTE);
      for (const window of [one, other]) {
        assert.deepEqual(
          window.sessionManager
            .getActive('acme')
            .map(({ record }) => record.id)
            .sort(),
          ['one', 's1'],
        );
        assert.equal(window.record('one').accessToken, 'access-of-the-second');
      }
    });
  }

  it("don't store a previously rejected record over what another has refreshed since", async () => {
    windows = new Windows(server);
    times = timed(windows, server, rotatingTokens());
    const [blind, other] = [windows.open({ isBlind: true }), windows.open()];
    await windows.signIn(blind);
    windows.store.failing.add('store');
    await blind.tokenRefresher.refresh('s1', { reason: 'test' });
    await windows.clock.rest();
    windows.store.failing.clear();
    await other.tokenRefresher.refresh('s1', { reason: 'test' });
    await other.close();
    assert.deepEqual([blind.record().generation, blind.liveSessions.get('s1')?.unsaved], [2, true]);
    await windows.clock.pass(12 * SECOND);
    blind.kill();
    const later = windows.open();
    await windows.clock.rest();
    assert.deepEqual([later.record().accessToken, await tokenIn(later), times.length], ['access-3', 'access-3', 2]);
  });

  it("wait briefly for what a lagging store doesn't show yet, instead of failing or sending a request", async () => {
    windows = new Windows(server, 'lagging');
    times = timed(windows, server, rotatingTokens());
    const [one, other] = await windows.openMany(2);
    assert.ok(one !== undefined && other !== undefined);
    await windows.signIn(one);
    // It knows the session, and can't decrypt the file before the key has arrived.
    other.liveSessions.set(one.record());
    await one.tokenRefresher.refresh('s1', { reason: 'test' });
    const [renewed] = await Promise.all([
      other.tokenRefresher.refresh('s1', { reason: 'test' }),
      windows.clock.pass(3 * SECOND),
    ]);
    assert.deepEqual([renewed.accessToken, times.length], ['access-2', 1]);
  });

  for (const kind of STORE_MODELS) {
    describe(`with ${NAMES[kind]}`, () => {
      for (const count of [2, 5, 20]) {
        it(`refresh ten times with ten requests in ${count} windows, and all have the newest token`, async () => {
          await openSignedIn(kind, count);
          await passUntil(10, HOUR);
          await windows.clock.pass(10 * SECOND);
          assert.equal(times.length, 10);
          const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
          assert.ok(
            gaps.every((gap) => gap >= 170 * SECOND && gap <= 205 * SECOND),
            gaps.join(),
          );
          assert.deepEqual(new Set(windows.all.map((window) => window.record().accessToken)), new Set(['access-11']));
          assert.deepEqual(new Set(await Promise.all(windows.all.map(tokenIn))), new Set(['access-11']));
          assert.ok(windows.all.every(({ liveSessions }) => liveSessions.get('s1')?.failure === undefined));
          assert.equal(times.length, 10);
        });
      }

      for (const count of [2, 5, 20]) {
        it(`send one request when callers in all ${count} need a token at once and theirs has expired`, async () => {
          await openSignedIn(kind, count);
          windows.clock.sleep(HOUR);
          const asked = Promise.all(windows.all.map(tokenIn));
          await windows.clock.pass(5 * SECOND);
          assert.deepEqual(new Set(await asked), new Set(['access-2']));
          assert.equal(times.length, 1);
        });

        it(`send one request when all ${count} wake up from sleep at once`, async () => {
          await openSignedIn(kind, count);
          windows.clock.sleep(HOUR);
          windows.all.forEach(({ sessions }) => sessions.wake());
          await windows.clock.pass(5 * SECOND);
          assert.deepEqual(new Set(windows.all.map((window) => window.record().accessToken)), new Set(['access-2']));
          assert.equal(times.length, 1);
        });
      }

      it('leave a valid session to a window that opens when all are closed, repeatedly for hours', async () => {
        await openSignedIn(kind, 3);
        for (let time = 1; time <= 5; time += 1) {
          await windows.clock.pass(time * 7 * MINUTE);
          const before = await tokenIn(windows.open());
          await windows.closeAll();
          await windows.clock.pass(20 * SECOND);
          const last = windows.open();
          assert.equal(await tokenIn(last), before);
          assert.equal(last.record().ended, undefined);
          await windows.openMany(2);
        }
        assert.equal(await tokenIn(windows.open()), `access-${times.length + 1}`);
      });

      it('leave it so no matter how the last one ends', async () => {
        await openSignedIn(kind, 3);
        for (let time = 0; time < 5; time += 1) {
          await windows.clock.pass(5 * MINUTE);
          windows.all.forEach((window) => window.kill());
          await windows.clock.pass(time * HOUR);
          const [one, other] = [windows.open(), windows.open()];
          assert.equal(await tokenIn(one), await tokenIn(other));
          assert.equal(one.record().accessToken, `access-${times.length + 1}`);
          assert.equal(one.record().ended, undefined);
        }
      });

      it('are opened and closed, and still refresh once each time', async () => {
        await openSignedIn(kind, 4);
        for (let time = 0; time < 20; time += 1) {
          await windows.clock.pass(97 * SECOND);
          const [oldest] = windows.all;
          await oldest?.close();
          windows.open();
        }
        await windows.clock.pass(10 * SECOND);
        assert.deepEqual(
          new Set(windows.all.map((window) => window.record().accessToken)),
          new Set([`access-${times.length + 1}`]),
        );
        assert.ok(times.length >= 9 && times.length <= 12, `${times.length} requests`);
      });

      it('keep the sessions of two users separate, each of which some of them refresh', async () => {
        await openSignedIn(kind, 3);
        const [one, other] = windows.all;
        assert.ok(one !== undefined && other !== undefined);
        const tokens = { refresh: rotatingTokens(), kim: rotatingTokens() };
        server.onToken((request) => {
          const [, who = 'refresh', number = ''] =
            /^(\w+)-(\d+)$/.exec(request.parameters.get('refresh_token') ?? '') ?? [];
          const asked = { ...request, parameters: new URLSearchParams({ refresh_token: `refresh-${number}` }) };
          const { body, ...answer } = tokens[who === 'kim' ? 'kim' : 'refresh'](asked);
          const next = typeof body === 'object' ? String(body['refresh_token']).replace('refresh', who) : '';
          return {
            ...answer,
            body: typeof body === 'object' && next.includes('-') ? { ...body, refresh_token: next } : (body ?? ''),
          };
        });
        await windows.signIn(other, 's2', 'kim-1');
        await windows.clock.pass(2 * HOUR);
        for (const window of windows.all) {
          for (const id of ['s1', 's2']) {
            assert.deepEqual(
              [window.record(id).ended, window.record(id).accessToken],
              [undefined, one.record(id).accessToken],
            );
          }
        }
        await windows.closeAll();
        await windows.clock.pass(HOUR);
        const last = windows.open();
        const found = await last.sessionManager.getUsableSessions('acme', ['read']);
        await windows.clock.pass(5 * SECOND);
        assert.deepEqual(found.map(({ record }) => record.id).sort(), ['s1', 's2'], last.lines.join('\n'));
        assert.deepEqual([last.record('s1').ended, last.record('s2').ended], [undefined, undefined]);
      });
    });
  }
});
