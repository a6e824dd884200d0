import { HOUR, MINUTE, SECOND } from '../../src/core/clock.ts';
import type { LifetimeSettings } from '../../src/core/lifetime.ts';
import type { SessionRecord } from '../../src/core/session.ts';
import type { LiveSession } from '../../src/core/status.ts';

/** When the sample session was signed in; no test depends on the exact time. */
export const SIGNED_IN_AT = Date.UTC(2030, 0, 1);

/** The default settings, in ms. */
export const USUAL: LifetimeSettings = { leeway: 300 * SECOND, refreshInterval: 12 * HOUR, warning: 10 * MINUTE };

/** A refreshable session right after the sign-in, with an access token of one hour. */
export const SAMPLE: SessionRecord = {
  version: 1,
  isComplete: true,
  id: 'session-1',
  providerId: 'acme',
  issuer: 'https://id.example.com',
  clientId: 'client-1',
  account: { id: 'account-1', label: 'ada@example.com' },
  subject: 'account-1',
  scopes: ['openid', 'profile'],
  tokenType: 'bearer',
  accessToken: 'SECRET-access',
  refreshToken: 'SECRET-refresh',
  idToken: 'SECRET-id',
  generation: 1,
  signedInAt: SIGNED_IN_AT,
  tokensRequestedAt: SIGNED_IN_AT,
  accessExpiresAt: SIGNED_IN_AT + HOUR,
  expirySource: 'expires_in',
};

/** The same record without some of its fields. */
export function without<K extends keyof SessionRecord>(
  record: SessionRecord,
  ...fields: readonly K[]
): Omit<SessionRecord, K> {
  const gone: ReadonlySet<string> = new Set(fields);
  return Object.fromEntries(Object.entries(record).filter(([field]) => !gone.has(field))) as Omit<SessionRecord, K>;
}

/** The sample without a refresh token, so that only the user can extend it. */
export const UNRENEWABLE: SessionRecord = without(SAMPLE, 'refreshToken');

/** A record in memory, with no failures. */
export function live(record: SessionRecord, more: Partial<LiveSession> = {}): LiveSession {
  return { record, refreshing: false, failures: 0, unsaved: false, ...more };
}
