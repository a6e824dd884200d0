// What there is to tell of the sessions: decided here, told by the notifications.
import { CLOCK_SKEW_WARNING, MINUTE } from '../core/clock.ts';
import type { Failure } from '../core/failure.ts';
import { sessionEndOf, warnAt, type LifetimeSettings } from '../core/lifetime.ts';
import { FAILURE_POLICIES, isTemporary, isUserCancellation } from '../core/failurePolicies.ts';
import type { Action } from '../core/failurePolicy.ts';
import { tokenLifetimes, endedFailure, type SessionRecord } from '../core/session.ts';
import { isUsable, sessionTime, type LiveSession } from '../core/status.ts';
import type { ClaimKey } from '../locking/notificationClaims.ts';
import type { ActionTarget } from './recoveryActions.ts';
import type { NotificationKind } from '../host/ids.ts';
import { describeFailure } from '../host/failureMessages.ts';
import * as button from '../host/buttonLabels.ts';
import { formatTime } from '../host/formatting.ts';
import * as notification from '../host/notificationMessages.ts';
import type { NotificationAction } from './dismissibleNotification.ts';

/** Something to tell as long as it is so. */
export interface SessionNotification extends ClaimKey {
  readonly kind: NotificationKind;
  readonly words: string;
  /** What can be done, the right thing first. */
  readonly choices: readonly NotificationAction[];
  /** Whether something goes on meanwhile. */
  readonly isBusy?: boolean;
  /** Whether it is about what the person may be told anyway, because they have asked for it. */
  readonly isOutcome?: boolean;
}

/** What the news are made with. */
export interface SessionNotificationDependencies {
  /** The time, in ms since the Unix epoch. */
  readonly now: number;
  readonly lifetimes: LifetimeSettings;
  /** What people call a provider. */
  nameOf(providerId: string): string;
  subjectOf(record: SessionRecord): ActionTarget;
  subjectAt(providerId: string): ActionTarget;
  /** What doing an action about something looks like. */
  choice(action: Action, subject: ActionTarget): NotificationAction;
  /** Whether asking for consent may bring the refresh token that a session lacks; absent if that is never offered. */
  mayLackConsent?(record: SessionRecord): boolean;
  /** Whether a session was dead when it was read: the status bar tells of it, and nobody else does. */
  wasDeadAtStart(id: string): boolean;
  /** Tells a notice again at a point in time, in ms since the Unix epoch. */
  snooze(notice: ClaimKey & { readonly kind: NotificationKind }, until: number): Promise<void>;
}

/** Everything that there is to tell of some sessions. */
export function getNotifications(
  sessions: readonly LiveSession[],
  ports: SessionNotificationDependencies,
): SessionNotification[] {
  const each = sessions.flatMap((session) => [
    ofTrouble(session, ports),
    ofEnd(session, ports),
    ofConsent(session, ports),
    ofStore(session, ports),
  ]);
  return [...each.filter((one) => one !== undefined), ...ofClocks(sessions, ports)];
}

/**
 * A definite end is told; one that was there at start is not. A failure that passes is the status bar's matter, until a
 * caller is refused. One that somebody has to look at is told.
 */
function ofTrouble(session: LiveSession, ports: SessionNotificationDependencies): SessionNotification | undefined {
  const { failure, record, refused = false } = session;
  const { ended, id, tokensRequestedAt, signedInAt } = record;
  const wasDead = ports.wasDeadAtStart(id);
  if (ended !== undefined) {
    return wasDead
      ? undefined
      : ofFailure({ kind: 'ended', id, since: signedInAt }, session, failure ?? endedFailure(ended), ports);
  }
  const isPassing = failure !== undefined && isTemporary(failure.category);
  const isCalledOff = failure !== undefined && isUserCancellation(failure.category);
  if (failure === undefined || isCalledOff || (!refused && (isPassing || wasDead))) {
    return undefined;
  }
  // An episode lasts until a renewal has worked; what of it a person must look at may change, and an outage is one.
  return isPassing
    ? ofFailure({ kind: 'outage', id, since: tokensRequestedAt }, session, failure, ports)
    : ofFailure(
        { kind: 'attention', id, since: tokensRequestedAt, variant: failure.category },
        session,
        failure,
        ports,
      );
}

