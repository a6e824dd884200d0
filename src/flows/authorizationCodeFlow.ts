// The authorization code grant in the user's browser (RFC 6749 section 4.1), for every method that uses it. The methods
// differ in where the callback is received.
import { SECOND, type Disposable } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import { formatTimestamp } from '../core/log.ts';
import type { SignInMethod } from '../core/provider.ts';
import type { RememberedNames } from '../core/rememberedNames.ts';
import { authorizationEndpointOf, createAuthorizationRequest, isResponseTo } from '../protocol/authorize.ts';
import { exchangeCode } from '../protocol/exchange.ts';
import { authorizationUrl } from '../protocol/pushed.ts';
import { requestedScopes } from '../protocol/requestedScopes.ts';
import { raceAbort } from './abort.ts';
import type { Pages } from './page.ts';
import type { RedirectReceiver } from './redirectReceiver.ts';
import type { ServerContext } from '../protocol/discovery.ts';
import type { FlowContext, FlowRun } from './signInFlow.ts';

/** How long, in ms, to wait for the browser to return before the user is shown a hint. */
const WAITING_HINT = 30 * SECOND;

/** The differences between the methods. */
export interface AuthorizationCodeOptions {
  readonly method: SignInMethod;
  /** Opens the receiver of the callback, which its `respond` closes. */
  readonly open: (pages: Pages) => Promise<RedirectReceiver>;
  /** Whether the browser is expected to return automatically, so that the user is shown a hint if it doesn't. */
  readonly hasWaitingHint?: boolean;
}

/**
 * Starts a sign-in in the browser.
 * @throws Failure if the receiver can't be opened, or the signal's reason.
 */
export async function startAuthorizationCode(
  { checkPage, dependencies, request, server, signal }: FlowContext,
  { hasWaitingHint = false, method, open }: AuthorizationCodeOptions,
): Promise<FlowRun> {
  const { clock, log, transport } = dependencies;
  const { deadline, hints, onAddress, onRedirect, provider, scopes } = request;
  const startedAt = clock.now();
  await checkPage(authorizationEndpointOf(server));
  const pages = await dependencies.pages(provider);
  const receiver = await open(pages);
  let waiting: Disposable | undefined;
  return {
    tokens: async () => {
      const authorization = await createAuthorizationRequest(
        server,
        receiver.redirectUri,
        requestedScopes(server, scopes),
        hints,
      );
      const callback = receiver.waitForCallback(
        (parameters) => isResponseTo(authorization, parameters),
        signal,
        authorization.state,
      );
      // Handled below: the browser may take so long to open that the wait is over before the result is awaited.
      callback.catch(() => {});
      signal.throwIfAborted();
      await raceAbort(Promise.resolve(receiver.ready?.(authorization.state)), signal);
      const address = async (): Promise<string> =>
        (await raceAbort(authorizationUrl(server, authorization, transport, signal), signal)).href;
      const href = await address();
      onRedirect?.(receiver.redirectUri, method);
      onAddress?.(address);
      await raceAbort(dependencies.openBrowser(href), signal);
      waiting = hasWaitingHint ? startWaitingHint(dependencies, request) : undefined;
      log.info(
        `Sign-in at ${provider.id} is waiting for the callback at ${receiver.redirectUri} (${method}), until ${formatTimestamp(startedAt + deadline)}.`,
      );
      const parameters = await callback;
      waiting?.dispose();
      log.debug(
        `Sign-in at ${provider.id}: received the callback after ${Math.round((clock.now() - startedAt) / SECOND)} s.`,
      );
      const { issuersWithIss } = dependencies;
      assertIss(server, parameters, issuersWithIss);
      const tokens = await exchangeCode(server, authorization, parameters, transport, signal);
      if (parameters.has('iss') && !issuersWithIss.has(server.metadata.issuer)) {
        issuersWithIss.add(server.metadata.issuer);
      }
      return tokens;
    },
    finish: (error) => {
      waiting?.dispose();
      receiver.respond(error === undefined ? pages.done : pages.failed(error));
    },
  };
}

/**
 * Requires `iss` from a server that has sent it before, even if its metadata doesn't declare it: without it, a response
 * may be another server's. An error contains no code that could be sent to the wrong server.
 * @throws Failure `untrusted-response`.
 */
function assertIss({ metadata }: ServerContext, parameters: URLSearchParams, issuersWithIss: RememberedNames): void {
  if (!parameters.has('iss') && !parameters.has('error') && issuersWithIss.has(metadata.issuer)) {
    throw new Failure('untrusted-response', 'missing-issuer');
  }
}

/** Shows a hint after a while if the browser hasn't returned, until disposed of. */
function startWaitingHint(
  { clock }: FlowContext['dependencies'],
  { onStillWaiting }: FlowContext['request'],
): Disposable {
  const over = new AbortController();
  const timer = clock.after(WAITING_HINT, () => onStillWaiting?.(over.signal));
  return {
    dispose() {
      timer.dispose();
      over.abort();
    },
  };
}
