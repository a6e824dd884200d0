// The way that needs nothing to come back: the browser ends on an address at which nobody listens, and the person pastes
// that address. The client's registration is the same as for the loopback redirect (RFC 8252 section 7.3).
import { Failure } from '../core/failure.ts';
import { DEFAULT_REDIRECT_URI, portOf, withPort } from '../core/redirectUri.ts';
import { answerParameters } from './answer.ts';
import { pastedTexts, pastedWord } from './pastedText.ts';
import type { Redirect } from './redirect.ts';

/** Asks the person for the address; undefined where they give up. Only a text that passes is taken. */
export type AskForAddress = (passes: (text: string) => boolean, signal: AbortSignal) => Promise<string | undefined>;

/** The ports that no service has by convention (RFC 6335 section 6). */
const FIRST_PORT = 49_152;
const PORTS = 16_384;

/** How to take a pasted answer. */
export interface PasteOptions {
  /** A number in [0, 1), for a port at which most likely nothing listens. */
  readonly random: number;
  /** The redirect URI that is registered, with or without a port; the default one where nothing is said. */
  readonly redirectUri?: string | undefined;
  /** The port to name instead, where the server knows certain ones only. */
  readonly port?: number | undefined;
  /** Whether the code alone will do: not where the answer also says which server it is from (RFC 9207). */
  readonly takesCode: boolean;
}

/** Takes the authorization response from an address that the person pastes. */
export function pastedRedirect(ask: AskForAddress, options: PasteOptions): Redirect {
  const {
    random,
    redirectUri = DEFAULT_REDIRECT_URI,
    port = FIRST_PORT + Math.floor(random * PORTS),
    takesCode,
  } = options;
  return {
    redirectUri: portOf(redirectUri) === undefined ? withPort(redirectUri, port) : redirectUri,
    async answer(isAnswer, signal, state) {
      const read = (pasted: string): URLSearchParams | undefined => {
        const word = takesCode ? pastedWord(pasted) : undefined;
        const answers = pastedTexts(pasted).map(parametersOf);
        return [...answers, ...(word !== undefined && isCode(word) ? [codeIn(word, state)] : [])].find(isAnswer);
      };
      signal.throwIfAborted();
      const text = await ask((candidate) => read(candidate) !== undefined, signal);
      signal.throwIfAborted();
      const answer = text === undefined ? undefined : read(text);
      if (answer === undefined) {
        throw new Failure('cancelled', 'cancelled');
      }
      return answer;
    },
    // The page on which the browser has ended is an error page of its own.
    finish() {},
  };
}

/** Whether a text looks like a code (RFC 6749 appendix A.11) rather than like an address or a part of one. */
const isCode = (text: string): boolean =>
  /^(?![a-z][a-z0-9+.-]*:\/\/|about:|localhost|127\.|\[)[\x21-\x7E]{16,4096}$/i.test(text) && !/[?&]|=[^=]/.test(text);

/**
 * The answer that consists of a code alone. It stands for the `state`, too: only who made the request has the verifier
 * (RFC 7636), so a code of another one is of no use here.
 */
function codeIn(text: string, state: string): URLSearchParams {
  const code = answerParameters(`code=${text}`).get('code') ?? text;
  return new URLSearchParams({ code, state });
}

/** The parameters in a pasted text: a whole address, or only what follows its question mark. */
function parametersOf(text: string): URLSearchParams {
  return answerParameters(text.slice(text.indexOf('?') + 1).replace(/#.*$/s, ''));
}
