// When tokens and sessions expire, and when a refresh is due. Durations are in ms, points in time in ms since the Unix
// epoch.
import { DAY, HOUR, MINUTE, SECOND } from './clock.ts';

/** The properties of a session that decide when it's refreshed and when it ends. */
export interface TokenLifetimes {
  /** When the request for the current tokens was sent. */
  readonly tokensRequestedAt: number;
  /** When the access token expires; absent if that isn't known. */
  readonly accessExpiresAt?: number | undefined;
  /** When the user must sign in again, if that is known for a session with a refresh token. */
  readonly sessionEndsAt?: number | undefined;
  /** Whether a refresh has shown that refreshing doesn't extend the session. */
  readonly sessionEndIsFixed?: boolean | undefined;
  /** Whether the session can be refreshed. */
  readonly isRefreshable: boolean;
  /** The session's jitter in [0, 1), which differs between sessions and changes with each refresh. */
  readonly jitter?: number | undefined;
}

/** The settings that the functions in this file depend on, in ms. */
export interface LifetimeSettings {
  /** The maximum time before expiry at which a refresh is due. */
  readonly leeway: number;
  /** The maximum time between two refreshes; 0 turns this off. */
  readonly refreshInterval: number;
  /** How long before the session's end the user is warned; 0 turns this off. */
  readonly warning: number;
  /** This window's jitter in [0, 1), so that not all windows refresh at the same time. */
  readonly jitter?: number | undefined;
}

/** The minimum time, in ms, between two automatic refreshes of a session. */
export const MIN_REFRESH_INTERVAL = 5 * SECOND;

/** The maximum jitter, as a share of the leeway, by which refreshes are due earlier. */
const MAX_JITTER_SHARE = 0.25;

/** The maximum leeway, as a share of the lifetime, so that a short-lived token isn't refreshed continuously. */
const MAX_LEEWAY_SHARE = 1 / 3;

/**
 * The leeway for a lifetime, in ms: `min(setting, a third of the lifetime)`. With a setting of 300 s, a token that
 * lives for 300 s is refreshed after 200 s rather than immediately and continuously.
 */
export function leewayFor(lifetime: number, setting: number): number {
  return Math.max(0, Math.min(setting, lifetime * MAX_LEEWAY_SHARE));
}

/** When a refresh is due, and the reason. */
export interface PlannedRefresh {
  readonly at: number;
  readonly reason: 'access expiry' | 'session end' | 'refresh interval';
}

/**
 * When a refresh is due, and why; undefined if none is needed or possible. It's the earliest of: the access token's
 * expiry less the leeway; the session's end less the larger of leeway and warning, if a refresh may still extend the
 * session; and the refresh interval. It's at least {@link MIN_REFRESH_INTERVAL} after the last request. Jitter spreads
 * windows and sessions: a little earlier than the leeway, or a little later than the minimum interval.
 */
export function plannedRefresh(session: TokenLifetimes, settings: LifetimeSettings): PlannedRefresh | undefined {
  if (!session.isRefreshable) {
    return undefined;
  }
  let at = Infinity;
  let reason: PlannedRefresh['reason'] | undefined;
  const consider = (due: number, dueReason: PlannedRefresh['reason']): void => {
    if (due < at) {
      at = due;
      reason = dueReason;
    }
  };
  const lead = MAX_JITTER_SHARE * (((session.jitter ?? 0) + (settings.jitter ?? 0)) % 1);
  const before = (end: number, leeway: number): number =>
    end - (1 + lead) * leewayFor(end - session.tokensRequestedAt, leeway);
  if (session.accessExpiresAt !== undefined) {
    consider(before(session.accessExpiresAt, settings.leeway), 'access expiry');
  }
  // If the end has passed but the server still accepts refreshes, the end doesn't matter.
  if (
    session.sessionEndsAt !== undefined &&
    session.sessionEndsAt > session.tokensRequestedAt &&
    session.sessionEndIsFixed !== true
  ) {
    consider(before(session.sessionEndsAt, Math.max(settings.leeway, settings.warning)), 'session end');
  }
  if (settings.refreshInterval > 0) {
    consider(session.tokensRequestedAt + (1 - lead / 4) * settings.refreshInterval, 'refresh interval');
  }
  return reason === undefined
    ? undefined
    : { at: Math.floor(Math.max(at, session.tokensRequestedAt + (1 + lead) * MIN_REFRESH_INTERVAL)), reason };
}

