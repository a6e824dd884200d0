// The one way out: every request to a server goes through here, with a deadline and a limit on what it may answer.
import { isSecureUrl } from '../core/secureUrl.ts';
import { SECOND, elapsedUptime, systemClock, type Clock, type Disposable, type Uptime } from '../core/clock.ts';
import { Failure, sanitizeDisplayName } from '../core/failure.ts';
import { formatFailure, type Log } from '../core/log.ts';
import { classifyTransport } from './classify.ts';
import { serverTimeOf } from './serverTime.ts';

/** What the protocol needs from outside. */
export interface Transport {
  /** The platform's `fetch`; in VS Code it knows the proxy and certificate settings. */
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** Told of each request: where it went and what came of it, nothing of what was in it. */
  readonly log: Log;
  /** How long a whole answer, headers and body, may take, in ms; a refresh is listened to longer ({@link requestRefresh}). */
  readonly timeout: number;
}

/** An answer that has arrived completely. */
export interface ServerResponse {
  readonly response: Response;
  /** The body, also where `response` was read already. */
  readonly body: string;
  /** When the request was sent, in ms since the Unix epoch: what lifetimes are counted from. */
  readonly sentAt: number;
  /** The machine's uptime at that moment. */
  readonly sentUptime: Uptime | undefined;
  /** How far the server's clock is ahead of this one, in ms, from the `Date` header; undefined without one. */
  readonly skew: number | undefined;
  /** The secrets that the request held: an answer may quote them. */
  readonly secrets: readonly string[];
  /** How far this product's clock is ahead of the platform's, in ms: 0 but in tests. The library reads the platform's. */
  readonly platformClockOffset: number;
}

/** The parameters of a request that are secret. */
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

/** The longest body that is read, in bytes: far beyond any discovery document or key set. */
const MAX_BODY_SIZE = 2 ** 20;

/** What oauth4webapi passes to its `customFetch`. */
export interface FetchOptions {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: URLSearchParams | undefined;
}

/** `fetch` as oauth4webapi calls it. */
export type Fetch = (url: string, options: FetchOptions) => Promise<Response>;

/**
 * Makes the `fetch` of one protocol step. The whole answer has to arrive within the deadline, so that a server that
 * drips its body byte by byte holds nobody. It rejects with a Failure.
 * @param signal calls the request off.
 * @param onAnswer takes each complete answer, and may give another response in its place.
 */
export function createFetch(
  transport: Transport,
  signal?: AbortSignal,
  onAnswer: (answer: ServerResponse) => Response = ({ response }) => response,
): Fetch {
  return async (url, options) => {
    if (!isSecureUrl(url)) {
      throw new Failure('insecure', 'http-endpoint', { detail: new URL(url).host });
    }
    return onAnswer(await request(transport, url, options, signal));
  };
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
  const tell = (outcome: string): void =>
    log.trace(`${options.method} ${sanitizeDisplayName(host + pathname)}: ${outcome}, ${clock.now() - sentAt} ms.`);
  const deadline = new AbortController();
  const timer = limitDuration(clock, transport.timeout, () => deadline.abort(new Failure('network', 'deadline')));
  const sentAt = clock.now();
  try {
    const signals = [deadline.signal, ...(signal === undefined ? [] : [signal])];
    const arrived = await transport.fetch(url, {
      method: options.method,
      headers: options.headers,
      body: options.body ?? null,
      redirect: 'manual',
      signal: AbortSignal.any(signals),
    });
    const body = await readBody(arrived);
    const response = new Response(mayHaveBody(arrived.status) ? body : null, {
      status: arrived.status,
      headers: arrived.headers,
    });
    const secrets = findSecrets(options);
    const receivedAt = clock.now();
    tell(`${arrived.status}, ${body.length} characters`);
    const since = earliestSendTime(sentAt, receivedAt, elapsedUptime(sentUptime, clock.uptime?.()));
    const skew = calculateSkew(serverTimeOf(arrived.headers), since, receivedAt);
    return {
      response,
      body,
      sentAt: since,
      sentUptime,
      secrets,
      skew,
      platformClockOffset: receivedAt - systemClock.now(),
    };
  } catch (error) {
    const failure = classifyTransport(error);
    tell(formatFailure(failure));
    throw failure;
  } finally {
    timer.dispose();
  }
}

/** What of a request is secret: parameters, and what its `Authorization` header shows (RFC 6750, RFC 7617). */
function findSecrets({ body, headers }: FetchOptions): string[] {
  const [, shown = ''] = (headers['authorization'] ?? '').split(' ');
  const password = /^Basic /i.test(headers['authorization'] ?? '') ? atob(shown).replace(/^[^:]*:/, '') : '';
  return [...SECRET_PARAMETERS.map((name) => body?.get(name) ?? ''), shown, password].filter((secret) => secret !== '');
}

async function readBody(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).byteLength;
    if (size > MAX_BODY_SIZE) {
      throw new Failure('invalid-response', 'too-large', { status: response.status });
    }
    text += decoder.decode(chunk as Uint8Array, { stream: true });
  }
  return text + decoder.decode();
}

/** Whether a `Response` of this status may be made with a body (Fetch, "null body status"). */
function mayHaveBody(status: number): boolean {
  return ![101, 103, 204, 205, 304].includes(status);
}

/** How often, in ms, a request under way is checked for the time that has passed. */
const CHECK_INTERVAL = 5 * SECOND;
/** How long, in ms, an answer that arrived during a sleep of the machine may take to be read; an eighth of shorter limits. */
const WAKE_GRACE = 15 * SECOND;

/**
 * Runs a function once a length of real time has passed, sleeps of the machine included and clock changes left out.
 * After a sleep, or a stop of the process, timers fire before what has been waiting all the while is read; so the last
 * part of the limit begins only when the rest is over.
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
 * When a request was sent, by the clock as it is now. If the clock was set meanwhile, or the machine slept, the earliest
 * time that is possible counts: a token must never look younger than it is.
 */
function earliestSendTime(sentAt: number, receivedAt: number, elapsed = 0): number {
  return Math.min(sentAt, receivedAt - elapsed, receivedAt);
}

/** A round trip up to this long, in ms, is short enough that the server's time belongs to its middle. */
const SHORT_ROUND_TRIP = 10 * SECOND;

/**
 * The skew in ms: the server's time less the middle of the round trip. The header has a resolution of 1 s. After a long
 * wait the server can have told its time at any moment, so the smallest skew that is possible counts.
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
