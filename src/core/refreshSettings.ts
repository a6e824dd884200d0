// Whether a provider's settings are those that a refresh worked with before.
import { fnv1a } from './hash.ts';
import type { Provider } from './provider.ts';

/** The fields of an entry that no refresh request depends on. */
const UNRELATED = [
  'id',
  'label',
  'scopes',
  'assumedLifetime',
  'sessionLifetime',
  'idleTimeout',
  'accountsMenu',
  'signInMethod',
  'redirectPorts',
  'redirectUri',
  'authorizationParameters',
  'pushedAuthorization',
  'account',
  'signOutAtServer',
] as const satisfies readonly (keyof Provider)[];

/** A short text that is the same for the same settings, as far as a refresh request depends on them. It holds none of them. */
export function refreshSettingsOf(provider: Provider): string {
  const related = Object.entries(provider).filter(
    ([name, value]) => value !== undefined && !(UNRELATED as readonly string[]).includes(name),
  );
  const sorted = related.sort(([one], [other]) => (one < other ? -1 : 1));
  return fnv1a(JSON.stringify(sorted)).toString(16).padStart(8, '0');
}
