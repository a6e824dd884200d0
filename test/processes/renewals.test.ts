// Windows that are processes, one account at a real server that rotates strictly, and renewals that all want at once.
import assert from 'node:assert/strict';
import { startIdentityServer, type IdentityServer } from '../../tools/identityServer.ts';
import { mustSucceed, renewals, together } from './scenes.ts';
import type { WindowProcess } from './windowProcess.ts';
import { STORE_MODELS, type StoreModel } from '../support/simulation/sharedSecrets.ts';
import type { Outcome, Point } from './wire.ts';
import { inWorld } from './world.ts';

/** The access tokens of a scheduled renewal, in seconds: as short as a token can be that still serves somebody. */
const SHORT = 6;
const LONG = 300;
/** How long, in ms, the windows may take from the death of the one that renews: many times what they need. */
const BOUND = 10_000;

describe('Windows that are processes', () => {
  let identity: IdentityServer;

  before(async () => {
    identity = await startIdentityServer({ accessTokenSeconds: LONG });
  });

  after(async () => {
    await identity.stop();
  });

  /** Brings every window to the very moment before it acquires the lock, and lets go of all at once; gives what will come of it. */
  const atOnce = async (windows: readonly WindowProcess[], point: Point = 'locking'): Promise<Promise<Outcome>[]> => {
    await Promise.all(windows.map((window) => window.hold(point)));
    const renewing = windows.map((window) => window.do({ kind: 'renew' }));
    await Promise.all(windows.map((window) => window.held(point)));
    await Promise.all(windows.map((window) => window.goOn()));
    return renewing;
  };

  const renewAtOnce = async (windows: readonly WindowProcess[]): Promise<void> =>
    mustSucceed(...(await atOnce(windows)));

  /** Tells all at the same time, each of which renews what is not renewed yet, as callers do. */
  const tellAll = (windows: readonly WindowProcess[], generation: number): Promise<void> =>
    mustSucceed(...windows.map((window) => window.do({ kind: 'renew', generation })));

  const cases: readonly (readonly [number, StoreModel])[] = [
    ...([1, 2, 5, 10, 20] as const).map((count) => [count, 'immediate'] as const),
    [5, 'lagging'],
    [5, 'browser'],
  ];
  for (const [count, model] of cases) {
    it(`send one request for each renewal when ${count} of them renew at once (${model})`, () =>
      inWorld(model, identity, count, async (world, windows) => {
        for (let generation = 1; generation <= 4; generation += 1) {
          await (generation % 2 === 1 ? renewAtOnce(windows) : tellAll(windows, generation));
          await world.mustBeSound(windows, renewals(generation));
        }
        world.note('all told at once', 4);
        await world.mustReopen(windows, renewals(4));
      }));
  }

  it('send the same token once more when the request is lost on the way', () =>
    inWorld('lagging', identity, 3, async (world, windows) => {
      identity.faults.add({ grantType: 'refresh_token', times: 1, action: { kind: 'dropBefore' } });
      await renewAtOnce(windows);
      await world.mustBeSound(windows, ['dropped', 200]);
      world.note('request lost on the way', 1);
      await world.mustReopen(windows, ['dropped', 200]);
    }));

  it('send the same token once more, and all know why the session has ended, when the response is lost and the server is strict', () =>
    inWorld('browser', identity, 3, async (world, windows) => {
      identity.faults.add({ grantType: 'refresh_token', times: 1, action: { kind: 'dropAfter' } });
      const outcomes = await Promise.all(await atOnce(windows));
      world.note('answer lost on the way', 1);
      await world.mustBeLost(windows, outcomes, ['dropped', 'invalid_grant']);
    }));

  it('are caught by these tests when they ignore the lock', () =>
    inWorld('immediate', identity, 5, async (world, windows) => {
      await Promise.all(windows.map((window) => window.do({ kind: 'ignoreLocks' })));
      await Promise.all(await atOnce(windows, 'sending'));
      await assert.rejects(world.mustBeSound(windows, renewals(1)), /The requests are not as they should be/);
      assert.equal(world.isRevoked, true);
    }));
});

describe('Windows that are left to themselves', () => {
  const atServer = async (test: (identity: IdentityServer) => Promise<void>): Promise<void> => {
    const identity = await startIdentityServer({ accessTokenSeconds: SHORT });
    await test(identity).finally(() => identity.stop());
  };

  const scheduled = (model: StoreModel): Promise<void> =>
    atServer((identity) =>
      inWorld(model, identity, 5, async (world, windows) => {
        await identity.journal.waitForRequest(({ grantType }) => grantType === 'refresh_token', {
          limitMilliseconds: 30_000,
        });
        // After the next renewal nothing is due for a while, and the count can be taken.
        identity.policy.accessTokenSeconds = LONG;
        await Promise.all(
          windows.map((window) =>
            window.until('the second renewal', () => window.seen.generation === 3 && window.seen.isComplete),
          ),
        );
        await world.mustBeSound(windows, renewals(2));
        world.note('by themselves', 2);
        await world.mustReopen(windows, renewals(2));
      }),
    );

  together({
    ...Object.fromEntries(
      STORE_MODELS.map((model) => [
        `send one request for each renewal when it is due (${model})`,
        () => scheduled(model),
      ]),
    ),
    'take over when the one that renews is killed': () =>
      atServer((identity) =>
        inWorld('lagging', identity, 3, async (world, windows) => {
          await Promise.all(windows.map((window) => window.hold('sending')));
          const holder = await Promise.race(windows.map((window) => window.held('sending').then(() => window)));
          const others = windows.filter((window) => window !== holder);
          identity.policy.accessTokenSeconds = LONG;
          await Promise.all(others.map((window) => window.goOn()));
          const killedAt = await holder.kill();
          await Promise.all(
            others.map((window) =>
              window.until('the renewal', () => window.seen.generation === 2 && window.seen.isComplete),
            ),
          );
          const takeOver = performance.now() - killedAt;
          assert.ok(takeOver < BOUND, `It took the others ${takeOver} ms.`);
          await world.mustBeSound(others, renewals(1));
          world.note('killed before it sends, by themselves', 1, { takeOver });
        }),
      ),
  });
});
