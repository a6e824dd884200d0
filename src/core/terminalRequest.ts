// Validates the requests of the command `session-keeper`.
import * as v from 'valibot';
import { parseJson } from './json.ts';
import { PROVIDER_ID_PATTERN } from './provider.ts';
import { isScope } from './scopes.ts';
import { TERMINAL_COMMANDS, WINDOW_ID_PATTERN, type TerminalRequest } from './terminal.ts';

const text = (maximum: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(maximum));

const REQUEST = v.object({
  command: v.picklist(TERMINAL_COMMANDS),
  window: v.optional(v.pipe(v.string(), v.regex(WINDOW_ID_PATTERN))),
  provider: v.optional(v.pipe(v.string(), v.regex(PROVIDER_ID_PATTERN))),
  scopes: v.optional(v.pipe(v.array(v.pipe(v.string(), v.check(isScope))), v.minLength(1), v.maxLength(100))),
  account: v.optional(text(500)),
  signIn: v.optional(v.boolean()),
  url: v.optional(text(8000)),
  method: v.optional(text(50)),
  nonce: v.optional(text(2000)),
});

/** Parses a request; undefined if it's invalid. */
export function parseTerminalRequest(json: string): TerminalRequest | undefined {
  const parsed = v.safeParse(REQUEST, parseJson(json));
  return parsed.success ? parsed.output : undefined;
}
