// Windows in which nobody is active: they sign out together, once, on time, and never while anybody is there.
import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { formatActivityTimestamp } from '../../../src/idle/activity.ts';
import { GOOD_TOKENS, providerAt } from '../../support/fixtures.ts';
import { grantFor } from '../../support/testWindow.ts';
import { IdleFixture, LIMIT } from '../../support/idleFixture.ts';
import { STORE_KINDS, tokenIn } from '../../support/windows.ts';

describe('Windows in which nobody is active', function () {
  this.timeout(20_000);
  let bench: IdleFixture;

  beforeEach(async () => {
    bench = await IdleFixture.start();
  });

  afterEach(async () => {
    await bench.end();
  });

  for (const kind of STORE_KINDS) {
    it(`warn before the limit, and are signed out when it is over, by one of them, and each knows why (${kind})`, async () => {
      await bench.openSignedIn(4, kind);
      await bench.windows.clock.pass(LIMIT - 5 * MINUTE - SECOND);
      assert.deepEqual(bench.events, []);
      await bench.windows.clock.pass(SECOND);
      assert.deepEqual(bench.events, Array(4).fill('warn s1'));
      await bench.windows.clock.pass(5 * MINUTE - SECOND);
      assert.deepEqual([bench.present, bench.count('out s1'), bench.renewals > 5], [4, 0, true]);
      await bench.windows.clock.pass(SECOND);
      assert.deepEqual(
        [bench.count('out s1'), bench.windows.all.flatMap(({ sessionManager }) => sessionManager.all())],
        [4, []],
      );
      await bench.assertOut();
    });
  }

  it('stay signed in while somebody is active in any of them', async () => {
    const all = await bench.openSignedIn();
    for (let passed = 0; passed < 4 * HOUR; passed += 20 * MINUTE) {
      all[(passed / (20 * MINUTE)) % 3]?.idleMonitor.recordActivity();
      await bench.windows.clock.pass(20 * MINUTE);
      assert.equal(bench.present, 3);
    }
    assert.deepEqual(bench.events, []);
  });

  it('take the warning back where somebody comes back in one of them, and renew as before', async () => {
    const [, other] = await bench.openSignedIn();
    await bench.windows.clock.pass(LIMIT - MINUTE);
    assert.equal(bench.count('warn s1'), 3);
    other?.idleMonitor.recordActivity();
    await bench.windows.clock.pass(SECOND);
    assert.equal(bench.count('back s1'), 3);
    const before = bench.renewals;
    await bench.windows.clock.pass(20 * MINUTE);
    assert.deepEqual([bench.present, bench.count('out s1'), bench.renewals > before + 3], [3, 0, true]);
    await bench.windows.clock.pass(10 * MINUTE);
    assert.equal(bench.count('warn s1'), 6);
    await bench.assertOut();
  });

  for (const many of [1, 3]) {
    it(`are signed out after a sleep past the limit, before anything is renewed or served, whatever is pressed first (${many})`, async () => {
      const all = await bench.openSignedIn(many);
      const [one] = all;
      await bench.windows.clock.pass(10 * MINUTE);
      const before = bench.renewals;
      bench.windows.clock.sleep(8 * HOUR);
      one.idleMonitor.recordActivity();
      const served = tokenIn(one);
      assert.deepEqual(
        all.flatMap(({ sessionManager }) => sessionManager.list('acme')),
        [],
      );
      await bench.sleep(0);
      assert.equal(await served, undefined);
      await bench.assertOut();
      assert.equal(bench.renewals, before);
    });
  }

  it('look at what the others know before they refuse a caller', async () => {
    const [one] = await bench.openSignedIn();
    await bench.windows.clock.pass(MINUTE);
    bench.windows.clock.sleep(LIMIT);
    bench.windows.folder.files.set(
      'activity',
      formatActivityTimestamp({ at: bench.windows.clock.now(), uptime: bench.windows.uptime }),
    );
    const served = tokenIn(one);
    await bench.windows.clock.pass(SECOND);
    assert.equal(await served, 'access-2');
    await bench.windows.clock.pass(20 * MINUTE);
    assert.deepEqual([bench.present, bench.events], [3, []]);
  });

  it('are signed out within a minute of waking up where nobody looks at them', async () => {
    await bench.openSignedIn();
    const before = bench.renewals;
    bench.windows.clock.sleep(8 * HOUR);
    await bench.windows.clock.pass(MINUTE);
    assert.equal(bench.renewals, before);
    await bench.assertOut();
  });

  it('stay signed in over a sleep within the limit, and renew without a word', async () => {
    const [one] = await bench.openSignedIn();
    await bench.sleep(20 * MINUTE);
    one.idleMonitor.recordActivity();
    assert.ok((await tokenIn(one))?.startsWith('access-'));
    await bench.windows.clock.pass(29 * MINUTE);
    assert.deepEqual([bench.present, bench.count('out s1')], [3, 0]);
  });

  for (const by of [DAY, -DAY]) {
    it(`go by no clock that is set ${by > 0 ? 'forward' : 'back'} by a day`, async () => {
      const [one] = await bench.openSignedIn();
      await bench.windows.clock.pass(MINUTE);
      bench.windows.leap(by);
      await bench.sleep(0);
      for (let passed = 0; passed < 2 * HOUR; passed += 20 * MINUTE) {
        await bench.windows.clock.pass(20 * MINUTE);
        one.idleMonitor.recordActivity();
      }
      assert.deepEqual([bench.present, bench.events], [3, []]);
      await bench.windows.clock.pass(LIMIT);
      await bench.assertOut();
    });
  }

  it('do nothing, and touch no file, while there is no limit', async () => {
    bench.limits.clear();
    const [one] = await bench.openSignedIn();
    one.idleMonitor.recordActivity();
    await bench.windows.clock.pass(2 * DAY);
    await bench.windows.closeAll();
    await bench.windows.clock.pass(2 * DAY);
    bench.open();
    await bench.windows.clock.pass(MINUTE);
    assert.deepEqual([bench.present, bench.events, bench.file], [1, [], undefined]);
  });

  it('count from the moment at which the limit is set, and forget it all when it is taken back', async () => {
    bench.limits.clear();
    await bench.openSignedIn();
    await bench.windows.clock.pass(DAY);
    bench.limits.set('acme', LIMIT);
    bench.windows.all.forEach(({ idleMonitor }) => idleMonitor.configure());
    await bench.windows.clock.pass(LIMIT - MINUTE);
    assert.deepEqual([bench.present, bench.count('warn s1')], [3, 3]);
    bench.limits.clear();
    bench.windows.all.forEach(({ idleMonitor }) => idleMonitor.configure());
    await bench.windows.clock.pass(DAY);
    assert.deepEqual([bench.present, bench.count('back s1'), bench.count('out s1'), bench.file], [3, 3, 0, undefined]);
    bench.limits.set('acme', LIMIT);
    bench.windows.all.forEach(({ idleMonitor }) => idleMonitor.configure());
    await bench.windows.clock.pass(LIMIT);
    await bench.assertOut();
  });

  it('write activity down once in a while, the latest of it in the end, and at once after a long time', async () => {
    const [one] = await bench.openSignedIn();
    await bench.windows.clock.pass(MINUTE);
    const writes = new Map<number, string>();
    const write = bench.windows.folder.write.bind(bench.windows.folder);
    bench.windows.folder.write = async (name, text) => {
      if (name === 'activity') {
        writes.set(writes.size, text);
      }
      await write(name, text);
    };
    one.idleMonitor.recordActivity();
    await bench.windows.clock.pass(0);
    assert.deepEqual([...writes.keys()], [0]);
    for (let key = 0; key < 600; key += 1) {
      one.idleMonitor.recordActivity();
      await bench.windows.clock.pass(100);
    }
    await bench.windows.clock.pass(15 * SECOND);
    assert.ok(writes.size <= 6, `${writes.size}`);
    const { uptime } = JSON.parse(bench.file ?? '') as { readonly uptime: number };
    assert.equal(bench.windows.uptime - uptime, 15 * SECOND + 100);
  });

  it('have a limit of their own for each provider', async () => {
    bench.server.onToken(({ parameters }) => ({
      body: { ...GOOD_TOKENS, refresh_token: parameters.get('refresh_token') ?? '' },
    }));
    bench.limits.delete('acme');
    bench.limits.set('other', LIMIT);
    const [one] = await bench.openSignedIn();
    const providers = [providerAt(bench.server.issuer), providerAt(bench.server.issuer, { id: 'other' })];
    const second = bench.windows.open({ idleTimeouts: bench.limits, providers });
    await bench.windows.clock.pass(SECOND);
    const grant = grantFor(providers[1] ?? providerAt(bench.server.issuer), bench.windows.clock.now());
    const { id } = await second.sessionManager.addSession(grant);
    await bench.windows.clock.pass(LIMIT);
    await bench.windows.clock.pass(10 * SECOND);
    assert.deepEqual(
      [
        second.liveSessions.get(id),
        second.liveSessions.get('s1') !== undefined,
        one.liveSessions.get('s1') !== undefined,
      ],
      [undefined, true, true],
    );
  });

  it('do not sign out again who signs in again', async () => {
    bench.server.onToken(({ parameters }) => ({
      body: { ...GOOD_TOKENS, refresh_token: parameters.get('refresh_token') ?? '' },
    }));
    const [one] = await bench.openSignedIn();
    await bench.windows.clock.pass(LIMIT + 10 * SECOND);
    assert.equal(bench.present, 0);
    const { id } = await one.sessionManager.addSession(
      grantFor(providerAt(bench.server.issuer), bench.windows.clock.now()),
    );
    await bench.windows.clock.pass(20 * MINUTE);
    assert.deepEqual(
      bench.windows.all.map(({ sessionManager }) => sessionManager.list('acme').map(({ record }) => record.id)),
      Array(3).fill([id]),
    );
    assert.equal(bench.count('out s1'), 3);
  });

  it('are signed out by another of them where the one that has begun to is killed', async () => {
    const [one] = await bench.openSignedIn();
    const create = bench.windows.folder.create.bind(bench.windows.folder);
    bench.windows.folder.create = async (name, text) => {
      const isFirst = await create(name, text);
      if (isFirst && name.startsWith('idle-')) {
        bench.windows.folder.create = create;
        one.kill();
      }
      return isFirst;
    };
    const before = bench.renewals;
    await bench.sleep(8 * HOUR);
    await bench.windows.clock.pass(15 * SECOND);
    assert.deepEqual([bench.present, bench.windows.secrets.has('session:s1'), bench.renewals - before], [0, false, 0]);
    assert.ok(bench.server.requestsTo('/revoke').length > 0);
  });

  it('take a file that makes no sense for none, and count from their start', async () => {
    await bench.openSignedIn(1);
    await bench.windows.closeAll();
    bench.windows.folder.files.set('activity', '{"version":1,"at":"yesterday"}');
    await bench.windows.clock.pass(DAY);
    const window = bench.open();
    await bench.windows.clock.pass(LIMIT - MINUTE);
    assert.deepEqual([bench.present, window.lines.filter((line) => line.includes('last activity is invalid')).length], [1, 1]);
    await bench.windows.clock.pass(MINUTE);
    await bench.assertOut();
  });

  it('are not kept signed in by a file that makes no sense, nor by a date to come', async () => {
    await bench.openSignedIn();
    await bench.windows.clock.pass(LIMIT - MINUTE);
    const { at, uptime } = JSON.parse(bench.file ?? '') as { readonly at: number; readonly uptime: number };
    bench.windows.folder.files.set('activity', JSON.stringify({ version: 1, at: at + DAY, uptime: uptime + DAY }));
    await bench.windows.clock.pass(MINUTE);
    assert.equal(bench.present, 3, 'as if somebody had been active just now');
    bench.windows.folder.files.set('activity', 'x');
    await bench.windows.clock.pass(LIMIT);
    await bench.assertOut();
  });

  for (const failing of [true, 'writing'] as const) {
    it(`go by what one of them knows itself where the folder fails (${String(failing)})`, async () => {
      const [one] = await bench.openSignedIn(1);
      bench.windows.folder.failing = failing;
      for (let passed = 0; passed < 2 * HOUR; passed += 20 * MINUTE) {
        one.idleMonitor.recordActivity();
        await bench.windows.clock.pass(20 * MINUTE);
      }
      assert.deepEqual([bench.present, bench.events], [1, []]);
      await bench.windows.clock.pass(10 * MINUTE);
      assert.deepEqual(
        [one.liveSessions.all(), bench.count('out s1'), bench.windows.secrets.has('session:s1')],
        [[], 1, false],
      );
      assert.equal(one.lines.filter((line) => line.includes("Activity can't be shared")).length, 1);
    });
  }

  it('have nothing to sign out of where the session has ended by itself', async () => {
    await bench.openSignedIn();
    bench.server.onToken({ status: 400, body: { error: 'invalid_grant' } });
    await bench.windows.clock.pass(2 * HOUR);
    assert.deepEqual(
      [bench.events, bench.windows.all.map(({ sessionManager }) => sessionManager.all().length)],
      [[], [1, 1, 1]],
    );
  });
});
