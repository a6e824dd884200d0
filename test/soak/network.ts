// The network between the windows and the server, with its faults.
import { MINUTE, SECOND } from '../../src/core/clock.ts';
import type { Process } from './process.ts';
import type { Random } from '../support/simulation/random.ts';
import {
  LONGEST_RETRY_AFTER,
  page,
  refusal,
  type Answer,
  type AuthorizationServer,
  type TokenRequest,
} from './server.ts';
import type { Time } from './time.ts';

/** The faults of a request. */
export const FAULTS = [
  /** There is no connection. */
  'refused',
  /** The connection breaks before the request has arrived, or after the server has handled it. */
  'cut-before',
  'cut-after',
  /** A gateway returns an error; the server has not received the request, or has handled it. */
  '5xx-before',
  '5xx-after',
  /** The server responds with `Retry-After`. */
  '503-wait',
  '429-wait',
  /** The response is a web page. */
  'page',
  /** The response or the request is slow, possibly slower than the deadline. */
  'slow-answer',
  'slow-request',
  /** The server handles the request, and responds after the deadline. */
  'stall',
  /** The response begins and does not end. */
  'drip',
  /** The request disappears without an error. */
  'hole',
] as const;
export type Fault = (typeof FAULTS)[number];

const DISCOVERY = '/.well-known/openid-configuration';

/** Returns the secret in a header for Basic authentication (RFC 7617). */
function secretIn(header: string | null): string | undefined {
  const [, encoded = ''] = /^Basic (.+)$/.exec(header ?? '') ?? [];
  return encoded === '' ? undefined : decodeURIComponent(atob(encoded).split(':')[1] ?? '');
}

/** The status of responses that don't come from the server. */
const EARLY: Readonly<Partial<Record<Fault, number>>> = { '503-wait': 503, '429-wait': 429, page: 200 };

/** The events of the network. */
export interface NetworkEvents {
  /** Called when a window sends a refresh token. */
  onSend(request: TokenRequest): void;
  /** Called when a refresh token has reached the server. */
  onArrival(request: TokenRequest): void;
  /** Called when the response to a refresh token has reached its window. */
  onAnswer(request: TokenRequest, answer: Answer, retryAfter: number | undefined): void;
  onFault(fault: Fault | 'offline'): void;
}

/** A pending request. */
interface PendingRequest {
  readonly process: Process;
  readonly path: string;
  readonly form: URLSearchParams;
  /** The client secret in it. */
  readonly secret: string | undefined;
  readonly request: TokenRequest | undefined;
  readonly fault: Fault | undefined;
  isOver: boolean;
  /** Settles it in its window, once. */
  end(run: () => void): void;
  resolve(response: Response): void;
  reject(error: unknown): void;
  readonly signal: AbortSignal | undefined;
}

/** The network. */
export class Network {
  isOffline = false;
  /** The probability that a request has a fault. */
  faultRate = 0;
  readonly #time: Time;
  readonly #random: Random;
  readonly #server: AuthorizationServer;
  readonly #events: NetworkEvents;

  constructor(time: Time, random: Random, server: AuthorizationServer, events: NetworkEvents) {
    this.#time = time;
    this.#random = random;
    this.#server = server;
    this.#events = events;
  }

  /** Returns `fetch` for one process. */
  view(process: Process): typeof fetch {
    return (input, init) =>
      new Promise((resolve, reject) => {
        if (process.isDead) {
          return;
        }
        const address = input instanceof Request ? input.url : input;
        const form = init?.body instanceof URLSearchParams ? init.body : new URLSearchParams();
        const secret = form.get('client_secret') ?? secretIn(new Headers(init?.headers).get('authorization'));
        const pending = this.#depart(process, new URL(address).pathname, form, secret, init?.signal ?? undefined);
        pending.resolve = resolve;
        pending.reject = reject;
        this.#send(pending);
      });
  }

