// What the status bar has to say: decided here, put into words and drawn in the host module.
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

/** The states of a session, from the one that most needs a person to the one that needs nobody. */
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
/** One of the states that the status bar tells apart, in words. */
export type State = (typeof STATES)[number];

/** A session as it lives in memory: the record, and what is being done about it. */
export interface LiveSession {
  readonly record: SessionRecord;
  /** A renewal is on its way. */
  readonly refreshing: boolean;
  /** Why the latest renewal failed; absent after one that succeeded. */
  readonly failure?: Failure | undefined;
  /** When it failed. */
  readonly failedAt?: number | undefined;
  /** When the next automatic try is, after a failure. */
  readonly nextAttemptAt?: number | undefined;
  /** Whether a caller was refused since, because the token no longer works. */
  readonly refused?: boolean;
  /** When the server first rejected a refresh of the record's generation without a known reason. */
  readonly rejectedAt?: number | undefined;
  /** How many renewals have failed in a row. */
  readonly failures: number;
  /** How far the server's clock is ahead of this machine's, in ms, as its latest answer told. */
  readonly skew?: number | undefined;
  /** How far, in ms, the clock has been set back since the record came: by so much its times lie too far ahead. */
  readonly clockSetBackMs?: number | undefined;
  /** Until when the server has asked not to be contacted (`Retry-After`), by whichever window it told. */
  readonly waitUntil?: number | undefined;
  /** The process that refreshes the session at this moment, while this window waits for it. */
  readonly lockHolder?:
    { readonly number: number; readonly name: string | undefined; readonly since: number | undefined } | undefined;
  /** Whether the newest tokens are in memory only, because storing them failed. */
  readonly unsaved: boolean;
  /** Whether the other windows cannot know of the newest tokens, because the folder that all share failed. */
  readonly unshared?: boolean;
}

/** What there is to say of one session. Points in time are in ms since the Unix epoch. */
export interface SessionStatus {
  readonly session: LiveSession;
  readonly state: State;
  /** What the countdown runs to, and what that means: the session's end, or a renewal that happens by itself. */
  readonly countdown: { readonly to: number; readonly means: 'end' | 'refresh' } | undefined;
  readonly accessExpiresAt: number | undefined;
  readonly sessionEndsAt: number | undefined;
  readonly refreshDueAt: number | undefined;
}

/** The time for the times of a session: what the clock would show, had it not been set back since. */
export function sessionTime({ clockSetBackMs = 0 }: LiveSession, now: number): number {
  return now + clockSetBackMs;
}

/** Works out the status of one session at one time. */
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

/** The state of a session whose renewal has failed. */
function stateAfter({ category }: Failure, lifetimes: TokenLifetimes, now: number): State {
  switch (FAILURE_POLICIES[category].outcome) {
    case 'retrying':
      return 'retrying';
    case 'ending':
      // Without a known expiry there is nothing to count down to.
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
 * Whether a session is still one: its token works, or it can be renewed. What has definitely ended keeps
 * serving the token in hand for a little while; after that the person must sign in.
 */
export function isUsable(record: SessionRecord, now: number): boolean {
  const lifetimes = tokenLifetimes(record);
  if (record.ended !== undefined && record.ended.at > now + MINUTE) {
    // The clock was set back since, which brings no session back.
    return false;
  }
  return lifetimes.isRefreshable || isUnexpired(lifetimes, now);
}

/** The statuses with the one first that most needs a person; of equals, the one whose countdown ends first. */
export function sortByUrgency(statuses: readonly SessionStatus[]): SessionStatus[] {
  return [...statuses].sort(
    (one, other) =>
      STATES.indexOf(one.state) - STATES.indexOf(other.state) ||
      (one.countdown?.to ?? Infinity) - (other.countdown?.to ?? Infinity),
  );
}
