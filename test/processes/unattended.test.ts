// A renewal that wasn't due and that no window waits for.
import assert from 'node:assert/strict';
import { startIdentityServer, type IdentityServer } from '../../tools/identityServer.ts';
import { holdAtServer } from './atServer.ts';
import { renewals, together } from './scenarios.ts';
import { STORE_MODELS, type StoreModel } from '../support/simulation/sharedSecrets.ts';
import type { Point } from './wire.ts';
import type { WindowProcess } from './windowProcess.ts';
import { withSimulation, type Simulation } from './simulation.ts';

type Windows = readonly [WindowProcess, ...WindowProcess[]];

/** How long, in ms, a server stalls: longer than the deadline of a window. */
const STALL = 25_000;

describe('A renewal that no window waits for', () => {
  let identity: IdentityServer;

  before(async () => {
    // An hour, so that none of these renewals is due while the tests run.
    identity = await startIdentityServer({ accessTokenSeconds: 3600 });
  });

  after(async () => {
    await identity.stop();
  });

  /** Kills the first window at a point of its renewal. */
  const killAt = async ([holder]: Windows, point: Point, time: number): Promise<void> => {
    await holder.hold(point, time);
    holder.do({ kind: 'renew' }).catch(() => {});
    await holder.held(point);
    await holder.kill();
  };
  const inEach = async (test: (model: StoreModel) => Promise<void>): Promise<void> => {
    await Promise.all(STORE_MODELS.map(test));
  };
  const assertBecomes = async (simulation: Simulation, window: WindowProcess, count: number): Promise<void> => {
    await window.until(`generation ${count + 1}`, () => window.seen.generation > count && window.seen.isComplete);
    await simulation.assertConsistent([window], renewals(count));
  };
  const finishes = (point: Point, time: number, count: number) => (): Promise<void> =>
    inEach((model) =>
      withSimulation(model, identity, 2, async (simulation, windows) => {
        const [, other] = windows as readonly WindowProcess[] as readonly [WindowProcess, WindowProcess];
        await killAt(windows, point, time);
        await assertBecomes(simulation, other, count);
      }),
    );
  const stall = (model: StoreModel, count: number) => async (): Promise<void> =>
    withSimulation(model, identity, count, async (simulation: Simulation, windows: Windows) => {
      const [holder] = windows;
      const atServer = holdAtServer(identity, simulation.firstToken);
      const renewal = holder.do({ kind: 'renew' });
      await atServer.arrived;
      await new Promise((resolve) => setTimeout(resolve, STALL));
      assert.deepEqual(
        (await renewal).failure,
        { category: 'network', code: 'deadline' },
        'The caller is released at the deadline.',
      );
      assert.equal(simulation.requests().length, 1, 'The token was sent again while the server was processing it.');
      await atServer.handle();
      await simulation.assertConsistent(windows, renewals(1));
      await simulation.assertReopens(windows, renewals(1));
    });

  together({
    'is finished by the other window when its own is killed before it sends': finishes('sending', 1, 1),
    'is finished by the other window when its own is killed after the refresh token is stored': finishes(
      'stored',
      1,
      2,
    ),
    'is adopted by the other window when its own is killed after the record is stored': finishes('stored', 2, 1),
    'is finished by a window that is opened after its own was killed': () =>
      inEach((model) =>
        withSimulation(model, identity, 1, async (simulation, windows) => {
          await killAt(windows, 'sending', 1);
          await assertBecomes(simulation, await simulation.open(), 1);
        }),
      ),
    'is awaited beyond the deadline when there is one window': stall('immediate', 1),
    'is awaited beyond the deadline when there are three windows whose store lags': stall('lagging', 3),
    'is awaited beyond the deadline when there are three windows of a browser': stall('browser', 3),
    'is awaited beyond the deadline when its window was stopped meanwhile': () =>
      withSimulation('lagging', identity, 2, async (simulation, windows) => {
        const [holder] = windows;
        const atServer = holdAtServer(identity, simulation.firstToken);
        const renewal = holder.do({ kind: 'renew' });
        await atServer.arrived;
        holder.stop();
        await new Promise((resolve) => setTimeout(resolve, STALL));
        await atServer.handle();
        holder.resume();
        await renewal;
        await simulation.assertConsistent(windows, renewals(1));
      }),
  });
});
