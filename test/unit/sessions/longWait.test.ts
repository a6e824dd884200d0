import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import { rejectsWith } from '../../support/failures.ts';
import { settle } from '../../support/fakeClock.ts';
import { seedSession, recordAt } from '../../support/testWindow.ts';
import { rotatingTokens, ScriptedServer, type Script } from '../../support/scriptedServer.ts';
import { STORE_MODELS, type StoreModel } from '../../support/simulation/sharedSecrets.ts';
import { tokenIn, Windows, type Window } from '../../support/windows.ts';

/** A rotating server that processes a refresh immediately, but holds back its responses until a test releases them. */
class StallingServer {
  readonly server: ScriptedServer;
  isStalling = true;
  #release: (() => void)[] = [];
  #then: Script | undefined;

  constructor(server: ScriptedServer) {
    this.server = server;
    const rotate = rotatingTokens();
    server.onToken(async (request) => {
      const answer = rotate(request);
      if (this.isStalling) {
        await new Promise<void>((resolve) => this.#release.push(resolve));
        return this.#then ?? answer;
      }
      return answer;
    });
  }

  /** The refresh tokens that have arrived, oldest first. */
  get sent(): (string | null)[] {
    return this.server.requestsTo('/token').map(({ parameters }) => parameters.get('refresh_token'));
  }

  /** Releases the held responses, or breaks their connections, and responds immediately from then on. */
  respond(then?: 'drop'): void {
    this.isStalling = false;
    this.#then = then;
    this.#release.forEach((release) => release());
    this.#release = [];
  }
}

describe('A server that responds late to a refresh', () => {
  let server: ScriptedServer;
  let stalling: StallingServer;
  let windows: Windows;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    stalling = new StallingServer(server);
  });

  afterEach(async () => {
    stalling.respond();
    await windows.closeAll();
    await server.stop();
  });

  /** Opens windows with a session whose token, of a lifetime of 5 minutes, is valid for a time in ms. */
  const open = async (kind: StoreModel, count: number, left = 5 * MINUTE): Promise<readonly [Window, ...Window[]]> => {
    windows = new Windows(server, kind);
    const awaitsRequest = (): boolean => !stalling.isStalling;
    const first = windows.open({ awaitsRequest });
    await windows.clock.rest();
    await seedSession(first, recordAt(server.issuer, windows.clock.now() - (5 * MINUTE - left)));
    const others = Array.from({ length: count - 1 }, () => windows.open({ awaitsRequest }));
    await windows.clock.rest();
    return [first, ...others];
  };
  const hasLogged = (window: Window, words: string): boolean => window.lines.some((line) => line.includes(words));
  /** Delivers the response to the waiting window. */
  const answer = async (): Promise<void> => {
    stalling.respond();
    await Promise.all(windows.all.map((window) => window.tokenRefresher.whenIdle()));
    await windows.clock.pass(2 * SECOND);
  };

  for (const seconds of [25, 60, 110]) {
    for (const count of [1, 3]) {
      it(`keeps the session of ${count} window(s) after ${seconds} s, with one request whose response all windows adopt`, async () => {
        const [first, ...others] = await open('lagging', count);
        const renewals = [first, ...others].map((window) =>
          window.tokenRefresher.refresh('s1', { reason: 'test' }).then(
            () => 'renewed',
            () => 'released',
          ),
        );
        await server.waitFor('/token');
        await windows.clock.pass(seconds * SECOND);
        assert.deepEqual(await Promise.all(renewals), Array(count).fill('released'));
        assert.deepEqual(stalling.sent, ['refresh-1'], 'the token was sent again while its response was pending');
        await answer();
        for (const window of windows.all) {
          assert.deepEqual(
            [window.record().generation, window.record().accessToken, window.liveSessions.get('s1')?.failure],
            [2, 'access-2', undefined],
          );
        }
        assert.deepEqual(stalling.sent, ['refresh-1']);
        assert.ok(windows.all.some((window) => hasLogged(window, 'the server responded after')));
        assert.match(first.stored() ?? [...windows.secrets.values()].join(), /refresh-2/);
      });
    }
  }

