// The way between the windows and the server, and everything that happens on it.
import { MINUTE, SECOND } from '../../src/core/clock.ts';
import type { Process } from './process.ts';
import type { Random } from '../support/simulation/random.ts';
import { LONGEST_RETRY_AFTER, page, refusal, type Answer, type ServerContext, type Trip } from './server.ts';
import type { Time } from './time.ts';

/** What can happen to one request. */
export const FAULTS = [
  /** There is no connection. */
  'refused',
  /** The connection breaks before the request has arrived, or after the server has done what it asks for. */
  'cut-before',
  'cut-after',
  /** A gateway answers for the server, which has done nothing, or everything. */
  '5xx-before',
  '5xx-after',
  /** The server wants to be left alone for a while. */
  '503-wait',
  '429-wait',
  /** A page comes in place of the answer. */
  'page',
  /** The answer, or the request, takes its time: up to beyond the deadline. */
  'slow-answer',
  'slow-request',
  /** The server does what it is asked for, and answers beyond the deadline, or beyond the time that it is listened to. */
  'stall',
  /** The answer begins, and does not end. */
  'drip',
  /** Nothing arrives, and nobody says so. */
  'hole',
] as const;
export type Fault = (typeof FAULTS)[number];

const DISCOVERY = '/.well-known/openid-configuration';

/** The secret in a header for Basic authentication (RFC 7617). */
function secretIn(header: string | null): string | undefined {
  const [, encoded = ''] = /^Basic (.+)$/.exec(header ?? '') ?? [];
  return encoded === '' ? undefined : decodeURIComponent(atob(encoded).split(':')[1] ?? '');
}

/** What is answered in the server's place, by its status. */
const EARLY: Readonly<Partial<Record<Fault, number>>> = { '503-wait': 503, '429-wait': 429, page: 200 };

/** What the network tells of. */
export interface NetworkEvents {
  /** A window sends a refresh token. */
  onSend(trip: Trip): void;
  /** A refresh token has reached the server. */
  onArrival(trip: Trip): void;
  /** An answer to a refresh token has reached its window. */
  onAnswer(trip: Trip, answer: Answer, retryAfter: number | undefined): void;
  onFault(fault: Fault | 'offline'): void;
}

/** One request on its way. */
interface Passage {
  readonly process: Process;
  readonly path: string;
  readonly form: URLSearchParams;
  /** The secret that the client shows. */
  readonly secret: string | undefined;
  readonly trip: Trip | undefined;
  readonly fault: Fault | undefined;
  isOver: boolean;
  /** Ends it in its window, once. */
  end(run: () => void): void;
  resolve(response: Response): void;
  reject(error: unknown): void;
  readonly signal: AbortSignal | undefined;
}

/** The network. */
export class Network {
  isOffline = false;
  /** How likely a request meets a fault. */
  faultRate = 0;
  readonly #time: Time;
  readonly #random: Random;
  readonly #server: ServerContext;
  readonly #events: NetworkEvents;

  constructor(time: Time, random: Random, server: ServerContext, events: NetworkEvents) {
    this.#time = time;
    this.#random = random;
    this.#server = server;
    this.#events = events;
  }

  /** The platform's `fetch` for one process. */
  view(process: Process): typeof fetch {
    return (input, init) =>
      new Promise((resolve, reject) => {
        if (process.isDead) {
          return;
        }
        const address = input instanceof Request ? input.url : input;
        const form = init?.body instanceof URLSearchParams ? init.body : new URLSearchParams();
        const secret = form.get('client_secret') ?? secretIn(new Headers(init?.headers).get('authorization'));
        const passage = this.#depart(process, new URL(address).pathname, form, secret, init?.signal ?? undefined);
        passage.resolve = resolve;
        passage.reject = reject;
        this.#send(passage);
      });
  }

