// The renewing window is killed at every point of a renewal that makes a difference.
import assert from 'node:assert/strict';
import { startIdentityServer, type IdentityServer } from '../../tools/identityServer.ts';
import { holdAtServer } from './atServer.ts';
import { queue, renewals } from './scenarios.ts';
import type { WindowProcess } from './windowProcess.ts';
import { STORE_MODELS, type StoreModel } from '../support/simulation/sharedSecrets.ts';
import type { Outcome, Point } from './wire.ts';
import { withSimulation, assertDone, type Simulation } from './simulation.ts';

/** How long, in ms, the waiting windows may take after the end of the renewing one: many times what they need. */
const BOUND = 10_000;

type Windows = readonly [WindowProcess, ...WindowProcess[]];

/** When the holder is killed. */
interface Death {
  readonly when: string;
  readonly point: Point;
  /** Whether it's killed the first time it reaches the point in a refresh, or a later time. */
  readonly time: 1 | 2 | 3;
  /** The total number of renewals. */
  readonly renewals: number;
  /** The stores to test with: all if they make a difference. */
  readonly models: readonly StoreModel[];
}

const HARMLESS: readonly Death[] = [
  { when: 'before it acquires the lock', point: 'locking', time: 1, renewals: 1, models: ['lagging'] },
  { when: 'before it marks its request as in flight', point: 'sharing', time: 1, renewals: 1, models: ['immediate'] },
  { when: 'before it sends', point: 'sending', time: 1, renewals: 1, models: ['browser'] },
  // An incomplete record has an unused refresh token and no access token. One more renewal completes it.
  { when: 'when the refresh token is in the file', point: 'shared', time: 2, renewals: 2, models: STORE_MODELS },
  { when: 'when the refresh token is stored', point: 'stored', time: 1, renewals: 2, models: ['lagging', 'browser'] },
  { when: 'when the record is in the file', point: 'shared', time: 3, renewals: 1, models: STORE_MODELS },
  { when: 'when the record is stored', point: 'stored', time: 2, renewals: 1, models: ['immediate', 'browser'] },
  { when: 'before it releases the lock', point: 'releasing', time: 1, renewals: 1, models: ['immediate'] },
  { when: 'when it has released the lock', point: 'released', time: 1, renewals: 1, models: ['browser'] },
];
/** The new refresh token is lost, and a strict server treats the old one as stolen. */
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

  /** Makes a window renew until it reaches a point. */
  const renewUntil = async (window: WindowProcess, point: Point): Promise<void> => {
    await window.hold(point);
    window.do({ kind: 'renew' }).catch(() => {});
    await window.held(point);
  };

  /** Kills a window at a point while the others wait for it. Returns their outcomes and how long they took. */
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
    it(`continues in the other windows when it's killed ${when} (${point} ${time})`, () =>
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
    it(`ends, and all windows know why, when it's killed ${when} (${point} ${time}) and the server is strict`, () =>
      inEach(models, async (simulation, windows) => {
        const [, ...others] = windows;
        const { outcomes, takeOver } = await killAt(windows, point, time);
        simulation.note(`killed ${when}`, 1, { takeOver });
        await simulation.assertLost(others, outcomes, [200, 'invalid_grant']);
      }));
  }

  it("continues after one more request when it's killed while the server has the first one, and never handles it", () =>
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

  it("ends, and all windows know why, when it's killed while the server has the request, and handles it afterwards", () =>
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
