// All HTTP requests to servers, with a timeout and a size limit.
import { hasUserInfo, isLoopbackHost, isSecureUrl } from '../core/secureUrl.ts';
import { SECOND, elapsedUptime, systemClock, type Clock, type Disposable, type Uptime } from '../core/clock.ts';
import { Failure, sanitizeDisplayName } from '../core/failure.ts';
import { formatFailure, type Log } from '../core/log.ts';
import { classifyTransport } from './classify.ts';
import { findRefreshToken } from './incompleteJson.ts';
import { serverTimeOf } from './serverTime.ts';

/** The dependencies of the protocol. */
export interface Transport {
  /** The platform's `fetch`, which in VS Code applies the proxy and certificate settings. */
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** The addresses of a host name, as the system resolves it; without it, `localhost` counts as this machine. */
  readonly lookup?: (hostname: string) => Promise<readonly string[]>;
  /** Logs each request: its URL and result, never its content. */
  readonly log: Log;
  /**
   * The timeout, in ms, for the complete response, headers and body; refreshes wait longer ({@link requestRefresh}).
   */
  readonly timeout: number;
  /**
   * Whether a body may be much longer, and its start is returned if it's even longer than that: it may contain a refresh
   * token that must not be lost.
   */
  readonly keepsLongBody?: boolean;
}

/** A response that has been received completely. */
export interface ServerResponse {
  readonly response: Response;
  /** The body, even if the body of `response` has been read. */
  readonly body: string;
  /** When the request was sent, in ms since the Unix epoch: the start of lifetimes. */
  readonly sentAt: number;
  /** The machine's uptime at that time. */
  readonly sentUptime: Uptime | undefined;
  /** How far the server's clock is ahead of this machine's, in ms, by the `Date` header; undefined without one. */
  readonly skew: number | undefined;
  /** The secrets in the request, which the response may echo. */
  readonly secrets: readonly string[];
  /**
   * How far {@link Transport.clock} is ahead of the platform's clock, which the library uses, in ms: 0 except in tests.
   */
  readonly platformClockOffset: number;
}

/** The secret request parameters. */
const SECRET_PARAMETERS = [
  'refresh_token',
  'code',
  'code_verifier',
  'token',
  'client_secret',
  'device_code',
  'state',
  'nonce',
];

/** The maximum size of a body, in bytes: far more than any discovery document or key set. */
const MAX_BODY_SIZE = 2 ** 20;
/** The maximum size, in bytes, of a body whose start is returned if it's longer. */
const MAX_LONG_BODY_SIZE = 16 * 2 ** 20;

/** The options that oauth4webapi passes to its `customFetch`; other requests can have any text as their body. */
export interface FetchOptions {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: URLSearchParams | string | undefined;
}

/** The type of oauth4webapi's `customFetch`. */
export type Fetch = (url: string, options: FetchOptions) => Promise<Response>;

/**
 * Creates the `fetch` function for a protocol step. The complete response must be received within the timeout, even if
 * the server sends its body slowly. It rejects with a Failure.
 * @param signal aborts the request.
 * @param onResponse receives each complete response, and returns the response to use.
 */
export function createFetch(
  transport: Transport,
  signal?: AbortSignal,
  onResponse: (response: ServerResponse) => Response = ({ response }) => response,
): Fetch {
  return async (url, options) => {
    const { host, hostname, protocol } = new URL(url);
    if (hasUserInfo(url)) {
      throw new Failure('unsupported-server', 'bad-endpoint', { detail: sanitizeDisplayName(host) });
    }
    if (!isSecureUrl(url) || (protocol === 'http:' && !(await isLoopbackName(transport, hostname)))) {
      throw new Failure('insecure', 'http-endpoint', { detail: sanitizeDisplayName(host) });
    }
    return onResponse(await request(transport, url, options, signal));
  };
}

/**
 * Whether a host name is a loopback address on this machine. A name server or a hosts file may have another address for
 * `localhost`, although RFC 6761 section 6.3 doesn't allow that.
 */
async function isLoopbackName({ lookup }: Transport, hostname: string): Promise<boolean> {
  if (hostname !== 'localhost' || lookup === undefined) {
    return true;
  }
  const addresses = await lookup(hostname).catch(() => []);
  return addresses.every((address) => isLoopbackHost(address.includes(':') ? `[${address}]` : address));
}

