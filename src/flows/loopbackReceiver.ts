// The loopback redirect: RFC 8252 section 7.3.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isLoopbackHost, parseUrl } from '../core/secureUrl.ts';
import { SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import { DEFAULT_REDIRECT_URI, portOf, withPort } from '../core/redirectUri.ts';
import { answerParameters } from './answer.ts';
import { listenOn, loopbackHosts, type Listener } from './listener.ts';
import { PAGE_HEADERS, renderPage, type AnswerPages, type Page } from './page.ts';
import type { RedirectReceiver } from './redirectReceiver.ts';

/** The path of the final page, and an alternative if the redirect URI itself has this path. */
const DONE_PATH = '/done';
const OTHER_DONE_PATH = '/finished';
/** How long, in ms, the final page stays available once the browser has the outcome, for a reload or after a prefetch. */
const LAST_PAGE_TIME = 5 * SECOND;
/** The maximum of that time, in ms, if the browser requested it before and didn't wait for the outcome. */
const UNSEEN_TIME = 30 * SECOND;

/** Where to listen. */
export interface LoopbackOptions {
  /** The registered redirect URI, with its port determined by `ports`; undefined for the default one. */
  readonly redirectUri?: string | undefined;
  /** The ports to try, in this order; empty if any free port can be used. */
  readonly ports?: readonly number[];
  /**
   * The URL at which the user's browser reaches a loopback URL of this machine: the same, unless VS Code forwards it here
   * from the machine of its window.
   */
  readonly toExternalUrl?: (address: string) => Promise<string>;
}

/** The expected callback. */
interface Expected {
  isAnswer(parameters: URLSearchParams): boolean;
  resolve(parameters: URLSearchParams): void;
}

/**
 * Listens on loopback addresses for one response, to an authorization request or to a sign-out at the server, and responds
 * to the browser only when the outcome is known. The browser is then redirected to a URL without the code, so that no
 * code stays in its history.
 */
export class LoopbackReceiver implements RedirectReceiver, Disposable {
  /** The redirect URI to send to the server, exactly as registered, except for an unspecified port. */
  readonly redirectUri: string;
  /** Resolves once all sockets are closed. */
  readonly closed: Promise<void>;
  readonly #listener: Listener;
  /** The same, in the form in which browsers request it: always with a path, and with the host in lower case. */
  readonly #url: URL;
  readonly #donePath: string;
  readonly #clock: Clock;
  readonly #pages: AnswerPages;
  /** Undefined until a callback is expected. */
  #expected: Expected | undefined;
  /** The browser's requests, held until the outcome is known. */
  readonly #held = new Set<ServerResponse>();
  /** The query of the accepted callback. */
  #acceptedQuery: string | undefined;
  #outcome: Page | undefined;
  #closing: Disposable | undefined;
  #isSeen = false;
  /** Whether a browser with the callback was redirected to the final page. */
  #isSentOn = false;

  private constructor(listener: Listener, redirectUri: string, clock: Clock, pages: AnswerPages) {
    this.#listener = listener;
    this.#url = new URL(redirectUri);
    this.#donePath = this.#url.pathname === DONE_PATH ? OTHER_DONE_PATH : DONE_PATH;
    this.#clock = clock;
    this.#pages = pages;
    this.redirectUri = redirectUri;
    this.closed = listener.closed;
    listener.serve((request, response) => this.#serve(request, response));
  }

  /**
   * Starts listening on a free port, or on the first free one of a list.
   * @throws Failure `no-loopback` if this machine doesn't allow it, with the code `ports-in-use` if no port of the list is free.
   */
  static async open(clock: Clock, pages: AnswerPages, options: LoopbackOptions = {}): Promise<LoopbackReceiver> {
    const {
      redirectUri = DEFAULT_REDIRECT_URI,
      ports = [],
      toExternalUrl = (address: string) => Promise.resolve(address),
    } = options;
    const hosts = loopbackHosts(new URL(redirectUri).hostname);
    let cause: unknown;
    for (const port of ports.length === 0 ? [0] : ports) {
      let listener: Listener | undefined;
      try {
        listener = await listenOn(hosts, port);
        const ours = withPort(redirectUri, listener.port);
        const reached = portAt(await toExternalUrl(ours), ours);
        // If VS Code forwards another port to this one, the redirect URI wouldn't be one of the list.
        if (reached !== undefined && (port === 0 || reached === port)) {
          return new LoopbackReceiver(
            listener,
            reached === listener.port ? ours : withPort(redirectUri, reached),
            clock,
            pages,
          );
        }
      } catch (error) {
        cause = error;
      }
      listener?.close();
    }
    // The entry's field that lists the ports.
    const detail = portOf(redirectUri) === undefined ? 'redirectPorts' : 'redirectUri';
    throw ports.length === 0
      ? new Failure('no-loopback', 'no-loopback', { cause })
      : new Failure('no-loopback', 'ports-in-use', { cause, detail });
  }

  /**
   * Waits for the response to one request. Responses to other requests get a page that says so and are otherwise ignored, so
   * that other pages and programs that can make this browser request a URL can't end the sign-in.
   * @throws the signal's reason if it's aborted.
   */
  async waitForCallback(
    isAnswer: (parameters: URLSearchParams) => boolean,
    signal: AbortSignal,
  ): Promise<URLSearchParams> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
      this.#expected = {
        isAnswer,
        resolve: (parameters) => {
          signal.removeEventListener('abort', stop);
          resolve(parameters);
        },
      };
    });
  }

  /**
   * Shows the outcome in the browser, and stops listening soon after. A browser that closed an earlier request, like a
   * discarded prefetch, is likely to request it again, and gets more time.
   */
  respond(outcome: Page): void {
    if (this.#outcome !== undefined) {
      return;
    }
    this.#outcome = outcome;
    if (this.#acceptedQuery === undefined) {
      this.dispose();
      return;
    }
    this.#listener.unref();
    void this.closed.then(() => this.#closing?.dispose());
    this.#scheduleClose(UNSEEN_TIME);
    for (const response of this.#held) {
      this.#sendOn(response);
    }
    this.#held.clear();
  }

  /** Whether the outcome is known, so that only the final page is still served. */
  get isOver(): boolean {
    return this.#outcome !== undefined;
  }

  /** The port of the redirect URI. */
  get port(): number {
    return Number(this.#url.port || 80);
  }

  /** Stops listening immediately. */
  dispose(): void {
    this.#listener.close();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const target = request.url ?? '';
    const {
      headers: { host = '' },
      method = '',
    } = request;
    // Another host name that resolves to this machine means that a page is trying to reach this machine through the browser.
    if (
      host.toLowerCase().replace(/:80$/, '') !== this.#url.host ||
      !target.startsWith('/') ||
      !['GET', 'HEAD'].includes(method)
    ) {
      this.#send(response, 400, this.#pages.notFound);
      return;
    }
    const url = new URL(`${this.#url.origin}${target}`);
    if (url.pathname === this.#donePath && this.#outcome !== undefined) {
      // Any program can request this page, so it counts only once the browser with the callback was redirected to it.
      if (this.#isSentOn) {
        this.#recordSeen(response);
      }
      this.#send(response, 200, this.#outcome);
    } else if (url.pathname === this.#url.pathname) {
      this.#serveAnswer(url, method, response);
    } else {
      this.#send(response, 404, this.#pages.notFound);
    }
  }

  #serveAnswer({ search }: URL, method: string, response: ServerResponse): void {
    const parameters = answerParameters(search);
    if (this.#expected?.isAnswer(parameters) !== true) {
      this.#send(response, 400, this.#pages.mismatched);
    } else if (this.#outcome !== undefined) {
      this.#sendOn(response);
    } else if (method === 'HEAD') {
      // Only checks whether the page exists; the request that counts follows.
      this.#send(response, 200, this.#pages.notFound);
    } else if (this.#acceptedQuery !== undefined && this.#acceptedQuery !== search && this.#held.size > 0) {
      this.#send(response, 409, this.#pages.duplicate);
    } else {
      this.#held.add(response);
      response.once('close', () => this.#held.delete(response));
      if (this.#acceptedQuery === undefined) {
        this.#acceptedQuery = search;
        this.#expected.resolve(parameters);
      }
    }
  }

  /** Redirects the browser to the final page, at a URL without the code. */
  #sendOn(response: ServerResponse): void {
    this.#recordSeen(response);
    response.once('finish', () => {
      this.#isSentOn = true;
    });
    response.writeHead(303, { ...PAGE_HEADERS, Location: this.#donePath }).end();
  }

  /** Once the browser has the outcome, the final page is served for a short time. */
  #recordSeen(response: ServerResponse): void {
    const { method, headers } = response.req;
    const isPrefetch = [headers['sec-purpose'], headers['purpose'], headers['x-moz'], headers['x-purpose']].some(
      (purpose) => /prefetch|prerender|preview/i.test(String(purpose)),
    );
    if (method === 'GET' && !isPrefetch && !response.destroyed) {
      response.once('finish', () => {
        if (!this.#isSeen) {
          this.#isSeen = true;
          this.#scheduleClose(LAST_PAGE_TIME);
        }
      });
    }
  }

  #scheduleClose(time: number): void {
    this.#closing?.dispose();
    this.#closing = this.#clock.after(time, () => this.dispose());
  }

  #send(response: ServerResponse, status: number, page: Page): void {
    response.writeHead(status, PAGE_HEADERS).end(renderPage(this.#pages.template, page));
  }
}

/** The port of a URL that leads to the user's own machine and to our path; undefined for any other. */
function portAt(address: string, ours: string): number | undefined {
  const url = parseUrl(address);
  const isOurs =
    url?.protocol === 'http:' &&
    isLoopbackHost(url.hostname) &&
    decoded(url.pathname) === decoded(new URL(ours).pathname);
  return isOurs ? Number(url.port || 80) : undefined;
}

/** A path without percent-encoding, as VS Code returns it. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
