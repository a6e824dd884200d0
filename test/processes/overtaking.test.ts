// A window is stopped with the lock until the access token has been expired for minutes. Then another window overtakes
// it. The stopped one resumes later, in the middle of its refresh.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { MINUTE, SECOND } from '../../src/core/clock.ts';
import { startIdentityServer, type IdentityServer } from '../../tools/identityServer.ts';
import { holdAtServer } from './atServer.ts';
import { assertSucceed, renewals, renewUntil, setClock, together, wake } from './scenarios.ts';
import type { WindowProcess } from './windowProcess.ts';
import { STORE_MODELS, type StoreModel } from '../support/simulation/sharedSecrets.ts';
import type { Outcome, Point } from './wire.ts';
import { withSimulation, assertDone, type Simulation } from './simulation.ts';

/** The lifetime of the access tokens, in s. */
const LIFETIME = 300;
/**
 * How far, in ms, the clock is set forward before the others overtake: the access token has been expired for more than
 * five minutes.
 */
const LATER = LIFETIME * SECOND + 6 * MINUTE;
/** How long, in ms, the others may take: ten seconds without a response, and a second per unanswered probe. */
const OVERTAKING = 90 * SECOND;

type Three = readonly [WindowProcess, WindowProcess, WindowProcess];

describe('A window that is stopped while it has the lock', () => {
  let identity: IdentityServer;

  before(async () => {
    identity = await startIdentityServer({ accessTokenSeconds: LIFETIME });
  });

  after(async () => {
    await identity.stop();
  });

  const inEach = async (
    models: readonly StoreModel[],
    test: (simulation: Simulation, windows: Three) => Promise<void>,
  ): Promise<void> => {
    await Promise.all(
      models.map((model) =>
        withSimulation(model, identity, 3, (simulation, windows) =>
          test(simulation, windows as readonly WindowProcess[] as Three),
        ),
      ),
    );
  };

  /** Starts renewals in windows that will overtake another one. */
  const overtake = (windows: readonly WindowProcess[]): Promise<Outcome>[] =>
    windows.map((window) => window.do({ kind: 'renew' }, OVERTAKING));

  /** Resumes the stopped window, with its clock set forward as well. */
  const wakeLater = async (sleeper: WindowProcess): Promise<void> => {
    const setting = setClock([sleeper], LATER);
    await wake(sleeper);
    await setting;
  };

  /** Asserts that all windows have the same session, and that the next refresh works in any window. */
  const assertAgree = async (simulation: Simulation, windows: Three, count: number): Promise<void> => {
    await simulation.assertConsistent(windows, renewals(count));
    const [sleeper, other] = windows;
    await assertSucceed(sleeper.do({ kind: 'renew' }));
    await simulation.assertConsistent(windows, renewals(count + 1));
    await assertSucceed(other.do({ kind: 'renew' }));
    await simulation.assertConsistent(windows, renewals(count + 2));
    const locks = (await readdir(simulation.folder)).filter((name) => name.endsWith('.locked'));
    assert.equal(new Set(locks.map((name) => name.split('.')[0])).size, 1, 'There is more than one sequence of locks.');
    await simulation.assertReopens(windows, renewals(count + 2));
  };

  const overtakenAt = (point: Point, models: readonly StoreModel[]) => (): Promise<void> =>
    inEach(models, async (simulation, windows) => {
      const [sleeper, ...others] = windows;
      const { renewal } = await renewUntil(sleeper, point);
      sleeper.stop();
      await setClock(others, LATER);
      await assertSucceed(...overtake(others));
      await simulation.assertConsistent(others, renewals(1));
      await wakeLater(sleeper);
      await assertSucceed(renewal);
      simulation.note(`stopped with the lock (${point}), and overtaken`, 1);
      await assertAgree(simulation, windows, 1);
    });

  together({
    'is overtaken when the access token has been expired for minutes, and adopts the tokens when it resumes':
      overtakenAt('locked', STORE_MODELS),

    'does not send its refresh token when it resumes after it had marked that as in flight': overtakenAt('shared', [
      'immediate',
      'browser',
    ]),

    'does not send its refresh token when it resumes while the other window waits for the response': () =>
      inEach(['lagging'], async (simulation, windows) => {
        const [sleeper, other, third] = windows;
        const { renewal } = await renewUntil(sleeper, 'shared');
        sleeper.stop();
        await other.hold('answered');
        await setClock([other], LATER);
        const [overtaking] = overtake([other]);
        await other.held('answered', OVERTAKING);
        await wakeLater(sleeper);
        assert.deepEqual((await renewal).failure, { category: 'lock-timeout', code: 'lock-timeout' });
        assert.equal(simulation.requests().length, 1);
        await setClock([third], LATER);
        await other.release();
        assertDone((await overtaking) ?? assert.fail());
        simulation.note('stopped with the lock, and resumed during the next request', 1);
        await assertAgree(simulation, windows, 1);
      }),

    'keeps the mark that the next refresh token is in flight when it resumes at the end of its own refresh': () =>
      inEach(['immediate'], async (simulation, windows) => {
        const [sleeper, other, third] = windows;
        const { renewal } = await renewUntil(sleeper, 'stored', 2);
        sleeper.stop();
        await simulation.assertConsistent([other, third], renewals(1));
        await other.hold('answered');
        await setClock([other], LATER);
        const [overtaking] = overtake([other]);
        overtaking?.catch(() => {});
        await other.held('answered', OVERTAKING);
        await wakeLater(sleeper);
        await assertSucceed(renewal);
        await other.kill();
        // Only the mark shows the others that the response to its request was lost.
        for (const window of [sleeper, third]) {
          await window.until('the verdict', () => window.seen.endedBy === 'refresh-response-lost');
        }
        assert.deepEqual(await simulation.ends(), [200, 200, 'invalid_grant']);
        simulation.note('stopped at the end of its refresh, the next one killed', 2);
      }),

    'loses the session, and all windows know why, when it was stopped during its request and the server is strict':
      () =>
        inEach(['browser'], async (simulation, windows) => {
          const [sleeper, ...others] = windows;
          const atServer = holdAtServer(identity, simulation.firstToken);
          const renewal = sleeper.do({ kind: 'renew' }, OVERTAKING);
          await atServer.arrived;
          sleeper.stop();
          await atServer.handle();
          await setClock(others, LATER);
          const outcomes = await Promise.all(overtake(others));
          await wakeLater(sleeper);
          assert.notEqual((await renewal).failure, undefined);
          await sleeper.until('the verdict', () => sleeper.seen.endedBy === 'refresh-response-lost');
          simulation.note('stopped during its request, and overtaken', 1);
          await simulation.assertLost(others, outcomes, [200, 'invalid_grant']);
        }),

    'is awaited when the access token has been expired for less than five minutes': () =>
      inEach(['immediate'], async (simulation, windows) => {
        const [sleeper, ...others] = windows;
        const { renewal } = await renewUntil(sleeper, 'locked');
        sleeper.stop();
        await setClock(others, (LIFETIME + 4 * 60) * SECOND);
        await Promise.all(others.map((window) => window.do({ kind: 'report', point: 'looking' })));
        const waiting = overtake(others);
        // More than it would take to overtake it: ten checks a second.
        await Promise.all(others.map((window) => window.passed('looking', 120)));
        assert.deepEqual(simulation.requests(), [], 'Another window has sent a request in place of the stopped one.');
        const setting = setClock([sleeper], (LIFETIME + 4 * 60) * SECOND);
        await wake(sleeper);
        await setting;
        await assertSucceed(renewal, ...waiting);
        simulation.note('stopped with the lock, and awaited', 1);
        await simulation.assertConsistent(windows, renewals(1));
      }),
  });
});
