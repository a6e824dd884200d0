// A sign-in from end to end: discovery, the browser, the answer, the exchange, the account.
import { SECOND, type Clock } from '../core/clock.ts';
import { Failure, asFailure, plainName } from '../core/failure.ts';
import { timeOf, toldOf, type Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { authorizationRequest, isAnswerTo, type AuthorizationHints } from '../protocol/authorize.ts';
import type { Discovery } from '../protocol/discovery.ts';
import { exchangeCode } from '../protocol/exchange.ts';
import { accountOf, type Grant } from '../protocol/identity.ts';
import { revokeTokens } from '../protocol/revoke.ts';
import type { Tokens } from '../protocol/tokens.ts';
import type { Transport } from '../protocol/transport.ts';
import { LoopbackRedirect } from './loopback.ts';
import type { Pages } from './page.ts';
import { pastedRedirect, type AskForAddress } from './paste.ts';
import type { Redirect } from './redirect.ts';

/** What a sign-in needs from around it. */
export interface SignInPorts {
  readonly clock: Clock;
  readonly discovery: Discovery;
  readonly transport: Transport;
  readonly log: Log;
  /** Opens an address in the person's browser; the address must arrive to the letter. */
  openBrowser(address: string): Promise<void>;
  /** The pages of this sign-in, in the person's language. */
  pages(provider: Provider): Promise<Pages>;
  /** Asks the person for the address on which the browser has ended. */
  askForAddress(provider: Provider): AskForAddress;
  /** A number in [0, 1). */
  random(): number;
}

/** How the answer comes back from the browser: to a port of this machine, or as an address that the person pastes. */
export type Way = 'loopback' | 'paste';

/** What a sign-in is about. */
export interface SignInRequest {
  readonly provider: Provider;
  readonly scopes: readonly string[];
  /** What the server is told about it. */
  readonly hints?: AuthorizationHints | undefined;
  /** How the answer comes back; `loopback` where nothing is said. */
  readonly way?: Way | undefined;
  /** How long the person may take, in ms. */
  readonly deadline: number;
  /** Calls it off; the reason is what the sign-in rejects with. */
  readonly signal: AbortSignal;
  /** Takes the address in the browser, so that it can be opened again or copied. */
  readonly onAddress?: (address: string) => void;
}

/**
 * Sign-ins, one at a time for each provider: a second one replaces the first, because a person who starts again has
 * lost the first one's tab.
 */
export class SignIns {
  readonly #ports: SignInPorts;
  readonly #running = new Map<string, AbortController>();

  constructor(ports: SignInPorts) {
    this.#ports = ports;
  }

  /**
   * Signs in through the browser. The page in the browser says that it worked only after
   * the grant has been admitted.
   * @param admit makes a session of the grant.
   * @throws Failure `replaced`, `sign-in-timeout`, the signal's own reason, or what went wrong.
   */
  async start<T>(request: SignInRequest, admit: (grant: Grant) => Promise<T>): Promise<T> {
    const { clock, log } = this.#ports;
    const { provider } = request;
    this.#running.get(provider.id)?.abort(new Failure('replaced', 'replaced'));
    const attempt = new AbortController();
    this.#running.set(provider.id, attempt);
    const timer = clock.after(request.deadline, () => attempt.abort(new Failure('sign-in-timeout', 'sign-in-deadline')));
    try {
      return await this.#run(request, AbortSignal.any([request.signal, attempt.signal]), admit);
    } catch (error) {
      const failure = asFailure(error);
      log.warn(`Sign-in at ${provider.id} did not work: ${toldOf(failure)}; it is not tried again by itself.`);
      throw failure;
    } finally {
      timer.dispose();
      if (this.#running.get(provider.id) === attempt) {
        this.#running.delete(provider.id);
      }
    }
  }

  async #run<T>(request: SignInRequest, signal: AbortSignal, admit: (grant: Grant) => Promise<T>): Promise<T> {
    const { clock, discovery, log, transport } = this.#ports;
    const { provider, scopes } = request;
    const startedAt = clock.now();
    log.info(`Sign-in at ${provider.id} starts: issuer ${provider.issuer}, scopes "${scopes.join(' ')}".`);
    const server = await unlessAborted(discovery.find(provider), signal);
    const pages = await this.#ports.pages(provider);
    const redirect: Redirect =
      request.way === 'paste' ? pastedRedirect(this.#ports.askForAddress(provider), this.#ports.random()) : await LoopbackRedirect.open(clock, pages);
    let tokens: Tokens | undefined;
    const over = new AbortController();
    try {
      const authorization = await authorizationRequest(server, redirect.redirectUri, scopes, request.hints);
      const answer = redirect.answer((parameters) => isAnswerTo(authorization, parameters), AbortSignal.any([signal, over.signal]));
      // Handled below; the browser may take so long to open that the wait is over before anybody looks.
      answer.catch(() => {});
      signal.throwIfAborted();
      request.onAddress?.(authorization.url.href);
      await unlessAborted(this.#ports.openBrowser(authorization.url.href), signal);
      log.info(`Sign-in at ${provider.id} waits for the answer at ${redirect.redirectUri} (${request.way ?? 'loopback'}), until ${timeOf(startedAt + request.deadline)}.`);
      const parameters = await answer;
      log.debug(`Sign-in at ${provider.id}: the browser has answered after ${Math.round((clock.now() - startedAt) / SECOND)} s.`);
      tokens = await exchangeCode(server, authorization, parameters, transport, signal);
      const idToken = tokens.claims === undefined ? 'no ID token' : 'an ID token that passed its checks';
      log.debug(`Sign-in at ${provider.id}: tokens have arrived with ${idToken}; granted scopes: ${tokens.scopes === undefined ? 'as asked' : plainName(tokens.scopes.join(' '))}.`);
      const account = await accountOf(server, tokens, transport, signal);
      signal.throwIfAborted();
      const admitted = await admit({ provider, scopes, tokens, account });
      redirect.finish(pages.done);
      return admitted;
    } catch (error) {
      over.abort(error);
      redirect.finish(pages.failed(error));
      if (tokens !== undefined) {
        // Called off at the last moment: nobody will use these tokens, so they do not live on at the server.
        revokeTokens(server, tokens, transport).catch(() => {});
      }
      throw error;
    }
  }
}

/** The result of a promise, or the signal's reason if that comes first. The promise's own end is then ignored. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => {});
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
