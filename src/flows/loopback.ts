// The loopback redirect: RFC 8252 section 7.3. The only file below the editor's room that opens a socket.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isLoopbackHost } from '../core/address.ts';
import { SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import type { Provider } from '../core/provider.ts';
import { PAGE_HEADERS, renderPage, type AnswerPages, type Page } from './page.ts';
import type { Redirect } from './redirect.ts';

const CALLBACK_PATH = '/callback';
const DONE_PATH = '/done';
/** How long, in ms, the browser may take to fetch the last page before the socket closes. */
const LAST_PAGE_TIME = 5 * SECOND;

/** Where to listen. */
export interface LoopbackOptions {
  /** The ports to try, in this order; none where any free one will do. */
  readonly ports?: readonly number[];
  /**
   * The address at which the person's browser reaches one of this machine: the same, unless VS Code brings it here from
   * the machine of its window.
   */
  readonly reach?: (address: string) => Promise<string>;
}

/**
 * The loopback addresses to register at a provider's server, for signing in and for signing out alike: one for each fixed port, else one that leaves the port open.
 */
export function loopbackAddresses({ redirectPorts }: Provider): string[] {
  return redirectPorts.length === 0 ? [`http://127.0.0.1${CALLBACK_PATH}`] : redirectPorts.map(addressAt);
}

/** The redirect address with a port. */
export function addressAt(port: number): string {
  return `http://127.0.0.1:${port}${CALLBACK_PATH}`;
}

/**
 * Listens on 127.0.0.1 for one answer, that of an authorization request or of a sign-out at the server, and answers the
 * browser only when it is known how it ended. The browser is then sent on to an address without the code, so that none
 * stays in its history.
 */
export class LoopbackRedirect implements Redirect, Disposable {
  /** The redirect address to send to the server. */
  readonly redirectUri: string;
  /** Resolves once nobody listens any more. */
  readonly closed: Promise<void>;
  readonly #server: Server;
  readonly #host: string;
  readonly #clock: Clock;
  readonly #pages: AnswerPages;
  /** Tells the answer from others, once somebody waits for it; and takes it. */
  #expected: { isAnswer(parameters: URLSearchParams): boolean; take(parameters: URLSearchParams): void } | undefined;
  /** The browser's request, held until the outcome is known. */
  #held: ServerResponse | undefined;
  #taken = false;
  #outcome: Page | undefined;

  private constructor(server: Server, redirectUri: string, clock: Clock, pages: AnswerPages) {
    this.#server = server;
    this.#host = new URL(redirectUri).host;
    this.#clock = clock;
    this.#pages = pages;
    this.redirectUri = redirectUri;
    this.closed = new Promise((resolve) => void server.once('close', resolve));
    server.on('request', (request, response) => this.#serve(request, response));
  }

  /**
   * Starts to listen on a free port, or on the first free one of a list.
   * @throws Failure `no-loopback` where this machine does not let it: with the code `ports-taken` where none of the list is free.
   */
  static async open(clock: Clock, pages: AnswerPages, { ports = [], reach = (address) => Promise.resolve(address) }: LoopbackOptions = {}): Promise<LoopbackRedirect> {
    let cause: unknown;
    for (const port of ports.length === 0 ? [0] : ports) {
      const server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 10 * SECOND });
      try {
        const listening = await listenOn(server, port);
        const address = await reach(addressAt(listening));
        // What VS Code brings here from another port would not be an address of the list.
        if (isOurs(address) && (port === 0 || address === addressAt(port))) {
          return new LoopbackRedirect(server, address, clock, pages);
        }
      } catch (error) {
        cause = error;
      }
      server.close();
    }
    throw ports.length === 0 ? new Failure('no-loopback', 'no-loopback', { cause }) : new Failure('no-loopback', 'ports-taken', { cause });
  }

  /**
   * Waits for the answer to one request. Answers to other requests get a page that says so and end nothing, so that
   * nobody who can make this browser fetch an address can end the sign-in.
   * @throws the signal's reason when that is aborted.
   */
  async answer(isAnswer: (parameters: URLSearchParams) => boolean, signal: AbortSignal): Promise<URLSearchParams> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
      this.#expected = {
        isAnswer,
        take: (parameters) => {
          signal.removeEventListener('abort', stop);
          resolve(parameters);
        },
      };
    });
  }

  /** Tells the browser how it ended, and stops listening as soon as it knows. */
  finish(outcome: Page): void {
    if (this.#outcome !== undefined) {
      return;
    }
    this.#outcome = outcome;
    if (this.#held === undefined) {
      this.dispose();
      return;
    }
    this.#held.writeHead(303, { ...PAGE_HEADERS, Location: DONE_PATH }).end();
    const timer = this.#clock.after(LAST_PAGE_TIME, () => this.dispose());
    this.#server.once('close', () => timer.dispose());
  }

  /** Stops listening at once. */
  dispose(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const target = request.url ?? '';
    // Another host name that leads here means that a page tries to reach through the browser into this machine.
    if (request.headers.host !== this.#host || !target.startsWith('/') || request.method !== 'GET') {
      this.#send(response, 400, this.#pages.missing);
      return;
    }
    const url = new URL(`http://${this.#host}${target}`);
    if (url.pathname === DONE_PATH && this.#outcome !== undefined) {
      response.once('finish', () => this.dispose());
      this.#send(response, 200, this.#outcome);
    } else if (url.pathname !== CALLBACK_PATH) {
      this.#send(response, 404, this.#pages.missing);
    } else if (this.#expected?.isAnswer(url.searchParams) !== true) {
      this.#send(response, 400, this.#pages.stray);
    } else if (this.#taken) {
      this.#send(response, 409, this.#pages.repeated);
    } else {
      this.#taken = true;
      this.#held = response;
      this.#expected.take(url.searchParams);
    }
  }

  #send(response: ServerResponse, status: number, page: Page): void {
    response.writeHead(status, PAGE_HEADERS).end(renderPage(this.#pages.template, page));
  }
}

/** Listens on a port of 127.0.0.1, 0 being any free one, and gives it. */
async function listenOn(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port, exclusive: true }, resolve);
  });
  const address = server.address();
  return address === null || typeof address === 'string' ? port : address.port;
}

/** Whether an address leads to the loopback address of the person's own machine, and to no other path. */
function isOurs(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url?.protocol === 'http:' && isLoopbackHost(url.hostname) && url.pathname === CALLBACK_PATH;
}
