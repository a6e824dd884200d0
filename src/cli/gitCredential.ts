// Git's credential helper protocol (gitcredentials(7)): attributes on standard input, a line each.
import { parseUrl } from '../core/secureUrl.ts';

/** The maximum length of the input, in characters. Git limits a line to 64 KiB. */
const MAX_INPUT_LENGTH = 256 * 1024;

/** Reads standard input to its end, or up to the empty line that ends the attributes. */
export async function readAttributes(input: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (/(?:^|\n)\r?\n/.test(text) || text.length > MAX_INPUT_LENGTH) {
      break;
    }
  }
  return text.slice(0, MAX_INPUT_LENGTH);
}

/** Returns the origin of the git server; undefined if the input has none, or for other protocols than HTTP. */
export function originIn(attributes: string): string | undefined {
  const values = new Map<string, string>();
  for (const line of attributes.split(/\r?\n/)) {
    const at = line.indexOf('=');
    if (at > 0) {
      values.set(line.slice(0, at), line.slice(at + 1));
    }
  }
  const [protocol, host] = [values.get('protocol'), values.get('host')];
  if ((protocol !== 'https' && protocol !== 'http') || host === undefined || !/^[^/?#@\\\s]+$/.test(host)) {
    return undefined;
  }
  return parseUrl(`${protocol}://${host}`)?.origin;
}
