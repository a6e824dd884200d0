// A shared folder that can't be changed, or is none: the window goes on by itself, and reports that.
import assert from 'node:assert/strict';
import { startIdentityServer, type IdentityServer } from '../../tools/identityServer.ts';
import { mustSucceed, renewals, together } from './scenes.ts';
import { STORE_MODELS, type StoreModel } from '../support/simulation/sharedSecrets.ts';
import type { WindowProcess } from './windowProcess.ts';
import { inWorld, type World } from './world.ts';

describe('A window whose shared folder fails', () => {
  let identity: IdentityServer;

  before(async () => {
    identity = await startIdentityServer({ accessTokenSeconds: 300 });
  });

  after(async () => {
    await identity.stop();
  });

  const renew = (window: WindowProcess): Promise<void> => mustSucceed(window.do({ kind: 'renew' }));

  /** Renews twice in one window that is alone, and opens another one then. */
  const mustGoOn = async (world: World, window: WindowProcess, what: string): Promise<void> => {
    await renew(window);
    await renew(window);
    await world.mustBeSound([window], renewals(2));
    assert.equal(window.alone, 1, 'It has not said once that it is alone.');
    world.note(what, 2);
    await world.mustReopen([window], renewals(2));
  };

  const inEach = async (test: (model: StoreModel) => Promise<void>): Promise<void> => {
    await Promise.all(STORE_MODELS.map(test));
  };

  together({
    'renews, and reports once that it is alone, when the folder is read-only': () =>
      inEach((model) =>
        inWorld(model, identity, 1, async (world, [window]) => {
          await window.do({ kind: 'failFolder', code: 'EROFS' });
          await mustGoOn(world, window, 'EROFS in the shared folder');
        }),
      ),

    'renews, and reports once that it is alone, when the disk is full': () =>
      inWorld('browser', identity, 1, async (world, [window]) => {
        await window.do({ kind: 'failFolder', code: 'ENOSPC' });
        await mustGoOn(world, window, 'ENOSPC in the shared folder');
      }),

    'renews, and reports once that it is alone, when a file is in place of the folder': () =>
      inWorld(
        'browser',
        identity,
        1,
        (world, [window]) => mustGoOn(world, window, 'a file in place of the shared folder'),
        import.meta.filename,
      ),

    'knows of the others by SecretStorage when there are several': () =>
      inWorld('immediate', identity, 2, async (world, windows) => {
        const [one, other] = windows as readonly WindowProcess[] as readonly [WindowProcess, WindowProcess];
        await Promise.all(windows.map((window) => window.do({ kind: 'failFolder', code: 'EROFS' })));
        await renew(one);
        await world.mustBeSound(windows, renewals(1));
        await renew(other);
        await world.mustBeSound(windows, renewals(2));
        assert.deepEqual([one.alone, other.alone], [1, 1]);
        world.note('EROFS in the shared folder, two windows', 2);
        await world.mustReopen(windows, renewals(2));
      }),

    'completes its renewal when the folder fails in the middle of it': () =>
      inEach((model) =>
        inWorld(model, identity, 1, async (world, [window]) => {
          await window.hold('sending');
          const renewal = renew(window);
          await window.held('sending');
          await window.do({ kind: 'failFolder', code: 'ENOSPC' });
          await window.goOn();
          await renewal;
          await world.mustBeSound([window], renewals(1));
          await renew(window);
          await world.mustBeSound([window], renewals(2));
          assert.equal(window.alone, 1);
          world.note('ENOSPC from the middle of a renewal on', 2);
          await world.mustReopen([window], renewals(2));
        }),
      ),
  });
});
