// How long things live, and when a renewal is due. Every time is in ms; points in time since the Unix epoch.
import { DAY, HOUR, MINUTE, SECOND } from './clock.ts';

/** What of a session decides when it is renewed and when it ends. */
export interface TokenLifetimes {
  /** When the token in hand was asked for: the moment the request was sent. */
  readonly tokensRequestedAt: number;
  /** When the access token stops working; absent where the server never said. */
  readonly accessExpiresAt?: number | undefined;
  /** When the person must sign in again, where that is known and a refresh token stands behind it. */
  readonly sessionEndsAt?: number | undefined;
  /** Whether a renewal has shown that it does not move the session's end. */
  readonly sessionEndIsFixed?: boolean | undefined;
  /** Whether the session can be renewed at all: it has a refresh token. */
  readonly isRefreshable: boolean;
  /** The session's place among the sessions, in [0, 1), another one after each renewal. */
  readonly jitter?: number | undefined;
}

/** The settings that the rules of this file depend on, in ms. */
export interface LifetimeSettings {
  /** How long before expiry a renewal is due, at most. */
  readonly leeway: number;
  /** Renew at least this often; 0 switches that off. */
  readonly refreshInterval: number;
  /** How long before the session's end the person is warned; 0 switches that off. */
  readonly warning: number;
  /** This window's place among the windows, in [0, 1), so that they do not all renew in the same second. */
  readonly jitter?: number | undefined;
}

/** The least time, in ms, between two renewals of one session that nobody asked for. */
export const MIN_REFRESH_INTERVAL = 5 * SECOND;

/** The part of a leeway by which renewals come earlier than it says, at most, so that they do not line up. */
const MAX_JITTER_SHARE = 0.25;

/** The part of a lifetime that a leeway takes at most, so that a short-lived token is not renewed for ever. */
const MAX_LEEWAY_SHARE = 1 / 3;

/**
 * The leeway for a lifetime: `min(setting, a third of the lifetime)`, in ms.
 * A token of 300 s with a setting of 300 s is renewed after 200 s, not at once and again.
 */
export function leewayFor(lifetime: number, setting: number): number {
  return Math.max(0, Math.min(setting, lifetime * MAX_LEEWAY_SHARE));
}

/** A renewal that is due at some time, and what calls for it. */
export interface PlannedRefresh {
  readonly at: number;
  readonly reason: 'access expiry' | 'session end' | 'refresh interval';
}

/**
 * When a renewal is due, and because of what, or undefined where none ever is (no refresh token, or nothing that calls
 * for one). The earliest of: the access token's expiry less the leeway; the session's end less the larger of leeway
 * and warning, as long as a renewal may still move that end; and the refresh interval. Never sooner than
 * {@link MIN_REFRESH_INTERVAL} after the last one. Each window and each session has its own second: a little earlier than said,
 * or a little later than the gap.
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
  // An end that has passed, though the server goes on, calls for nothing.
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

/** When a renewal is due by {@link plannedRefresh}. */
export function refreshDueAt(session: TokenLifetimes, settings: LifetimeSettings): number | undefined {
  return plannedRefresh(session, settings)?.at;
}

/**
 * Whether the clock was set back since the token was asked for: it was received "in the future".
 * Its age then says nothing any more, so it is renewed rather than trusted.
 */
export function clockWasSetBack(session: TokenLifetimes, now: number): boolean {
  return session.tokensRequestedAt > now + MINUTE;
}

/** Whether a renewal is due at this time. */
export function isRefreshDue(session: TokenLifetimes, settings: LifetimeSettings, now: number): boolean {
  const due = refreshDueAt(session, settings);
  return due !== undefined && (due <= now || clockWasSetBack(session, now));
}

/**
 * Whether a token handed out now keeps working for a while: the margin in ms, or a third of its lifetime
 * if that is less (a caller must not cause a renewal with every call). A token whose expiry the server
 * never said counts as fresh; that is another state than expired.
 */
export function isFresh(session: TokenLifetimes, now: number, margin: number): boolean {
  if (session.accessExpiresAt === undefined) {
    return true;
  }
  const needed = leewayFor(session.accessExpiresAt - session.tokensRequestedAt, margin);
  return session.accessExpiresAt - now > needed && !clockWasSetBack(session, now);
}

/** Whether the access token still works at this time, as far as anybody said. */
export function isUnexpired(session: TokenLifetimes, now: number): boolean {
  return session.accessExpiresAt === undefined || session.accessExpiresAt > now;
}

/**
 * When the person must sign in again, where that is known: for a session that cannot be renewed, when its
 * access token expires; else what the server or a setting says of the session's end.
 */
export function sessionEndOf(session: TokenLifetimes): number | undefined {
  return session.isRefreshable ? session.sessionEndsAt : session.accessExpiresAt;
}

/**
 * When to warn that a session ends, or undefined where the person has nothing to do: no end is known, or a
 * renewal is still expected to move it. The warning takes at most a third of the session's whole length.
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

/** A length of time in the one unit that a person would use for it. */
export interface Remaining {
  readonly unit: 'day' | 'hour' | 'minute' | 'second';
  readonly count: number;
  /** How long, in ms, the same words stay true as time passes. */
  readonly validFor: number;
}

/**
 * What is left of a time, in ms, in its sensible unit: days from two days on, hours from two hours on, minutes from one
 * minute on, then seconds, in steps of five down to ten. Rounded down, so that it never promises too much.
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
    // Every change of its words takes a status bar item's tooltip away from under the pointer.
    return within('second', SECOND, 5);
  }
  return left <= 0 ? { unit: 'second', count: 0, validFor: Infinity } : within('second', SECOND);
}
