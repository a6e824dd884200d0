// Decides which notifications apply to the sessions; NotificationCenter shows them.
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
import { onePerAccount, type CandidateNotification } from './onePerAccount.ts';

/** A notification that applies as long as its reason does. */
export interface SessionNotification extends ClaimKey {
  readonly kind: NotificationKind;
  readonly message: string;
  /** The actions, the recommended one first. */
  readonly actions: readonly NotificationAction[];
  /** Whether it's about something definite, so that only the user closes it. */
  readonly isFinal?: boolean;
  /** Whether it is the outcome of a renewal, which a command may show itself. */
  readonly isOutcome?: boolean;
}

/** What the notifications depend on. */
export interface SessionNotificationDependencies {
  /** The current time, in ms since the Unix epoch. */
  readonly now: number;
  readonly lifetimes: LifetimeSettings;
  /** Returns the label of a provider. */
  nameOf(providerId: string): string;
  /** Returns the target of actions about a session. */
  targetForSession(record: SessionRecord): ActionTarget;
  /** Returns the target of actions about a provider. */
  targetForProvider(providerId: string): ActionTarget;
  /** Returns the button that runs a recovery action. */
  createAction(action: Action, target: ActionTarget): NotificationAction;
  /** Whether a session may lack a refresh token because of missing consent; absent if asking for consent is never offered. */
  mayLackConsent?(record: SessionRecord): boolean;
  /** Whether a session's token had expired when it was loaded: only the status bar shows those. */
  wasDeadAtStart(id: string): boolean;
  /** Shows a notification again at a point in time, in ms since the Unix epoch. */
  snooze(key: ClaimKey & { readonly kind: NotificationKind }, until: number): Promise<void>;
}

/** Returns the notifications that apply now: for each account, at most one of each kind. */
export function getNotifications(
  sessions: readonly LiveSession[],
  dependencies: SessionNotificationDependencies,
): SessionNotification[] {
  const candidates = sessions.flatMap((session) =>
    [
      failureNotification(session, dependencies),
      expiryNotification(session, dependencies),
      consentNotification(session, dependencies),
      storageNotification(session, dependencies),
    ]
      .filter((one) => one !== undefined)
      .map((notification) => toCandidate(notification, session)),
  );
  return [...onePerAccount(candidates), ...clockNotifications(sessions, dependencies)];
}

function toCandidate(
  notification: SessionNotification,
  { record }: LiveSession,
): CandidateNotification<SessionNotification> {
  const reasons: Partial<Record<NotificationKind, number | undefined>> = {
    ended: record.ended?.at,
    ending: sessionEndOf(tokenLifetimes(record)),
  };
  return { notification, record, at: reasons[notification.kind] ?? notification.since };
}

/**
 * The end of a session leads to a notification, unless it had ended at start. A temporary failure is shown in the status bar
 * only, until a caller is refused. Any other failure leads to a notification.
 */
function failureNotification(
  session: LiveSession,
  dependencies: SessionNotificationDependencies,
): SessionNotification | undefined {
  const { failure, record, refused = false } = session;
  const { ended, id, tokensRequestedAt, signedInAt } = record;
  const wasDead = dependencies.wasDeadAtStart(id);
  if (ended !== undefined) {
    return wasDead
      ? undefined
      : createFailureNotification(
          { kind: 'ended', id, since: signedInAt },
          session,
          failure ?? endedFailure(ended),
          dependencies,
        );
  }
  const isTransient = failure !== undefined && isTemporary(failure.category);
  const isCanceledByUser = failure !== undefined && isUserCancellation(failure.category);
  if (failure === undefined || isCanceledByUser || (!refused && (isTransient || wasDead))) {
    return undefined;
  }
  // An episode lasts until a renewal succeeds. Within it, each category has its own notification, but an outage has only one notification.
  return isTransient
    ? createFailureNotification({ kind: 'outage', id, since: tokensRequestedAt }, session, failure, dependencies)
    : createFailureNotification(
        { kind: 'attention', id, since: tokensRequestedAt, variant: failure.category },
        session,
        failure,
        dependencies,
      );
}

function createFailureNotification(
  key: Pick<SessionNotification, 'kind' | 'id' | 'since' | 'variant'>,
  { record }: LiveSession,
  failure: Failure,
  dependencies: SessionNotificationDependencies,
): SessionNotification {
  const target = dependencies.targetForSession(record);
  const actions: readonly Action[] = FAILURE_POLICIES[failure.category].actions;
  return {
    ...key,
    message: describeFailure(failure, dependencies.nameOf(record.providerId)),
    // With a retry, there would be too many actions in addition to those that all notifications have.
    actions: actions
      .filter((action) => action !== 'log' || !actions.includes('retry'))
      .map((action) => dependencies.createAction(action, target)),
    isFinal: key.kind === 'ended',
    isOutcome: key.kind !== 'ended',
  };
}

/** The warning before the end of a session that only the user can extend. */
function expiryNotification(
  session: LiveSession,
  dependencies: SessionNotificationDependencies,
): SessionNotification | undefined {
  const { record, clockSetBackMs = 0 } = session;
  const now = sessionTime(session, dependencies.now);
  const lifetimes = tokenLifetimes(record);
  const end = sessionEndOf(lifetimes);
  const due = warnAt(lifetimes, dependencies.lifetimes);
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
  const key = { kind: 'ending', id: record.id, since: record.signedInAt } as const;
  // Half of the time that is left: always before the end, with time to act.
  const remindMeLater: NotificationAction = {
    label: button.remindMeLater(),
    run: () => dependencies.snooze(key, end - clockSetBackMs - left / 2),
  };
  const signInAgain = dependencies.createAction('sign-in', dependencies.targetForSession(record));
  // In the last minute there is no time to snooze.
  const message = notification.endsSoon(
    dependencies.nameOf(record.providerId),
    record.account.label,
    formatTime(end - clockSetBackMs, dependencies.now),
  );
  return { ...key, message, actions: left < MINUTE ? [signInAgain] : [signInAgain, remindMeLater] };
}

/** A session without a refresh token, if the server may issue one after consent; shown once until there is one. */
function consentNotification(
  { record }: LiveSession,
  dependencies: SessionNotificationDependencies,
): SessionNotification | undefined {
  const { account, id, providerId } = record;
  if (record.ended !== undefined || dependencies.wasDeadAtStart(id) || dependencies.mayLackConsent?.(record) !== true) {
    return undefined;
  }
  const message = notification.noRefreshToken(dependencies.nameOf(providerId), account.label);
  return {
    kind: 'consent',
    id,
    since: 0,
    message,
    actions: [dependencies.createAction('ask-consent', dependencies.targetForSession(record))],
  };
}

/** Tokens that would be lost on a restart; shown once until they are stored. */
function storageNotification(
  { record, refreshing, unsaved }: LiveSession,
  dependencies: SessionNotificationDependencies,
): SessionNotification | undefined {
  const { id, providerId } = record;
  const actions = [dependencies.createAction('log', dependencies.targetForSession(record))];
  return refreshing || !unsaved
    ? undefined
    : { kind: 'storage', id, since: 0, message: notification.tokensNotSaved(dependencies.nameOf(providerId)), actions };
}

/** A large clock skew, as measured by the latest response of each server. */
function clockNotifications(
  sessions: readonly LiveSession[],
  dependencies: SessionNotificationDependencies,
): SessionNotification[] {
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
      message: notification.clockSkew(dependencies.nameOf(id), skew),
      actions: [dependencies.createAction('clock', dependencies.targetForProvider(id))],
    }));
}
