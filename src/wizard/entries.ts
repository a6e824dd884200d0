// The entries of the setting, valid or not: the types of their fields aren't validated.
import { sanitizeDisplayName } from '../core/failure.ts';
import { DEFAULT_PROVIDER_ID } from '../core/provider.ts';

/** An entry of the settings, valid or not. */
export type Entry = Readonly<Record<string, unknown>>;

/** Returns the entries of a settings value, in their order, without items that aren't objects. */
export function parseEntries(value: unknown): Entry[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isEntry) : [];
}

/**
 * Returns a settings value with an entry added: in place of the original entry if there is one, else at the end. Keeps
 * everything else in the list, valid or not.
 */
export function withEntry(value: unknown, entry: Entry, old: Entry | undefined): unknown[] {
  const list: unknown[] = Array.isArray(value) ? [...(value as unknown[])] : [];
  const text = JSON.stringify(old);
  const exact = old === undefined ? -1 : list.findIndex((one) => JSON.stringify(one) === text);
  const sameId = old === undefined ? -1 : list.findIndex((one) => isEntry(one) && entryId(one) === entryId(old));
  const index = exact < 0 ? sameId : exact;
  list.splice(index < 0 ? list.length : index, index < 0 ? 0 : 1, entry);
  return list;
}

/** Returns the ID of an entry, or the default ID. */
export function entryId({ id }: Entry): string {
  return typeof id === 'string' ? id : DEFAULT_PROVIDER_ID;
}

/** Returns the name of an entry for a list. */
export function entryName(entry: Entry): string {
  return sanitizeDisplayName(toText(entry['label'])) || entryId(entry);
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns a string without surrounding space; empty if the value isn't a string. */
export function toText(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

/** Returns the strings of a list; empty if the value isn't a list. */
export function filterTexts(value: unknown): string[] {
  return Array.isArray(value) ? (value as unknown[]).filter((one) => typeof one === 'string') : [];
}
