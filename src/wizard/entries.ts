// The entries of the setting, good or bad: nothing of them is trusted to be of its type.
import { sanitizeDisplayName } from '../core/failure.ts';
import { DEFAULT_PROVIDER_ID } from '../core/provider.ts';

/** An entry of the settings as it stands there, good or bad. */
export type Entry = Readonly<Record<string, unknown>>;

/** The entries of a settings value, in their order; what is no entry at all is left out. */
export function parseEntries(value: unknown): Entry[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isEntry) : [];
}

/**
 * A settings value with an entry in it, in the place of the one that it was made of, else at the end. Everything else
 * in the list stays as it is, good or bad.
 */
export function withEntry(value: unknown, entry: Entry, old: Entry | undefined): unknown[] {
  const list: unknown[] = Array.isArray(value) ? [...(value as unknown[])] : [];
  const text = JSON.stringify(old);
  const place = old === undefined ? -1 : list.findIndex((one) => JSON.stringify(one) === text);
  const sameId = old === undefined ? -1 : list.findIndex((one) => isEntry(one) && entryId(one) === entryId(old));
  const found = place < 0 ? sameId : place;
  list.splice(found < 0 ? list.length : found, found < 0 ? 0 : 1, entry);
  return list;
}

/** The id that an entry has, said or not. */
export function entryId({ id }: Entry): string {
  return typeof id === 'string' ? id : DEFAULT_PROVIDER_ID;
}

/** What to call an entry in a list. */
export function entryName(entry: Entry): string {
  return sanitizeDisplayName(toText(entry['label'])) || entryId(entry);
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text without the space around it; empty if it is none. */
export function toText(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

/** The texts of a list. */
export function filterTexts(value: unknown): string[] {
  return Array.isArray(value) ? (value as unknown[]).filter((one) => typeof one === 'string') : [];
}
