// The providers that a user can select in Edit Provider: the entries in the user settings, which the wizard edits, and the
// providers that an extension or the organization configures.
import type { Settings } from '../host/settings.ts';
import { entryId, entryName, type Entry } from './entries.ts';

/** Who configures a provider: an extension by its name, or the organization, and whether users may change its fields. */
export type ProviderSource = { readonly extension: string } | { readonly isLocked: boolean };

/** A provider in the list. */
export interface EditableProvider {
  readonly id: string;
  readonly name: string;
  /** Who configures it; absent if the wizard can edit it. */
  readonly source?: ProviderSource;
  /** The entry in the user settings, which may only change some fields of a provider that is configured elsewhere. */
  readonly entry?: Entry;
}

/** Returns the providers of the user settings and of all other sources, in this order. */
export function editableProviders(
  entries: readonly Entry[],
  settings: Pick<Settings, 'declarerOf' | 'isLocked' | 'isManaged' | 'providers'>,
): EditableProvider[] {
  const sourceOf = ({ entry, id }: EditableProvider): ProviderSource | undefined => {
    const declarer = settings.declarerOf(id);
    return settings.isManaged(id)
      ? { isLocked: settings.isLocked(id) }
      : declarer === undefined || replaces(entry)
        ? undefined
        : { extension: declarer.name };
  };
  const own = entries
    .map((entry): EditableProvider => ({ id: entryId(entry), name: entryName(entry), entry }))
    // Users can only change single fields of what the organization configures, if at all. Other entries have no effect.
    .filter(({ entry, id }) => !settings.isLocked(id) && !(settings.isManaged(id) && replaces(entry)));
  const others = settings.providers
    .filter(({ id }) => own.every((entry) => entry.id !== id))
    .map(({ id, label }): EditableProvider => ({ id, name: label }));
  return [...own, ...others].map((provider) => {
    const source = sourceOf(provider);
    return source === undefined ? provider : { ...provider, source };
  });
}

/** Returns whether an entry is a provider of its own, valid or not, and doesn't only change fields of another one. */
function replaces(entry: Entry | undefined): boolean {
  return entry !== undefined && 'issuer' in entry;
}
