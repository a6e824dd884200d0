// Many windows with a failing server: they act as one client, and lose nothing.
import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { rejectsWith } from '../../support/failures.ts';
import {
  rotatingTokens,
  ScriptedServer,
  type Script,
  type ScriptedAnswer,
  type SeenRequest,
} from '../../support/scriptedServer.ts';
import { STORE_MODELS, type StoreModel } from '../../support/simulation/sharedSecrets.ts';
import { timed, tokenIn, Windows } from '../../support/windows.ts';

const REFUSED: ScriptedAnswer = { status: 400, body: { error: 'invalid_grant' } };

/**
 * A server that repeats its response to requests with the token before the newest; a number of responses, `lost`, never
 * arrive.
 */
function graceful(lost: number): (request: SeenRequest) => Script {
  const rotate = rotatingTokens();
  const given = new Map<string, ScriptedAnswer>();
  let count = 0;
  return (request) => {
    const token = request.parameters.get('refresh_token') ?? '';
    const answer = given.get(token) ?? rotate(request);
    given.set(token, answer);
    return (count += 1) <= lost ? 'drop' : answer;
  };
}

/** A server that has rotated when its responses are lost, and treats repeated requests as theft. */
function strict(lost: number): (request: SeenRequest) => Script {
  const rotate = rotatingTokens();
  let count = 0;
  return (request) => {
    const answer = rotate(request);
    return (count += 1) <= lost ? 'drop' : answer;
  };
}

/** A rotating server that sends ID tokens of another user for as long as requested. */
function forAnotherUser(
  server: ScriptedServer,
  isBad: () => boolean = () => true,
): (request: SeenRequest) => Promise<Script> {
  const rotate = rotatingTokens();
  return async (request) => {
    const { body, ...more } = rotate(request);
    const idToken = await server.idToken({ aud: isBad() ? 'another-client' : 'editor' });
    return { ...more, body: typeof body === 'object' ? { ...body, id_token: idToken } : (body ?? '') };
  };
}

