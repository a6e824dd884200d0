// A sign-in from end to end: discovery, the way, the answer of the browser or the code, the tokens, the account.
import { SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { Failure, toFailure, sanitizeDisplayName } from '../core/failure.ts';
import { formatTimestamp, formatFailure, type Log } from '../core/log.ts';
import type { Provider, SignInMethod } from '../core/provider.ts';
import { redirectTarget } from '../core/redirectUri.ts';
import { authorizationRequest, isAnswerTo, type AuthorizationHints } from '../protocol/authorize.ts';
import { requestDeviceCode, type DeviceCode } from '../protocol/device.ts';
import { withNewDpopKey, type Discovery, type ServerContext } from '../protocol/discovery.ts';
import { exchangeCode } from '../protocol/exchange.ts';
import { accountOf, type SignInGrant } from '../protocol/identity.ts';
import { authorizationUrl } from '../protocol/pushed.ts';
import { requestedScopes } from '../protocol/requestedScopes.ts';
import { revokeTokens } from '../protocol/revoke.ts';
import type { Tokens } from '../protocol/tokens.ts';
import type { Transport } from '../protocol/transport.ts';
import { raceAbort } from './abort.ts';
import { waitForTokens } from './device.ts';
import { LoopbackRedirect, type LoopbackOptions } from './loopback.ts';
import type { Pages } from './page.ts';
import { pastedRedirect, type AskForAddress } from './paste.ts';
import type { Redirect } from './redirect.ts';
import type { UriCallbackRouter } from './uriCallbackRouter.ts';
import { evaluateFlows, availableFlows, fallbackFlows, type Environment } from './availability.ts';

/** How long, in ms, the browser may be away before the person is told what may be wrong. */
const WAITING_HINT = 30 * SECOND;

/** What a sign-in needs from around it. */
export interface SignInDependencies {
  readonly clock: Clock;
  readonly discovery: Discovery;
  readonly transport: Transport;
  readonly log: Log;
  /** Where VS Code runs. */
  environment(): Promise<Environment>;
  /** Opens an address in the person's browser; the address must arrive to the letter. */
  openBrowser(address: string): Promise<void>;
  /** The pages of this sign-in, in the person's language. */
  pages(provider: Provider): Promise<Pages>;
  /** Asks the person for the address on which the browser has ended. */
  askForAddress(provider: Provider): AskForAddress;
  /** The address at which the person's browser reaches a loopback address of this machine. */
  reach(address: string): Promise<string>;
  /** Gives up ports of the loopback address that something less urgent has; says whether there was one. */
  releasePorts(ports: readonly number[]): boolean;
  /** Where answers arrive that come by a link to the editor. */
  readonly links: UriCallbackRouter;
  /** The address of that link, as the browser follows it. */
  link(): Promise<string>;
  /** Whether somebody is signed in at a provider. */
  isAnybodyIn(provider: Provider): boolean;
  /** A number in [0, 1). */
  random(): number;
}

/** What a sign-in is about. */
export interface SignInRequest {
  readonly provider: Provider;
  readonly scopes: readonly string[];
  /** What the server is told about it. */
  readonly hints?: AuthorizationHints | undefined;
  /** The way to take; the first that there is where nothing is said. */
  readonly way?: SignInMethod | undefined;
  /** How long the person may take, in ms; for a code that they type the server's own limit counts instead. */
  readonly deadline: number;
  /** Calls it off; the reason is what the sign-in rejects with. */
  readonly signal: AbortSignal;
  /**
   * Takes what gives the address for the browser, so that it can be opened again or copied: each time one that works,
   * because a pushed request is good for one visit, and not for long (RFC 9126 section 4).
   */
  readonly onAddress?: (address: () => Promise<string>) => void;
  /** Takes the redirect URI that the server is told. */
  readonly onRedirect?: (redirectUri: string, way: SignInMethod) => void;
  /** Called when the browser hasn't come back to this machine for a while; the signal is aborted once that is over. */
  readonly onStillWaiting?: (over: AbortSignal) => void;
  /** Takes the code that the person has to type, to show it; the signal is aborted once it is of no use any more. */
  readonly onCode?: (code: ShownCode, over: AbortSignal) => void;
}

/** What a person has to know of a code that they type. */
export type ShownCode = Pick<DeviceCode, 'userCode' | 'address' | 'completeAddress' | 'expiresAt'>;

/** One way under way. */
interface FlowRun {
  /** Waits for the person, and gives the tokens. */
  tokens(): Promise<Tokens>;
  /** Tells the person's browser how it ended, where there is a way to; without an error it worked. */
  finish(error?: unknown): void;
}

/** A sign-in under way, with what has been found out about its server. */
interface FlowContext {
  readonly request: SignInRequest;
  readonly server: ServerContext;
  readonly signal: AbortSignal;
  /** Takes the person's deadline away. */
  readonly clearDeadline: () => void;
}

/**
 * Sign-ins, one at a time for each provider: a second one replaces the first, because a person who starts again has
 * lost the first one's tab.
 */
export class SignInService {
  readonly #dependencies: SignInDependencies;
  readonly #running = new Map<string, AbortController>();
  /** What listens still, or goes on showing its last page. */
  readonly #listening = new Set<LoopbackRedirect>();
  /** The way that was tried last, by provider. */
  readonly #tried = new Map<string, SignInMethod>();

  constructor(ports: SignInDependencies) {
    this.#dependencies = ports;
  }

  /**
   * Signs in. The page in the browser says that it worked only after the grant has been admitted.
   * @param addSession makes a session of the grant.
   * @throws Failure `replaced`, `sign-in-timeout`, the signal's own reason, or what went wrong.
   */
  async start<T>(request: SignInRequest, addSession: (grant: SignInGrant) => Promise<T>): Promise<T> {
    const { clock, log } = this.#dependencies;
    const { provider } = request;
    this.#running.get(provider.id)?.abort(new Failure('replaced', 'replaced'));
    const attempt = new AbortController();
    this.#running.set(provider.id, attempt);
    const timer = clock.after(request.deadline, () =>
      attempt.abort(new Failure('sign-in-timeout', 'sign-in-deadline')),
    );
    try {
      return await this.#run(
        request,
        AbortSignal.any([request.signal, attempt.signal]),
        () => timer.dispose(),
        addSession,
      );
    } catch (error) {
      const failure = toFailure(error);
      log.warn(`Sign-in at ${provider.id} did not work: ${formatFailure(failure)}; it is not tried again by itself.`);
      throw failure;
    } finally {
      timer.dispose();
      if (this.#running.get(provider.id) === attempt) {
        this.#running.delete(provider.id);
      }
    }
  }

  /** The way that was tried last at a provider; undefined where none was. */
  lastWay({ id }: Provider): SignInMethod | undefined {
    return this.#tried.get(id);
  }

  /** The other ways that there are after the one that was tried last, the next one first. The network is not asked. */
  async otherMethods(provider: Provider): Promise<SignInMethod[]> {
    const verdicts = evaluateFlows(
      await this.#dependencies.environment(),
      provider,
      this.#dependencies.discovery.known(provider)?.said?.metadata ?? {},
    );
    return fallbackFlows(this.#tried.get(provider.id), availableFlows(verdicts));
  }

  /**
   * Gives up ports on which a sign-in that is over still shows its last page.
   * @returns whether there was one.
   */
  releasePorts(ports: readonly number[]): boolean {
    const inTheWay = [...this.#listening].filter((redirect) => redirect.isOver && ports.includes(redirect.port));
    for (const redirect of inTheWay) {
      redirect.dispose();
      this.#listening.delete(redirect);
    }
    return inTheWay.length > 0;
  }

  async #run<T>(
    request: SignInRequest,
    signal: AbortSignal,
    clearDeadline: () => void,
    addSession: (grant: SignInGrant) => Promise<T>,
  ): Promise<T> {
    const { discovery, log, transport } = this.#dependencies;
    const { provider, scopes } = request;
    log.info(`Sign-in at ${provider.id} starts: issuer ${provider.issuer}, scopes "${scopes.join(' ')}".`);
    const server = await withNewDpopKey(await raceAbort(discovery.find(provider), signal));
    const way = request.way ?? (await raceAbort(this.#firstWay(server), signal));
    this.#tried.set(provider.id, way);
    const over = new AbortController();
    const situation = { request, server, signal: AbortSignal.any([signal, over.signal]), clearDeadline };
    const attempt =
      way === 'device'
        ? this.#startDeviceCode(situation)
        : await this.#disposeIfAborted(this.#startRedirect(situation, way), signal);
    let tokens: Tokens | undefined;
    try {
      tokens = await attempt.tokens();
      const idToken = tokens.claims === undefined ? 'no ID token' : 'an ID token that passed its checks';
      log.debug(
        `Sign-in at ${provider.id}: tokens have arrived with ${idToken}; granted scopes: ${tokens.scopes === undefined ? 'as asked' : sanitizeDisplayName(tokens.scopes.join(' '))}.`,
      );
      const account = await accountOf(server, tokens, transport, signal);
      signal.throwIfAborted();
      const admitted = await addSession({ provider, scopes, tokens, account });
      attempt.finish();
      return admitted;
    } catch (error) {
      over.abort(error);
      attempt.finish(error);
      if (tokens !== undefined && !this.#dependencies.isAnybodyIn(provider)) {
        // Called off at the last moment: nobody will use these tokens, so they do not live on at the server. But some servers
        // end with them whatever else the same person has from this client, and that may be a session.
        revokeTokens(server, tokens, transport).catch(() => {});
      }
      throw error;
    }
  }

  /** A way that opens, unless the sign-in is called off before: what opens too late is closed at once. */
  async #disposeIfAborted(opening: Promise<FlowRun>, signal: AbortSignal): Promise<FlowRun> {
    try {
      return await raceAbort(opening, signal);
    } catch (error) {
      opening.then(
        (late) => late.finish(error),
        () => {},
      );
      throw error;
    }
  }

  async #firstWay({ metadata, provider }: ServerContext): Promise<SignInMethod> {
    const verdicts = evaluateFlows(await this.#dependencies.environment(), provider, metadata);
    const told = verdicts.map(({ reason, way }) => (reason === undefined ? way : `not ${way} (${reason})`));
    this.#dependencies.log.info(`Sign-in at ${provider.id}: the ways are ${told.join(', ')}.`);
    const [first] = availableFlows(verdicts);
    if (first === undefined) {
      throw new Failure('unsupported-server', 'no-way', { detail: 'grant_types_supported' });
    }
    return first;
  }

  /** Through the browser, which comes back with the answer or ends on an address with it. */
  async #startRedirect(
    { request, server, signal }: FlowContext,
    way: Exclude<SignInMethod, 'device'>,
  ): Promise<FlowRun> {
    const { clock, log, transport } = this.#dependencies;
    const { deadline, hints, onAddress, onRedirect, provider, scopes } = request;
    const startedAt = clock.now();
    const pages = await this.#dependencies.pages(provider);
    const redirect = await this.#redirect(server, way, pages, signal);
    let waiting: Disposable | undefined;
    return {
      tokens: async () => {
        const authorization = await authorizationRequest(
          server,
          redirect.redirectUri,
          requestedScopes(server, scopes),
          hints,
        );
        const answer = redirect.answer(
          (parameters) => isAnswerTo(authorization, parameters),
          signal,
          authorization.state,
        );
        // Handled below; the browser may take so long to open that the wait is over before anybody looks.
        answer.catch(() => {});
        signal.throwIfAborted();
        await raceAbort(Promise.resolve(redirect.ready?.(authorization.state)), signal);
        const address = async (): Promise<string> =>
          (await raceAbort(authorizationUrl(server, authorization, transport, signal), signal)).href;
        const href = await address();
        onRedirect?.(redirect.redirectUri, way);
        onAddress?.(address);
        await raceAbort(this.#dependencies.openBrowser(href), signal);
        waiting = way === 'loopback' ? this.#waitingHint(request) : undefined;
        log.info(
          `Sign-in at ${provider.id} waits for the answer at ${redirect.redirectUri} (${way}), until ${formatTimestamp(startedAt + deadline)}.`,
        );
        const parameters = await answer;
        waiting?.dispose();
        log.debug(
          `Sign-in at ${provider.id}: the browser has answered after ${Math.round((clock.now() - startedAt) / SECOND)} s.`,
        );
        return exchangeCode(server, authorization, parameters, transport, signal);
      },
      finish: (error) => {
        waiting?.dispose();
        redirect.finish(error === undefined ? pages.done : pages.failed(error));
      },
    };
  }

  /** Tells that the browser hasn't come back, after a while; and that this is over, once it is disposed of. */
  #waitingHint({ onStillWaiting }: SignInRequest): Disposable {
    const over = new AbortController();
    const timer = this.#dependencies.clock.after(WAITING_HINT, () => onStillWaiting?.(over.signal));
    return {
      dispose() {
        timer.dispose();
        over.abort();
      },
    };
  }

  async #redirect(
    { metadata, provider }: ServerContext,
    way: Exclude<SignInMethod, 'device'>,
    pages: Pages,
    signal: AbortSignal,
  ): Promise<Redirect> {
    const { links } = this.#dependencies;
    const { ports, redirectUri } = redirectTarget(provider);
    switch (way) {
      case 'loopback':
        return this.#loopback({ ports, redirectUri }, pages, signal);
      case 'uri':
        return links.redirect(await this.#dependencies.link());
      case 'paste':
        return pastedRedirect(this.#dependencies.askForAddress(provider), {
          random: this.#dependencies.random(),
          redirectUri,
          port: ports[0],
          takesCode: !metadata.authorization_response_iss_parameter_supported,
        });
    }
  }

  async #loopback(target: LoopbackOptions, pages: Pages, signal: AbortSignal): Promise<LoopbackRedirect> {
    const { clock } = this.#dependencies;
    const open = (): Promise<LoopbackRedirect> =>
      LoopbackRedirect.open(clock, pages, {
        ...target,
        reach: (address) => raceAbort(this.#dependencies.reach(address), signal),
      });
    const redirect = await open().catch((error: unknown) => {
      const { ports = [] } = target;
      const isLeft = [this.releasePorts(ports), this.#dependencies.releasePorts(ports)].includes(true);
      if (!isLeft) {
        throw error;
      }
      return open();
    });
    this.#listening.add(redirect);
    void redirect.closed.then(() => this.#listening.delete(redirect));
    return redirect;
  }

  /** By a code that the person types on any device. */
  #startDeviceCode({ request, server, signal, clearDeadline }: FlowContext): FlowRun {
    const { clock, log, transport } = this.#dependencies;
    const { hints, onCode, provider, scopes } = request;
    const over = new AbortController();
    return {
      tokens: async () => {
        const requested = requestedScopes(server, scopes);
        const code = await requestDeviceCode(server, requested, transport, signal, hints);
        signal.throwIfAborted();
        clearDeadline();
        log.info(
          `Sign-in at ${provider.id} waits until a code has been entered at ${sanitizeDisplayName(new URL(code.address).host)} (device), until ${formatTimestamp(code.expiresAt)}.`,
        );
        onCode?.(code, over.signal);
        return waitForTokens(server, code, requested, { clock, log, transport }, signal);
      },
      finish: () => over.abort(),
    };
  }
}
