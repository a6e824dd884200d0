// Many windows on a machine whose clock is set while the server's isn't.
import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { randomFrom } from '../../support/simulation/random.ts';
import { rotatingTokens, ScriptedServer, type SeenRequest, type ScriptedAnswer } from '../../support/scriptedServer.ts';
import { timed, tokenIn, Windows } from '../../support/windows.ts';

const LIFETIME = 300 * SECOND;

describe('Windows whose clock is set', () => {
  let server: ScriptedServer;
  let windows: Windows;
  let times: readonly number[];
  /** When each access token expires, in real time. */
  let expiries: Map<string, number>;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    windows = new Windows(server);
    expiries = new Map([['access-1', windows.elapsed + LIFETIME]]);
    const rotate = rotatingTokens();
    times = timed(windows, server, (request: SeenRequest): ScriptedAnswer => {
      const answer = rotate(request);
      if (typeof answer.body === 'object') {
        expiries.set(String(answer.body['access_token']), windows.elapsed + LIFETIME);
      }
      return answer;
    });
    await windows.signIn(windows.open());
    await windows.openMany(4);
  });

  afterEach(async () => {
    await windows.closeAll();
    await server.stop();
  });

  const left = (token: string | undefined): number => (expiries.get(token ?? '') ?? -Infinity) - windows.elapsed;

  /** Lets time pass with callers in every window, none of which may get an expired token. */
  const passWithCallers = async (time: number): Promise<void> => {
    for (let passed = 0; passed < time; passed += 7 * SECOND) {
      const asked = windows.all.map(async (window) => {
        const token = await tokenIn(window);
        assert.ok(left(token) > 0, `${token ?? 'none'} has been invalid for ${-left(token)} ms`);
      });
      await windows.clock.pass(7 * SECOND);
      await Promise.all(asked);
    }
  };

  const assertInStep = (): void => {
    assert.deepEqual(
      new Set(windows.all.map((window) => window.record().accessToken)),
      new Set([`access-${times.length + 1}`]),
    );
    assert.ok(windows.all.every(({ liveSessions }) => liveSessions.get('s1')?.failure === undefined));
  };

  const leaps: readonly (readonly [string, number, number])[] = [
    ['back by a minute', -MINUTE, 1],
    ['back by an hour', -HOUR, 1],
    ['back by a day', -DAY, 1],
    ['forward by a minute', MINUTE, 0],
    ['forward by an hour', HOUR, 1],
    ['forward by a day', DAY, 1],
  ];

  for (const [what, by, expected] of leaps) {
    describe(what, () => {
      for (const hasDate of [true, false]) {
        it(`give no caller a token that has expired, and keep refreshing (the server ${hasDate ? 'tells' : 'does not tell'} the time)`, async () => {
          if (!hasDate) {
            server.date = undefined;
          }
          await passWithCallers(77 * SECOND);
          windows.leap(by);
          await passWithCallers(30 * MINUTE);
          assertInStep();
          assert.ok(times.length >= 9 && times.length <= 12, `${times.length} requests`);
        });
      }

      it('refresh once, not once per window', async () => {
        await windows.clock.pass(77 * SECOND);
        windows.leap(by);
        await windows.clock.pass(90 * SECOND - (by === MINUTE ? MINUTE : 0));
        assert.equal(times.length, expected);
        assertInStep();
      });

      it('have a valid token within a minute without callers, and from then on', async () => {
        await windows.clock.pass(77 * SECOND);
        windows.leap(by);
        await windows.clock.pass(65 * SECOND);
        for (let time = 0; time < 60; time += 1) {
          for (const window of windows.all) {
            assert.ok(left(window.record().accessToken) > 0);
          }
          await windows.clock.pass(10 * SECOND);
        }
        assertInStep();
      });

      it('do the same when the clock was set while a machine without callers slept', async () => {
        await windows.clock.pass(77 * SECOND);
        windows.clock.sleep(2 * HOUR);
        windows.leap(by);
        windows.all.forEach(({ sessions }) => sessions.wake());
        await passWithCallers(5 * MINUTE);
        assertInStep();
        assert.ok(times.length <= 3, `${times.length} requests`);
      });
    });
  }

  it('send one request to check the end of the session after a clock jump forward', async () => {
    times = timed(windows, server, rotatingTokens({ expires_in: 7200, refresh_expires_in: 36_000 }));
    await windows.clock.pass(4 * MINUTE);
    assert.equal(times.length, 1);
    windows.leap(10 * MINUTE);
    await windows.clock.pass(65 * SECOND);
    assert.equal(times.length, 2);
    const ends = windows.all.map((window) => (window.record().sessionEndsAt ?? 0) - windows.clock.now());
    assert.ok(
      ends.every((end) => end > 35_900 * SECOND && end <= 36_000 * SECOND),
      ends.join(),
    );
  });

  it('never give a caller an expired token when the clock is set repeatedly, and refresh at most once each time', async () => {
    const random = randomFrom(7);
    let leapt = 0;
    for (; leapt < 20; leapt += 1) {
      windows.leap(Math.round((random() - 0.5) * 2 ** (random() * 10) * MINUTE));
      await passWithCallers(random() * 4 * MINUTE);
    }
    await passWithCallers(2 * MINUTE);
    assertInStep();
    const most = leapt + (windows.elapsed - (expiries.get('access-1') ?? 0) + LIFETIME) / (170 * SECOND);
    assert.ok(times.length <= most, `${times.length} requests, at most ${most}`);
  });

  it("aren't stuck for a day in a wait of ten minutes that the server requested, and remember a sign-out", async () => {
    server.onToken({ status: 429, headers: { 'Retry-After': '600' } });
    await windows.clock.pass(4 * MINUTE);
    windows.leap(-DAY);
    await windows.clock.pass(3 * MINUTE);
    server.onToken(rotatingTokens());
    await windows.clock.pass(15 * MINUTE);
    assert.deepEqual(new Set(windows.all.map((window) => window.record().generation > 1)), new Set([true]));
    await windows.all[0]?.sessionManager.signOut('s1');
    windows.leap(2 * DAY);
    await windows.clock.pass(5 * MINUTE);
    assert.deepEqual(
      windows.all.map(({ liveSessions }) => liveSessions.all().length),
      [0, 0, 0, 0, 0],
    );
  });
});
