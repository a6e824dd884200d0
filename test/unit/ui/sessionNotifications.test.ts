import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { CATEGORIES, FAILURE_POLICIES, type Category } from '../../../src/core/failurePolicies.ts';
import type { Action, Outcome } from '../../../src/core/failurePolicy.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import type { LiveSession } from '../../../src/core/status.ts';
import type { ActionTarget } from '../../../src/ui/recoveryActions.ts';
import {
  getNotifications,
  type SessionNotification,
  type SessionNotificationDependencies,
} from '../../../src/ui/sessionNotifications.ts';
import * as button from '../../../src/host/buttonLabels.ts';
import { SAMPLE, SIGNED_IN_AT as T, UNRENEWABLE, USUAL, live } from '../../support/coreSamples.ts';

const ENDED: SessionRecord = { ...SAMPLE, ended: { at: T, category: 'session-ended', code: 'invalid_grant' } };
/** A session with a known, fixed end: the warning is due in its last ten minutes. */
const ENDING: SessionRecord = {
  ...SAMPLE,
  accessExpiresAt: T + HOUR,
  sessionEndsAt: T + HOUR,
  sessionEndIsFixed: true,
};

describe('the notifications about sessions', () => {
  let dead: Set<string>;
  let done: [string, string][];
  let snooze: { readonly kind: string; readonly id: string; readonly since: number; readonly until: number }[];

  beforeEach(() => {
    dead = new Set();
    done = [];
    snooze = [];
  });

  const target = (providerId: string): ActionTarget => ({
    providerId,
    hasSession: true,
    signIn: () => Promise.resolve(),
    retry: () => Promise.resolve(),
  });
  const dependencies = (now: number): SessionNotificationDependencies => ({
    now,
    lifetimes: USUAL,
    nameOf: (id) => `Provider ${id}`,
    targetForSession: ({ providerId }) => target(providerId),
    targetForProvider: target,
    createAction: (action, { providerId }) => ({
      label: button.forAction(action),
      run: () => done.push([action, providerId]),
    }),
    wasDeadAtStart: (id) => dead.has(id),
    snooze: ({ kind, id, since }, until) => Promise.resolve(void snooze.push({ kind, id, since, until })),
  });
  const notificationsFor = (sessions: readonly LiveSession[], now = T + MINUTE): SessionNotification[] =>
    getNotifications(sessions, dependencies(now));
  const failing = (category: Category, more: Partial<LiveSession> = {}, record = SAMPLE): LiveSession =>
    live(record, { failure: new Failure(category, 'x'), failures: 1, ...more });
  const kinds = (all: readonly SessionNotification[]): string[] => all.map(({ kind }) => kind);
  const nameOf = ({ kind, id, since, variant = '' }: SessionNotification): string => [kind, id, since, variant].join();
  const labels = ({ actions }: SessionNotification): string[] => actions.map(({ label }) => label);
  /** The labels of the actions after a failure: with a retry, the log isn't among them. */
  const actionLabels = (category: Category): string[] => {
    const actions: readonly Action[] = FAILURE_POLICIES[category].actions;
    return actions.filter((action) => action !== 'log' || !actions.includes('retry')).map(button.forAction);
  };
  function only(all: readonly SessionNotification[]): SessionNotification {
    const [first] = all;
    assert.ok(first !== undefined && all.length === 1, `${all.length} notifications`);
    return first;
  }
  const those = (outcome: Outcome): Category[] =>
    CATEGORIES.filter((category) => FAILURE_POLICIES[category].outcome === outcome);

  it('are none without a problem', () => {
    assert.deepEqual(
      notificationsFor([live(SAMPLE), live(SAMPLE, { refreshing: true }), live({ ...SAMPLE, id: 'other' })]),
      [],
    );
    assert.deepEqual(notificationsFor([]), []);
  });

  describe('of a session without a refresh token', () => {
    const { refreshToken: _token, ...bare } = SAMPLE;
    const lacking = (all: readonly LiveSession[], may = true): SessionNotification[] =>
      getNotifications(all, {
        ...dependencies(T + MINUTE),
        mayLackConsent: ({ refreshToken }) => may && refreshToken === undefined,
      });

    it('explain that the server may need consent, for each account, and offer to ask for it', () => {
      const account = { id: 'other', label: 'Kim' };
      const all = lacking([live(bare), live({ ...bare, id: 'other', account }), live({ ...SAMPLE, id: 'third' })]);
      assert.deepEqual(all.map(nameOf), [`consent,${SAMPLE.id},0,`, 'consent,other,0,']);
      assert.deepEqual(all.map(labels), [['Ask for Consent'], ['Ask for Consent']]);
      all[0]?.actions[0]?.run();
      assert.deepEqual(done, [['ask-consent', SAMPLE.providerId]]);
    });

    it("are none if consent wouldn't help, the session was dead at start, or has ended", () => {
      assert.deepEqual(lacking([live(bare)], false), []);
      assert.deepEqual(kinds(lacking([live({ ...bare, ended: { at: T, category: 'session-ended', code: 'x' } })])), [
        'ended',
      ]);
      dead.add(SAMPLE.id);
      assert.deepEqual(lacking([live(bare)]), []);
    });
  });

  describe('of a temporary failure', () => {
    it('are none until a caller is refused', () => {
      for (const category of those('retrying')) {
        assert.deepEqual(notificationsFor([failing(category)]), [], category);
        assert.deepEqual(notificationsFor([failing(category, { failures: 50 })], T + 10 * HOUR), [], category);
      }
    });

    it('are an outage once a caller is refused, with the recovery actions', () => {
      for (const category of those('retrying')) {
        const one = only(notificationsFor([failing(category, { refused: true })]));
        assert.deepEqual([one.kind, one.id, one.isFinal, one.isOutcome], ['outage', SAMPLE.id, false, true], category);
        assert.deepEqual(labels(one), actionLabels(category));
        assert.match(one.message, /Provider acme/);
      }
    });

    it('are the same outage with another category, and after more attempts', () => {
      const rotated = { ...SAMPLE, generation: 2, isComplete: false };
      const names = those('retrying').flatMap((category, index) =>
        [SAMPLE, rotated].map((record) =>
          nameOf(
            only(
              notificationsFor([failing(category, { refused: true, failures: index + 1 }, record)], T + index * HOUR),
            ),
          ),
        ),
      );
      assert.equal(new Set(names).size, 1);
    });

    it('are another outage after a renewal', () => {
      const before = only(notificationsFor([failing('network', { refused: true })]));
      const after = only(
        notificationsFor([
          failing('network', { refused: true }, { ...SAMPLE, generation: 2, tokensRequestedAt: T + 1 }),
        ]),
      );
      assert.notEqual(nameOf(before), nameOf(after));
    });

    it('are gone with the failure', () => {
      assert.deepEqual(notificationsFor([live(SAMPLE, { refused: true })]), []);
    });

    it('are shown once a caller is refused, even if the session was dead at start', () => {
      dead.add(SAMPLE.id);
      assert.deepEqual(notificationsFor([failing('server')]), []);
      assert.deepEqual(kinds(notificationsFor([failing('server', { refused: true })])), ['outage']);
    });
  });

  describe('of a failure that needs attention', () => {
    it('are shown immediately, with the recovery actions, the recommended one first', () => {
      for (const category of those('needs-attention')) {
        const one = only(notificationsFor([failing(category)]));
        assert.deepEqual(
          [one.kind, one.id, one.isFinal, one.isOutcome],
          ['attention', SAMPLE.id, false, true],
          category,
        );
        assert.deepEqual(labels(one), actionLabels(category));
      }
    });

    it('are a different notification for another category, and the same for the same one', () => {
      const name = (category: Category, failures: number): string =>
        nameOf(only(notificationsFor([failing(category, { failures })])));
      assert.equal(name('clock', 1), name('clock', 9));
      assert.notEqual(name('clock', 1), name('certificate', 1));
    });

    it('are none if the session was dead at start, until a caller is refused', () => {
      dead.add(SAMPLE.id);
      assert.deepEqual(notificationsFor([failing('storage')]), []);
      assert.deepEqual(kinds(notificationsFor([failing('storage', { refused: true })])), ['attention']);
    });
  });

  it('include failures of a sign-in that a server reports at a renewal, so that nothing is stuck silently', () => {
    for (const category of those('no-change').filter((one) => one !== 'canceled' && one !== 'replaced')) {
      assert.deepEqual(kinds(notificationsFor([failing(category)])), ['attention'], category);
    }
  });

  it('are none about a canceled operation', () => {
    assert.deepEqual(
      [
        notificationsFor([failing('canceled', { refused: true })]),
        notificationsFor([failing('replaced', { refused: true })]),
      ],
      [[], []],
    );
  });

  describe('of a session that has ended', () => {
    it('report the end, with the failure of this window or else with the stored verdict', () => {
      const verdict = only(notificationsFor([live(ENDED)]));
      assert.deepEqual(
        [verdict.kind, verdict.isFinal, verdict.isOutcome, labels(verdict)],
        ['ended', true, false, ['Sign In Again']],
      );
      assert.match(verdict.message, /ended your session/);
      const seen = only(notificationsFor([failing('policy', {}, ENDED)]));
      assert.match(seen.message, /Your organization's policy requires/);
      assert.equal(nameOf(seen), nameOf(verdict));
    });

    it('are one for each category that ends a session', () => {
      for (const category of those('ended')) {
        const record = { ...SAMPLE, ended: { at: T, category, code: 'x' } };
        assert.deepEqual(labels(only(notificationsFor([live(record)]))), ['Sign In Again'], category);
      }
    });

    it('are none if the session had already ended at start', () => {
      dead.add(SAMPLE.id);
      assert.deepEqual(notificationsFor([live(ENDED), failing('session-ended', { refused: true }, ENDED)]), []);
    });

    it('are neither an outage nor a warning in addition', () => {
      assert.deepEqual(
        kinds(
          notificationsFor(
            [failing('session-ended', { refused: true }, { ...ENDING, ended: ENDED.ended })],
            T + 55 * MINUTE,
          ),
        ),
        ['ended'],
      );
    });
  });

  describe('of a session that ends soon', () => {
    it('are none before the warning is due, and none after the end', () => {
      assert.deepEqual(notificationsFor([live(ENDING)], T + 50 * MINUTE - 1), []);
      assert.deepEqual(kinds(notificationsFor([live(ENDING)], T + 50 * MINUTE)), ['ending']);
      assert.deepEqual(notificationsFor([live(ENDING)], T + HOUR), []);
    });

    it('are none for a session that is renewed automatically', () => {
      assert.deepEqual(notificationsFor([live(SAMPLE)], T + 59 * MINUTE), []);
    });

    it('offer to sign in first, and to be reminded second', () => {
      const one = only(notificationsFor([live(ENDING)], T + 50 * MINUTE));
      assert.match(
        one.message,
        /Your Provider acme session \(ada@example\.com\) expires at .+\. Sign in again to avoid interruption\./,
      );
      assert.deepEqual(labels(one), ['Sign In Again', 'Remind Me Later']);
      one.actions[0]?.run();
      assert.deepEqual(done, [['sign-in', 'acme']]);
    });

    it('can be snoozed until half of the remaining time has passed', () => {
      const one = only(notificationsFor([live(ENDING)], T + 50 * MINUTE));
      one.actions[1]?.run();
      assert.deepEqual(snooze, [{ kind: 'ending', id: SAMPLE.id, since: one.since, until: T + 55 * MINUTE }]);
    });

    it("can't be snoozed in the last minute", () => {
      assert.deepEqual(labels(only(notificationsFor([live(ENDING)], T + 59 * MINUTE))), [
        'Sign In Again',
        'Remind Me Later',
      ]);
      assert.deepEqual(labels(only(notificationsFor([live(ENDING)], T + 59 * MINUTE + 1))), ['Sign In Again']);
    });

    it('stay the same if the server reports a slightly different end, and are new after another sign-in', () => {
      const name = (end: number, now: number, signedInAt = T): string =>
        nameOf(only(notificationsFor([live({ ...ENDING, signedInAt, sessionEndsAt: end })], now)));
      assert.equal(name(T + HOUR, T + 51 * MINUTE), name(T + HOUR + SECOND, T + 58 * MINUTE));
      assert.notEqual(name(T + HOUR, T + 55 * MINUTE), name(T + HOUR, T + 55 * MINUTE, T + 1));
    });

    it('are about the access token if there is no refresh token', () => {
      assert.deepEqual(kinds(notificationsFor([live(UNRENEWABLE)], T + 50 * MINUTE)), ['ending']);
    });

    it('use the elapsed time if the clock was set back, and snooze by the current clock', () => {
      const session = live(ENDING, { clockSetBackMs: 2 * HOUR });
      const now = T + 50 * MINUTE - 2 * HOUR;
      only(notificationsFor([session], now)).actions[1]?.run();
      assert.deepEqual(
        snooze.map(({ until }) => until),
        [now + 5 * MINUTE],
      );
    });
  });

  describe('of tokens that are in memory only', () => {
    it('are shown once until they are stored, but not during a renewal', () => {
      const one = only(notificationsFor([live(SAMPLE, { unsaved: true })]));
      assert.deepEqual([one.kind, one.id, labels(one)], ['storage', SAMPLE.id, ['Show Log']]);
      assert.equal(
        nameOf(one),
        nameOf(
          only(notificationsFor([live({ ...SAMPLE, generation: 2, tokensRequestedAt: T + 1 }, { unsaved: true })])),
        ),
      );
      assert.equal(one.since, 0, 'its claim is deleted when it no longer applies');
      assert.deepEqual(notificationsFor([live(SAMPLE, { unsaved: true, refreshing: true })]), []);
    });

    it('are shown in addition to others', () => {
      assert.deepEqual(kinds(notificationsFor([failing('clock', { unsaved: true }, ENDING)], T + 55 * MINUTE)), [
        'attention',
        'ending',
        'storage',
      ]);
    });
  });

  describe('of clocks', () => {
    it('are shown above five minutes of skew, in both directions, once per provider', () => {
      const at = (skew: number): string[] =>
        kinds(notificationsFor([live(SAMPLE, { skew }), live({ ...SAMPLE, id: 'other' }, { skew })]));
      assert.deepEqual(
        [at(5 * MINUTE), at(-5 * MINUTE), at(5 * MINUTE + 1), at(-5 * MINUTE - 1)],
        [[], [], ['clock'], ['clock']],
      );
    });

    it('show which clock is behind, and offer a comparison', () => {
      const behind = only(notificationsFor([live(SAMPLE, { skew: 2 * HOUR })]));
      assert.match(behind.message, /Your computer's clock is 2 hours behind Provider acme/);
      assert.match(
        only(notificationsFor([live(SAMPLE, { skew: -2 * HOUR })])).message,
        /Your computer's clock is 2 hours ahead/,
      );
      assert.deepEqual([behind.id, behind.since, labels(behind)], ['acme', 0, ['Check Clock']]);
      behind.actions[0]?.run();
      assert.deepEqual(done, [['clock', 'acme']]);
    });

    it('use the latest response of each server', () => {
      const older = live({ ...SAMPLE, id: 'older' }, { skew: HOUR });
      const newer = live({ ...SAMPLE, id: 'newer', tokensRequestedAt: T + SECOND }, { skew: 0 });
      assert.deepEqual([notificationsFor([older, newer]), notificationsFor([newer, older])], [[], []]);
      const elsewhere = live({ ...SAMPLE, id: 'elsewhere', providerId: 'other' }, { skew: HOUR });
      assert.deepEqual(
        notificationsFor([newer, elsewhere]).map(({ id }) => id),
        ['other'],
      );
    });
  });

  describe('of an account with several sessions', () => {
    const other = { ...SAMPLE, id: 'other', scopes: ['write'] };
    const KIM = { id: 'account-2', label: 'Kim' };
    const endedAt = (at: number, more: Partial<SessionRecord> = {}): LiveSession =>
      live({ ...ENDED, ...more, ended: { at, category: 'session-ended', code: 'invalid_grant' } });

    it('are one warning before the end, for the session that ends first', () => {
      const later = live({ ...ENDING, ...{ id: 'a', scopes: ['write'] }, sessionEndsAt: T + HOUR + MINUTE });
      const all = notificationsFor([later, live({ ...ENDING, id: 'b' })], T + HOUR - 5 * MINUTE);
      assert.deepEqual(all.map(nameOf), [`ending,b,${T},`]);
      const both = [later, live({ ...ENDING, id: 'b', account: KIM })];
      assert.equal(notificationsFor(both, T + HOUR - 5 * MINUTE).length, 2, 'another account has its own warning');
    });

    it('are one of each kind of failure, for the session with the oldest tokens', () => {
      const older = { ...other, tokensRequestedAt: T - HOUR };
      for (const category of ['network', 'client-rejected'] as const) {
        const all = [failing(category, { refused: true }), failing(category, { refused: true }, older)];
        assert.deepEqual(
          notificationsFor(all).map(({ id }) => id),
          ['other'],
        );
        assert.deepEqual(nameOf(only(notificationsFor(all))), nameOf(only(notificationsFor([...all].reverse()))));
      }
      const different = [failing('client-rejected'), failing('invalid-response', {}, older)];
      assert.equal(notificationsFor(different).length, 2);
    });

    it('are one if the sessions end due to the same event, and two otherwise', () => {
      const [first, soon, late] = [endedAt(T), endedAt(T + MINUTE, other), endedAt(T + 2 * HOUR, other)];
      assert.equal(only(notificationsFor([soon, first])).id, SAMPLE.id);
      assert.equal(notificationsFor([first, late]).length, 2);
      dead.add(SAMPLE.id);
      assert.equal(only(notificationsFor([first, soon])).id, 'other', "a hidden notification doesn't hide others");
    });

    it("are one about tokens that aren't saved", () => {
      assert.equal(
        only(notificationsFor([live(SAMPLE, { unsaved: true }), live(other, { unsaved: true })])).kind,
        'storage',
      );
    });
  });

  it('of two providers are distinct', () => {
    const other: SessionRecord = { ...SAMPLE, id: 'session-2', providerId: 'other' };
    const all = notificationsFor([failing('network', { refused: true }), failing('certificate', {}, other)]);
    assert.deepEqual(
      all.map(({ kind, id }) => [kind, id]),
      [
        ['outage', 'session-1'],
        ['attention', 'session-2'],
      ],
    );
    assert.deepEqual(
      all.map(({ message }) => /Provider \w+/.exec(message)?.[0]),
      ['Provider acme', 'Provider other'],
    );
    all.forEach(({ actions }) => actions[0]?.run());
    assert.deepEqual(done, [
      ['retry', 'acme'],
      ['certificate-settings', 'other'],
    ]);
  });
});
