// The Markdown of the report. Text from outside is in code spans that it can't close, without the scheme that would turn a
// URL into a link.
import { sanitizeDisplayName } from '../core/failure.ts';
import { remaining } from '../core/lifetime.ts';

/** Returns a section of the report, with "None." if it has no lines. */
export function section(name: string, lines: readonly string[]): string[] {
  const spaced = lines.flatMap((line, index) =>
    line.startsWith('### ') ? [...(index === 0 ? [] : ['']), line, ''] : [line],
  );
  return ['', `## ${name}`, '', ...(lines.length === 0 ? ['None.'] : spaced)];
}

/** Returns a line of a section. The value is Markdown already. */
export function item(name: string, value: string): string {
  return `- ${name}: ${value}`;
}

/** Returns text from outside as a code span, in which it is inert. */
export function code(text: string): string {
  // "|" would end a table cell, and editors turn URLs into links even in code spans.
  const clean = sanitizeDisplayName(text).replaceAll('|', '¦').replaceAll('://', ': //');
  return clean === '' ? '—' : `\`${clean}\``;
}

/** Returns text from the settings without Markdown or URLs, for use in a sentence. */
export function stripMarkdown(text: string): string {
  return sanitizeDisplayName(text)
    .replace(/[^\p{L}\p{M}\p{N} ./-]/gu, ' ')
    .replace(/\/\/|\bwww\./gi, ' ')
    .replace(/ +/g, ' ')
    .trim();
}

/** Returns a URL without its scheme, so that it isn't a link, and without user, query and fragment, which may be secret. */
export function url(address: string): string {
  const rest = address
    .replace(/^[a-z]+:\/\//i, '')
    .replace(/[?#].*$/s, '')
    .replace(/^[^/]*@/, '');
  return `${code(rest)}${/^https:/i.test(address) ? '' : ' (not https)'}`;
}

/** The maximum number of values of a list that are shown. */
const MAX_LIST_LENGTH = 30;

/** Returns the strings and numbers of a list; its other values, which a server can send, as question marks. */
export function list(values: readonly unknown[]): string {
  const shown = values
    .slice(0, MAX_LIST_LENGTH)
    .map((value) => code(typeof value === 'string' || typeof value === 'number' ? String(value) : '?'));
  return shown.length === 0
    ? 'none'
    : `${shown.join(' ')}${values.length > MAX_LIST_LENGTH ? ` and ${values.length - MAX_LIST_LENGTH} more` : ''}`;
}

/** Returns the part of a session ID that is enough to distinguish sessions. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** Returns a point in time, in ms since the Unix epoch, in ISO 8601. */
export function formatTimestamp(at: number): string {
  // A session file or a server can contain a number that isn't a valid date.
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : 'not a valid date';
}

/** Returns a duration in ms, positive for the future, such as "in 5 minutes". */
export function formatRelativeTime(duration: number): string {
  const { count, unit } = remaining(Math.abs(duration));
  const text = `${count} ${unit}${count === 1 ? '' : 's'}`;
  return duration < 0 ? `${text} ago` : `in ${text}`;
}
