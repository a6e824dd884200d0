// Sign-ins from end to end: discovery, the sign-in method, its flow, the tokens, the account.
import type { Clock } from '../core/clock.ts';
import { isAllowedAccount } from '../core/allowedAccounts.ts';
import { Failure, toFailure, sanitizeDisplayName } from '../core/failure.ts';
import { formatFailure, type Log } from '../core/log.ts';
import type { Provider, SignInMethod } from '../core/provider.ts';
import {
  assertOwnPage,
  endpointOriginsOf,
  unverifiedOriginsOf,
  unusualDestination,
  type UnusualDestination,
} from '../protocol/destinations.ts';
import { withNewDpopKey, type Discovery, type ReceivedTokens, type ServerContext } from '../protocol/discovery.ts';
import { resolveAccount, type Account, type SignInGrant, type UnusedTokens } from '../protocol/identity.ts';
import type { Tokens } from '../protocol/tokens.ts';
import { raceAbort } from './abort.ts';
import { LoopbackReceivers, type LoopbackReceiversDependencies } from './loopbackReceivers.ts';
import type { FlowDependencies, FlowRun, SignInRequest } from './signInFlow.ts';
import { availableFlows, evaluateFlows, fallbackFlows, getFlow } from './signInFlows.ts';

/** The dependencies of sign-ins. */
export interface SignInDependencies extends FlowDependencies, LoopbackReceiversDependencies {
  readonly clock: Clock;
  readonly discovery: Discovery;
  readonly log: Log;
  /** All providers in the settings. */
  providers(): readonly Provider[];
  /** Asks the user whether to sign in to a provider that another extension declares, and remembers the answer. */
  confirmDeclared(provider: Provider): Promise<boolean>;
  /** Asks the user whether to continue to an unusual destination, and remembers the answer. */
  confirmDestination(provider: Provider, destination: UnusualDestination): Promise<boolean>;
  /** Revokes tokens that won't be used. */
  revokeUnused(unused: UnusedTokens): void;
}

/**
 * Sign-ins, one at a time for each provider. A second one replaces the first, because a user who starts again has lost the
 * first one's tab.
 */
export class SignInService {
  readonly #dependencies: SignInDependencies;
  readonly #loopbackReceivers: LoopbackReceivers;
  readonly #running = new Map<string, AbortController>();
  /** The last method that was tried, by provider. */
  readonly #tried = new Map<string, SignInMethod>();

  constructor(dependencies: SignInDependencies) {
    this.#dependencies = dependencies;
    this.#loopbackReceivers = new LoopbackReceivers(dependencies);
  }