  for (const kind of STORE_MODELS) {
    it(`lets callers use the current token while it's valid, in every window (${kind})`, async () => {
      const [first, ...others] = await open(kind, 3);
      first.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
      await server.waitFor('/token');
      await windows.clock.pass(40 * SECOND);
      for (const window of [first, ...others]) {
        assert.equal(await tokenIn(window), 'access-1');
      }
      await answer();
      assert.deepEqual(await Promise.all(windows.all.map(tokenIn)), Array(3).fill('access-2'));
      assert.deepEqual(stalling.sent, ['refresh-1']);
    });

    it(`rejects callers with the named error at the deadline when the token has expired, and reports why in the other windows (${kind})`, async () => {
      const [first, ...others] = await open(kind, 3, 4 * SECOND);
      const failed = Promise.all(
        [first, ...others].map((window) =>
          rejectsWith(window.sessionManager.getUsableSessions('acme', ['read']), 'network', 'deadline'),
        ),
      );
      await server.waitFor('/token');
      await windows.clock.pass(35 * SECOND);
      await failed;
      for (const window of [first, ...others]) {
        assert.deepEqual(
          [window.liveSessions.get('s1')?.failure?.code, window.record().ended],
          ['deadline', undefined],
        );
        // Later callers don't wait as long again.
        const startedAt = windows.clock.now();
        const later = rejectsWith(window.sessionManager.getUsableSessions('acme', ['read']), 'network', 'deadline');
        await windows.clock.pass(SECOND);
        await later;
        assert.ok(windows.clock.now() - startedAt <= SECOND);
      }
      assert.ok(windows.all.some((window) => hasLogged(window, "the server hasn't responded yet")));
      await answer();
      assert.deepEqual(await Promise.all(windows.all.map(tokenIn)), Array(3).fill('access-2'));
      assert.deepEqual(stalling.sent, ['refresh-1']);
    });
  }

  it('gets the request again immediately when the connection breaks, and not before', async () => {
    const [first] = await open('immediate', 1);
    const rotate = rotatingTokens();
    let isFirst = true;
    server.onToken(async (request) => {
      if (isFirst) {
        isFirst = false;
        await new Promise<void>((resolve) => (release = resolve));
        return 'drop';
      }
      return rotate(request);
    });
    let release = (): void => {};
    first.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
    await server.waitFor('/token');
    await windows.clock.pass(100 * SECOND);
    assert.equal(stalling.sent.length, 1);
    release();
    await first.tokenRefresher.whenIdle();
    assert.deepEqual([stalling.sent, first.record().accessToken], [['refresh-1', 'refresh-1'], 'access-2']);
  });

  it('is given up after two minutes, and gets the request once more', async () => {
    const [first] = await open('immediate', 1);
    server.onToken('hang');
    first.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
    await server.waitFor('/token');
    await windows.clock.pass(119 * SECOND);
    await settle();
    assert.equal(stalling.sent.length, 1);
    await windows.clock.pass(SECOND);
    await server.waitFor('/token', 2);
    await windows.clock.pass(2 * MINUTE);
    await first.tokenRefresher.whenIdle();
    assert.deepEqual(
      [stalling.sent, first.liveSessions.get('s1')?.failure?.code, first.record().ended],
      [['refresh-1', 'refresh-1'], 'deadline', undefined],
    );
  });

  it('gets the request once more soon after a sleep that was longer than any server waits', async () => {
    const [first] = await open('immediate', 1);
    server.onToken('hang');
    first.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
    await server.waitFor('/token');
    await windows.clock.pass(SECOND);
    windows.clock.sleep(60 * MINUTE);
    await windows.clock.pass(20 * SECOND);
    await server.waitFor('/token', 2);
  });

  it("doesn't get the request again when the clock was set forward by a day: the response still counts", async () => {
    const [first] = await open('immediate', 1);
    first.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
    await server.waitFor('/token');
    await windows.clock.pass(10 * SECOND);
    windows.leap(24 * 60 * MINUTE);
    await windows.clock.pass(30 * SECOND);
    assert.deepEqual(stalling.sent, ['refresh-1']);
    await answer();
    // It could have been a day of sleep, so the new token counts as expired and is refreshed in turn.
    assert.equal(new Set(stalling.sent).size, stalling.sent.length, 'a token was sent twice');
    assert.equal(first.record().ended, undefined);
  });

  it("counts the token's lifetime from the request, not from the late response", async () => {
    const [first] = await open('immediate', 1);
    first.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
    await server.waitFor('/token');
    const sentAt = windows.clock.now();
    await windows.clock.pass(110 * SECOND);
    await answer();
    assert.equal(first.record().accessExpiresAt, sentAt + 5 * MINUTE);
  });

  it('gets the same token once more from the next window after one was closed, and repeats its response within a grace period', async () => {
    const [first, second] = await open('browser', 2);
    assert.ok(second);
    first.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
    await server.waitFor('/token');
    await windows.clock.pass(40 * SECOND);
    const rotate = rotatingTokens();
    server.onToken(rotate);
    stalling.isStalling = false;
    await first.close();
    await windows.clock.pass(5 * SECOND);
    await second.tokenRefresher.whenIdle();
    assert.deepEqual(stalling.sent, ['refresh-1', 'refresh-1']);
    assert.equal(second.record().accessToken, 'access-2');
  });

  it("ends the session if it's strict and treats that as theft, which is reported as a lost response", async () => {
    const [first, second] = await open('browser', 2);
    assert.ok(second);
    first.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
    await server.waitFor('/token');
    await windows.clock.pass(40 * SECOND);
    stalling.isStalling = false;
    await first.close();
    await windows.clock.pass(5 * SECOND);
    await second.tokenRefresher.whenIdle();
    assert.equal(second.record().ended?.category, 'refresh-response-lost');
  });
});