describe('Windows with a failing server', () => {
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

  const openSignedIn = async (
    count: number,
    script: (request: SeenRequest) => Script | Promise<Script>,
    kind: StoreModel = 'immediate',
  ): Promise<void> => {
    windows = new Windows(server, kind);
    times = timed(windows, server, script);
    await windows.signIn(windows.open());
    await windows.clock.pass(3 * SECOND);
    await windows.openMany(count - 1);
  };

  const verdicts = (): Set<string | undefined> => new Set(windows.all.map((window) => window.record().ended?.code));
  const tokens = (): Set<string | undefined> => new Set(windows.all.map((window) => window.record().refreshToken));
  const renewAll = (): Promise<unknown> =>
    Promise.allSettled(windows.all.map(({ tokenRefresher }) => tokenRefresher.refresh('s1', { reason: 'test' })));

  for (const kind of STORE_MODELS) {
    describe(`(${kind})`, () => {
      it('all wait when the server requests a wait from one of them', async () => {
        await openSignedIn(5, () => ({ status: 429, headers: { 'Retry-After': '120' } }), kind);
        await windows.clock.pass(3 * MINUTE + 50 * SECOND);
        assert.equal(times.length, 1);
        while (windows.clock.now() < (times[0] ?? 0) + 115 * SECOND) {
          await Promise.all([
            ...windows.all.map((window) => tokenIn(window).catch(() => {})),
            windows.clock.pass(3 * SECOND),
          ]);
          await Promise.all([renewAll(), windows.clock.pass(SECOND)]);
          windows.all.forEach(({ sessions }) => sessions.wake());
        }
        assert.equal(times.length, 1);
        times = timed(windows, server, rotatingTokens());
        await windows.clock.pass(10 * SECOND);
        assert.deepEqual([times.length, tokens()], [1, new Set(['refresh-2'])]);
      });

      it("send requests to a server that is down like a single window, and refresh once when it's back", async () => {
        await openSignedIn(10, () => ({ status: 503 }), kind);
        await windows.clock.pass(HOUR);
        assert.ok(times.length >= 8 && times.length <= 30, `${times.length} requests`);
        const back = timed(windows, server, rotatingTokens({ expires_in: 3600 }));
        await windows.clock.pass(10 * MINUTE);
        assert.deepEqual([back.length, tokens()], [1, new Set(['refresh-2'])]);
      });

      it('learn of an end from the first of them that gets it, and send no more requests', async () => {
        await openSignedIn(10, () => REFUSED, kind);
        await windows.clock.pass(4 * MINUTE);
        assert.deepEqual([times.length, verdicts()], [1, new Set(['invalid_grant'])]);
        await Promise.all([renewAll(), windows.clock.pass(HOUR)]);
        assert.equal(times.length, 1);
        const later = windows.open();
        await windows.clock.pass(MINUTE);
        assert.deepEqual([later.record().ended?.code, times.length], ['invalid_grant', 1]);
      });

      it('learn of an end from the first when all send requests at once', async () => {
        await openSignedIn(10, () => REFUSED, kind);
        await Promise.all([renewAll(), windows.clock.pass(20 * SECOND)]);
        assert.deepEqual([times.length, verdicts()], [1, new Set(['invalid_grant'])]);
      });

      it('get a lost response once more from a server that repeats it', async () => {
        await openSignedIn(5, graceful(1), kind);
        await windows.clock.pass(4 * MINUTE);
        assert.deepEqual([times.length, tokens(), verdicts()], [2, new Set(['refresh-2']), new Set([undefined])]);
      });

      it('also get it when all send requests at once', async () => {
        await openSignedIn(5, graceful(1), kind);
        await Promise.all([renewAll(), windows.clock.pass(20 * SECOND)]);
        assert.deepEqual([times.length, tokens()], [2, new Set(['refresh-2'])]);
      });

      it("eventually get it when it's lost repeatedly, with one request each time", async () => {
        await openSignedIn(5, graceful(6), kind);
        await windows.clock.pass(10 * MINUTE);
        assert.deepEqual([verdicts(), tokens().size], [new Set([undefined]), 1]);
        assert.ok(windows.all.every((window) => window.record().generation > 1));
        const [first = 0, second = 0, third = 0] = times;
        assert.ok(second - first < SECOND && third - second >= SECOND, times.join());
        assert.equal(new Set(times.slice(1)).size, times.length - 1, 'only the first is sent twice immediately');
      });

      it('report a lost response when the server treats repeated requests as theft, and stop sending requests', async () => {
        await openSignedIn(5, strict(1), kind);
        await windows.clock.pass(4 * MINUTE);
        assert.deepEqual([times.length, verdicts()], [2, new Set(['refresh-response-lost'])]);
        await windows.clock.pass(2 * HOUR);
        assert.equal(times.length, 2);
      });

      it('also report it when the second response is lost as well', async () => {
        await openSignedIn(5, strict(2), kind);
        await Promise.all([renewAll(), windows.clock.pass(2 * HOUR)]);
        assert.deepEqual([times.length, verdicts()], [3, new Set(['refresh-response-lost'])]);
      });

      for (const [what, script, verdict] of [
        ['repeats the response', graceful, undefined],
        ['treats repeated requests as theft', strict, 'refresh-response-lost'],
      ] as const) {
        it(`find out what happened to a window that was killed while waiting for a server that ${what}`, async () => {
          const answer = script(0);
          await openSignedIn(
            5,
            (request) => {
              if (times.length === 1) {
                // The first window to send a request is killed before the response.
                windows.all.find((window) => window.liveSessions.get('s1')?.refreshing === true)?.kill();
              }
              return answer(request);
            },
            kind,
          );
          await windows.clock.pass(4 * MINUTE);
          assert.deepEqual([windows.all.length, times.length, verdicts()], [4, 2, new Set([verdict])]);
          assert.deepEqual(tokens(), new Set([verdict === undefined ? 'refresh-2' : 'refresh-1']));
        });
      }

      it("keep the newest refresh token when ID tokens are invalid, and don't send it back and forth", async () => {
        await openSignedIn(2, forAnotherUser(server), kind);
        await windows.clock.pass(HOUR);
        assert.ok(times.length >= 8 && times.length <= 14, `${times.length} requests in an hour`);
        assert.deepEqual(tokens(), new Set([`refresh-${times.length + 1}`]));
        assert.deepEqual(
          [verdicts(), new Set(windows.all.map((window) => window.record().isComplete))],
          [new Set([undefined]), new Set([false])],
        );
        await windows.closeAll();
        const later = windows.open();
        await windows.clock.pass(SECOND);
        assert.equal(later.record().refreshToken, `refresh-${times.length + 1}`);
      });

      it('all have it at once, although there was no access token with it', async () => {
        await openSignedIn(5, forAnotherUser(server), kind);
        const [one] = windows.all;
        await rejectsWith(
          one?.tokenRefresher.refresh('s1', { reason: 'test' }) ?? Promise.resolve(),
          'untrusted-response',
        );
        await windows.clock.rest();
        assert.deepEqual([tokens(), times.length], [new Set(['refresh-2']), 1]);
        assert.deepEqual(
          new Set(windows.all.map(({ liveSessions }) => liveSessions.get('s1')?.failure?.category)),
          new Set(['untrusted-response']),
        );
      });

      it("don't send it back and forth when all send requests at once", async () => {
        await openSignedIn(5, forAnotherUser(server), kind);
        await Promise.all([renewAll(), windows.clock.pass(MINUTE)]);
        assert.ok(times.length <= 2, `${times.length} requests in a minute`);
        assert.deepEqual(tokens(), new Set([`refresh-${times.length + 1}`]));
      });

      it('continue with the newest refresh token as soon as the ID tokens are valid again', async () => {
        let isBad = true;
        await openSignedIn(
          3,
          forAnotherUser(server, () => isBad),
          kind,
        );
        await windows.clock.pass(20 * MINUTE);
        isBad = false;
        await windows.clock.pass(6 * MINUTE);
        assert.deepEqual([verdicts(), tokens()], [new Set([undefined]), new Set([`refresh-${times.length + 1}`])]);
        assert.deepEqual(
          new Set(windows.all.map((window) => window.record().accessToken)),
          new Set([`access-${times.length + 1}`]),
        );
      });
    });
  }

  it('learn of an end before another request although the store is slow', async () => {
    await openSignedIn(10, () => REFUSED);
    windows.store.beforeStore = () => new Promise((resolve) => windows.clock.after(700, resolve));
    await Promise.all([renewAll(), windows.clock.pass(20 * SECOND)]);
    assert.deepEqual([times.length, verdicts()], [1, new Set(['invalid_grant'])]);
  });

  /** Makes responses take a time on the clock, which continues meanwhile. */
  const slowly = (
    time: number,
    answer: (request: SeenRequest) => Script,
  ): ((request: SeenRequest) => Promise<Script>) => {
    let waiting = 0;
    const busy = windows.clock.busy;
    windows.clock.busy = () => waiting === 0 && busy();
    return async (request) => {
      waiting += 1;
      await new Promise<void>((resolve) => windows.clock.after(time, resolve));
      waiting -= 1;
      return answer(request);
    };
  };

  for (const time of [4 * SECOND, 20 * SECOND]) {
    it(`send one request although the response takes ${time / SECOND} s and all of them need it`, async () => {
      await openSignedIn(10, rotatingTokens());
      times = timed(windows, server, slowly(time, rotatingTokens()));
      windows.clock.sleep(HOUR);
      windows.all.forEach(({ sessions }) => sessions.wake());
      const asked = Promise.all(windows.all.map(tokenIn));
      await windows.clock.pass(time + 5 * SECOND);
      assert.deepEqual([new Set(await asked), times.length], [new Set(['access-2']), 1]);
      await windows.clock.pass(15 * MINUTE);
      assert.deepEqual(verdicts(), new Set([undefined]));
      assert.ok(times.length >= 4 && times.length <= 7, `${times.length} requests`);
    });
  }

  it("don't queue behind one that waits for a response that never arrives", async () => {
    await openSignedIn(5, rotatingTokens());
    times = timed(windows, server, slowly(HOUR, rotatingTokens()));
    windows.clock.sleep(10 * MINUTE);
    windows.all.forEach(({ sessions }) => sessions.wake());
    const asked = Promise.allSettled(windows.all.map(tokenIn));
    await windows.clock.pass(90 * SECOND);
    assert.deepEqual(new Set((await asked).map(({ status }) => status)), new Set(['rejected']));
    await windows.clock.pass(10 * MINUTE);
    assert.ok(times.length <= 13, `${times.length} requests`);
    assert.deepEqual(verdicts(), new Set([undefined]));
  });

  it('share the attempt of one for a moment, and until its next one when no caller waits', async () => {
    await openSignedIn(2, () => ({ status: 401, body: { error: 'invalid_client' } }));
    const [one, other] = windows.all;
    assert.ok(one !== undefined && other !== undefined);
    await rejectsWith(one.tokenRefresher.refresh('s1', { reason: 'test' }), 'client-rejected');
    await windows.clock.pass(2 * SECOND);
    await rejectsWith(other.tokenRefresher.refresh('s1', { reason: 'test' }), 'client-rejected');
    assert.equal(times.length, 1);
    await windows.clock.pass(10 * SECOND);
    await rejectsWith(other.tokenRefresher.refresh('s1', { reason: 'test', isUrgent: false }), 'client-rejected');
    assert.equal(times.length, 1);
    await rejectsWith(other.tokenRefresher.refresh('s1', { reason: 'test', isUrgent: true }), 'client-rejected');
    assert.equal(times.length, 2);
  });

  it('all report why there is no token when the server requests a wait beyond the expiry of the last one', async () => {
    await openSignedIn(3, () => ({ status: 429, headers: { 'Retry-After': '1800' } }));
    await windows.clock.pass(6 * MINUTE);
    await Promise.all(windows.all.map((window) => rejectsWith(tokenIn(window), 'rate-limited')));
    assert.equal(times.length, 1);
  });
});
