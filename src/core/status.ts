// The status of sessions for the status bar; text and icons are in the ui module.
import { MINUTE } from './clock.ts';
import type { Failure } from './failure.ts';
import {
  isUnexpired,
  isRefreshDue,
  refreshDueAt,
  sessionEndOf,
  warnAt,
  type LifetimeSettings,
  type TokenLifetimes,
} from './lifetime.ts';
import { FAILURE_POLICIES, endsWithAccessToken } from './failurePolicies.ts';
import { tokenLifetimes, type SessionRecord } from './session.ts';

/** The states of a session, the most urgent first. */
export const STATES = [
  'ended',
  'needs-attention',
  'ending',
  'retrying',
  'signing-in',
  'refreshing',
  'signed-in',
  'signed-out',
] as const;
/** A state that the status bar distinguishes. */
export type State = (typeof STATES)[number];

/** The states in which the user must act. */
export const NEEDS_USER: ReadonlySet<State> = new Set<State>(['ended', 'ending', 'needs-attention']);

/** A session in memory: its record, and the state of its refreshes. */
export interface LiveSession {
  readonly record: SessionRecord;
  /** Whether a refresh is in progress. */
  readonly refreshing: boolean;
  /** The failure of the latest refresh; absent if it succeeded. */
  readonly failure?: Failure | undefined;
  /** When the latest refresh failed. */
  readonly failedAt?: number | undefined;
  /** When the refresh is retried automatically after a failure. */
  readonly nextAttemptAt?: number | undefined;
  /** Whether a caller got an error since, because the access token no longer works. */
  readonly refused?: boolean;
  /** When the server first rejected a refresh of the record's generation without a known reason. */
  readonly rejectedAt?: number | undefined;
  /** The number of consecutive failed refreshes. */
  readonly failures: number;
  /** How far the server's clock is ahead of this machine's, in ms, by its latest response. */
  readonly skew?: number | undefined;
  /**
   * How far, in ms, the clock was set back since the record was created. The record's times are too late by this amount.
   */
  readonly clockSetBackMs?: number | undefined;
  /** Until when the server asked not to be contacted (`Retry-After`), in any window. */
  readonly waitUntil?: number | undefined;
  /** The process that refreshes the session at this moment, while this window waits for it. */
  readonly lockHolder?:
    { readonly number: number; readonly name: string | undefined; readonly since: number | undefined } | undefined;
  /** Whether the latest tokens are in memory only, because storing them failed. */
  readonly unsaved: boolean;
  /** Whether the latest tokens aren't available to other windows, because writing to the shared folder failed. */
  readonly unshared?: boolean;
  /** When a program in the terminal of this window last got the token. */
  readonly terminalUsedAt?: number;
}

/** The status of a session. Points in time are in ms since the Unix epoch. */
export interface SessionStatus {
  readonly session: LiveSession;
  readonly state: State;
  /** The time that the status bar counts down to: the session's end, or an automatic refresh. */
  readonly countdown: { readonly to: number; readonly means: 'end' | 'refresh' } | undefined;
  readonly accessExpiresAt: number | undefined;
  readonly sessionEndsAt: number | undefined;
  readonly refreshDueAt: number | undefined;
}

/**
 * The current time on the clock by which a session's times were recorded: as if the clock hadn't been set back since.
 */
export function sessionTime({ clockSetBackMs = 0 }: LiveSession, now: number): number {
  return now + clockSetBackMs;
}

/** Returns the status of a session at a time. */
export function statusOf(session: LiveSession, settings: LifetimeSettings, now: number): SessionStatus {
  const { record, clockSetBackMs = 0 } = session;
  const lifetimes = tokenLifetimes(record);
  const shown = (time: number | undefined): number | undefined =>
    time === undefined ? undefined : time - clockSetBackMs;
  const due = session.nextAttemptAt ?? shown(refreshDueAt(lifetimes, settings));
  const endsWithToken = session.failure !== undefined && endsWithAccessToken(session.failure.category);
  const end = shown(endsWithToken ? (lifetimes.accessExpiresAt ?? lifetimes.sessionEndsAt) : sessionEndOf(lifetimes));
  const countdown =
    end !== undefined
      ? ({ to: end, means: 'end' } as const)
      : due !== undefined
        ? ({ to: due, means: 'refresh' } as const)
        : undefined;
  return {
    session,
    state: stateOf(session, settings, sessionTime(session, now)),
    countdown,
    accessExpiresAt: shown(lifetimes.accessExpiresAt),
    sessionEndsAt: end,
    refreshDueAt: due,
  };
}

function stateOf(session: LiveSession, settings: LifetimeSettings, now: number): State {
  if (!isUsable(session.record, now)) {
    return 'ended';
  }
  const lifetimes = tokenLifetimes(session.record);
  if (session.record.ended !== undefined) {
    return 'ending';
  }
  const warning = warnAt(lifetimes, settings);
  if (warning !== undefined && warning <= now) {
    return 'ending';
  }
  if (session.failure !== undefined) {
    return stateAfter(session.failure, lifetimes, now);
  }
  return session.refreshing || isRefreshDue(lifetimes, settings, now) ? 'refreshing' : 'signed-in';
}

/** The state of a session whose refresh failed. */
function stateAfter({ category }: Failure, lifetimes: TokenLifetimes, now: number): State {
  switch (FAILURE_POLICIES[category].outcome) {
    case 'retrying':
      return 'retrying';
    case 'ending':
      // Without a known expiry, there is no countdown.
      return lifetimes.accessExpiresAt === undefined
        ? 'needs-attention'
        : isUnexpired(lifetimes, now)
          ? 'ending'
          : 'ended';
    case 'needs-attention':
    case 'ended':
    case 'no-change':
      return 'needs-attention';
  }
}

/**
 * Whether a session can still be used: its access token is valid, or it can be refreshed. If the server has definitely
 * ended it, the access token is used for the grace period at most.
 */
export function isUsable(record: SessionRecord, now: number): boolean {
  const lifetimes = tokenLifetimes(record);
  if (record.ended !== undefined && record.ended.at > now + MINUTE) {
    // The clock was set back since, which doesn't make the session valid again.
    return false;
  }
  return lifetimes.isRefreshable || isUnexpired(lifetimes, now);
}

/** The state to show: a session that the server has ended isn't about to end, even if its access token can still be used. */
export function shownState({ session, state }: SessionStatus): State {
  return session.record.ended === undefined ? state : 'ended';
}

/** Sorts statuses by urgency; if the state is the same, the one whose countdown ends first comes first. */
export function sortByUrgency(statuses: readonly SessionStatus[]): SessionStatus[] {
  return [...statuses].sort(
    (one, other) =>
      STATES.indexOf(one.state) - STATES.indexOf(other.state) ||
      (one.countdown?.to ?? Infinity) - (other.countdown?.to ?? Infinity),
  );
}
