// A shared folder that is read-only, full or not a folder: the window continues without it, and reports that.
import assert from 'node:assert/strict';
import { startIdentityServer, type IdentityServer } from '../../tools/identityServer.ts';
import { assertSucceed, renewals, together } from './scenarios.ts';
import { STORE_MODELS, type StoreModel } from '../support/simulation/sharedSecrets.ts';
import type { WindowProcess } from './windowProcess.ts';
import { withSimulation, type Simulation } from './simulation.ts';

describe('A window whose shared folder fails', () => {
  let identity: IdentityServer;

  before(async () => {
    identity = await startIdentityServer({ accessTokenSeconds: 300 });
  });

  after(async () => {
    await identity.stop();
  });

  const renew = (window: WindowProcess): Promise<void> => assertSucceed(window.do({ kind: 'renew' }));

  /** Renews twice in one window that is degraded, and then opens another one. */
  const assertContinues = async (simulation: Simulation, window: WindowProcess, what: string): Promise<void> => {
    await renew(window);
    await renew(window);
    await simulation.assertConsistent([window], renewals(2));
    assert.equal(window.degraded, 1, 'The window did not report exactly once that it is degraded.');
    simulation.note(what, 2);
    await simulation.assertReopens([window], renewals(2));
  };

  const inEach = async (test: (model: StoreModel) => Promise<void>): Promise<void> => {
    await Promise.all(STORE_MODELS.map(test));
  };

  together({
    'renews, and reports once that it is degraded, when the folder is read-only': () =>
      inEach((model) =>
        withSimulation(model, identity, 1, async (simulation, [window]) => {
          await window.do({ kind: 'failFolder', code: 'EROFS' });
          await assertContinues(simulation, window, 'EROFS in the shared folder');
        }),
      ),

    'renews, and reports once that it is degraded, when the disk is full': () =>
      withSimulation('browser', identity, 1, async (simulation, [window]) => {
        await window.do({ kind: 'failFolder', code: 'ENOSPC' });
        await assertContinues(simulation, window, 'ENOSPC in the shared folder');
      }),

    'renews, and reports once that it is degraded, when a file is in place of the folder': () =>
      withSimulation(
        'browser',
        identity,
        1,
        (simulation, [window]) => assertContinues(simulation, window, 'a file in place of the shared folder'),
        import.meta.filename,
      ),

    'learns of the others through SecretStorage when there are several': () =>
      withSimulation('immediate', identity, 2, async (simulation, windows) => {
        const [one, other] = windows as readonly WindowProcess[] as readonly [WindowProcess, WindowProcess];
        await Promise.all(windows.map((window) => window.do({ kind: 'failFolder', code: 'EROFS' })));
        await renew(one);
        await simulation.assertConsistent(windows, renewals(1));
        await renew(other);
        await simulation.assertConsistent(windows, renewals(2));
        assert.deepEqual([one.degraded, other.degraded], [1, 1]);
        simulation.note('EROFS in the shared folder, two windows', 2);
        await simulation.assertReopens(windows, renewals(2));
      }),

    'completes its renewal when the folder fails during it': () =>
      inEach((model) =>
        withSimulation(model, identity, 1, async (simulation, [window]) => {
          await window.hold('sending');
          const renewal = renew(window);
          await window.held('sending');
          await window.do({ kind: 'failFolder', code: 'ENOSPC' });
          await window.release();
          await renewal;
          await simulation.assertConsistent([window], renewals(1));
          await renew(window);
          await simulation.assertConsistent([window], renewals(2));
          assert.equal(window.degraded, 1);
          simulation.note('ENOSPC from the middle of a renewal', 2);
          await simulation.assertReopens([window], renewals(2));
        }),
      ),
  });
});
