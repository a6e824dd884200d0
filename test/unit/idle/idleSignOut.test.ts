import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { IdleSignOut, type IdleSignOutDependencies, type SignOutOutcome } from '../../../src/idle/idleSignOut.ts';
import { IdleFixture } from '../../support/idleFixture.ts';
import type { Window } from '../../support/windows.ts';

describe('IdleSignOut', () => {
  let fixture: IdleFixture;
  let window: Window;
  let other: Window;
  let record: SessionRecord;
  let calls: string[];
  /** The implementation of signing out. */
  let signOut: IdleSignOutDependencies['signOut'];
  /** The outcome of the sign-out of another window. */
  let outcomeElsewhere: SignOutOutcome;
  let outcomes: string[];

  beforeEach(async () => {
    fixture = await IdleFixture.start();
    fixture.timeouts.clear();
    [window, other = window] = await fixture.openSignedIn(2);
    record = window.record();
    calls = [];
    outcomes = [];
    outcomeElsewhere = 'revoked';
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
      outcomeOf: () => Promise.resolve(outcomeElsewhere),
    });
    idleSignOut.onDidSignOut(({ outcome, timeout }) => {
      calls.push(`${name} reports ${timeout}`);
      void outcome.then((known) => outcomes.push(`${name} ${known}`));
    });
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
    const { promise, resolve } = Promise.withResolvers<{ readonly atServer: Promise<'revoked'> }>();
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
    resolve({ atServer: Promise.resolve('revoked') });
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

  const signOutLocally = (atServer: Promise<'revoked' | 'not-supported'>): typeof signOut => {
    atServer.catch(() => {});
    return (id) => {
      window.liveSessions.remove(id);
      return Promise.resolve({ atServer });
    };
  };

  for (const [title, atServer, expected] of [
    ['that the server confirmed it', () => Promise.resolve('revoked' as const), 'one revoked'],
    ['that the server offers none', () => Promise.resolve('not-supported' as const), 'one not-supported'],
    ["that the server didn't confirm it", () => Promise.reject(new Error('offline')), 'one unconfirmed'],
  ] as const) {
    it(`reports ${title}`, async () => {
      signOut = signOutLocally(atServer());
      create(window, 'one').start(record, MINUTE);
      await fixture.windows.clock.pass(SECOND);
      assert.deepEqual(outcomes, [expected]);
    });
  }

  it("reports an unconfirmed sign-out after 10 s when the server doesn't respond", async () => {
    signOut = signOutLocally(new Promise(() => {}));
    create(window, 'one').start(record, MINUTE);
    await fixture.windows.clock.pass(10 * SECOND - 1);
    assert.deepEqual(outcomes, []);
    await fixture.windows.clock.pass(1);
    assert.deepEqual(outcomes, ['one unconfirmed']);
  });

  it('reports the outcome of the window that signed out', async () => {
    outcomeElsewhere = 'not-supported';
    create(window, 'one').reportSignedOut(record, MINUTE);
    await fixture.windows.clock.pass(0);
    assert.deepEqual(outcomes, ['one not-supported']);
  });

  it("reports the outcome at the server when the session can't be deleted", async () => {
    outcomeElsewhere = 'unconfirmed';
    signOut = async (id) => {
      window.liveSessions.remove(id);
      return Promise.reject(new Error('locked'));
    };
    create(window, 'one').start(record, MINUTE);
    await fixture.windows.clock.pass(SECOND);
    assert.deepEqual(outcomes, ['one unconfirmed']);
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
