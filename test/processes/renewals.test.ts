// Windows in separate processes with one account at a real server that rotates strictly, and simultaneous renewals.
import assert from 'node:assert/strict';
import { startIdentityServer, type IdentityServer } from '../../tools/identityServer.ts';
import { assertSucceed, renewals, together } from './scenarios.ts';
import type { WindowProcess } from './windowProcess.ts';
import { STORE_MODELS, type StoreModel } from '../support/simulation/sharedSecrets.ts';
import type { Outcome, Point } from './wire.ts';
import { withSimulation } from './simulation.ts';

/** The lifetime of access tokens in scheduled renewals, in seconds: as short as a usable token can be. */
const SHORT = 6;
const LONG = 300;
/** How long, in ms, the windows may take after the renewing one is killed: many times what they need. */
const BOUND = 10_000;

describe('Windows in separate processes', () => {
  let identity: IdentityServer;

  before(async () => {
    identity = await startIdentityServer({ accessTokenSeconds: LONG });
  });

  after(async () => {
    await identity.stop();
  });

  /** Holds every window just before it acquires the lock, and releases all at once. Returns their pending outcomes. */
  const atOnce = async (windows: readonly WindowProcess[], point: Point = 'locking'): Promise<Promise<Outcome>[]> => {
    await Promise.all(windows.map((window) => window.hold(point)));
    const renewing = windows.map((window) => window.do({ kind: 'renew' }));
    await Promise.all(windows.map((window) => window.held(point)));
    await Promise.all(windows.map((window) => window.release()));
    return renewing;
  };

  const renewAtOnce = async (windows: readonly WindowProcess[]): Promise<void> =>
    assertSucceed(...(await atOnce(windows)));

  /** Makes all windows renew at the same time unless the session is already renewed, as callers do. */
  const renewUnlessDone = (windows: readonly WindowProcess[], generation: number): Promise<void> =>
    assertSucceed(...windows.map((window) => window.do({ kind: 'renew', generation })));

  const cases: readonly (readonly [number, StoreModel])[] = [
    ...([1, 2, 5, 10, 20] as const).map((count) => [count, 'immediate'] as const),
    [5, 'lagging'],
    [5, 'browser'],
  ];
  for (const [count, model] of cases) {
    it(`send one request for each renewal when ${count} of them renew at once (${model})`, () =>
      withSimulation(model, identity, count, async (simulation, windows) => {
        for (let generation = 1; generation <= 4; generation += 1) {
          await (generation % 2 === 1 ? renewAtOnce(windows) : renewUnlessDone(windows, generation));
          await simulation.assertConsistent(windows, renewals(generation));
        }
        simulation.note('all at once', 4);
        await simulation.assertReopens(windows, renewals(4));
      }));
  }

  it('send the same token once more when the request is lost in transit', () =>
    withSimulation('lagging', identity, 3, async (simulation, windows) => {
      identity.faults.add({ grantType: 'refresh_token', times: 1, action: { kind: 'dropBefore' } });
      await renewAtOnce(windows);
      await simulation.assertConsistent(windows, ['dropped', 200]);
      simulation.note('request lost in transit', 1);
      await simulation.assertReopens(windows, ['dropped', 200]);
    }));

  it('send the same token once more, and all know why the session has ended, when the response is lost and the server is strict', () =>
    withSimulation('browser', identity, 3, async (simulation, windows) => {
      identity.faults.add({ grantType: 'refresh_token', times: 1, action: { kind: 'dropAfter' } });
      const outcomes = await Promise.all(await atOnce(windows));
      simulation.note('response lost in transit', 1);
      await simulation.assertLost(windows, outcomes, ['dropped', 'invalid_grant']);
    }));

  it('are caught by these tests when they ignore the lock', () =>
    withSimulation('immediate', identity, 5, async (simulation, windows) => {
      await Promise.all(windows.map((window) => window.do({ kind: 'ignoreLocks' })));
      await Promise.all(await atOnce(windows, 'sending'));
      await assert.rejects(simulation.assertConsistent(windows, renewals(1)), /The requests aren't as expected/);
      assert.equal(simulation.isRevoked, true);
    }));
});

describe('Windows without callers', () => {
  const atServer = async (test: (identity: IdentityServer) => Promise<void>): Promise<void> => {
    const identity = await startIdentityServer({ accessTokenSeconds: SHORT });
    await test(identity).finally(() => identity.stop());
  };

  const scheduled = (model: StoreModel): Promise<void> =>
    atServer((identity) =>
      withSimulation(model, identity, 5, async (simulation, windows) => {
        await identity.journal.waitForRequest(({ grantType }) => grantType === 'refresh_token', {
          limitMilliseconds: 30_000,
        });
        // After the next renewal, nothing is due for a while, so the requests can be counted.
        identity.policy.accessTokenSeconds = LONG;
        await Promise.all(
          windows.map((window) =>
            window.until('the second renewal', () => window.seen.generation === 3 && window.seen.isComplete),
          ),
        );
        await simulation.assertConsistent(windows, renewals(2));
        simulation.note('without callers', 2);
        await simulation.assertReopens(windows, renewals(2));
      }),
    );

  together({
    ...Object.fromEntries(
      STORE_MODELS.map((model) => [
        `send one request for each renewal when it is due (${model})`,
        () => scheduled(model),
      ]),
    ),
    'take over when the renewing window is killed': () =>
      atServer((identity) =>
        withSimulation('lagging', identity, 3, async (simulation, windows) => {
          await Promise.all(windows.map((window) => window.hold('sending')));
          const holder = await Promise.race(windows.map((window) => window.held('sending').then(() => window)));
          const others = windows.filter((window) => window !== holder);
          identity.policy.accessTokenSeconds = LONG;
          await Promise.all(others.map((window) => window.release()));
          const killedAt = await holder.kill();
          await Promise.all(
            others.map((window) =>
              window.until('the renewal', () => window.seen.generation === 2 && window.seen.isComplete),
            ),
          );
          const takeOver = performance.now() - killedAt;
          assert.ok(takeOver < BOUND, `It took the others ${takeOver} ms.`);
          await simulation.assertConsistent(others, renewals(1));
          simulation.note('killed before it sends, without callers', 1, { takeOver });
        }),
      ),
  });
});