  /**
   * Signs in. The browser shows success only after the session has been added.
   * @param addSession creates a session from the grant.
   * @throws Failure `replaced`, `sign-in-timeout`, the signal's own reason, or another failure.
   */
  async signIn<T>(request: SignInRequest, addSession: (grant: SignInGrant) => Promise<T>): Promise<T> {
    const { clock, log } = this.#dependencies;
    const { provider } = request;
    this.#running.get(provider.id)?.abort(new Failure('replaced', 'replaced'));
    const attempt = new AbortController();
    this.#running.set(provider.id, attempt);
    const timer = clock.after(request.deadline, () => attempt.abort(new Failure('sign-in-timeout', 'sign-in-timeout')));
    try {
      return await this.#run(
        request,
        AbortSignal.any([request.signal, attempt.signal]),
        () => timer.dispose(),
        addSession,
      );
    } catch (error) {
      const failure = toFailure(error);
      log.warn(`Sign-in at ${provider.id} failed: ${formatFailure(failure)}. It isn't retried automatically.`);
      throw failure;
    } finally {
      timer.dispose();
      if (this.#running.get(provider.id) === attempt) {
        this.#running.delete(provider.id);
      }
    }
  }

  /** The last method that was tried at a provider; undefined if none was. */
  lastMethod({ id }: Provider): SignInMethod | undefined {
    return this.#tried.get(id);
  }

  /** The other available methods, starting with the one after the last that was tried. Sends no requests. */
  async otherMethods(provider: Provider): Promise<SignInMethod[]> {
    const evaluated = evaluateFlows(
      await this.#dependencies.environment(),
      provider,
      this.#dependencies.discovery.getCached(provider)?.metadata?.value ?? {},
    );
    return fallbackFlows(this.#tried.get(provider.id), availableFlows(evaluated));
  }

  /**
   * Releases the ports on which a finished sign-in still serves its final page.
   * @returns whether there were any.
   */
  releasePorts(ports: readonly number[]): boolean {
    return this.#loopbackReceivers.releasePorts(ports);
  }

  async #run<T>(
    request: SignInRequest,
    signal: AbortSignal,
    clearDeadline: () => void,
    addSession: (grant: SignInGrant) => Promise<T>,
  ): Promise<T> {
    const { discovery, log, transport } = this.#dependencies;
    const { provider, scopes } = request;
    log.info(
      `Sign-in at ${provider.id} started: issuer ${sanitizeDisplayName(provider.issuer)}, scopes "${sanitizeDisplayName(scopes.join(' '))}".`,
    );
    const received: ReceivedTokens[] = [];
    const server = {
      ...(await withNewDpopKey(await raceAbort(discovery.find(provider), signal))),
      onTokens: (tokens: ReceivedTokens) => void received.push(tokens),
    };
    const method = request.method ?? (await raceAbort(this.#firstMethod(server), signal));
    this.#tried.set(provider.id, method);
    const over = new AbortController();
    const starting = getFlow(method).start({
      request,
      server,
      clearDeadline,
      signal: AbortSignal.any([signal, over.signal]),
      checkPage: (page) => this.#checkPage(page, server),
      dependencies: this.#dependencies,
      loopbackReceivers: this.#loopbackReceivers,
    });
    const run = await this.#disposeIfAborted(starting, signal);
    let tokens: Tokens | undefined;
    let account: Account | undefined;
    try {
      tokens = await run.tokens();
      const idToken = tokens.claims === undefined ? 'no ID token' : 'a verified ID token';
      log.debug(
        `Sign-in at ${provider.id}: received tokens with ${idToken}; granted scopes: ${tokens.scopes === undefined ? 'as requested' : server.secrets.sanitizeName(tokens.scopes.join(' '))}.`,
      );
      account = await resolveAccount(server, tokens, transport, signal);
      if (!isAllowedAccount(provider.allowedAccounts, account.label, tokens.claims)) {
        throw new Failure('account-not-allowed', 'account-not-allowed');
      }
      signal.throwIfAborted();
      const session = await addSession({
        provider,
        scopes,
        tokens,
        account,
        endpointOrigins: endpointOriginsOf(server),
      });
      run.finish();
      return session;
    } catch (error) {
      over.abort(error);
      run.finish(error);
      // Only an ID token shows that the tokens are from the issuer whose metadata contains the other endpoints.
      const isVerified = tokens?.claims !== undefined && account !== undefined;
      const endpointOrigins = isVerified ? endpointOriginsOf(server) : unverifiedOriginsOf(server);
      for (const one of received) {
        this.#dependencies.revokeUnused({
          provider,
          tokens: one,
          idToken: tokens?.idToken,
          account,
          endpointOrigins,
        });
      }
      throw error;
    }
  }

  async #checkPage(page: string, server: ServerContext): Promise<void> {
    const { discovery } = this.#dependencies;
    const { metadata, provider } = server;
    const others = this.#dependencies
      .providers()
      .filter(({ id }) => id !== provider.id)
      .map((other) => ({ provider: other, metadata: discovery.getCached(other)?.metadata?.value }));
    assertOwnPage(page, provider, others);
    const destination = page === metadata.authorization_endpoint ? unusualDestination(server) : undefined;
    const isConfirmed =
      (await this.#dependencies.confirmDeclared(provider)) &&
      (destination === undefined || (await this.#dependencies.confirmDestination(provider, destination)));
    if (!isConfirmed) {
      throw new Failure('canceled', 'canceled');
    }
  }

  /** A run that is being started, unless the sign-in is canceled first. A run that starts too late is ended immediately. */
  async #disposeIfAborted(starting: Promise<FlowRun>, signal: AbortSignal): Promise<FlowRun> {
    try {
      return await raceAbort(starting, signal);
    } catch (error) {
      starting.then(
        (late) => late.finish(error),
        () => {},
      );
      throw error;
    }
  }

  async #firstMethod({ metadata, provider }: ServerContext): Promise<SignInMethod> {
    const evaluated = evaluateFlows(await this.#dependencies.environment(), provider, metadata);
    const described = evaluated.map(({ method, reason }) =>
      reason === undefined ? method : `not ${method} (${reason})`,
    );
    this.#dependencies.log.info(`Sign-in at ${provider.id}: sign-in methods: ${described.join(', ')}.`);
    const [first] = availableFlows(evaluated);
    if (first === undefined) {
      throw new Failure('unsupported-server', 'no-sign-in-method', { detail: 'grant_types_supported' });
    }
    return first;
  }
}
