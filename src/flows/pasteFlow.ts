// The browser ends on an address at which nobody listens, and the person pastes that address. Nothing has to reach this
// machine. The client's registration is the same as for the loopback redirect (RFC 8252 section 7.3).
import { Failure } from '../core/failure.ts';
import { DEFAULT_REDIRECT_URI, portOf, redirectTarget, redirectUrisOf, withPort } from '../core/redirectUri.ts';
import { requestedScopes } from '../protocol/requestedScopes.ts';
import { hasUserInfo } from '../core/secureUrl.ts';
import { answerParameters } from './answer.ts';
import { startAuthorizationCode } from './authorizationCodeFlow.ts';
import { NO_CODE_GRANT, reasonsThatHold } from './availability.ts';
import { pastedTexts, pastedWord } from './pastedText.ts';
import { isPortTaken, listenOn, loopbackHosts } from './listener.ts';
import type { RedirectReceiver } from './redirectReceiver.ts';
import type { FlowContext, SignInFlow } from './signInFlow.ts';

/** Signing in with an address that the person pastes. */
export const pasteFlow: SignInFlow<'paste'> = {
  id: 'paste',
  redirectsTo: 'loopback-port',
  unavailableBecause: (context) => reasonsThatHold(context, [NO_CODE_GRANT]),
  redirectUris: (provider) => redirectUrisOf(provider),
  start: (context) => startAuthorizationCode(context, { method: 'paste', open: () => openReceiver(context) }),
};

/**
 * Whether a code without `state` is as good as a whole address: not if the answer also says which server it is from (RFC
 * 9207), and only if the code of another sign-in can't be used (RFC 9700 section 2.1), because the server says that it
 * checks PKCE, or because the nonce of the ID token is checked.
 */
function canTakeCode({ request: { scopes }, server }: FlowContext): boolean {
  const checksNonce = server.isOpenId && requestedScopes(server, scopes).includes('openid');
  return !server.metadata.authorization_response_iss_parameter_supported && (announcesS256(server) || checksNonce);
}

function announcesS256({ metadata: { code_challenge_methods_supported: methods } }: FlowContext['server']): boolean {
  return methods?.includes('S256') === true;
}

async function openReceiver(context: FlowContext): Promise<RedirectReceiver> {
  const {
    dependencies,
    request: { provider },
  } = context;
  const { redirectUri } = redirectTarget(provider);
  const held = await holdPort(context);
  return createPasteReceiver(dependencies.askForAddress(provider), {
    random: dependencies.random(),
    redirectUri,
    port: held?.port,
    takesCode: canTakeCode(context),
    close: () => held?.close(),
  });
}

/** A port that no other program gets meanwhile. */
interface HeldPort {
  readonly port: number;
  close(): void;
}

/**
 * Holds one of the registered ports until the sign-in is over: a program that listens there would get the code. Not where
 * the browser runs on another machine, whose ports are out of reach.
 * @returns undefined if any port will do.
 * @throws Failure `no-loopback` if other programs have all of them, unless the server says that it checks PKCE, with which
 * the code is of no use to them.
 */
async function holdPort({
  dependencies,
  loopbackReceivers,
  request: { provider },
  server,
}: FlowContext): Promise<HeldPort | undefined> {
  const { ports, redirectUri } = redirectTarget(provider);
  const [first] = ports;
  if (first === undefined) {
    return undefined;
  }
  const unheld: HeldPort = { port: first, close() {} };
  const { isBrowser, isRemote } = await dependencies.environment();
  if (isBrowser || isRemote) {
    return unheld;
  }
  loopbackReceivers.releasePorts(ports);
  for (const port of ports) {
    try {
      const listener = await listenOn(loopbackHosts(new URL(redirectUri).hostname), port);
      listener.unref();
      // The browser then shows an error, and the address.
      listener.serve(({ socket }) => socket.destroy());
      return { port, close: () => listener.close() };
    } catch (error) {
      if (!isPortTaken(error)) {
        return { ...unheld, port };
      }
    }
  }
  if (!announcesS256(server)) {
    throw new Failure('no-loopback', 'ports-in-use', {
      detail: portOf(redirectUri) === undefined ? 'redirectPorts' : 'redirectUri',
    });
  }
  return unheld;
}

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
  /** Called once the sign-in is over. */
  readonly close?: () => void;
}

/** Takes the authorization response from an address that the person pastes. */
export function createPasteReceiver(ask: AskForAddress, options: PasteOptions): RedirectReceiver {
  const {
    random,
    redirectUri = DEFAULT_REDIRECT_URI,
    port = FIRST_PORT + Math.floor(random * PORTS),
    takesCode,
  } = options;
  return {
    redirectUri: portOf(redirectUri) === undefined ? withPort(redirectUri, port) : redirectUri,
    async waitForCallback(isAnswer, signal, state) {
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
        throw new Failure('canceled', 'canceled');
      }
      return answer;
    },
    // The page on which the browser has ended is an error page of its own.
    respond: () => options.close?.(),
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
  if (hasUserInfo(text)) {
    // The browser didn't end at this machine, whatever the address looks like.
    return new URLSearchParams();
  }
  return answerParameters(text.slice(text.indexOf('?') + 1).replace(/#.*$/s, ''));
}
