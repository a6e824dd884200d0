// The window that renews is killed, at every point of a renewal at which that makes a difference.
import assert from 'node:assert/strict';
import { startIdentityServer, type IdentityServer } from '../../tools/identityServer.ts';
import { holdAtServer } from './atServer.ts';
import { queue, renewals } from './scenarios.ts';
import type { WindowProcess } from './windowProcess.ts';
import { STORE_MODELS, type StoreModel } from '../support/simulation/sharedSecrets.ts';
import type { Outcome, Point } from './wire.ts';
import { withSimulation, assertDone, type Simulation } from './simulation.ts';

/** How long, in ms, the windows that wait may take from the end of the one that renews: many times what they need. */
const BOUND = 10_000;

type Windows = readonly [WindowProcess, ...WindowProcess[]];

/** When the holder is killed. */
interface Death {
  readonly when: string;
  readonly point: Point;
  /** Whether it is when it comes there for the first time in a refresh, or for a later one. */
  readonly time: 1 | 2 | 3;
  /** How many renewals that makes in all. */
  readonly renewals: number;
  /** The stores with which it is tried: all where there is a difference. */
  readonly models: readonly StoreModel[];
}

const HARMLESS: readonly Death[] = [
  { when: 'before it acquires the lock', point: 'locking', time: 1, renewals: 1, models: ['lagging'] },
  { when: 'before it marks its request as in flight', point: 'sharing', time: 1, renewals: 1, models: ['immediate'] },
  { when: 'before it sends', point: 'sending', time: 1, renewals: 1, models: ['browser'] },
  // Half a record has a refresh token that was never used, and no access token: one more renewal makes it whole.
  { when: 'when the refresh token is in the file', point: 'shared', time: 2, renewals: 2, models: STORE_MODELS },
  { when: 'when the refresh token is stored', point: 'stored', time: 1, renewals: 2, models: ['lagging', 'browser'] },
  { when: 'when the record is in the file', point: 'shared', time: 3, renewals: 1, models: STORE_MODELS },
  { when: 'when the record is stored', point: 'stored', time: 2, renewals: 1, models: ['immediate', 'browser'] },
  { when: 'before it releases the lock', point: 'releasing', time: 1, renewals: 1, models: ['immediate'] },
  { when: 'when it has released the lock', point: 'released', time: 1, renewals: 1, models: ['browser'] },
];
/** Nobody has the new refresh token, and a strict server takes the old one as stolen. */
const FATAL: readonly Pick<Death, 'when' | 'point' | 'time' | 'models'>[] = [
  { when: 'before the response arrives', point: 'answered', time: 1, models: ['browser'] },
  { when: 'before the refresh token is in the file', point: 'sharing', time: 2, models: STORE_MODELS },
];

describe('The session of a window that is killed during a renewal', () => {
  let identity: IdentityServer;

  before(async () => {
    identity = await startIdentityServer({ accessTokenSeconds: 300 });
  });

  after(async () => {
    await identity.stop();
  });

  const inEach = async (
    models: readonly StoreModel[],
    test: (simulation: Simulation, windows: Windows) => Promise<void>,
  ): Promise<void> => {
    await Promise.all(models.map((model) => withSimulation(model, identity, 3, test)));
  };

  const kill = async (
    holder: WindowProcess,
    waiting: () => readonly Promise<Outcome>[],
  ): Promise<{ outcomes: Outcome[]; takeOver: number }> => {
    const killedAt = await holder.kill();
    const outcomes = await Promise.all(waiting());
    const takeOver = performance.now() - killedAt;
    assert.ok(takeOver < BOUND, `It took the others ${takeOver} ms.`);
    return { outcomes, takeOver };
  };

  /** Has a window renew until it comes to a point. */
  const renewUntil = async (window: WindowProcess, point: Point): Promise<void> => {
    await window.hold(point);
    window.do({ kind: 'renew' }).catch(() => {});
    await window.held(point);
  };

  /** Kills a window at a point while the others wait for it; gives what becomes of these, and how long that takes. */
  const killAt = async ([holder, ...others]: Windows, point: Point, time = 1): ReturnType<typeof kill> => {
    if (point === 'locking') {
      await renewUntil(holder, 'locking');
      return kill(holder, () => others.map((window) => window.do({ kind: 'renew' })));
    }
    await renewUntil(holder, 'locked');
    const waiting = await queue(others);
    await holder.resumeUntil(point, time);
    return kill(holder, () => waiting);
  };

  for (const { when, point, time, models, ...death } of HARMLESS) {
    it(`goes on in the other windows when it is killed ${when} (${point} ${time})`, () =>
      inEach(models, async (simulation, windows) => {
        const [, ...others] = windows;
        const { outcomes, takeOver } = await killAt(windows, point, time);
        outcomes.forEach(assertDone);
        await simulation.assertConsistent(others, renewals(death.renewals));
        simulation.note(`killed ${when}`, death.renewals, { takeOver });
        await simulation.assertReopens(others, renewals(death.renewals));
      }));
  }

  for (const { when, point, time, models } of FATAL) {
    it(`ends, and all windows know why, when it is killed ${when} (${point} ${time}) and the server is strict`, () =>
      inEach(models, async (simulation, windows) => {
        const [, ...others] = windows;
        const { outcomes, takeOver } = await killAt(windows, point, time);
        simulation.note(`killed ${when}`, 1, { takeOver });
        await simulation.assertLost(others, outcomes, [200, 'invalid_grant']);
      }));
  }

  it('goes on after one more request when it is killed while the server has the first one, and never handles it', () =>
    inEach(['browser'], async (simulation, [holder, ...others]) => {
      const atServer = holdAtServer(identity, simulation.firstToken);
      holder.do({ kind: 'renew' }).catch(() => {});
      await atServer.arrived;
      const waiting = await queue(others);
      const { outcomes, takeOver } = await kill(holder, () => waiting);
      outcomes.forEach(assertDone);
      await simulation.assertConsistent(others, ['dropped', 200]);
      simulation.note('killed when the server has the request', 1, { takeOver });
      await simulation.assertReopens(others, ['dropped', 200]);
    }));

  it('ends, and all windows know why, when it is killed while the server has the request, and handles it afterwards', () =>
    inEach(['immediate'], async (simulation, [holder, ...others]) => {
      const atServer = holdAtServer(identity, simulation.firstToken);
      holder.do({ kind: 'renew' }).catch(() => {});
      await atServer.arrived;
      await Promise.all(others.map((window) => window.hold('sending')));
      const waiting = await queue(others);
      await holder.kill();
      await Promise.race(others.map((window) => window.held('sending')));
      await atServer.handle();
      await Promise.all(others.map((window) => window.release()));
      const outcomes = await Promise.all(waiting);
      simulation.note('killed when the server has the request, handled later', 1);
      await simulation.assertLost(others, outcomes, ['dropped', 'invalid_grant']);
    }));
});
