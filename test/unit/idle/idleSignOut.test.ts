import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { IdleSignOut } from '../../../src/idle/idleSignOut.ts';
import { IdleFixture } from '../../support/idleFixture.ts';
import type { Window } from '../../support/windows.ts';

describe('IdleSignOut', () => {
  let fixture: IdleFixture;
  let window: Window;
  let other: Window;
  let record: SessionRecord;
  let calls: string[];
  /** The implementation of signing out. */
  let signOut: (id: string) => Promise<unknown>;

  beforeEach(async () => {
    fixture = await IdleFixture.start();
    fixture.timeouts.clear();
    [window, other = window] = await fixture.openSignedIn(2);
    record = window.record();
    calls = [];
    signOut = (id) => window.sessionManager.signOut(id);
  });

  afterEach(async () => {
    await fixture.end();
  });

  const create = ({ clock, crossWindowSync, liveSessions, sessions }: Window, name: string): IdleSignOut => {
    const log = { trace() {}, debug() {}, info() {}, error() {}, warn: (line: string) => void calls.push(line) };
    const { notificationClaims } = sessions;
    const idleSignOut = new IdleSignOut({
      clock,
      crossWindowSync,
      liveSessions,
      log,
      notificationClaims,
      signOut: async (id) => {
        calls.push(`${name} signs out`);
        return signOut(id);
      },
    });
    idleSignOut.onDidSignOut(({ timeout }) => calls.push(`${name} reports ${timeout}`));
    return idleSignOut;
  };

  it('signs out in one window and reports it in each when two find the same session idle', async () => {
    const [one, two] = [create(window, 'one'), create(other, 'two')];
    one.start(record, MINUTE);
    two.start(record, MINUTE);
    await fixture.windows.clock.pass(10 * SECOND);
    assert.deepEqual(calls, ['one signs out', `one reports ${MINUTE}`, `two reports ${MINUTE}`]);
    assert.deepEqual([one.isRunning(record), two.isRunning(record), fixture.present], [false, false, 0]);
  });

  it("signs out in another window after 5 s when the first one doesn't finish", async () => {
    signOut = () => new Promise(() => {});
    const [one, two] = [create(window, 'one'), create(other, 'two')];
    one.start(record, MINUTE);
    two.start(record, MINUTE);
    await fixture.windows.clock.pass(5 * SECOND - 1);
    assert.deepEqual(calls, ['one signs out']);
    await fixture.windows.clock.pass(1);
    assert.deepEqual(calls, ['one signs out', 'two signs out']);
  });

  it('is running until the sign-out is done, for that sign-in only', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    signOut = () => promise;
    const one = create(window, 'one');
    one.start(record, MINUTE);
    let isDone = false;
    void one.whenDone().then(() => (isDone = true));
    await fixture.windows.clock.pass(SECOND);
    assert.deepEqual([one.isRunning(record), isDone], [true, false]);
    assert.equal(one.isRunning({ ...record, signedInAt: record.signedInAt + 1 }), false);
    one.reportSignedOut(record, MINUTE);
    assert.deepEqual(calls, ['one signs out'], 'what is running is reported');
    resolve(undefined);
    await fixture.windows.clock.pass(SECOND);
    assert.deepEqual([one.isRunning(record), isDone], [false, true]);
  });

  it("doesn't sign out when the user has signed in again meanwhile", async () => {
    const one = create(window, 'one');
    one.start({ ...record, signedInAt: record.signedInAt - 1 }, MINUTE);
    await fixture.windows.clock.pass(SECOND);
    assert.deepEqual([calls, fixture.present], [[], 2]);
  });

  it("doesn't sign out when it's disposed before another window has finished", async () => {
    signOut = () => new Promise(() => {});
    create(window, 'one').start(record, MINUTE);
    await fixture.windows.clock.pass(0);
    const two = create(other, 'two');
    two.start(record, MINUTE);
    two.dispose();
    await fixture.windows.clock.pass(MINUTE);
    assert.deepEqual(calls, ['one signs out']);
  });

  it("reports the sign-out and logs a warning when the session can't be deleted", async () => {
    signOut = async (id) => {
      window.liveSessions.remove(id);
      return Promise.reject(new Error('locked'));
    };
    create(window, 'one').start(record, MINUTE);
    await fixture.windows.clock.pass(SECOND);
    assert.deepEqual(calls.slice(0, 2), ['one signs out', `one reports ${MINUTE}`]);
    assert.match(calls[2] ?? '', /signed out, but still stored/);
  });
});
