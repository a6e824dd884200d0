// Detects whether a provider's settings have changed since the last successful refresh.
import { fnv1a } from './hash.ts';
import type { Provider } from './provider.ts';
import { FIELD_ROWS } from './providerFields.ts';

/** A fingerprint of the settings that refresh requests depend on. It doesn't reveal them. */
export function refreshSettingsOf(provider: Provider): string {
  const related = FIELD_ROWS.filter(([, { affectsRefresh }]) => affectsRefresh).flatMap(([field]) =>
    provider[field] === undefined ? [] : [[field, provider[field]]],
  );
  return fnv1a(JSON.stringify(related)).toString(16).padStart(8, '0');
}
