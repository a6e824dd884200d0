// A sign-out in one window applies to all, no matter what they are doing.
import assert from 'node:assert/strict';
import { startIdentityServer, type IdentityServer } from '../../tools/identityServer.ts';
import { STORE_MODELS, type StoreModel } from '../support/simulation/sharedSecrets.ts';
import type { Point } from './wire.ts';
import type { WindowProcess } from './windowProcess.ts';
import { withSimulation, assertDone, type Simulation } from './simulation.ts';

/** The points at which another window is during the sign-out, for the n-th time, and the stores to test with. */
const POINTS: readonly (readonly [Point, number, readonly StoreModel[]])[] = [
  ['locking', 1, ['lagging']],
  ['sharing', 1, ['immediate']],
  ['sending', 1, ['immediate']],
  ['answered', 1, ['lagging']],
  ['sharing', 2, ['browser']],
  ['storing', 1, STORE_MODELS],
  ['stored', 1, ['browser']],
  ['shared', 2, ['immediate']],
  ['sharing', 3, ['lagging']],
  ['releasing', 1, ['browser']],
];

describe('A sign-out', () => {
  let identity: IdentityServer;

  before(async () => {
    identity = await startIdentityServer({ accessTokenSeconds: 300 });
  });

  after(async () => {
    await identity.stop();
  });

  const inEach = async (
    models: readonly StoreModel[],
    count: number,
    test: (simulation: Simulation, windows: readonly [WindowProcess, ...WindowProcess[]]) => Promise<void>,
  ): Promise<void> => {
    await Promise.all(models.map((model) => withSimulation(model, identity, count, test)));
  };

  /** Asserts that no window has the session, that a new one doesn't find it, and that nothing of it remains. */
  const assertSignedOut = async (simulation: Simulation, windows: readonly WindowProcess[]): Promise<void> => {
    for (const window of windows) {
      await window.until('the end of the session', () => window.seen.generation === 0);
    }
    assert.equal(simulation.isRevoked, true, 'The session continues at the server.');
    await Promise.all(windows.map((window) => window.close()));
    const again = await simulation.open();
    assert.deepEqual((await again.do({ kind: 'find' })).found, [], 'The session was restored.');
    await again.close();
    assert.deepEqual(await simulation.remains(), [], 'The session is still stored.');
  };

  it('reaches every window when nothing else happens', () =>
    inEach(STORE_MODELS, 4, async (simulation, windows) => {
      assertDone(await windows[0].do({ kind: 'signOut' }));
      simulation.note('signed out', 0);
      await assertSignedOut(simulation, windows);
    }));

  for (const [point, time, models] of POINTS) {
    it(`is permanent when another window renews (${point} ${time})`, () =>
      inEach(models, 2, async (simulation, windows) => {
        const [leaving, renewing] = windows as readonly WindowProcess[] as readonly [WindowProcess, WindowProcess];
        await renewing.hold(point, time);
        const renewal = renewing.do({ kind: 'renew' });
        await renewing.held(point);
        assertDone(await leaving.do({ kind: 'signOut' }));
        await renewing.release();
        await renewal;
        simulation.note(`signed out while another renews (${point} ${time})`, 0);
        await assertSignedOut(simulation, windows);
      }));
  }

  it('is permanent when another window is stopped during a renewal', () =>
    inEach(STORE_MODELS, 3, async (simulation, windows) => {
      const [leaving, renewing] = windows as readonly WindowProcess[] as readonly [WindowProcess, WindowProcess];
      await renewing.hold('storing');
      const renewal = renewing.do({ kind: 'renew' });
      await renewing.held('storing');
      renewing.stop();
      assertDone(await leaving.do({ kind: 'signOut' }));
      const going = renewing.release();
      renewing.resume();
      await going;
      await renewal;
      simulation.note('signed out while another is stopped', 0);
      await assertSignedOut(simulation, windows);
    }));
});
