// Windows that are opened after nobody was active for some time: what is served then, and what is over.
import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { providerAt } from '../../support/fixtures.ts';
import { grantFor } from '../../support/testWindow.ts';
import { IdleFixture, LIMIT } from '../../support/idleFixture.ts';
import { STORE_KINDS, tokenIn } from '../../support/windows.ts';

describe('Windows after VS Code was closed', function () {
  this.timeout(20_000);
  let bench: IdleFixture;

  beforeEach(async () => {
    bench = await IdleFixture.start();
  });

  afterEach(async () => {
    await bench.end();
  });

  const closed = async (time: number): Promise<void> => {
    await bench.openSignedIn(2);
    await bench.windows.closeAll();
    await bench.windows.clock.pass(time);
  };

  for (const kind of STORE_KINDS) {
    it(`for longer than the limit, are signed out before any token is served (${kind})`, async () => {
      await bench.openSignedIn(2, kind);
      await bench.windows.closeAll();
      const before = bench.renewals;
      await bench.windows.clock.pass(LIMIT);
      const all = [bench.open(), bench.open(), bench.open()];
      const told = new Set<string>();
      const look = (): void =>
        all.forEach(({ sessionManager }) =>
          sessionManager.list('acme').forEach(({ record }) => told.add(record.accessToken)),
        );
      all.forEach(({ liveSessions, idleMonitor }) => {
        liveSessions.onDidChange(look);
        idleMonitor.recordActivity();
      });
      const served = Promise.all(all.map(tokenIn));
      await bench.windows.clock.pass(SECOND);
      assert.deepEqual([await served, [...told], bench.renewals - before], [[undefined, undefined, undefined], [], 0]);
      await bench.assertOut();
    });
  }

  it('and the sign-out takes its time, tell a window that starts meanwhile of no activity', async () => {
    await closed(LIMIT);
    const { clock, folder } = bench.windows;
    const write = folder.write.bind(folder);
    folder.write = async (name, text) => {
      if (name.endsWith('.gone')) {
        await new Promise<void>((resolve) => void clock.after(3 * SECOND, resolve));
      }
      await write(name, text);
    };
    bench.open().idleMonitor.recordActivity();
    await clock.pass(SECOND);
    const late = tokenIn(bench.open());
    await clock.pass(SECOND);
    assert.equal(await late, undefined);
    await bench.assertOut();
  });

  it('for less, and whose keyring is locked at first, count what somebody does meanwhile', async () => {
    await closed(LIMIT - MINUTE);
    bench.windows.store.failing.add('keys');
    const window = bench.open();
    for (let time = 0; time < 2 * LIMIT; time += LIMIT / 4) {
      window.idleMonitor.recordActivity();
      await bench.windows.clock.pass(LIMIT / 4);
    }
    bench.windows.store.failing.clear();
    await bench.windows.clock.pass(2 * MINUTE);
    assert.ok((await tokenIn(window))?.startsWith('access-'), 'signed out though somebody was active all the while');
  });

  it('for longer, and whose keyring is locked at first, are signed out all the same', async () => {
    await closed(LIMIT);
    bench.windows.store.failing.add('keys');
    const window = bench.open();
    window.idleMonitor.recordActivity();
    await bench.windows.clock.pass(LIMIT / 2);
    window.idleMonitor.recordActivity();
    bench.windows.store.failing.clear();
    await bench.windows.clock.pass(2 * MINUTE);
    await bench.assertOut();
  });

  it('for less, and whose keyring is unlocked long after the last activity, are signed out by the time of that', async () => {
    await closed(MINUTE);
    bench.windows.store.failing.add('keys');
    const window = bench.open();
    await bench.windows.clock.pass(MINUTE);
    window.idleMonitor.recordActivity();
    await bench.windows.clock.pass(LIMIT - 4 * MINUTE);
    bench.windows.store.failing.clear();
    await bench.windows.clock.pass(2 * MINUTE);
    assert.ok((await tokenIn(window))?.startsWith('access-'), 'within the limit');
    await bench.windows.clock.pass(3 * MINUTE);
    await bench.assertOut();
  });

  it('for less, are signed in, and renew', async () => {
    await closed(LIMIT - MINUTE);
    const window = bench.open();
    window.idleMonitor.recordActivity();
    await bench.windows.clock.pass(10 * SECOND);
    assert.ok((await tokenIn(window))?.startsWith('access-'));
    await bench.windows.clock.pass(20 * MINUTE);
    assert.deepEqual([bench.present, bench.events], [1, []]);
  });

  for (const [what, uptime] of [
    ['', MINUTE],
    [', and has run for longer since than before', 3 * DAY],
  ] as const) {
    it(`and the machine was started anew${what}, go by the wall clock`, async () => {
      await closed(LIMIT - MINUTE);
      bench.windows.restart(uptime);
      bench.open();
      await bench.windows.clock.pass(SECOND);
      assert.equal(bench.present, 1, 'within the limit');
      await bench.windows.closeAll();
      await bench.windows.clock.pass(2 * HOUR);
      bench.windows.restart(uptime + 10 * MINUTE);
      bench.open();
      await bench.assertOut();
    });
  }

  it('and a session shows late, judge it by the time before the start', async () => {
    await closed(LIMIT);
    const window = bench.windows.open({ idleTimeouts: bench.limits });
    const text = bench.windows.secrets.get('session:s1') ?? '';
    const sealed = [...bench.windows.folder.files].filter(([name]) => name.startsWith('s1.'));
    bench.windows.secrets.delete('session:s1');
    sealed.forEach(([name]) => bench.windows.folder.files.delete(name));
    await bench.windows.clock.pass(SECOND);
    window.idleMonitor.recordActivity();
    await bench.windows.clock.pass(SECOND);
    sealed.forEach(([name, content]) => bench.windows.folder.files.set(name, content));
    bench.windows.secrets.set('session:s1', text);
    await window.crossWindowSync.sync('s1');
    assert.deepEqual(window.sessionManager.list('acme'), []);
    await bench.windows.clock.pass(10 * SECOND);
    assert.equal(bench.present, 0);
  });

  it('and the store is locked at start, hold the sessions until it opens, and then sign them out', async () => {
    await closed(DAY);
    bench.windows.store.failing.add('keys').add('get');
    const window = bench.open();
    window.idleMonitor.recordActivity();
    await bench.windows.clock.pass(2 * MINUTE);
    assert.deepEqual(window.sessionManager.all(), []);
    bench.windows.store.failing.clear();
    await bench.windows.clock.pass(MINUTE);
    await bench.assertOut();
  });

  it('hold nobody who signs in while the store is locked', async () => {
    await closed(DAY);
    bench.windows.store.failing.add('keys').add('get');
    const window = bench.open();
    await bench.windows.clock.pass(SECOND);
    const grant = grantFor(
      providerAt(bench.server.issuer),
      bench.windows.clock.now(),
      {},
      { id: 'somebody', label: 'Somebody' },
    );
    await Promise.all([window.sessionManager.addSession(grant), bench.windows.clock.pass(MINUTE)]);
    assert.equal(window.sessionManager.list('acme').length, 1);
    bench.windows.store.failing.clear();
    await bench.windows.clock.pass(2 * MINUTE);
    assert.deepEqual(
      window.sessionManager.list('acme').map(({ record }) => record.account.id),
      ['somebody'],
    );
  });
});
