// Whether a provider's settings are those that a refresh worked with before.
import type { Provider } from './provider.ts';

/** The fields of an entry that no refresh request depends on. */
const UNRELATED = [
  'id', 'label', 'scopes', 'assumedLifetime', 'sessionLifetime', 'idleTimeout', 'accountsMenu', 'signInMethod', 'redirectPorts', 'redirectUri',
  'authorizationParameters', 'pushedAuthorization', 'account', 'signOutAtServer',
] as const satisfies readonly (keyof Provider)[];

/** A short text that is the same for the same settings, as far as a refresh request depends on them. It holds none of them. */
export function refreshSettingsOf(provider: Provider): string {
  const related = Object.entries(provider).filter(([name, value]) => value !== undefined && !(UNRELATED as readonly string[]).includes(name));
  return hashOf(JSON.stringify(related.sort(([one], [other]) => (one < other ? -1 : 1))));
}

/** The 32-bit FNV-1a hash of a text, in hexadecimal. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
