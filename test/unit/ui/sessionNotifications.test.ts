import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { CATEGORIES, FAILURE_POLICIES, type Category } from '../../../src/core/failurePolicies.ts';
import type { Outcome } from '../../../src/core/failurePolicy.ts';
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
/** A session whose end is known and does not move: the warning comes at its last ten minutes. */
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
  const ports = (now: number): SessionNotificationDependencies => ({
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
    getNotifications(sessions, ports(now));
  const failing = (category: Category, more: Partial<LiveSession> = {}, record = SAMPLE): LiveSession =>
    live(record, { failure: new Failure(category, 'x'), failures: 1, ...more });
  const kinds = (all: readonly SessionNotification[]): string[] => all.map(({ kind }) => kind);
  const nameOf = ({ kind, id, since, variant = '' }: SessionNotification): string => [kind, id, since, variant].join();
  const labels = ({ actions }: SessionNotification): string[] => actions.map(({ label }) => label);
  function only(all: readonly SessionNotification[]): SessionNotification {
    const [first] = all;
    assert.ok(first !== undefined && all.length === 1, `${all.length} notifications`);
    return first;
  }
  const those = (outcome: Outcome): Category[] =>
    CATEGORIES.filter((category) => FAILURE_POLICIES[category].outcome === outcome);

  it('are none while all is well', () => {
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
        ...ports(T + MINUTE),
        mayLackConsent: ({ refreshToken }) => may && refreshToken === undefined,
      });

    it('are that the server may need consent, for each account, and asking for it', () => {
      const account = { id: 'other', label: 'Kim' };
      const all = lacking([live(bare), live({ ...bare, id: 'other', account }), live({ ...SAMPLE, id: 'third' })]);
      assert.deepEqual(all.map(nameOf), [`consent,${SAMPLE.id},0,`, 'consent,other,0,']);
      assert.deepEqual(all.map(labels), [['Ask for Consent'], ['Ask for Consent']]);
      all[0]?.actions[0]?.run();
      assert.deepEqual(done, [['ask-consent', SAMPLE.providerId]]);
    });

    it('are none where consent would not help, the session was dead at start, or has ended', () => {
      assert.deepEqual(lacking([live(bare)], false), []);
      assert.deepEqual(kinds(lacking([live({ ...bare, ended: { at: T, category: 'session-ended', code: 'x' } })])), [
        'ended',
      ]);
      dead.add(SAMPLE.id);
      assert.deepEqual(lacking([live(bare)]), []);
    });
  });

  describe('of a failure that passes', () => {
    it('are none until a caller is refused', () => {
      for (const category of those('retrying')) {
        assert.deepEqual(notificationsFor([failing(category)]), [], category);
        assert.deepEqual(notificationsFor([failing(category, { failures: 50 })], T + 10 * HOUR), [], category);
      }
    });

    it('are an outage once a caller is refused, with what can be done', () => {
      for (const category of those('retrying')) {
        const one = only(notificationsFor([failing(category, { refused: true })]));
        assert.deepEqual([one.kind, one.id, one.isFinal, one.isOutcome], ['outage', SAMPLE.id, false, true], category);
        assert.deepEqual(labels(one), FAILURE_POLICIES[category].actions.map(button.forAction));
        assert.match(one.message, /Provider acme/);
      }
    });

    it('are the same outage with another category, and after more tries', () => {
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

    it('are told, though the session was dead at the start, once a caller is refused', () => {
      dead.add(SAMPLE.id);
      assert.deepEqual(notificationsFor([failing('server')]), []);
      assert.deepEqual(kinds(notificationsFor([failing('server', { refused: true })])), ['outage']);
    });
  });

  describe('of a failure that somebody has to look at', () => {
    it('are told at once, with its sentence and what can be done, the right thing first', () => {
      for (const category of those('needs-attention')) {
        const one = only(notificationsFor([failing(category)]));
        assert.deepEqual(
          [one.kind, one.id, one.isFinal, one.isOutcome],
          ['attention', SAMPLE.id, false, true],
          category,
        );
        assert.deepEqual(labels(one), FAILURE_POLICIES[category].actions.map(button.forAction));
      }
    });

    it('are another notification for another category, and the same for the same one', () => {
      const name = (category: Category, failures: number): string =>
        nameOf(only(notificationsFor([failing(category, { failures })])));
      assert.equal(name('clock', 1), name('clock', 9));
      assert.notEqual(name('clock', 1), name('certificate', 1));
    });

    it('are none where the session was dead at the start, until a caller is refused', () => {
      dead.add(SAMPLE.id);
      assert.deepEqual(notificationsFor([failing('storage')]), []);
      assert.deepEqual(kinds(notificationsFor([failing('storage', { refused: true })])), ['attention']);
    });
  });

  it('are what belongs to a sign-in, too, should a server say it at a renewal: nothing stays stuck without a word', () => {
    for (const category of those('no-change').filter((one) => one !== 'canceled' && one !== 'replaced')) {
      assert.deepEqual(kinds(notificationsFor([failing(category)])), ['attention'], category);
    }
  });

  it('are none of what was called off', () => {
    assert.deepEqual(
      [
        notificationsFor([failing('canceled', { refused: true })]),
        notificationsFor([failing('replaced', { refused: true })]),
      ],
      [[], []],
    );
  });

  describe('of a session that has ended', () => {
    it('are its end, told by the failure that was seen, or else by the verdict that is stored', () => {
      const verdict = only(notificationsFor([live(ENDED)]));
      assert.deepEqual(
        [verdict.kind, verdict.isFinal, verdict.isOutcome, labels(verdict)],
        ['ended', true, false, ['Sign In Again']],
      );
      assert.match(verdict.message, /ended your session/);
      const seen = only(notificationsFor([failing('policy', {}, ENDED)]));
      assert.match(seen.message, /Your organization’s policy requires/);
      assert.equal(nameOf(seen), nameOf(verdict));
    });

    it('are one end for each way in which it can end', () => {
      for (const category of those('ended')) {
        const record = { ...SAMPLE, ended: { at: T, category, code: 'x' } };
        assert.deepEqual(labels(only(notificationsFor([live(record)]))), ['Sign In Again'], category);
      }
    });

    it('are none where it was over at the start already', () => {
      dead.add(SAMPLE.id);
      assert.deepEqual(notificationsFor([live(ENDED), failing('session-ended', { refused: true }, ENDED)]), []);
    });

    it('are no outage, and no warning besides', () => {
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
    it('are none before its time, and none after the end', () => {
      assert.deepEqual(notificationsFor([live(ENDING)], T + 50 * MINUTE - 1), []);
      assert.deepEqual(kinds(notificationsFor([live(ENDING)], T + 50 * MINUTE)), ['ending']);
      assert.deepEqual(notificationsFor([live(ENDING)], T + HOUR), []);
    });

    it('are none of one that renews itself', () => {
      assert.deepEqual(notificationsFor([live(SAMPLE)], T + 59 * MINUTE), []);
    });

    it('offer to sign in first and to be reminded second', () => {
      const one = only(notificationsFor([live(ENDING)], T + 50 * MINUTE));
      assert.match(
        one.message,
        /Your Provider acme session \(ada@example\.com\) expires at .+\. Sign in again to avoid interruption\./,
      );
      assert.deepEqual(labels(one), ['Sign In Again', 'Remind Me Later']);
      one.actions[0]?.run();
      assert.deepEqual(done, [['sign-in', 'acme']]);
    });

    it('come again, if the person wants so, when half of what is left has passed', () => {
      const one = only(notificationsFor([live(ENDING)], T + 50 * MINUTE));
      one.actions[1]?.run();
      assert.deepEqual(snooze, [{ kind: 'ending', id: SAMPLE.id, since: one.since, until: T + 55 * MINUTE }]);
    });

    it('know no later in the last minute', () => {
      assert.deepEqual(labels(only(notificationsFor([live(ENDING)], T + 59 * MINUTE))), [
        'Sign In Again',
        'Remind Me Later',
      ]);
      assert.deepEqual(labels(only(notificationsFor([live(ENDING)], T + 59 * MINUTE + 1))), ['Sign In Again']);
    });

    it('stay the same while they last, though a server tells the end a little differently, and are others after another sign-in', () => {
      const name = (end: number, now: number, signedInAt = T): string =>
        nameOf(only(notificationsFor([live({ ...ENDING, signedInAt, sessionEndsAt: end })], now)));
      assert.equal(name(T + HOUR, T + 51 * MINUTE), name(T + HOUR + SECOND, T + 58 * MINUTE));
      assert.notEqual(name(T + HOUR, T + 55 * MINUTE), name(T + HOUR, T + 55 * MINUTE, T + 1));
    });

    it('are of the access token where there is nothing to renew it with', () => {
      assert.deepEqual(kinds(notificationsFor([live(UNRENEWABLE)], T + 50 * MINUTE)), ['ending']);
    });

    it('count by the time that passes where the clock was set back, and are put off by the clock that is', () => {
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
    it('are told once until they are stored, not while a renewal is on its way', () => {
      const one = only(notificationsFor([live(SAMPLE, { unsaved: true })]));
      assert.deepEqual([one.kind, one.id, labels(one)], ['storage', SAMPLE.id, ['Show Log']]);
      assert.equal(
        nameOf(one),
        nameOf(
          only(notificationsFor([live({ ...SAMPLE, generation: 2, tokensRequestedAt: T + 1 }, { unsaved: true })])),
        ),
      );
      assert.equal(one.since, 0, 'it is forgotten when it is over');
      assert.deepEqual(notificationsFor([live(SAMPLE, { unsaved: true, refreshing: true })]), []);
    });

    it('stand beside what else there is to tell', () => {
      assert.deepEqual(kinds(notificationsFor([failing('clock', { unsaved: true }, ENDING)], T + 55 * MINUTE)), [
        'attention',
        'ending',
        'storage',
      ]);
    });
  });

  describe('of clocks', () => {
    it('are told from more than five minutes on, in both directions, once for each provider', () => {
      const at = (skew: number): string[] =>
        kinds(notificationsFor([live(SAMPLE, { skew }), live({ ...SAMPLE, id: 'other' }, { skew })]));
      assert.deepEqual(
        [at(5 * MINUTE), at(-5 * MINUTE), at(5 * MINUTE + 1), at(-5 * MINUTE - 1)],
        [[], [], ['clock'], ['clock']],
      );
    });

    it('say which clock is behind, and lead to the comparison', () => {
      const behind = only(notificationsFor([live(SAMPLE, { skew: 2 * HOUR })]));
      assert.match(behind.message, /Your computer’s clock is 2 hours behind Provider acme/);
      assert.match(
        only(notificationsFor([live(SAMPLE, { skew: -2 * HOUR })])).message,
        /Your computer’s clock is 2 hours ahead/,
      );
      assert.deepEqual([behind.id, behind.since, labels(behind)], ['acme', 0, ['Check Clock']]);
      behind.actions[0]?.run();
      assert.deepEqual(done, [['clock', 'acme']]);
    });

    it('go by the latest answer of each server', () => {
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

    it('are one warning before the end, about the session that ends first', () => {
      const later = live({ ...ENDING, ...{ id: 'a', scopes: ['write'] }, sessionEndsAt: T + HOUR + MINUTE });
      const all = notificationsFor([later, live({ ...ENDING, id: 'b' })], T + HOUR - 5 * MINUTE);
      assert.deepEqual(all.map(nameOf), [`ending,b,${T},`]);
      const both = [later, live({ ...ENDING, id: 'b', account: KIM })];
      assert.equal(notificationsFor(both, T + HOUR - 5 * MINUTE).length, 2, 'another account has its own');
    });

    it('are one of each kind of failure, about the session whose tokens are the oldest', () => {
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

    it('are one end where the sessions end of the same event, and two where they do not', () => {
      const [first, soon, late] = [endedAt(T), endedAt(T + MINUTE, other), endedAt(T + 2 * HOUR, other)];
      assert.equal(only(notificationsFor([soon, first])).id, SAMPLE.id);
      assert.equal(notificationsFor([first, late]).length, 2);
      dead.add(SAMPLE.id);
      assert.equal(only(notificationsFor([first, soon])).id, 'other', 'what is not shown hides nothing');
    });

    it('are one about tokens that are not saved', () => {
      assert.equal(
        only(notificationsFor([live(SAMPLE, { unsaved: true }), live(other, { unsaved: true })])).kind,
        'storage',
      );
    });
  });

  it('of two providers are told apart', () => {
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