function ofFailure(
  notice: Pick<SessionNotification, 'kind' | 'id' | 'since' | 'variant'>,
  { record }: LiveSession,
  failure: Failure,
  ports: SessionNotificationDependencies,
): SessionNotification {
  const subject = ports.subjectOf(record);
  return {
    ...notice,
    words: describeFailure(failure, ports.nameOf(record.providerId)),
    choices: FAILURE_POLICIES[failure.category].actions.map((action) => ports.choice(action, subject)),
    isBusy: notice.kind === 'outage',
    isOutcome: notice.kind !== 'ended',
  };
}

/** The warning before an end that the person alone can put off. */
function ofEnd(session: LiveSession, ports: SessionNotificationDependencies): SessionNotification | undefined {
  const { record, clockSetBackMs = 0 } = session;
  const now = sessionTime(session, ports.now);
  const lifetimes = tokenLifetimes(record);
  const end = sessionEndOf(lifetimes);
  const due = warnAt(lifetimes, ports.lifetimes);
  if (
    end === undefined ||
    due === undefined ||
    record.ended !== undefined ||
    !isUsable(record, now) ||
    end <= now ||
    now < due
  ) {
    return undefined;
  }
  const left = end - now;
  const notice = { kind: 'ending', id: record.id, since: record.signedInAt } as const;
  // Half of what is left: always before the end, and with time to act.
  const later: NotificationAction = {
    label: button.remindMeLater(),
    run: () => ports.snooze(notice, end - clockSetBackMs - left / 2),
  };
  const again = ports.choice('sign-in', ports.subjectOf(record));
  // In the last minute there is no later.
  const words = notification.endsSoon(
    ports.nameOf(record.providerId),
    record.account.label,
    formatTime(end - clockSetBackMs, ports.now),
  );
  return { ...notice, words, choices: left < MINUTE ? [again] : [again, later] };
}

/** A session without a refresh token, if asking for consent may bring one: told once until there is one. */
function ofConsent({ record }: LiveSession, ports: SessionNotificationDependencies): SessionNotification | undefined {
  const { account, id, providerId } = record;
  if (record.ended !== undefined || ports.wasDeadAtStart(id) || ports.mayLackConsent?.(record) !== true) {
    return undefined;
  }
  const words = notification.noRefreshToken(ports.nameOf(providerId), account.label);
  return { kind: 'consent', id, since: 0, words, choices: [ports.choice('ask-consent', ports.subjectOf(record))] };
}

/** Tokens that would be lost on a restart are a person's matter, once until they are stored. */
function ofStore(
  { record, refreshing, unsaved }: LiveSession,
  ports: SessionNotificationDependencies,
): SessionNotification | undefined {
  const { id, providerId } = record;
  const choices = [ports.choice('log', ports.subjectOf(record))];
  return refreshing || !unsaved
    ? undefined
    : { kind: 'storage', id, since: 0, words: notification.tokensNotSaved(ports.nameOf(providerId)), choices };
}

/** A clock that is far off, by the latest answer of each server. */
function ofClocks(sessions: readonly LiveSession[], ports: SessionNotificationDependencies): SessionNotification[] {
  const skews = new Map<string, number>();
  for (const { record, skew } of [...sessions].sort(
    (one, other) => one.record.tokensRequestedAt - other.record.tokensRequestedAt,
  )) {
    if (skew !== undefined) {
      skews.set(record.providerId, skew);
    }
  }
  return [...skews]
    .filter(([, skew]) => Math.abs(skew) > CLOCK_SKEW_WARNING)
    .map(([id, skew]) => ({
      kind: 'clock',
      id,
      since: 0,
      words: notification.clockSkew(ports.nameOf(id), skew),
      choices: [ports.choice('clock', ports.subjectAt(id))],
    }));
}
