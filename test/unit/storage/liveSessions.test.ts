import assert from 'node:assert/strict';
import { HOUR, MINUTE } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { LiveSessions, type SessionChange } from '../../../src/storage/liveSessions.ts';
import { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { recordAt } from '../../support/testWindow.ts';

const record = recordAt('https://id.example.com', 1_000_000);

describe('LiveSessions', () => {
  let clock: ManualAsyncClock;
  let liveSessions: LiveSessions;
  let errors: string[];

  beforeEach(() => {
    clock = new ManualAsyncClock();
    errors = [];
    liveSessions = new LiveSessions({ ...silentLog, error: (line) => void errors.push(line) }, clock);
  });

  const recordChanges = (): SessionChange[] => {
    const changes: SessionChange[] = [];
    liveSessions.onDidChange((change) => changes.push(change));
    return changes;
  };

  it("fires with a session before and after when it's added, changed or removed", () => {
    const changes = recordChanges();
    const first = liveSessions.set(record);
    const second = liveSessions.set({ ...record, generation: 2 });
    liveSessions.patch('s1', { refreshing: true });
    const third = liveSessions.get('s1');
    liveSessions.remove('s1');
    assert.deepEqual(changes, [
      { before: undefined, after: first },
      { before: first, after: second },
      { before: second, after: third },
      { before: third, after: undefined },
    ]);
    assert.equal(third?.refreshing, true);
  });

  it('lists the sessions in the order in which they were added, even when one gets new tokens', () => {
    for (const id of ['s2', 's1', 's3']) {
      liveSessions.set({ ...record, id });
    }
    liveSessions.set({ ...record, id: 's2', generation: 2 });
    assert.deepEqual(
      liveSessions.all().map((session) => session.record.id),
      ['s2', 's1', 's3'],
    );
  });

  it('never removes and adds a session again when it is refreshed', () => {
    liveSessions.set(record);
    const changes = recordChanges();
    liveSessions.patch('s1', { refreshing: true });
    liveSessions.set({ ...record, generation: 2 });
    liveSessions.patch('s1', { refreshing: false });
    assert.ok(changes.every(({ before, after }) => before !== undefined && after !== undefined));
    assert.deepEqual([changes.length, liveSessions.all().length], [3, 1]);
  });

  it('forgets the failures of a session that gets new tokens, but not a running refresh', () => {
    liveSessions.set(record);
    liveSessions.patch('s1', {
      failures: 3,
      nextAttemptAt: 5,
      failedAt: 4,
      unsaved: true,
      unshared: true,
      refreshing: true,
    });
    const { failures, nextAttemptAt, failedAt, unsaved, unshared, refreshing } = liveSessions.set({
      ...record,
      generation: 2,
    });
    assert.deepEqual(
      { failures, nextAttemptAt, failedAt, unsaved, unshared, refreshing },
      {
        failures: 0,
        nextAttemptAt: undefined,
        failedAt: undefined,
        unsaved: false,
        unshared: undefined,
        refreshing: true,
      },
    );
  });

  it('keeps the time of the last use in the terminal across renewals', () => {
    liveSessions.set(record);
    liveSessions.patch('s1', { terminalUsedAt: 5 });
    assert.equal(liveSessions.set({ ...record, generation: 2 }).terminalUsedAt, 5);
    liveSessions.remove('s1');
    assert.equal(liveSessions.set(record).terminalUsedAt, undefined);
  });

  it("keeps the server's clock skew until a record brings another one", () => {
    assert.equal(liveSessions.set(record).skew, undefined);
    assert.equal(liveSessions.set({ ...record, skew: 5 }).skew, 5);
    assert.equal(liveSessions.set({ ...record, generation: 2 }).skew, 5);
    assert.equal(liveSessions.set({ ...record, generation: 3, skew: 0 }).skew, 0);
  });

  it('does nothing, and fires nothing, when a session is gone', () => {
    const changes = recordChanges();
    liveSessions.patch('s1', { refreshing: true });
    assert.equal(liveSessions.remove('s1'), undefined);
    assert.deepEqual([liveSessions.all(), liveSessions.get('s1'), changes], [[], undefined, []]);
  });

  it("continues when a listener throws, and logs that without the error's message", () => {
    liveSessions.onDidChange(() => {
      throw new TypeError('token access-1');
    });
    const changes = recordChanges();
    liveSessions.set(record);
    assert.equal(changes.length, 1);
    assert.deepEqual(errors, ['A listener failed: unexpected (unexpected): TypeError.']);
  });

  describe('when the clock is set back', () => {
    const comeNow = (more: { readonly boot?: string } = {}): void => {
      const tokensRequestedUptime = { ...clock.uptime(), ...more };
      liveSessions.set({ ...record, tokensRequestedAt: clock.now(), tokensRequestedUptime });
    };

    it("knows by how much whenever that is checked, until it's corrected", async () => {
      comeNow();
      await clock.pass(2 * MINUTE);
      clock.set(-HOUR);
      assert.equal(liveSessions.get('s1')?.clockSetBackMs, undefined);
      liveSessions.checkClock();
      assert.equal(liveSessions.get('s1')?.clockSetBackMs, HOUR);
      clock.set(HOUR);
      liveSessions.checkClock();
      assert.equal(liveSessions.get('s1')?.clockSetBackMs, undefined);
    });

    it('knows it for a record that is older than this window', () => {
      const [tokensRequestedAt, tokensRequestedUptime] = [clock.now(), clock.uptime()];
      clock.set(-HOUR);
      assert.equal(liveSessions.set({ ...record, tokensRequestedAt, tokensRequestedUptime }).clockSetBackMs, HOUR);
    });

    it('counts from when this window received a record when the machine was restarted since it was created', async () => {
      comeNow({ boot: 'before the restart' });
      await clock.pass(MINUTE);
      clock.set(-HOUR);
      liveSessions.checkClock();
      assert.equal(liveSessions.get('s1')?.clockSetBackMs, HOUR);
    });

    it('counts from the current access token, ignoring changes that keep it', () => {
      comeNow({ boot: 'before the restart' });
      const before = liveSessions.get('s1')?.record ?? record;
      clock.set(-HOUR);
      assert.equal(liveSessions.set({ ...before, isNotRefreshable: true }).clockSetBackMs, HOUR);
      assert.equal(liveSessions.set({ ...before, accessToken: 'access-2' }).clockSetBackMs, undefined);
    });
  });
});
