// Reads members of a truncated JSON object: the connection broke, or the text is too long.
import { parseJson } from '../core/json.ts';

/**
 * The refresh token in the start of a token response that can't be parsed as a whole; undefined if there is none, or if
 * the response contains an error.
 */
export function findRefreshToken(text: string): string | undefined {
  const { error, refresh_token: token } = readMembers(text, ['error', 'refresh_token']);
  return error === undefined && token !== '' ? token : undefined;
}

/** The complete string members of the outermost object that have these names. */
function readMembers(text: string, names: readonly string[]): Partial<Record<string, string>> {
  const found: Partial<Record<string, string>> = {};
  let depth = 0;
  let name: string | undefined;
  for (let at = text.search(/\S/); at >= 0 && at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      if (end === undefined) {
        break;
      }
      const isName = depth === 1 && /^\s*:/.test(text.slice(end, end + 100));
      if (isName) {
        name = readString(text, at, end);
      } else if (depth === 1 && name !== undefined && names.includes(name)) {
        found[name] = readString(text, at, end);
      }
      at = end - 1;
    } else if (character === '{' || character === '[') {
      depth += 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
    } else if (depth === 0) {
      // Not an object.
      break;
    }
  }
  return found;
}

/** The end of the string that starts here; undefined if it's incomplete. */
function endOfString(text: string, start: number): number | undefined {
  let end = text.indexOf('"', start + 1);
  while (end > 0 && isEscaped(text, end)) {
    end = text.indexOf('"', end + 1);
  }
  return end > 0 ? end + 1 : undefined;
}

/** Whether a character is preceded by an odd number of backslashes. */
function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === '\\') {
    before -= 1;
  }
  return (at - before) % 2 === 1;
}

function readString(text: string, start: number, end: number): string | undefined {
  const value = parseJson(text.slice(start, end));
  return typeof value === 'string' ? value : undefined;
}