async function request(
  transport: Transport,
  url: string,
  options: FetchOptions,
  signal?: AbortSignal,
): Promise<ServerResponse> {
  const { clock, log } = transport;
  const { host, pathname } = new URL(url);
  const sentUptime = clock.uptime?.();
  const logResult = (outcome: string): void =>
    log.trace(`${options.method} ${sanitizeDisplayName(host + pathname)}: ${outcome}, ${clock.now() - sentAt} ms.`);
  const aborter = new AbortController();
  const timer = limitDuration(clock, transport.timeout, () =>
    aborter.abort(new Failure('network', 'deadline', { host })),
  );
  const sentAt = clock.now();
  try {
    const signals = [aborter.signal, ...(signal === undefined ? [] : [signal])];
    const received = await transport.fetch(url, {
      method: options.method,
      headers: options.headers,
      body: options.body ?? null,
      redirect: 'manual',
      signal: AbortSignal.any(signals),
    });
    const body = await readBody(received, transport.keepsLongBody === true);
    const response = new Response(mayHaveBody(received.status) ? body : null, {
      status: received.status,
      headers: received.headers,
    });
    const secrets = findSecrets(options);
    const receivedAt = clock.now();
    logResult(`${received.status}, ${body.length} characters`);
    const sentTime = earliestSendTime(sentAt, receivedAt, elapsedUptime(sentUptime, clock.uptime?.()));
    const skew = calculateSkew(serverTimeOf(received.headers), sentTime, receivedAt);
    return {
      response,
      body,
      sentAt: sentTime,
      sentUptime,
      secrets,
      skew,
      platformClockOffset: receivedAt - systemClock.now(),
    };
  } catch (error) {
    const failure = classifyTransport(error, host);
    logResult(formatFailure(failure));
    throw failure;
  } finally {
    timer.dispose();
  }
}

/** The secrets in a request: parameters, and the credentials in its `Authorization` header (RFC 6750, RFC 7617). */
function findSecrets({ body, headers }: FetchOptions): string[] {
  const [, credentials = ''] = (headers['authorization'] ?? '').split(' ');
  const decoded = /^Basic /i.test(headers['authorization'] ?? '') ? atob(credentials) : '';
  const [clientId = '', ...parts] = decoded.split(':');
  const password = parts.join(':');
  // As it is, and without the encoding that RFC 6749 section 2.3.1 requires.
  const passwords = [password, formDecode(password), `${formDecode(clientId)}:${formDecode(password)}`];
  return [
    ...SECRET_PARAMETERS.map((name) => (body instanceof URLSearchParams ? (body.get(name) ?? '') : '')),
    ...(decoded === '' ? [credentials] : [credentials, decoded, ...passwords]),
  ].filter((secret) => secret !== '');
}

const formDecode = (text: string): string => new URLSearchParams(`=${text}`).get('') ?? text;

async function readBody(response: Response, keepsLongBody: boolean): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).byteLength;
    if (size > (keepsLongBody ? MAX_LONG_BODY_SIZE : MAX_BODY_SIZE)) {
      if (keepsLongBody && response.ok && findRefreshToken(text) !== undefined) {
        return text;
      }
      throw new Failure('invalid-response', 'too-large', { status: response.status });
    }
    text += decoder.decode(chunk as Uint8Array, { stream: true });
  }
  return text + decoder.decode();
}

/** Whether a `Response` with this status can have a body (Fetch, "null body status"). */
function mayHaveBody(status: number): boolean {
  return ![101, 103, 204, 205, 304].includes(status);
}

/** How often, in ms, the elapsed time of a pending request is checked. */
const CHECK_INTERVAL = 5 * SECOND;
/**
 * How long, in ms, a response that arrived while the machine was asleep may take to be read; an eighth of shorter
 * timeouts.
 */
const WAKE_GRACE = 15 * SECOND;

/**
 * Runs a function once a real-time duration has passed, including sleep and excluding clock changes. After the machine
 * slept or the process was suspended, timers fire before pending I/O is processed. That's why the last part of the
 * duration starts only after the rest has passed.
 */
function limitDuration(clock: Clock, limit: number, run: () => void): Disposable {
  const grace = Math.min(WAKE_GRACE, limit / 8);
  const start = clock.uptime?.();
  let timer: Disposable;
  const wait = (counted: number): void => {
    const passed = Math.max(counted, elapsedUptime(start, clock.uptime?.()) ?? 0);
    const left = limit - grace - passed;
    const step = Math.min(CHECK_INTERVAL, left);
    timer = left > 0 ? clock.after(step, () => wait(counted + step)) : clock.after(grace, run);
  };
  wait(0);
  return { dispose: () => timer.dispose() };
}

/**
 * When a request was sent, by the current clock. If the clock was changed or the machine slept in the meantime, this is
 * the earliest possible time, because a token must not seem newer than it is.
 */
function earliestSendTime(sentAt: number, receivedAt: number, elapsed = 0): number {
  return Math.min(sentAt, receivedAt - elapsed, receivedAt);
}

/** The maximum round trip, in ms, for which the server's time is assumed to be at its middle. */
const SHORT_ROUND_TRIP = 10 * SECOND;

/**
 * The clock skew in ms: the server's time less the middle of the round trip. The header has a resolution of 1 s. After
 * a long round trip, the server may have set the header at any time, so the smallest possible skew is used.
 */
function calculateSkew(serverTime: number | undefined, sentAt: number, receivedAt: number): number | undefined {
  if (serverTime === undefined) {
    return undefined;
  }
  const server = serverTime + 500;
  if (receivedAt - sentAt <= SHORT_ROUND_TRIP) {
    return Math.round(server - (sentAt + receivedAt) / 2);
  }
  return Math.round(server > receivedAt ? server - receivedAt : Math.min(0, server - sentAt));
}
