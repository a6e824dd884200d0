// Sends requests with client authentication, retries them with the other method if needed, and normalizes the
// responses.
import { Failure } from '../core/failure.ts';
import { clientAcceptance, retriesWithOtherAuthentication } from '../core/failurePolicies.ts';
import type { ProtocolStep } from '../core/failurePolicy.ts';
import { classify } from './classify.ts';
import type { ServerContext } from './discovery.ts';
import { sendWithDpop } from './dpop.ts';
import { normalizeResponse, type NormalizedResponse } from './normalize.ts';
import type { Fetch, Transport } from './transport.ts';

/**
 * Sends a request and returns its normalized response, not verified. If the server rejects the client and another
 * authentication method is available, the request is sent again: the server has checked nothing else.
 * @param send sends the request with a `fetch` function.
 * @throws Failure if there is no response.
 */
export async function sendClientRequest(
  server: ServerContext,
  transport: Transport,
  signal: AbortSignal | undefined,
  step: ProtocolStep,
  send: (fetch: Fetch) => Promise<Response>,
): Promise<NormalizedResponse> {
  const { authentication } = server;
  const first = await sendOnce(server, transport, signal, step, send);
  if (!isClientRejected(first) || !authentication.switchMethod()) {
    return first;
  }
  transport.log.debug(`Provider ${server.provider.id} rejected the client authentication; trying the other method.`);
  const second = await sendOnce(server, transport, signal, step, send);
  if (isAboutClient(second)) {
    authentication.resetMethod();
    return first;
  }
  authentication.rememberMethod();
  return second;
}

async function sendOnce(
  server: ServerContext,
  transport: Transport,
  signal: AbortSignal | undefined,
  step: ProtocolStep,
  send: (fetch: Fetch) => Promise<Response>,
): Promise<NormalizedResponse> {
  // An object, because what happens in the callback is hidden from the compiler's flow analysis.
  const received: { response?: NormalizedResponse } = {};
  try {
    await sendWithDpop(server, transport, signal, send, (response) => {
      server.secrets.add(...response.secrets);
      received.response = normalizeResponse(response, step, server.secrets);
      return received.response.response;
    });
  } catch (error) {
    throw classify(error, step, server.secrets);
  }
  if (received.response === undefined) {
    throw new Failure('invalid-response', 'no-response');
  }
  return received.response;
}

/** Whether the server rejected the client, which it checks first (RFC 6749 section 5.2). */
function isClientRejected({ failure }: NormalizedResponse): boolean {
  return failure !== undefined && retriesWithOtherAuthentication(failure.category);
}

/** Whether the second response is about the client or its authentication as well, like the first one. */
function isAboutClient({ failure }: NormalizedResponse): boolean {
  return failure !== undefined && clientAcceptance(failure.category) !== 'yes';
}
