// A stopped window is still alive: a machine that swaps, a debugger, or a lid closed halfway. A changed clock doesn't
// affect who has the lock.
import assert from 'node:assert/strict';
import { DAY } from '../../src/core/clock.ts';
import { startIdentityServer, type IdentityServer } from '../../tools/identityServer.ts';
import { holdAtServer } from './atServer.ts';
import { assertSucceed, queue, renewals, renewUntil, setClock, together, wake } from './scenarios.ts';
import type { WindowProcess } from './windowProcess.ts';
import { STORE_MODELS, type StoreModel } from '../support/simulation/sharedSecrets.ts';
import { withSimulation, type Simulation } from './simulation.ts';

/** How often waiting windows check the lock while its window is stopped: ten times a second, for three seconds. */
const CHECKS = 30;
/** How long the server takes, in ms, for a renewal during which a window is stopped. */
const RESPONSE_TIME = 3000;

describe('A window that is stopped, or whose clock is set, during a refresh', () => {
  let identity: IdentityServer;
  let slow: IdentityServer;

  before(async () => {
    identity = await startIdentityServer({ accessTokenSeconds: 300 });
    slow = await startIdentityServer({ accessTokenSeconds: 300 });
    slow.faults.add({ grantType: 'refresh_token', action: { kind: 'delay', milliseconds: RESPONSE_TIME } });
  });

  after(async () => {
    await identity.stop();
    await slow.stop();
  });

  const inEach = async (test: (model: StoreModel) => Promise<void>): Promise<void> => {
    await Promise.all(STORE_MODELS.map(test));
  };

  const clockWhileLocked = async (
    simulation: Simulation,
    windows: readonly WindowProcess[],
    name: string,
    by: number,
  ): Promise<void> => {
    const [holder, next, ...others] = windows as readonly [WindowProcess, WindowProcess, ...WindowProcess[]];
    const { renewal } = await renewUntil(holder, 'locked');
    const waiting = await queue([next, ...others]);
    await setClock(windows, by);
    await next.passed('looking', next.timesPassed('looking') + 5);
    assert.deepEqual(simulation.requests(), [], 'Another window has sent a request in place of the lock holder.');
    await holder.release();
    await assertSucceed(renewal, ...waiting);
    await simulation.assertConsistent(windows, renewals(1));
    await assertSucceed(next.do({ kind: 'renew' }));
    await simulation.assertConsistent(windows, renewals(2));
    simulation.note(`clock set ${name} while one has the lock`, 2);
  };

  const clockInRequest = async (
    simulation: Simulation,
    windows: readonly WindowProcess[],
    name: string,
    by: number,
  ): Promise<void> => {
    const [holder, ...others] = windows as readonly [WindowProcess, ...WindowProcess[]];
    const atServer = holdAtServer(identity, simulation.firstToken);
    const renewal = holder.do({ kind: 'renew' });
    await atServer.arrived;
    const waiting = await queue(others);
    await setClock(windows, by);
    await atServer.handle();
    // The times in the response are then inconsistent, and a window that rejects them may renew once more.
    await Promise.all([renewal, ...waiting]);
    await assertSucceed(holder.do({ kind: 'renew' }));
    const { length } = simulation.requests();
    assert.ok(length <= 3, `${length} requests were sent.`);
    await simulation.assertConsistent(windows, renewals(length));
    simulation.note(`clock set ${name} during a request`, length);
  };

  together({
    'sends nothing, and adopts the tokens, when it was stopped before it acquired the lock': () =>
      inEach((model) =>
        withSimulation(model, slow, 2, async (simulation, windows) => {
          const [sleeper, other] = windows as readonly WindowProcess[] as readonly [WindowProcess, WindowProcess];
          const { renewal } = await renewUntil(sleeper, 'locking');
          sleeper.stop();
          await assertSucceed(other.do({ kind: 'renew' }));
          await wake(sleeper);
          await assertSucceed(renewal);
          await simulation.assertConsistent(windows, renewals(1));
          simulation.note('stopped before it acquired the lock', 1);
          await Promise.all(windows.map((window) => window.close()));
        }),
      ),

    'sends nothing when it was stopped before it acquired a lock that has become outdated and was deleted': () =>
      withSimulation('browser', identity, 2, async (simulation, windows) => {
        const [sleeper, other] = windows as readonly WindowProcess[] as readonly [WindowProcess, WindowProcess];
        const { renewal } = await renewUntil(sleeper, 'locking');
        sleeper.stop();
        for (let time = 0; time < 5; time += 1) {
          await assertSucceed(other.do({ kind: 'renew' }));
        }
        await wake(sleeper);
        await assertSucceed(renewal);
        await simulation.assertConsistent(windows, renewals(5));
        simulation.note('stopped before it acquired an outdated lock', 5);
      }),

    'keeps the others waiting, and sends when it resumes, when it was stopped with the lock': () =>
      inEach((model) =>
        withSimulation(model, identity, 3, async (simulation, windows) => {
          const [sleeper, ...others] = windows;
          const { renewal } = await renewUntil(sleeper, 'sending');
          sleeper.stop();
          const waiting = await queue(others, CHECKS);
          assert.deepEqual(simulation.requests(), [], 'Another window has sent a request in place of the stopped one.');
          await wake(sleeper);
          await assertSucceed(renewal, ...waiting);
          await simulation.assertConsistent(windows, renewals(1));
          simulation.note('stopped with the lock, before it sends', 1);
        }),
      ),

    'keeps the others waiting, and uses the response when it resumes, when it was stopped during its request': () =>
      withSimulation('lagging', identity, 3, async (simulation, windows) => {
        const [sleeper, ...others] = windows;
        const atServer = holdAtServer(identity, simulation.firstToken);
        const renewal = sleeper.do({ kind: 'renew' });
        await atServer.arrived;
        sleeper.stop();
        await atServer.handle();
        const waiting = await queue(others, CHECKS);
        sleeper.resume();
        await assertSucceed(renewal, ...waiting);
        await simulation.assertConsistent(windows, renewals(1));
        simulation.note('stopped while its request is under way', 1);
      }),

    'is the only one to send when it has the lock and the clock is set forward by a day': () =>
      inEach((model) =>
        withSimulation(model, identity, 3, (simulation, windows) =>
          clockWhileLocked(simulation, windows, 'forward', DAY),
        ),
      ),
    'is the only one to send when it has the lock and the clock is set back by a day': () =>
      inEach((model) =>
        withSimulation(model, identity, 3, (simulation, windows) =>
          clockWhileLocked(simulation, windows, 'back', -DAY),
        ),
      ),
    'loses no session when the clock is set forward by a day during a request': () =>
      withSimulation('browser', identity, 2, (simulation, windows) =>
        clockInRequest(simulation, windows, 'forward', DAY),
      ),
    'loses no session when the clock is set back by a day during a request': () =>
      withSimulation('browser', identity, 2, (simulation, windows) =>
        clockInRequest(simulation, windows, 'back', -DAY),
      ),
  });
});
