// Requests in which the client says who it is: sent, sent once more where that helps, and their answers made regular.
import { Failure } from '../core/failure.ts';
import { clientAcceptance, retriesWithOtherAuthentication } from '../core/failurePolicies.ts';
import type { ProtocolStep } from '../core/failurePolicy.ts';
import { classify } from './classify.ts';
import type { ServerContext } from './discovery.ts';
import { sendWithDpop } from './dpop.ts';
import { normalizeResponse, type NormalizedResponse } from './normalize.ts';
import type { Fetch, Transport } from './transport.ts';

/**
 * Sends a request and gives its answer, regular and unchecked. Where the server refuses the client, and its secret can be
 * sent in another way, it is sent once more like that: such a server has looked at nothing else of the request.
 * @param send makes the request with the `fetch` that it is given.
 * @throws Failure where no answer arrives.
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
  transport.log.debug(
    `Provider ${server.provider.id} does not accept the client secret as it was sent; it is sent in the other way.`,
  );
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
  const arrived: { answer?: NormalizedResponse } = {};
  try {
    await sendWithDpop(server, transport, signal, send, (answer) => {
      arrived.answer = normalizeResponse(answer, step);
      return arrived.answer.response;
    });
  } catch (error) {
    throw classify(error, step);
  }
  if (arrived.answer === undefined) {
    throw new Failure('invalid-response', 'no-response');
  }
  return arrived.answer;
}

/** Whether a server has refused the client before anything else (RFC 6749 section 5.2). */
function isClientRejected({ failure }: NormalizedResponse): boolean {
  return failure !== undefined && retriesWithOtherAuthentication(failure.category);
}

/** Whether the second answer says nothing beyond what the first one did: it is about the client, or about how it is sent. */
function isAboutClient({ failure }: NormalizedResponse): boolean {
  return failure !== undefined && clientAcceptance(failure.category) !== 'yes';
}
