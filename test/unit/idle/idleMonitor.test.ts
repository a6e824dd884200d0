// The idle sign-out with several windows: it happens once, on time, and never while the user is active in any window.
import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { formatActivityTimestamp, parseActivityTimestamp } from '../../../src/idle/activity.ts';
import { GOOD_TOKENS, providerAt } from '../../support/fixtures.ts';
import { grantFor } from '../../support/testWindow.ts';
import { IdleFixture, TIMEOUT } from '../../support/idleFixture.ts';
import { STORE_MODELS } from '../../support/simulation/sharedSecrets.ts';
import { tokenIn } from '../../support/windows.ts';

describe('IdleMonitor', () => {
  let fixture: IdleFixture;

  beforeEach(async () => {
    fixture = await IdleFixture.start();
  });

  afterEach(async () => {
    await fixture.end();
  });

  for (const kind of STORE_MODELS) {
    it(`warns before the timeout, and signs out when it has passed (${kind} secrets)`, async () => {
      await fixture.openSignedIn(4, kind);
      await fixture.windows.clock.pass(TIMEOUT - 5 * MINUTE - SECOND);
      assert.deepEqual(fixture.events, []);
      await fixture.windows.clock.pass(SECOND);
      assert.deepEqual(fixture.events, Array(4).fill('warn s1'));
      await fixture.windows.clock.pass(5 * MINUTE - SECOND);
      assert.deepEqual([fixture.present, fixture.count('out s1'), fixture.refreshes > 5], [4, 0, true]);
      await fixture.windows.clock.pass(SECOND);
      assert.deepEqual(
        [fixture.count('out s1'), fixture.windows.all.flatMap(({ sessionManager }) => sessionManager.getAll())],
        [4, []],
      );
      await fixture.assertSignedOut();
    });
  }

  it('keeps the session when the user is active in any window', async () => {
    const all = await fixture.openSignedIn();
    for (let passed = 0; passed < 4 * HOUR; passed += 20 * MINUTE) {
      all[(passed / (20 * MINUTE)) % 3]?.idleMonitor.recordActivity();
      await fixture.windows.clock.pass(20 * MINUTE);
      assert.equal(fixture.present, 3);
    }
    assert.deepEqual(fixture.events, []);
  });

  it('cancels the warning and continues refreshing when the user is active again in one window', async () => {
    const [, other] = await fixture.openSignedIn();
    await fixture.windows.clock.pass(TIMEOUT - MINUTE);
    assert.equal(fixture.count('warn s1'), 3);
    other?.idleMonitor.recordActivity();
    await fixture.windows.clock.pass(SECOND);
    assert.equal(fixture.count('cancel s1'), 3);
    const before = fixture.refreshes;
    await fixture.windows.clock.pass(20 * MINUTE);
    assert.deepEqual([fixture.present, fixture.count('out s1'), fixture.refreshes > before + 3], [3, 0, true]);
    await fixture.windows.clock.pass(10 * MINUTE);
    assert.equal(fixture.count('warn s1'), 6);
    await fixture.assertSignedOut();
  });

  for (const many of [1, 3]) {
    it(`signs out before any refresh or response when the machine wakes up after the timeout, in spite of activity (${many} windows)`, async () => {
      const all = await fixture.openSignedIn(many);
      const [one] = all;
      await fixture.windows.clock.pass(10 * MINUTE);
      const before = fixture.refreshes;
      fixture.windows.clock.sleep(8 * HOUR);
      one.idleMonitor.recordActivity();
      const served = tokenIn(one);
      assert.deepEqual(
        all.flatMap(({ sessionManager }) => sessionManager.getActive('acme')),
        [],
      );
      await fixture.sleep(0);
      assert.equal(await served, undefined);
      await fixture.assertSignedOut();
      assert.equal(fixture.refreshes, before);
    });
  }

  it('serves a caller when another window has reported activity meanwhile', async () => {
    const [one] = await fixture.openSignedIn();
    await fixture.windows.clock.pass(MINUTE);
    fixture.windows.clock.sleep(TIMEOUT);
    fixture.windows.folder.files.set(
      'activity',
      formatActivityTimestamp({ at: fixture.windows.clock.now(), uptime: fixture.windows.uptime }),
    );
    const served = tokenIn(one);
    await fixture.windows.clock.pass(SECOND);
    assert.equal(await served, 'access-2');
    await fixture.windows.clock.pass(20 * MINUTE);
    assert.deepEqual([fixture.present, fixture.events], [3, []]);
  });

  it('refreshes immediately when the machine wakes up and another window has reported activity meanwhile', async () => {
    await fixture.openSignedIn(1);
    const { clock, folder } = fixture.windows;
    await clock.pass(MINUTE);
    const before = fixture.refreshes;
    clock.sleep(TIMEOUT);
    folder.files.set('activity', formatActivityTimestamp({ at: clock.now(), uptime: fixture.windows.uptime }));
    await fixture.sleep(0);
    assert.equal(fixture.refreshes, before + 1);
  });

  it('signs out within a minute when the machine wakes up after the timeout and no window gets the focus', async () => {
    await fixture.openSignedIn();
    const before = fixture.refreshes;
    fixture.windows.clock.sleep(8 * HOUR);
    await fixture.windows.clock.pass(MINUTE);
    assert.equal(fixture.refreshes, before);
    await fixture.assertSignedOut();
  });

  it('keeps the session and refreshes it when the machine wakes up within the timeout', async () => {
    const [one] = await fixture.openSignedIn();
    await fixture.sleep(20 * MINUTE);
    one.idleMonitor.recordActivity();
    assert.ok((await tokenIn(one))?.startsWith('access-'));
    await fixture.windows.clock.pass(29 * MINUTE);
    assert.deepEqual([fixture.present, fixture.count('out s1')], [3, 0]);
  });

  for (const by of [DAY, -DAY]) {
    it(`uses the same timeout when the clock is set ${by > 0 ? 'forward' : 'back'} by a day`, async () => {
      const [one] = await fixture.openSignedIn();
      await fixture.windows.clock.pass(MINUTE);
      fixture.windows.leap(by);
      await fixture.sleep(0);
      for (let passed = 0; passed < 2 * HOUR; passed += 20 * MINUTE) {
        await fixture.windows.clock.pass(20 * MINUTE);
        one.idleMonitor.recordActivity();
      }
      assert.deepEqual([fixture.present, fixture.events], [3, []]);
      await fixture.windows.clock.pass(TIMEOUT);
      await fixture.assertSignedOut();
    });
  }

  it('does nothing and writes no file when no provider has a timeout', async () => {
    fixture.timeouts.clear();
    const [one] = await fixture.openSignedIn();
    one.idleMonitor.recordActivity();
    await fixture.windows.clock.pass(8 * HOUR);
    await fixture.windows.closeAll();
    await fixture.windows.clock.pass(8 * HOUR);
    fixture.open();
    await fixture.windows.clock.pass(MINUTE);
    assert.deepEqual([fixture.present, fixture.events, fixture.file], [1, [], undefined]);
  });

  it("counts from the change when a timeout is set, and deletes the file when it's removed", async () => {
    fixture.timeouts.clear();
    await fixture.openSignedIn();
    await fixture.windows.clock.pass(8 * HOUR);
    fixture.timeouts.set('acme', TIMEOUT);
    fixture.windows.all.forEach(({ idleMonitor }) => idleMonitor.configure());
    await fixture.windows.clock.pass(TIMEOUT - MINUTE);
    assert.deepEqual([fixture.present, fixture.count('warn s1')], [3, 3]);
    fixture.timeouts.clear();
    fixture.windows.all.forEach(({ idleMonitor }) => idleMonitor.configure());
    await fixture.windows.clock.pass(8 * HOUR);
    assert.deepEqual(
      [fixture.present, fixture.count('cancel s1'), fixture.count('out s1'), fixture.file],
      [3, 3, 0, undefined],
    );
    fixture.timeouts.set('acme', TIMEOUT);
    fixture.windows.all.forEach(({ idleMonitor }) => idleMonitor.configure());
    await fixture.windows.clock.pass(TIMEOUT);
    await fixture.assertSignedOut();
  });

  it("fires a change of the session when it's no longer blocked", async () => {
    const [one] = await fixture.openSignedIn(1);
    const { clock, folder } = fixture.windows;
    await clock.pass(MINUTE);
    clock.sleep(TIMEOUT);
    folder.files.set('activity', formatActivityTimestamp({ at: clock.now(), uptime: fixture.windows.uptime }));
    const listed: number[] = [one.sessionManager.getActive('acme').length];
    one.liveSessions.onDidChange(() => listed.push(one.sessionManager.getActive('acme').length));
    await one.idleMonitor.evaluateBeforeUse();
    assert.deepEqual(listed, [0, 1]);
  });

  it('writes the file immediately, then once per interval, when the user is continuously active', async () => {
    const [one] = await fixture.openSignedIn();
    await fixture.windows.clock.pass(MINUTE);
    const writes = new Map<number, string>();
    const write = fixture.windows.folder.write.bind(fixture.windows.folder);
    fixture.windows.folder.write = async (name, text) => {
      if (name === 'activity') {
        writes.set(writes.size, text);
      }
      await write(name, text);
    };
    one.idleMonitor.recordActivity();
    await fixture.windows.clock.pass(0);
    assert.deepEqual([...writes.keys()], [0]);
    for (let key = 0; key < 600; key += 1) {
      one.idleMonitor.recordActivity();
      await fixture.windows.clock.pass(100);
    }
    await fixture.windows.clock.pass(15 * SECOND);
    assert.ok(writes.size <= 6, `${writes.size}`);
    const { uptime } = JSON.parse(fixture.file ?? '') as { readonly uptime: number };
    assert.equal(fixture.windows.uptime - uptime, 15 * SECOND + 100);
  });

  it('writes the file immediately when a timeout is changed', async () => {
    const [one] = await fixture.openSignedIn(1);
    await fixture.windows.clock.pass(MINUTE);
    one.idleMonitor.recordActivity();
    await fixture.windows.clock.pass(SECOND);
    fixture.timeouts.set('acme', 2 * TIMEOUT);
    one.idleMonitor.configure();
    await fixture.windows.clock.pass(0);
    assert.equal(parseActivityTimestamp(fixture.file ?? '')?.uptime, fixture.windows.uptime);
  });

  it("writes activity that isn't in the file yet when the window is disposed", async () => {
    const [one] = await fixture.openSignedIn(1);
    await fixture.windows.clock.pass(SECOND);
    one.idleMonitor.recordActivity();
    const last = fixture.windows.uptime;
    one.sessions.dispose();
    await fixture.windows.clock.pass(0);
    assert.equal(parseActivityTimestamp(fixture.file ?? '')?.uptime, last);
  });

  it("shows no warning when the user becomes active after only another session's timeout", async () => {
    const [one] = await fixture.openSignedIn(1);
    const providers = [providerAt(fixture.server.issuer), providerAt(fixture.server.issuer, { id: 'other' })];
    const second = fixture.windows.open({ idleTimeouts: fixture.timeouts, providers });
    await fixture.windows.clock.pass(SECOND);
    const grant = grantFor(providers[1] ?? providerAt(fixture.server.issuer), fixture.windows.clock.now());
    const { id } = await second.sessionManager.addSession(grant);
    fixture.timeouts.set('other', 2 * TIMEOUT);
    second.idleMonitor.configure();
    const warnings: string[] = [];
    second.idleMonitor.onDidWarn(({ record }) => warnings.push(record.id));
    fixture.windows.clock.sleep(2 * TIMEOUT - MINUTE);
    second.idleMonitor.recordActivity();
    await fixture.windows.clock.pass(10 * SECOND);
    assert.deepEqual([warnings, one.liveSessions.get('s1')], [[], undefined]);
    assert.notEqual(second.liveSessions.get(id), undefined);
  });

  it('signs out at one provider only when the other one has no timeout', async () => {
    fixture.server.onToken(({ parameters }) => ({
      body: { ...GOOD_TOKENS, refresh_token: parameters.get('refresh_token') ?? '' },
    }));
    fixture.timeouts.delete('acme');
    fixture.timeouts.set('other', TIMEOUT);
    const [one] = await fixture.openSignedIn();
    const providers = [providerAt(fixture.server.issuer), providerAt(fixture.server.issuer, { id: 'other' })];
    const second = fixture.windows.open({ idleTimeouts: fixture.timeouts, providers });
    await fixture.windows.clock.pass(SECOND);
    const grant = grantFor(providers[1] ?? providerAt(fixture.server.issuer), fixture.windows.clock.now());
    const { id } = await second.sessionManager.addSession(grant);
    await fixture.windows.clock.pass(TIMEOUT);
    await fixture.windows.clock.pass(10 * SECOND);
    assert.deepEqual(
      [
        second.liveSessions.get(id),
        second.liveSessions.get('s1') !== undefined,
        one.liveSessions.get('s1') !== undefined,
      ],
      [undefined, true, true],
    );
  });

  it('cancels the warning when the user signs in at another provider', async () => {
    const [one] = await fixture.openSignedIn(1);
    const providers = [providerAt(fixture.server.issuer), providerAt(fixture.server.issuer, { id: 'other' })];
    const second = fixture.windows.open({ idleTimeouts: fixture.timeouts, providers });
    await fixture.windows.clock.pass(TIMEOUT - MINUTE);
    assert.deepEqual(fixture.events, ['warn s1']);
    const grant = grantFor(providers[1] ?? providerAt(fixture.server.issuer), fixture.windows.clock.now());
    await second.sessionManager.addSession(grant);
    await fixture.windows.clock.pass(SECOND);
    assert.deepEqual(fixture.events, ['warn s1', 'cancel s1']);
    await fixture.windows.clock.pass(20 * MINUTE);
    assert.notEqual(one.liveSessions.get('s1'), undefined);
  });

  it('keeps the new session when the user signs in again after an idle sign-out', async () => {
    fixture.server.onToken(({ parameters }) => ({
      body: { ...GOOD_TOKENS, refresh_token: parameters.get('refresh_token') ?? '' },
    }));
    const [one] = await fixture.openSignedIn();
    await fixture.windows.clock.pass(TIMEOUT + 10 * SECOND);
    assert.equal(fixture.present, 0);
    const { id } = await one.sessionManager.addSession(
      grantFor(providerAt(fixture.server.issuer), fixture.windows.clock.now()),
    );
    await fixture.windows.clock.pass(20 * MINUTE);
    assert.deepEqual(
      fixture.windows.all.map(({ sessionManager }) => sessionManager.getActive('acme').map(({ record }) => record.id)),
      Array(3).fill([id]),
    );
    assert.equal(fixture.count('out s1'), 3);
  });

  it('signs out in another window when the one that has started to is killed', async () => {
    const [one, other] = await fixture.openSignedIn();
    const create = fixture.windows.folder.create.bind(fixture.windows.folder);
    fixture.windows.folder.create = async (name, text) => {
      const isFirst = await create(name, text);
      if (isFirst && name.startsWith('idle-')) {
        fixture.windows.folder.create = create;
        one.kill();
      }
      return isFirst;
    };
    const before = fixture.refreshes;
    await fixture.sleep(8 * HOUR);
    other?.idleMonitor.recordActivity();
    await fixture.windows.clock.pass(SECOND);
    assert.deepEqual(
      [fixture.present, other?.sessionManager.getActive('acme')],
      [2, []],
      "blocked until it's signed out",
    );
    await fixture.windows.clock.pass(14 * SECOND);
    assert.deepEqual(
      [fixture.present, fixture.windows.secrets.has('session:s1'), fixture.refreshes - before],
      [0, false, 0],
    );
    assert.ok(fixture.server.requestsTo('/revoke').length > 0);
  });

  it('counts from the start of the window when the file is invalid', async () => {
    await fixture.openSignedIn(1);
    await fixture.windows.closeAll();
    fixture.windows.folder.files.set('activity', '{"version":1,"at":"yesterday"}');
    await fixture.windows.clock.pass(DAY);
    const window = fixture.open();
    await fixture.windows.clock.pass(TIMEOUT - MINUTE);
    assert.deepEqual(
      [fixture.present, window.lines.filter((line) => line.includes('activity file is invalid')).length],
      [1, 1],
    );
    await fixture.windows.clock.pass(MINUTE);
    await fixture.assertSignedOut();
  });

  it('signs out when the file is invalid or has a date in the future', async () => {
    await fixture.openSignedIn();
    await fixture.windows.clock.pass(TIMEOUT - MINUTE);
    const { at, uptime } = JSON.parse(fixture.file ?? '') as { readonly at: number; readonly uptime: number };
    fixture.windows.folder.files.set('activity', JSON.stringify({ version: 1, at: at + DAY, uptime: uptime + DAY }));
    await fixture.windows.clock.pass(MINUTE);
    assert.equal(fixture.present, 3, 'a date in the future counts as activity just now');
    fixture.windows.folder.files.set('activity', 'x');
    await fixture.windows.clock.pass(TIMEOUT);
    await fixture.assertSignedOut();
  });

  for (const failing of [true, 'writing'] as const) {
    it(`uses the activity in this window when the folder fails (${failing === true ? 'reading and writing' : failing})`, async () => {
      const [one] = await fixture.openSignedIn(1);
      fixture.windows.folder.failing = failing;
      for (let passed = 0; passed < 2 * HOUR; passed += 20 * MINUTE) {
        one.idleMonitor.recordActivity();
        await fixture.windows.clock.pass(20 * MINUTE);
      }
      assert.deepEqual([fixture.present, fixture.events], [1, []]);
      await fixture.windows.clock.pass(10 * MINUTE);
      assert.deepEqual(
        [one.liveSessions.all(), fixture.count('out s1'), fixture.windows.secrets.has('session:s1')],
        [[], 1, false],
      );
      assert.equal(one.lines.filter((line) => line.includes("Couldn't share activity")).length, 1);
    });
  }

  it('does nothing when the session has ended', async () => {
    await fixture.openSignedIn();
    fixture.server.onToken({ status: 400, body: { error: 'invalid_grant' } });
    await fixture.windows.clock.pass(2 * HOUR);
    assert.deepEqual(
      [fixture.events, fixture.windows.all.map(({ sessionManager }) => sessionManager.getAll().length)],
      [[], [1, 1, 1]],
    );
  });
});
