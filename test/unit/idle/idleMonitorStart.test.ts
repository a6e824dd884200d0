// The idle sign-out in windows that are opened after VS Code was closed: which tokens they return, and which sessions
// they sign out of.
import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { providerAt } from '../../support/fixtures.ts';
import { grantFor } from '../../support/testWindow.ts';
import { IdleFixture, TIMEOUT } from '../../support/idleFixture.ts';
import { STORE_MODELS } from '../../support/simulation/sharedSecrets.ts';
import { tokenIn } from '../../support/windows.ts';
import { isTombstone, parseSessionFile } from '../../../src/storage/sessionFile.ts';

describe('IdleMonitor in a new window', () => {
  let fixture: IdleFixture;

  beforeEach(async () => {
    fixture = await IdleFixture.start();
  });

  afterEach(async () => {
    await fixture.end();
  });

  const closed = async (time: number): Promise<void> => {
    await fixture.openSignedIn(2);
    await fixture.windows.closeAll();
    await fixture.windows.clock.pass(time);
  };

  for (const kind of STORE_MODELS) {
    it(`signs out before returning any token when VS Code was closed for longer than the timeout (${kind} secrets)`, async () => {
      await fixture.openSignedIn(2, kind);
      await fixture.windows.closeAll();
      const before = fixture.refreshes;
      await fixture.windows.clock.pass(TIMEOUT);
      const all = [fixture.open(), fixture.open(), fixture.open()];
      const returned = new Set<string>();
      const look = (): void =>
        all.forEach(({ sessionManager }) =>
          sessionManager.getActive('acme').forEach(({ record }) => returned.add(record.accessToken)),
        );
      all.forEach(({ liveSessions, idleMonitor }) => {
        liveSessions.onDidChange(look);
        idleMonitor.recordActivity();
      });
      const served = Promise.all(all.map(tokenIn));
      await fixture.windows.clock.pass(SECOND);
      assert.deepEqual(
        [await served, [...returned], fixture.refreshes - before],
        [[undefined, undefined, undefined], [], 0],
      );
      await fixture.assertSignedOut();
    });
  }

  it('returns no token when another window is still signing out', async () => {
    await closed(TIMEOUT);
    const { clock, folder } = fixture.windows;
    const create = folder.create.bind(folder);
    folder.create = async (name, text) => {
      if (isTombstone(parseSessionFile(text))) {
        await new Promise<void>((resolve) => void clock.after(3 * SECOND, resolve));
      }
      return create(name, text);
    };
    fixture.open().idleMonitor.recordActivity();
    await clock.pass(SECOND);
    const late = tokenIn(fixture.open());
    await clock.pass(SECOND);
    assert.equal(await late, undefined);
    await fixture.assertSignedOut();
  });

  it('counts activity from before the keyring is unlocked when VS Code was closed for less than the timeout', async () => {
    await closed(TIMEOUT - MINUTE);
    fixture.windows.store.failing.add('keys');
    const window = fixture.open();
    for (let time = 0; time < 2 * TIMEOUT; time += TIMEOUT / 4) {
      window.idleMonitor.recordActivity();
      await fixture.windows.clock.pass(TIMEOUT / 4);
    }
    fixture.windows.store.failing.clear();
    await fixture.windows.clock.pass(2 * MINUTE);
    assert.ok((await tokenIn(window))?.startsWith('access-'), 'signed out in spite of continuous activity');
  });

  it('signs out in spite of activity before the keyring is unlocked when VS Code was closed for longer than the timeout', async () => {
    await closed(TIMEOUT);
    fixture.windows.store.failing.add('keys');
    const window = fixture.open();
    window.idleMonitor.recordActivity();
    await fixture.windows.clock.pass(TIMEOUT / 2);
    window.idleMonitor.recordActivity();
    fixture.windows.store.failing.clear();
    await fixture.windows.clock.pass(2 * MINUTE);
    await fixture.assertSignedOut();
  });

  it('counts from the last activity when the keyring is unlocked long after it', async () => {
    await closed(MINUTE);
    fixture.windows.store.failing.add('keys');
    const window = fixture.open();
    await fixture.windows.clock.pass(MINUTE);
    window.idleMonitor.recordActivity();
    await fixture.windows.clock.pass(TIMEOUT - 4 * MINUTE);
    fixture.windows.store.failing.clear();
    await fixture.windows.clock.pass(2 * MINUTE);
    assert.ok((await tokenIn(window))?.startsWith('access-'), 'within the timeout');
    await fixture.windows.clock.pass(3 * MINUTE);
    await fixture.assertSignedOut();
  });

  it('keeps the session and refreshes it when VS Code was closed for less than the timeout', async () => {
    await closed(TIMEOUT - MINUTE);
    const window = fixture.open();
    window.idleMonitor.recordActivity();
    await fixture.windows.clock.pass(10 * SECOND);
    assert.ok((await tokenIn(window))?.startsWith('access-'));
    await fixture.windows.clock.pass(20 * MINUTE);
    assert.deepEqual([fixture.present, fixture.events], [1, []]);
  });

  it('serves the first caller when the sign-in was longer ago than the timeout, but there was activity since', async () => {
    const [one] = await fixture.openSignedIn(1);
    const { clock, folder } = fixture.windows;
    await clock.pass(20 * MINUTE);
    one.idleMonitor.recordActivity();
    await clock.pass(SECOND);
    await fixture.windows.closeAll();
    await clock.pass(20 * MINUTE);
    const read = folder.read.bind(folder);
    folder.read = async (name) => {
      if (name === 'activity') {
        await new Promise<void>((resolve) => void clock.after(SECOND, resolve));
      }
      return read(name);
    };
    const served = tokenIn(fixture.open());
    await clock.pass(5 * SECOND);
    assert.ok((await served)?.startsWith('access-'));
  });

  it('counts from the change when the timeout becomes shorter than the time for which VS Code was closed', async () => {
    await closed(20 * MINUTE);
    const window = fixture.open();
    await fixture.windows.clock.pass(SECOND);
    fixture.timeouts.set('acme', 10 * MINUTE);
    window.idleMonitor.configure();
    await fixture.windows.clock.pass(6 * MINUTE);
    assert.deepEqual([fixture.present, fixture.events], [1, []]);
    await fixture.windows.clock.pass(4 * MINUTE);
    await fixture.assertSignedOut();
  });

  for (const [what, uptime] of [
    ['', MINUTE],
    [' and has been up for longer than before', 3 * DAY],
  ] as const) {
    it(`uses the wall clock when the machine was restarted${what}`, async () => {
      await closed(TIMEOUT - MINUTE);
      fixture.windows.restart(uptime);
      fixture.open();
      await fixture.windows.clock.pass(SECOND);
      assert.equal(fixture.present, 1, 'within the timeout');
      await fixture.windows.closeAll();
      await fixture.windows.clock.pass(2 * HOUR);
      fixture.windows.restart(uptime + 10 * MINUTE);
      fixture.open();
      await fixture.assertSignedOut();
    });
  }

  it('blocks and signs out a session that appears late when VS Code was closed for longer than the timeout', async () => {
    await closed(TIMEOUT);
    const window = fixture.windows.open({ idleTimeouts: fixture.timeouts });
    const text = fixture.windows.secrets.get('session:s1') ?? '';
    const sealed = [...fixture.windows.folder.files].filter(([name]) => name.startsWith('s1.'));
    fixture.windows.secrets.delete('session:s1');
    sealed.forEach(([name]) => fixture.windows.folder.files.delete(name));
    await fixture.windows.clock.pass(SECOND);
    window.idleMonitor.recordActivity();
    await fixture.windows.clock.pass(SECOND);
    sealed.forEach(([name, content]) => fixture.windows.folder.files.set(name, content));
    fixture.windows.secrets.set('session:s1', text);
    await window.crossWindowSync.sync('s1');
    assert.deepEqual(window.sessionManager.getActive('acme'), []);
    await fixture.windows.clock.pass(10 * SECOND);
    assert.equal(fixture.present, 0);
  });

  it('blocks the sessions and signs them out later when the store is locked at start', async () => {
    await closed(DAY);
    fixture.windows.store.failing.add('keys').add('get');
    const window = fixture.open();
    window.idleMonitor.recordActivity();
    await fixture.windows.clock.pass(2 * MINUTE);
    assert.deepEqual(window.sessionManager.getAll(), []);
    fixture.windows.store.failing.clear();
    await fixture.windows.clock.pass(MINUTE);
    await fixture.assertSignedOut();
  });

  it('keeps the new session when the user signs in while the store is locked', async () => {
    await closed(DAY);
    fixture.windows.store.failing.add('keys').add('get');
    const window = fixture.open();
    await fixture.windows.clock.pass(SECOND);
    const grant = grantFor(
      providerAt(fixture.server.issuer),
      fixture.windows.clock.now(),
      {},
      { id: 'account-2', label: 'Kim' },
    );
    await Promise.all([window.sessionManager.addSession(grant), fixture.windows.clock.pass(MINUTE)]);
    assert.equal(window.sessionManager.getActive('acme').length, 1);
    fixture.windows.store.failing.clear();
    await fixture.windows.clock.pass(2 * MINUTE);
    assert.deepEqual(
      window.sessionManager.getActive('acme').map(({ record }) => record.account.id),
      ['account-2'],
    );
  });
});
