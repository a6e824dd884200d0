// The person types a code on some device, and the tokens are asked for until that is done: RFC 8628.
import { MINUTE, SECOND, type Clock } from '../core/clock.ts';
import { Failure, sanitizeDisplayName, toFailure } from '../core/failure.ts';
import { formatTimestamp, formatFailure, type Log } from '../core/log.ts';
import { continuesPolling, isTemporary } from '../core/failurePolicies.ts';
import { DEVICE_GRANT, requestDeviceCode, requestDeviceTokens, type DeviceCode } from '../protocol/device.ts';
import type { ServerContext } from '../protocol/discovery.ts';
import { requestedScopes } from '../protocol/requestedScopes.ts';
import type { Tokens } from '../protocol/tokens.ts';
import type { Transport } from '../protocol/transport.ts';
import { lacksGrant, reasonsThatHold } from './availability.ts';
import type { FlowContext, FlowRun, SignInFlow } from './signInFlow.ts';

/** By how much, in ms, a server that says `slow_down` makes every later wait longer. */
const SLOWER = 5 * SECOND;
/** The longest wait, in ms, after requests that did not get through. */
const MAX_WAIT = MINUTE;

/** Signing in with a code that the person types. */
export const deviceFlow: SignInFlow<'device'> = {
  id: 'device',
  redirectsTo: 'nowhere',
  unavailableBecause: (context) =>
    reasonsThatHold(context, [
      ['no-device-endpoint', ({ capabilities }) => capabilities.device_authorization_endpoint === undefined],
      ['no-grant', (situation) => lacksGrant(situation, DEVICE_GRANT)],
    ]),
  redirectUris: () => [],
  start: (context) => Promise.resolve(startDeviceCode(context)),
};

function startDeviceCode({ checkPage, clearDeadline, dependencies, request, server, signal }: FlowContext): FlowRun {
  const { log, transport } = dependencies;
  const { hints, onCode, provider, scopes } = request;
  const over = new AbortController();
  return {
    tokens: async () => {
      const requested = requestedScopes(server, scopes);
      const code = await requestDeviceCode(server, requested, transport, signal, hints);
      await checkPage(code.verificationUri);
      signal.throwIfAborted();
      clearDeadline();
      log.info(
        `Sign-in at ${provider.id} waits until a code has been entered at ${sanitizeDisplayName(new URL(code.verificationUri).host)} (device), until ${formatTimestamp(code.expiresAt)}.`,
      );
      onCode?.(code, over.signal);
      return waitForTokens(server, code, requested, dependencies, signal);
    },
    finish: () => over.abort(),
  };
}

/** What waiting for tokens needs from around it. */
export interface DeviceDependencies {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly log: Log;
}

/**
 * Asks for the tokens until the person has decided or the code runs out, which the server alone sets. A request that does
 * not get through makes the waits longer until one does; `slow_down` makes them longer for good.
 * @throws Failure `code-expired`, `denied`, or what else is definite; the signal's reason when that is aborted.
 */
export async function waitForTokens(
  server: ServerContext,
  code: DeviceCode,
  scopes: readonly string[],
  { clock, log, transport }: DeviceDependencies,
  signal: AbortSignal,
): Promise<Tokens> {
  let { interval } = code;
  let failures = 0;
  for (let wait = interval; ;) {
    if (clock.now() + wait >= code.expiresAt) {
      await pause(clock, code.expiresAt - clock.now(), signal);
      throw new Failure('code-expired', 'code-expired');
    }
    await pause(clock, wait, signal);
    // A sleep of the machine ends the code, not the wait.
    if (clock.now() >= code.expiresAt) {
      throw new Failure('code-expired', 'code-expired');
    }
    try {
      return await requestDeviceTokens(server, code, scopes, transport, signal);
    } catch (error) {
      signal.throwIfAborted();
      const failure = toFailure(error);
      if (continuesPolling(failure.category)) {
        failures = 0;
        interval += failure.code === 'slow_down' ? SLOWER : 0;
        wait = interval;
      } else if (isTemporary(failure.category)) {
        failures += 1;
        wait = Math.max(Math.min(interval * 2 ** failures, Math.max(MAX_WAIT, interval)), failure.retryAfter ?? 0);
        log.info(
          `Sign-in at ${server.provider.id}: asking for the tokens did not work: ${formatFailure(failure)}; next try at ${formatTimestamp(clock.now() + wait)}.`,
        );
      } else {
        throw failure;
      }
    }
  }
}

/** Lets time pass. */
async function pause(clock: Clock, time: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      timer.dispose();
      reject(signal.reason as Error);
    };
    const timer = clock.after(time, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    signal.addEventListener('abort', stop, { once: true });
  });
}
