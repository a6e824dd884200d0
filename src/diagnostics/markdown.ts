// The Markdown of the report. Whatever comes from outside stands in code spans that nothing in it can close, without the
// scheme that would make an address a link.
import { sanitizeDisplayName } from '../core/failure.ts';
import { remaining } from '../core/lifetime.ts';

/** A section of the report, with "None." if it has no lines. */
export function section(name: string, lines: readonly string[]): string[] {
  const spaced = lines.flatMap((line, index) =>
    line.startsWith('### ') ? [...(index === 0 ? [] : ['']), line, ''] : [line],
  );
  return ['', `## ${name}`, '', ...(lines.length === 0 ? ['None.'] : spaced)];
}

/** A line of a section. The value is Markdown already. */
export function item(name: string, value: string): string {
  return `- ${name}: ${value}`;
}

/** Text from outside as a code span, in which it stays text. */
export function code(text: string): string {
  // Neither a table nor an editor must find anything in it.
  const clean = sanitizeDisplayName(text).replaceAll('|', '¦').replaceAll('://', ': //');
  return clean === '' ? '—' : `\`${clean}\``;
}

/** Text of the settings as a part of a sentence. */
export function stripMarkdown(text: string): string {
  return sanitizeDisplayName(text)
    .replace(/[^\p{L}\p{M}\p{N} ./-]/gu, ' ')
    .replace(/\/\/|\bwww\./gi, ' ')
    .replace(/ +/g, ' ')
    .trim();
}

/** A URL as it is, without the scheme, so that nothing makes a link of it, and without user, query and fragment, which may be secret. */
export function url(address: string): string {
  const rest = address
    .replace(/^[a-z]+:\/\//i, '')
    .replace(/[?#].*$/s, '')
    .replace(/^[^/]*@/, '');
  return `${code(rest)}${/^https:/i.test(address) ? '' : ' (not https)'}`;
}

/** How many values of a list are shown. */
const MAX_LIST_LENGTH = 30;

/** The texts and numbers of a list; its other values, which a server can send, as question marks. */
export function list(values: readonly unknown[]): string {
  const shown = values
    .slice(0, MAX_LIST_LENGTH)
    .map((value) => code(typeof value === 'string' || typeof value === 'number' ? String(value) : '?'));
  return shown.length === 0
    ? 'none'
    : `${shown.join(' ')}${values.length > MAX_LIST_LENGTH ? ` and ${values.length - MAX_LIST_LENGTH} more` : ''}`;
}

/** Enough of a session ID to tell sessions apart. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** A point in time, in ms since the Unix epoch, as ISO 8601. */
export function formatTimestamp(at: number): string {
  // What a session index or a server says need not be on any calendar.
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : 'beyond any calendar';
}

/** A length of time in ms, positive for the future. */
export function formatRelativeTime(length: number): string {
  const { count, unit } = remaining(Math.abs(length));
  const words = `${count} ${unit}${count === 1 ? '' : 's'}`;
  return length < 0 ? `${words} ago` : `in ${words}`;
}
