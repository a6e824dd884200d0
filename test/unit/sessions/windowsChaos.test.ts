// Random events in windows, in any order: an older refresh token is never sent, and no session is lost.
import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { randomFrom } from '../../support/simulation/random.ts';
import { ScriptedServer, type Script, type SeenRequest } from '../../support/scriptedServer.ts';
import { STORE_MODELS } from '../../support/simulation/sharedSecrets.ts';
import { tokenIn, Windows, type Window } from '../../support/windows.ts';

/** What may happen in a run. */
interface Conditions {
  /** Whether the machine's clock is right and the server fails; otherwise the other way around. */
  readonly isClockRight: boolean;
  /** Whether windows may be killed at any time. */
  readonly areKilled: boolean;
}

const LIFETIME = 300 * SECOND;
const STEPS = 60;

/**
 * A rotating server that repeats the newest response to clients that haven't received it. An older token counts as
 * theft.
 */
class ServerContext {
  readonly #windows: Windows;
  #generation = 1;
  /** What it does instead of responding, if anything. */
  mode: 'normal' | 'down' | 'rate-limiting' | 'dropping' = 'normal';
  /** The older tokens that were sent. */
  readonly reused: string[] = [];
  /** How often the token before the newest was sent, which is correct if its response was lost. */
  repeats = 0;
  /** How many responses were lost. */
  losses = 0;
  readonly expiries: Map<string, number>;

  constructor(windows: Windows) {
    this.#windows = windows;
    this.expiries = new Map([['access-1', windows.elapsed + LIFETIME]]);
  }

  answer({ parameters }: SeenRequest): Script {
    const token = parameters.get('refresh_token') ?? '';
    const number = Number(token.slice('refresh-'.length));
    if (number < this.#generation - 1 || number > this.#generation) {
      this.reused.push(`${token} instead of refresh-${this.#generation}`);
      return { status: 400, body: { error: 'invalid_grant' } };
    }
    if (this.mode === 'down' || this.mode === 'rate-limiting') {
      return this.mode === 'down' ? { status: 503 } : { status: 429, headers: { 'Retry-After': '90' } };
    }
    this.repeats += number < this.#generation ? 1 : 0;
    this.#generation = number + 1;
    const name = `${this.#generation}`;
    this.expiries.set(`access-${name}`, this.#windows.elapsed + LIFETIME);
    const tokens = {
      access_token: `access-${name}`,
      refresh_token: `refresh-${name}`,
      token_type: 'Bearer',
      expires_in: LIFETIME / SECOND,
    };
    if (this.mode === 'dropping') {
      this.losses += 1;
      return 'drop';
    }
    return { body: tokens };
  }
}

describe('Windows with random events', () => {
  let http: ScriptedServer;
  let windows: Windows;

  beforeEach(async () => {
    http = await ScriptedServer.start();
  });

  afterEach(async () => {
    await windows.closeAll();
    await http.stop();
  });

  /**
   * Calls from all windows: returned tokens are valid, and a session is always returned.
   * @param isClockRight whether the machine's clock is right: after an unnoticed change, an old token looks valid.
   */
  const call = async (server: ServerContext, isClockRight: boolean): Promise<void> => {
    const calls = windows.all.map(async (window) => {
      const token = await tokenIn(window).catch(() => 'none now');
      assert.ok(token !== undefined, `no session\n${window.lines.join('\n')}`);
      assert.ok(
        !isClockRight || token === 'none now' || (server.expiries.get(token) ?? 0) > windows.elapsed,
        `${token} isn't valid\n${window.lines.join('\n')}`,
      );
    });
    const all = Promise.all(calls);
    all.catch(() => {});
    await windows.clock.pass(50 * SECOND);
    await Promise.race([all, windows.clock.rest()]);
  };

  /** Makes one event happen to the windows, the server or the clock. */
  const triggerEvent = async (
    random: () => number,
    server: ServerContext,
    { isClockRight, areKilled }: Conditions,
  ): Promise<void> => {
    const below = (limit: number): number => Math.floor(random() * limit);
    const pickWindow = (): Window | undefined => windows.all[below(windows.all.length)];
    const harmless: readonly (() => unknown)[] = [
      () => windows.clock.pass(below(200) * SECOND),
      () => windows.clock.pass(below(200) * SECOND),
      () => call(server, isClockRight),
      () => call(server, isClockRight),
      () => windows.all.length < 5 && windows.open({ isBlind: random() < 0.3 }),
      () => windows.all.length < 5 && windows.openMany(1 + below(2)),
      () => windows.clock.sleep(below(HOUR)),
      () => windows.all.forEach(({ sessions }) => sessions.wake()),
      () => {
        windows.all
          .filter(() => random() < 0.6)
          .forEach(({ tokenRefresher }) => void tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {}));
        return windows.clock.pass(20 * SECOND);
      },
      () => windows.store.failing.add('store'),
      () => windows.store.failing.clear(),
    ];
    const kills = [
      () => pickWindow()?.kill(below(8)),
      () => pickWindow()?.kill(),
      () => windows.all.forEach((window) => window.kill(1 + below(12))),
    ];
    const faults: readonly (() => unknown)[] = isClockRight
      ? (['down', 'rate-limiting', 'dropping', 'normal', 'normal'] as const).map((mode) => () => (server.mode = mode))
      : [1, 2, 3].map(() => () => windows.leap(Math.round((random() - 0.5) * HOUR)));
    const events = [...harmless, ...faults, ...(areKilled ? kills : [() => pickWindow()?.close()])];
    await events[below(events.length)]?.();
  };

  for (const kind of STORE_MODELS) {
    it(`never send an older refresh token, and never lose the session (${kind})`, async () => {
      for (let seed = 1; seed <= 40; seed += 1) {
        const random = randomFrom(seed);
        const conditions: Conditions = { isClockRight: seed % 2 === 0, areKilled: seed % 3 !== 0 };
        windows = new Windows(http, kind);
        const server = new ServerContext(windows);
        http.onToken((request) => server.answer(request));
        await windows.signIn(windows.open());
        await windows.clock.pass(3 * SECOND);
        for (let step = 0; step < STEPS; step += 1) {
          await triggerEvent(random, server, conditions);
        }
        server.mode = 'normal';
        windows.store.failing.clear();
        await windows.openMany(2);
        await windows.clock.pass(10 * MINUTE);
        const details = `seed ${seed}: ${server.reused.join()}\n${windows.all.map(({ lines }) => lines.join('\n')).join('\n---\n')}`;
        assert.deepEqual(server.reused, [], details);
        assert.ok(
          conditions.areKilled || server.repeats <= server.losses,
          `${server.repeats} repeats after ${server.losses} losses, ${details}`,
        );
        const kept = windows.all.map((window) => window.liveSessions.get('s1')?.record);
        assert.ok(
          kept.every((record) => record !== undefined && record.ended === undefined),
          details,
        );
        assert.equal(new Set(kept.map((record) => record?.accessToken)).size, 1, details);
        await call(server, conditions.isClockRight);
        await windows.closeAll();
      }
    });
  }
});
