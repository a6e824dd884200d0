// Whatever happens to windows, in whatever order: an older refresh token is never sent, and no session is lost.
import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { randomFrom } from '../../support/simulation/random.ts';
import { ScriptedServer, type Script, type SeenRequest } from '../../support/scriptedServer.ts';
import { STORE_MODELS } from '../../support/simulation/sharedSecrets.ts';
import { tokenIn, Windows, type Window } from '../../support/windows.ts';

/** What may happen in a run. */
interface Weather {
  /** Whether the machine's clock is right, and the server is in trouble; else it is the other way round. */
  readonly isHonest: boolean;
  /** Whether windows may end in the middle of something. */
  readonly isDeadly: boolean;
}

const LIFETIME = 300 * SECOND;
const STEPS = 60;

/** A server that rotates, and gives the newest answer again to whoever has not heard it; whoever asks with an older token is a thief. */
class ServerContext {
  readonly #windows: Windows;
  #generation = 1;
  /** What it does instead of answering, if anything. */
  mood: 'well' | 'down' | 'busy' | 'deaf' = 'well';
  /** The older tokens that were sent. */
  readonly thefts: string[] = [];
  /** How often the one before the newest was sent, which is right where its answer was lost. */
  repeats = 0;
  /** How many answers were lost. */
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
      this.thefts.push(`${token} instead of refresh-${this.#generation}`);
      return { status: 400, body: { error: 'invalid_grant' } };
    }
    if (this.mood === 'down' || this.mood === 'busy') {
      return this.mood === 'down' ? { status: 503 } : { status: 429, headers: { 'Retry-After': '90' } };
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
    if (this.mood === 'deaf') {
      this.losses += 1;
      return 'drop';
    }
    return { body: tokens };
  }
}

describe('Windows to which anything may happen', function () {
  this.timeout(20_000);
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
   * Callers in all windows: a token that they get works, and nobody is told that there is no session.
   * @param isHonest whether the machine's clock is: after one was set that nobody saw, an old token looks good.
   */
  const call = async (server: ServerContext, isHonest: boolean): Promise<void> => {
    const asked = windows.all.map(async (window) => {
      const token = await tokenIn(window).catch(() => 'none now');
      assert.ok(token !== undefined, `no session\n${window.lines.join('\n')}`);
      assert.ok(
        !isHonest || token === 'none now' || (server.expiries.get(token) ?? 0) > windows.elapsed,
        `${token} does not work\n${window.lines.join('\n')}`,
      );
    });
    const all = Promise.all(asked);
    all.catch(() => {});
    await windows.clock.pass(50 * SECOND);
    await Promise.race([all, windows.clock.rest()]);
  };

  /** Lets one thing happen: to the windows, and to the server or to the clock. */
  const happen = async (
    random: () => number,
    server: ServerContext,
    { isHonest, isDeadly }: Weather,
  ): Promise<void> => {
    const below = (limit: number): number => Math.floor(random() * limit);
    const someone = (): Window | undefined => windows.all[below(windows.all.length)];
    const calm: readonly (() => unknown)[] = [
      () => windows.clock.pass(below(200) * SECOND),
      () => windows.clock.pass(below(200) * SECOND),
      () => call(server, isHonest),
      () => call(server, isHonest),
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
    const deaths = [
      () => someone()?.kill(below(8)),
      () => someone()?.kill(),
      () => windows.all.forEach((window) => window.kill(1 + below(12))),
    ];
    const trouble: readonly (() => unknown)[] = isHonest
      ? (['down', 'busy', 'deaf', 'well', 'well'] as const).map((mood) => () => (server.mood = mood))
      : [1, 2, 3].map(() => () => windows.leap(Math.round((random() - 0.5) * HOUR)));
    const events = [...calm, ...trouble, ...(isDeadly ? deaths : [() => someone()?.close()])];
    await events[below(events.length)]?.();
  };

  for (const kind of STORE_MODELS) {
    it(`never send an older refresh token, and never lose the session (${kind})`, async () => {
      for (let seed = 1; seed <= 40; seed += 1) {
        const random = randomFrom(seed);
        const weather: Weather = { isHonest: seed % 2 === 0, isDeadly: seed % 3 !== 0 };
        windows = new Windows(http, kind);
        const server = new ServerContext(windows);
        http.onToken((request) => server.answer(request));
        await windows.signIn(windows.open());
        await windows.clock.pass(3 * SECOND);
        for (let step = 0; step < STEPS; step += 1) {
          await happen(random, server, weather);
        }
        server.mood = 'well';
        windows.store.failing.clear();
        await windows.openMany(2);
        await windows.clock.pass(10 * MINUTE);
        const told = `seed ${seed}: ${server.thefts.join()}\n${windows.all.map(({ lines }) => lines.join('\n')).join('\n---\n')}`;
        assert.deepEqual(server.thefts, [], told);
        assert.ok(
          weather.isDeadly || server.repeats <= server.losses,
          `${server.repeats} repeats after ${server.losses} losses, ${told}`,
        );
        const kept = windows.all.map((window) => window.liveSessions.get('s1')?.record);
        assert.ok(
          kept.every((record) => record !== undefined && record.ended === undefined),
          told,
        );
        assert.equal(new Set(kept.map((record) => record?.accessToken)).size, 1, told);
        await call(server, weather.isHonest);
        await windows.closeAll();
      }
    }).timeout(60_000);
  }
});
