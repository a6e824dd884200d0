// The user enters a code on any device, and the server is polled for the tokens: RFC 8628.
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

/** The increase of the polling interval, in ms, after each `slow_down`. */
const SLOWER = 5 * SECOND;
/** The longest polling interval, in ms, after failed requests. */
const MAX_WAIT = MINUTE;

/** Signing in with a code that the user enters. */
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
        `Sign-in at ${provider.id} is waiting for the code to be entered at ${sanitizeDisplayName(new URL(code.verificationUri).host)} (device), until ${formatTimestamp(code.expiresAt)}.`,
      );
      onCode?.(code, over.signal);
      return waitForTokens(server, code, requested, dependencies, signal);
    },
    finish: () => over.abort(),
  };
}

/** The dependencies of polling. */
export interface DeviceDependencies {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly log: Log;
}

/**
 * Polls for tokens until the user decides or the code expires, which only the server determines. Failed requests increase
 * the interval until one succeeds; `slow_down` increases it permanently.
 * @throws Failure `code-expired`, `denied`, or another definite failure; the signal's reason if it's aborted.
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
    // If the machine sleeps, the code expires, but the interval doesn't.
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
          `Sign-in at ${server.provider.id}: couldn't poll for the tokens: ${formatFailure(failure)}; retrying at ${formatTimestamp(clock.now() + wait)}.`,
        );
      } else {
        throw failure;
      }
    }
  }
}

/** Waits. */
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
