// A window that stands still lives all the same: a machine that swaps, a debugger, a lid that is closed half-way.
// And a clock that is set says nothing about who has the turn.
import assert from 'node:assert/strict';
import { DAY } from '../../src/core/clock.ts';
import { startIdentityServer, type IdentityServer } from '../../tools/identityServer.ts';
import { holdAtServer } from './atServer.ts';
import { mustSucceed, queue, renewals, together } from './scenes.ts';
import type { WindowProcess } from './windowProcess.ts';
import { MODELS, type Model, type Outcome, type Point } from './wire.ts';
import { inWorld, type World } from './world.ts';

/** How often those who wait look at the turn while its window stands still: ten times a second, so for three seconds. */
const LOOKS = 30;
/** How long the server takes for a renewal that another window is to sleep through, in ms. */
const SLOWNESS = 3000;

describe('While a turn is taken or held', () => {
  let identity: IdentityServer;
  let slow: IdentityServer;

  before(async () => {
    identity = await startIdentityServer({ accessTokenSeconds: 300 });
    slow = await startIdentityServer({ accessTokenSeconds: 300 });
    slow.faults.add({ grantType: 'refresh_token', action: { kind: 'delay', milliseconds: SLOWNESS } });
  });

  after(async () => {
    await identity.stop();
    await slow.stop();
  });

  /** Has a window renew until it comes to a point; gives what will come of that. The promise is in an object, or it would be waited for. */
  const renewUntil = async (window: WindowProcess, point: Point): Promise<{ readonly renewal: Promise<Outcome> }> => {
    await window.hold(point);
    const renewal = window.do({ kind: 'renew' });
    await window.held(point);
    return { renewal };
  };

  /** Lets a window go on that is both stopped and held: the one order is there when the other takes effect. */
  const wake = async (window: WindowProcess): Promise<void> => {
    const going = window.goOn();
    window.resume();
    await going;
  };

  const inEach = async (test: (model: Model) => Promise<void>): Promise<void> => {
    await Promise.all(MODELS.map(test));
  };

  const setClock = async (windows: readonly WindowProcess[], by: number): Promise<void> => {
    await Promise.all(windows.map((window) => window.do({ kind: 'shiftClock', by })));
  };

  const clockInTurn = async (
    world: World,
    windows: readonly WindowProcess[],
    name: string,
    by: number,
  ): Promise<void> => {
    const [holder, next, ...others] = windows as readonly [WindowProcess, WindowProcess, ...WindowProcess[]];
    const { renewal } = await renewUntil(holder, 'locked');
    const waiting = await queue([next, ...others]);
    await setClock(windows, by);
    await next.passed('looking', next.timesPassed('looking') + 5);
    assert.deepEqual(world.requests(), [], 'Somebody has sent in the place of the one that has the turn.');
    await holder.goOn();
    await mustSucceed(renewal, ...waiting);
    await world.mustBeSound(windows, renewals(1));
    await mustSucceed(next.do({ kind: 'renew' }));
    await world.mustBeSound(windows, renewals(2));
    world.note(`clock set ${name} in a turn`, 2);
  };

  const clockInRequest = async (
    world: World,
    windows: readonly WindowProcess[],
    name: string,
    by: number,
  ): Promise<void> => {
    const [holder, ...others] = windows as readonly [WindowProcess, ...WindowProcess[]];
    const atServer = holdAtServer(identity, world.firstToken);
    const renewal = holder.do({ kind: 'renew' });
    await atServer.arrived;
    const waiting = await queue(others);
    await setClock(windows, by);
    await atServer.handle();
    // What the answer says of its times makes no sense then, and whoever does not believe it may renew once more.
    await Promise.all([renewal, ...waiting]);
    await mustSucceed(holder.do({ kind: 'renew' }));
    const { length } = world.requests();
    assert.ok(length <= 3, `${length} requests were sent.`);
    await world.mustBeSound(windows, renewals(length));
    world.note(`clock set ${name} during a request`, length);
  };

  together({
    'a window that is stopped before it takes its turn does not send when it goes on, but adopts': () =>
      inEach((model) =>
        inWorld(model, slow, 2, async (world, windows) => {
          const [sleeper, other] = windows as readonly WindowProcess[] as readonly [WindowProcess, WindowProcess];
          const { renewal } = await renewUntil(sleeper, 'locking');
          sleeper.stop();
          await mustSucceed(other.do({ kind: 'renew' }));
          await wake(sleeper);
          await mustSucceed(renewal);
          await world.mustBeSound(windows, renewals(1));
          world.note('stopped before its turn', 1);
          await Promise.all(windows.map((window) => window.close()));
        }),
      ),

    'a window that is stopped before it takes a turn that is long past and cleared away does not send either': () =>
      inWorld('browser', identity, 2, async (world, windows) => {
        const [sleeper, other] = windows as readonly WindowProcess[] as readonly [WindowProcess, WindowProcess];
        const { renewal } = await renewUntil(sleeper, 'locking');
        sleeper.stop();
        for (let time = 0; time < 5; time += 1) {
          await mustSucceed(other.do({ kind: 'renew' }));
        }
        await wake(sleeper);
        await mustSucceed(renewal);
        await world.mustBeSound(windows, renewals(5));
        world.note('stopped before a turn that is long past', 5);
      }),

    'a window that is stopped in its turn keeps the others waiting, and sends when it goes on': () =>
      inEach((model) =>
        inWorld(model, identity, 3, async (world, windows) => {
          const [sleeper, ...others] = windows;
          const { renewal } = await renewUntil(sleeper, 'sending');
          sleeper.stop();
          const waiting = await queue(others, LOOKS);
          assert.deepEqual(world.requests(), [], 'Somebody has sent in the place of the one that is stopped.');
          await wake(sleeper);
          await mustSucceed(renewal, ...waiting);
          await world.mustBeSound(windows, renewals(1));
          world.note('stopped in its turn, before it sends', 1);
        }),
      ),

    'a window that is stopped while its request is under way keeps the others waiting, and takes the answer when it goes on':
      () =>
        inWorld('lagging', identity, 3, async (world, windows) => {
          const [sleeper, ...others] = windows;
          const atServer = holdAtServer(identity, world.firstToken);
          const renewal = sleeper.do({ kind: 'renew' });
          await atServer.arrived;
          sleeper.stop();
          await atServer.handle();
          const waiting = await queue(others, LOOKS);
          sleeper.resume();
          await mustSucceed(renewal, ...waiting);
          await world.mustBeSound(windows, renewals(1));
          world.note('stopped while its request is under way', 1);
        }),

    'a clock that is set forward by a day makes nobody send but the window that has the turn': () =>
      inEach((model) => inWorld(model, identity, 3, (world, windows) => clockInTurn(world, windows, 'forward', DAY))),
    'a clock that is set back by a day makes nobody send but the window that has the turn': () =>
      inEach((model) => inWorld(model, identity, 3, (world, windows) => clockInTurn(world, windows, 'back', -DAY))),
    'a clock that is set forward by a day while a request is under way costs no session': () =>
      inWorld('browser', identity, 2, (world, windows) => clockInRequest(world, windows, 'forward', DAY)),
    'a clock that is set back by a day while a request is under way costs no session': () =>
      inWorld('browser', identity, 2, (world, windows) => clockInRequest(world, windows, 'back', -DAY)),
  });
});