  #depart(
    process: Process,
    path: string,
    form: URLSearchParams,
    secret: string | undefined,
    signal: AbortSignal | undefined,
  ): Passage {
    const presented = path === '/token' ? this.#server.read(form.get('refresh_token') ?? '') : undefined;
    const trip: Trip | undefined =
      presented === undefined
        ? undefined
        : { process, grant: presented.grant, presents: presented.number, state: 'under-way' };
    if (trip !== undefined) {
      trip.grant.trips.push(trip);
      this.#events.onSend(trip);
    }
    const fault = !this.isOffline && this.#random.chance(this.faultRate) ? this.#random.pick(FAULTS) : undefined;
    const passage: Passage = {
      process,
      path,
      form,
      secret,
      trip,
      fault,
      signal,
      isOver: false,
      end: (run) => {
        if (!passage.isOver) {
          passage.isOver = true;
          run();
        }
      },
      resolve: () => {},
      reject: () => {},
    };
    signal?.addEventListener('abort', () => this.#giveUp(passage), { once: true });
    return passage;
  }

  #giveUp(passage: Passage): void {
    const { trip, signal } = passage;
    if (trip?.state === 'under-way') {
      trip.state = 'given-up';
    }
    passage.end(() => passage.reject(signal?.reason));
  }

  #send(passage: Passage): void {
    const { fault } = passage;
    const event = this.isOffline ? 'offline' : fault;
    if (event !== undefined) {
      this.#events.onFault(event);
    }
    if (this.isOffline || fault === 'refused') {
      if (this.#random.chance(0.8)) {
        this.#fail(passage, this.#random.pick(['ENOTFOUND', 'ECONNREFUSED', 'ENETUNREACH']));
      }
      // Else nobody says anything.
      return;
    }
    if (fault === 'cut-before') {
      this.#fail(passage, this.#random.pick(['ECONNRESET', 'UND_ERR_SOCKET']));
    } else if (fault !== 'hole') {
      const delay = fault === 'slow-request' ? this.#random.whole(SECOND, 45 * SECOND) : this.#random.wide(5, 300);
      this.#time.after(delay, () => this.#arrive(passage));
    }
  }

  #arrive(passage: Passage): void {
    const { fault, trip, process } = passage;
    const hasTombstone = passage.isOver || process.isDead;
    if (this.isOffline || (hasTombstone && this.#random.chance(0.7))) {
      lose(trip);
      return;
    }
    const wait =
      fault === '503-wait' || fault === '429-wait'
        ? this.#random.wide(2, LONGEST_RETRY_AFTER / SECOND) * SECOND
        : undefined;
    const answer = this.#early(fault, wait) ?? this.#handle(passage);
    if (fault === 'cut-after') {
      lose(trip);
      this.#fail(passage, 'ECONNRESET');
      return;
    }
    const delay =
      fault === 'slow-answer'
        ? this.#random.whole(SECOND, 60 * SECOND)
        : fault === 'stall'
          ? this.#random.whole(15 * SECOND, 150 * SECOND)
          : this.#random.wide(5, 300);
    this.#time.after(delay, () => this.#comeBack(passage, fault === '5xx-after' ? page(502) : answer, wait));
  }

  /** What is answered in the server's place. */
  #early(fault: Fault | undefined, wait: number | undefined): Answer | undefined {
    const status =
      fault === '5xx-before' ? this.#random.pick([500, 502, 503]) : fault === undefined ? undefined : EARLY[fault];
    return status === undefined ? undefined : page(status, wait);
  }

  #handle({ path, form, secret, trip }: Passage): Answer {
    if (path !== DISCOVERY && secret !== this.#server.clientSecret) {
      return refusal();
    }
    if (trip !== undefined) {
      this.#events.onArrival(trip);
      return this.#server.refresh(trip);
    }
    if (path === '/revoke') {
      return this.#server.revoke(form.get('token') ?? '');
    }
    return path === DISCOVERY ? this.#server.discovery() : page(404);
  }

  #comeBack(passage: Passage, answer: Answer, wait: number | undefined): void {
    const { fault, trip, process } = passage;
    if (this.isOffline || fault === '5xx-after' || fault === 'drip') {
      lose(trip);
    }
    if (this.isOffline || passage.isOver || process.isDead) {
      return;
    }
    if (this.#time.isAsleep && this.#random.chance(0.5)) {
      lose(trip);
      this.#fail(passage, 'ECONNRESET');
      return;
    }
    this.#time.afterAwake(0, () => process.deliver(() => passage.end(() => this.#deliver(passage, answer, wait))));
  }

  #deliver(passage: Passage, answer: Answer, wait: number | undefined): void {
    const { fault, trip, signal } = passage;
    if (fault === 'drip') {
      passage.resolve(drip(answer, signal));
      return;
    }
    if (trip !== undefined) {
      trip.state = trip.state === 'lost' ? 'lost' : 'delivered';
      this.#events.onAnswer(trip, answer, wait);
    }
    const headers = { ...answer.headers, date: new Date(this.#time.now).toUTCString() };
    passage.resolve(new Response(answer.body, { status: answer.status, headers }));
  }

  #fail(passage: Passage, code: string): void {
    const { process, trip } = passage;
    const delay = this.#random.chance(0.1) ? this.#random.whole(SECOND, MINUTE / 2) : this.#random.wide(1, 200);
    this.#time.afterAwake(delay, () =>
      process.deliver(() =>
        passage.end(() => {
          lose(trip);
          passage.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }));
        }),
      ),
    );
  }
}

function lose(trip: Trip | undefined): void {
  if (trip?.state === 'under-way') {
    trip.state = 'lost';
  }
}

/** A response that begins, and does not end before somebody calls it off. */
function drip(answer: Answer, signal: AbortSignal | undefined): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(answer.body.slice(0, 5)));
      signal?.addEventListener('abort', () => controller.error(signal.reason), { once: true });
    },
  });
  return new Response(body, { status: answer.status, headers: answer.headers });
}

/** Whether an answer that brings tokens may still be, or come to be, in the hands of a window that lives. */
export function isHeld({ process, state }: Trip): boolean {
  return !process.isDead && (state === 'under-way' || state === 'delivered');
}

/** The grant of a trip, and what it presents, in words. */
export function nameOfTrip({ process, grant, presents }: Trip): string {
  return `${process.name} with r-${grant.number}-${presents} (${grant.rotation})`;
}