  #depart(
    process: Process,
    path: string,
    form: URLSearchParams,
    secret: string | undefined,
    signal: AbortSignal | undefined,
  ): PendingRequest {
    const presented = path === '/token' ? this.#server.read(form.get('refresh_token') ?? '') : undefined;
    const request: TokenRequest | undefined =
      presented === undefined
        ? undefined
        : { process, grant: presented.grant, presents: presented.number, state: 'under-way' };
    if (request !== undefined) {
      request.grant.requests.push(request);
      this.#events.onSend(request);
    }
    const fault = !this.isOffline && this.#random.chance(this.faultRate) ? this.#random.pick(FAULTS) : undefined;
    const pending: PendingRequest = {
      process,
      path,
      form,
      secret,
      request,
      fault,
      signal,
      isOver: false,
      end: (run) => {
        if (!pending.isOver) {
          pending.isOver = true;
          run();
        }
      },
      resolve: () => {},
      reject: () => {},
    };
    signal?.addEventListener('abort', () => this.#abort(pending), { once: true });
    return pending;
  }

  #abort(pending: PendingRequest): void {
    const { request, signal } = pending;
    if (request?.state === 'under-way') {
      request.state = 'aborted';
    }
    pending.end(() => pending.reject(signal?.reason));
  }

  #send(pending: PendingRequest): void {
    const { fault } = pending;
    const event = this.isOffline ? 'offline' : fault;
    if (event !== undefined) {
      this.#events.onFault(event);
    }
    if (this.isOffline || fault === 'refused') {
      if (this.#random.chance(0.8)) {
        this.#fail(pending, this.#random.pick(['ENOTFOUND', 'ECONNREFUSED', 'ENETUNREACH']));
      }
      // Otherwise, nothing happens.
      return;
    }
    if (fault === 'cut-before') {
      this.#fail(pending, this.#random.pick(['ECONNRESET', 'UND_ERR_SOCKET']));
    } else if (fault !== 'hole') {
      const delay = fault === 'slow-request' ? this.#random.whole(SECOND, 45 * SECOND) : this.#random.wide(5, 300);
      this.#time.after(delay, () => this.#arrive(pending));
    }
  }

  #arrive(pending: PendingRequest): void {
    const { fault, request, process } = pending;
    const isUnwanted = pending.isOver || process.isDead;
    if (this.isOffline || (isUnwanted && this.#random.chance(0.7))) {
      lose(request);
      return;
    }
    const wait =
      fault === '503-wait' || fault === '429-wait'
        ? this.#random.wide(2, LONGEST_RETRY_AFTER / SECOND) * SECOND
        : undefined;
    const answer = this.#early(fault, wait) ?? this.#handle(pending);
    if (fault === 'cut-after') {
      lose(request);
      this.#fail(pending, 'ECONNRESET');
      return;
    }
    const delay =
      fault === 'slow-answer'
        ? this.#random.whole(SECOND, 60 * SECOND)
        : fault === 'stall'
          ? this.#random.whole(15 * SECOND, 150 * SECOND)
          : this.#random.wide(5, 300);
    this.#time.after(delay, () => this.#respond(pending, fault === '5xx-after' ? page(502) : answer, wait));
  }

  /** Returns a response that doesn't come from the server. */
  #early(fault: Fault | undefined, wait: number | undefined): Answer | undefined {
    const status =
      fault === '5xx-before' ? this.#random.pick([500, 502, 503]) : fault === undefined ? undefined : EARLY[fault];
    return status === undefined ? undefined : page(status, wait);
  }

  #handle({ path, form, secret, request }: PendingRequest): Answer {
    if (path !== DISCOVERY && secret !== this.#server.clientSecret) {
      return refusal();
    }
    if (request !== undefined) {
      this.#events.onArrival(request);
      return this.#server.refresh(request);
    }
    if (path === '/revoke') {
      return this.#server.revoke(form.get('token') ?? '');
    }
    return path === DISCOVERY ? this.#server.discovery() : page(404);
  }

  #respond(pending: PendingRequest, answer: Answer, wait: number | undefined): void {
    const { fault, request, process } = pending;
    if (this.isOffline || fault === '5xx-after' || fault === 'drip') {
      lose(request);
    }
    if (this.isOffline || pending.isOver || process.isDead) {
      return;
    }
    if (this.#time.isAsleep && this.#random.chance(0.5)) {
      lose(request);
      this.#fail(pending, 'ECONNRESET');
      return;
    }
    this.#time.afterAwake(0, () => process.deliver(() => pending.end(() => this.#deliver(pending, answer, wait))));
  }

  #deliver(pending: PendingRequest, answer: Answer, wait: number | undefined): void {
    const { fault, request, signal } = pending;
    if (fault === 'drip') {
      pending.resolve(drip(answer, signal));
      return;
    }
    if (request !== undefined) {
      request.state = request.state === 'lost' ? 'lost' : 'delivered';
      this.#events.onAnswer(request, answer, wait);
    }
    const headers = { ...answer.headers, date: new Date(this.#time.now).toUTCString() };
    pending.resolve(new Response(answer.body, { status: answer.status, headers }));
  }

  #fail(pending: PendingRequest, code: string): void {
    const { process, request } = pending;
    const delay = this.#random.chance(0.1) ? this.#random.whole(SECOND, MINUTE / 2) : this.#random.wide(1, 200);
    this.#time.afterAwake(delay, () =>
      process.deliver(() =>
        pending.end(() => {
          lose(request);
          pending.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }));
        }),
      ),
    );
  }
}

function lose(request: TokenRequest | undefined): void {
  if (request?.state === 'under-way') {
    request.state = 'lost';
  }
}

/** Returns a response that doesn't end before it's aborted. */
function drip(answer: Answer, signal: AbortSignal | undefined): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(answer.body.slice(0, 5)));
      signal?.addEventListener('abort', () => controller.error(signal.reason), { once: true });
    },
  });
  return new Response(body, { status: answer.status, headers: answer.headers });
}

/** Returns whether a window that is alive has, or may still receive, the response. */
export function isHeld({ process, state }: TokenRequest): boolean {
  return !process.isDead && (state === 'under-way' || state === 'delivered');
}

/** Describes a request: its window, token and grant. */
export function describeRequest({ process, grant, presents }: TokenRequest): string {
  return `${process.name} with r-${grant.number}-${presents} (${grant.rotation})`;
}
