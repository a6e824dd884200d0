// The way that needs nothing to come back: the browser ends on an address at which nobody listens, and the person pastes
// that address. The client's registration is the same as for the loopback redirect (RFC 8252 section 7.3).
import { Failure } from '../core/failure.ts';
import { addressAt } from './loopback.ts';
import type { Redirect } from './redirect.ts';

/** Asks the person for the address; undefined where they give up. Only a text that passes is taken. */
export type AskForAddress = (passes: (text: string) => boolean, signal: AbortSignal) => Promise<string | undefined>;

/** The ports that no service has by convention (RFC 6335 section 6). */
const FIRST_PORT = 49_152;
const PORTS = 16_384;

/**
 * Takes the authorization response from an address that the person pastes.
 * @param random a number in [0, 1), for a port at which most likely nothing listens.
 * @param port the port to name instead, where the server knows certain ones only.
 */
export function pastedRedirect(ask: AskForAddress, random: number, port = FIRST_PORT + Math.floor(random * PORTS)): Redirect {
  return {
    redirectUri: addressAt(port),
    async answer(isAnswer, signal) {
      signal.throwIfAborted();
      const text = await ask((candidate) => isAnswer(parametersOf(candidate)), signal);
      signal.throwIfAborted();
      if (text === undefined) {
        throw new Failure('cancelled', 'cancelled');
      }
      return parametersOf(text);
    },
    // The page on which the browser has ended is an error page of its own.
    finish() {},
  };
}

/** The parameters in a pasted text: a whole address, or only what follows its question mark. */
function parametersOf(text: string): URLSearchParams {
  const trimmed = text.trim();
  return new URLSearchParams(trimmed.slice(trimmed.indexOf('?') + 1).replace(/#.*$/s, ''));
}