/** The time of {@link plannedRefresh}. */
export function refreshDueAt(session: TokenLifetimes, settings: LifetimeSettings): number | undefined {
  return plannedRefresh(session, settings)?.at;
}

/**
 * Whether the clock was set back since the tokens were requested, so that the request is in the future. Their age is
 * then unknown, so they are refreshed.
 */
export function clockWasSetBack(session: TokenLifetimes, now: number): boolean {
  return session.tokensRequestedAt > now + MINUTE;
}

/** Whether a refresh is due at this time. */
export function isRefreshDue(session: TokenLifetimes, settings: LifetimeSettings, now: number): boolean {
  const due = refreshDueAt(session, settings);
  return due !== undefined && (due <= now || clockWasSetBack(session, now));
}

/**
 * Whether the access token stays valid for a margin in ms, or for a third of its lifetime if that's less, so that not
 * every call causes a refresh. A token with unknown expiry counts as fresh, not as expired.
 */
export function isFresh(session: TokenLifetimes, now: number, margin: number): boolean {
  if (session.accessExpiresAt === undefined) {
    return true;
  }
  const needed = leewayFor(session.accessExpiresAt - session.tokensRequestedAt, margin);
  return session.accessExpiresAt - now > needed && !clockWasSetBack(session, now);
}

/** Whether the access token is still valid at this time, as far as its expiry is known. */
export function isUnexpired(session: TokenLifetimes, now: number): boolean {
  return session.accessExpiresAt === undefined || session.accessExpiresAt > now;
}

/**
 * When the user must sign in again, if known: for a session that can't be refreshed, when its access token expires;
 * otherwise the end that the server or a setting specifies.
 */
export function sessionEndOf(session: TokenLifetimes): number | undefined {
  return session.isRefreshable ? session.sessionEndsAt : session.accessExpiresAt;
}

/**
 * When to warn that a session ends; undefined if the user doesn't have to act, because no end is known or a refresh is
 * expected to extend the session. The warning is at most a third of the session's duration before its end.
 */
export function warnAt(
  session: TokenLifetimes & { readonly signedInAt: number },
  settings: LifetimeSettings,
): number | undefined {
  const end = sessionEndOf(session);
  if (end === undefined || settings.warning <= 0) {
    return undefined;
  }
  if (session.isRefreshable && session.sessionEndIsFixed !== true) {
    return undefined;
  }
  return end - leewayFor(end - session.signedInAt, settings.warning);
}

/** A duration in the most suitable unit. */
export interface Remaining {
  readonly unit: 'day' | 'hour' | 'minute' | 'second';
  readonly count: number;
  /** How long, in ms, the result stays the same as time passes. */
  readonly validFor: number;
}

/**
 * Converts a remaining time, in ms, to a suitable unit: days from two days, hours from two hours, minutes from one
 * minute, then seconds, in steps of five down to ten. Rounded down.
 */
export function remaining(left: number): Remaining {
  const within = (unit: Remaining['unit'], size: number, step = 1): Remaining => {
    const count = Math.floor(left / (size * step)) * step;
    return { unit, count, validFor: left - count * size + 1 };
  };
  if (left >= 2 * DAY) {
    return within('day', DAY);
  }
  if (left >= 2 * HOUR) {
    return within('hour', HOUR);
  }
  if (left >= MINUTE) {
    return within('minute', MINUTE);
  }
  if (left >= 10 * SECOND) {
    // Each change of the text closes the open tooltip of a status bar item.
    return within('second', SECOND, 5);
  }
  return left <= 0 ? { unit: 'second', count: 0, validFor: Infinity } : within('second', SECOND);
}
