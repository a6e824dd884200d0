// Descriptions of a session and its times for the log.
import { SECOND } from '../core/clock.ts';
import { formatTimestamp } from '../core/log.ts';
import type { SessionRecord } from '../core/session.ts';

/** Returns the name of a session in the log, which is the same in every line and not secret. */
export function describeSession(record: SessionRecord): string {
  return `Session ${record.id.slice(0, 8)} at ${record.providerId} (generation ${record.generation})`;
}

/** Describes the times of a session. */
export function describeExpiry(record: SessionRecord): string {
  const access =
    record.accessExpiresAt === undefined
      ? 'access token expiry not specified by the server'
      : `access token valid for ${Math.round((record.accessExpiresAt - record.tokensRequestedAt) / SECOND)} s, until ${formatTimestamp(record.accessExpiresAt)} (${record.expirySource})`;
  const end =
    record.sessionEndsAt === undefined
      ? 'session end unknown'
      : `session ends ${formatTimestamp(record.sessionEndsAt)} (${record.sessionEndSource ?? '?'})`;
  return `${access}, ${end}, ${describeRefreshability(record)}`;
}

/** Describes whether a session can be refreshed. */
export function describeRefreshability({ refreshToken }: SessionRecord): string {
  return refreshToken === undefined ? 'no refresh token' : 'has a refresh token';
}
