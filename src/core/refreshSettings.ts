// Whether a provider's settings are those that a refresh worked with before.
import { fnv1a } from './hash.ts';
import type { Provider } from './provider.ts';
import { FIELD_ROWS } from './providerFields.ts';

/** A short text that is the same for the same settings, as far as a refresh request depends on them. It holds none of them. */
export function refreshSettingsOf(provider: Provider): string {
  const related = FIELD_ROWS.filter(([, { affectsRefresh }]) => affectsRefresh).flatMap(([field]) =>
    provider[field] === undefined ? [] : [[field, provider[field]]],
  );
  return fnv1a(JSON.stringify(related)).toString(16).padStart(8, '0');
}
