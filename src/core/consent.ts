// Servers that issue a refresh token only after the user has consented (OpenID Connect Core 11).
import type { Provider } from './provider.ts';
import type { SessionRecord } from './session.ts';

const CONSENT = 'consent';

const promptValues = (prompt: string | undefined): string[] =>
  (prompt ?? '').split(/\s+/).filter((value) => value !== '');

/**
 * A `prompt` (OpenID Connect Core 3.1.2.1) that also requests consent. `none` is removed, because it can't be combined
 * with other values.
 */
export function promptWithConsent(prompt: string | undefined): string {
  return [...new Set([...promptValues(prompt).filter((value) => value !== 'none'), CONSENT])].join(' ');
}

/**
 * Whether requesting consent may get a session its missing refresh token: `offline_access` was requested, and the entry
 * doesn't request consent yet. A token that doesn't expire needs no refresh token.
 */
export function mayLackConsent(record: SessionRecord, provider: Provider | undefined): boolean {
  return (
    provider !== undefined &&
    record.refreshToken === undefined &&
    record.accessExpiresAt !== undefined &&
    record.scopes.includes('offline_access') &&
    !promptValues(provider.authorizationParameters['prompt']).includes(CONSENT)
  );
}
