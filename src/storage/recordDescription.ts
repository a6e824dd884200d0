// How the log describes a session and its times.
import { SECOND } from '../core/clock.ts';
import { formatTimestamp } from '../core/log.ts';
import type { SessionRecord } from '../core/session.ts';

/** How the log names a session: no secret, and the same in every line. */
export function describeSession(record: SessionRecord): string {
  return `Session ${record.id.slice(0, 8)} at ${record.providerId} (generation ${record.generation})`;
}

/** How the log tells a session's times. */
export function describeExpiry(record: SessionRecord): string {
  const access =
    record.accessExpiresAt === undefined
      ? 'the server never said when the access token expires'
      : `access token lives ${Math.round((record.accessExpiresAt - record.tokensRequestedAt) / SECOND)} s, until ${formatTimestamp(record.accessExpiresAt)} (${record.expirySource})`;
  const end =
    record.sessionEndsAt === undefined
      ? 'session end unknown'
      : `session ends ${formatTimestamp(record.sessionEndsAt)} (${record.sessionEndSource ?? '?'})`;
  return `${access}, ${end}, ${describeRefreshability(record)}`;
}

/** How the log tells whether a session can be renewed. */
export function describeRefreshability({ refreshToken }: SessionRecord): string {
  return refreshToken === undefined ? 'no refresh token' : 'has a refresh token';
}
