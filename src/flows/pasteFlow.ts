// The browser ends at a URL on which no program listens, and the user pastes that URL. No connection to this machine is
// needed. The client's registration is the same as for the loopback redirect (RFC 8252 section 7.3).
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

/** Signing in with a URL that the user pastes. */
export const pasteFlow: SignInFlow<'paste'> = {
  id: 'paste',
  redirectsTo: 'loopback-port',
  unavailableBecause: (context) => reasonsThatHold(context, [NO_CODE_GRANT]),
  redirectUris: (provider) => redirectUrisOf(provider),
  start: (context) => startAuthorizationCode(context, { method: 'paste', open: () => openReceiver(context) }),
};

/**
 * Whether a code without `state` is as good as a whole URL: not if the response also identifies its server (RFC 9207), and
 * only if the code of another sign-in can't be used (RFC 9700 section 2.1), because the server declares that it checks
 * PKCE, or because the nonce of the ID token is checked.
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

/** A port that no other program can open in the meantime. */
interface HeldPort {
  readonly port: number;
  close(): void;
}

/**
 * Occupies one of the registered ports until the sign-in is over, because a program that listens there would get the code.
 * Not if the browser runs on another machine, whose ports can't be occupied.
 * @returns undefined if any port will do.
 * @throws Failure `no-loopback` if other programs use all of them, unless the server declares that it checks PKCE, which
 * makes the code useless to them.
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
      // The browser then shows an error, and the URL.
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

/** Asks the user for the URL; undefined if they cancel. Only valid text is accepted. */
export type AskForAddress = (passes: (text: string) => boolean, signal: AbortSignal) => Promise<string | undefined>;

/** The ports that by convention no service uses (RFC 6335 section 6). */
const FIRST_PORT = 49_152;
const PORTS = 16_384;

/** How to receive a pasted response. */
export interface PasteOptions {
  /** A number in [0, 1), for a port on which most likely no program listens. */
  readonly random: number;
  /** The registered redirect URI, with or without a port; undefined for the default one. */
  readonly redirectUri?: string | undefined;
  /** The port to use instead, if the server accepts only certain ports. */
  readonly port?: number | undefined;
  /** Whether the code alone is sufficient: not if the response also identifies its server (RFC 9207). */
  readonly takesCode: boolean;
  /** Called once the sign-in is over. */
  readonly close?: () => void;
}

/** Receives the authorization response from a URL that the user pastes. */
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
    // The browser's final page is its own error page.
    respond: () => options.close?.(),
  };
}

/**
 * Returns whether a pasted text contains an authorization response (RFC 6749 sections 4.1.2 and 4.1.2.1) with a `state`, of
 * whichever sign-in.
 */
export function isAuthorizationResponse(pasted: string): boolean {
  return pastedTexts(pasted)
    .map(parametersOf)
    .some((answer) => answer.has('state') && (answer.has('code') || answer.has('error')));
}

/** Whether a text looks like a code (RFC 6749 appendix A.11) rather than a URL or a part of one. */
const isCode = (text: string): boolean =>
  /^(?![a-z][a-z0-9+.-]*:\/\/|about:|localhost|127\.|\[)[\x21-\x7E]{16,4096}$/i.test(text) && !/[?&]|=[^=]/.test(text);

/**
 * The response that consists of a code alone. It also takes the place of `state`: only the sender of the request has the
 * verifier (RFC 7636), so another request's code can't be used here.
 */
function codeIn(text: string, state: string): URLSearchParams {
  const code = answerParameters(`code=${text}`).get('code') ?? text;
  return new URLSearchParams({ code, state });
}

/** The parameters in a pasted text: a whole URL, or only the part after its question mark. */
function parametersOf(text: string): URLSearchParams {
  if (hasUserInfo(text)) {
    // The browser wasn't redirected to this machine, whatever the URL looks like.
    return new URLSearchParams();
  }
  return answerParameters(text.slice(text.indexOf('?') + 1).replace(/#.*$/s, ''));
}
