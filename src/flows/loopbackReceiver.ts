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

/** Where the browser is sent on to, and where that is if the redirect URI itself has this path. */
const DONE_PATH = '/done';
const OTHER_DONE_PATH = '/finished';
/** How long, in ms, the last page can be fetched again once the browser has got the outcome: it may have been a prefetch, or be reloaded. */
const LAST_PAGE_TIME = 5 * SECOND;
/** How long, in ms, that is at the most if the browser asked before and didn't wait for the outcome. */
const UNSEEN_TIME = 30 * SECOND;

/** Where to listen. */
export interface LoopbackOptions {
  /** The redirect URI that is registered, whose port is left to `ports`; the default one where nothing is said. */
  readonly redirectUri?: string | undefined;
  /** The ports to try, in this order; none where any free one will do. */
  readonly ports?: readonly number[];
  /**
   * The address at which the person's browser reaches one of this machine: the same, unless VS Code brings it here from
   * the machine of its window.
   */
  readonly toExternalUrl?: (address: string) => Promise<string>;
}

/** The callback that is waited for. */
interface Expected {
  isAnswer(parameters: URLSearchParams): boolean;
  resolve(parameters: URLSearchParams): void;
}

/**
 * Listens on loopback addresses for one answer, that of an authorization request or of a sign-out at the server, and
 * answers the browser only when it is known how it ended. The browser is then sent on to an address without the code, so
 * that none stays in its history.
 */
export class LoopbackReceiver implements RedirectReceiver, Disposable {
  /** The redirect URI to send to the server, exactly as it is registered but for a port that was left open. */
  readonly redirectUri: string;
  /** Resolves once nobody listens any more. */
  readonly closed: Promise<void>;
  readonly #listener: Listener;
  /** The same as the browser makes requests for it: with a path in any case, and the host in lower case. */
  readonly #url: URL;
  readonly #donePath: string;
  readonly #clock: Clock;
  readonly #pages: AnswerPages;
  /** Undefined until the callback is waited for. */
  #expected: Expected | undefined;
  /** The browser's requests, held until the outcome is known. */
  readonly #held = new Set<ServerResponse>();
  /** The query of the callback that was accepted. */
  #acceptedQuery: string | undefined;
  #outcome: Page | undefined;
  #closing: Disposable | undefined;
  #isSeen = false;
  /** Whether a browser with the callback was sent on to the last page. */
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
   * Starts to listen on a free port, or on the first free one of a list.
   * @throws Failure `no-loopback` where this machine does not let it: with the code `ports-in-use` where none of the list is free.
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
        // What VS Code brings here from another port would not be an address of the list.
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
    // The field of the entry that names the ports.
    const detail = portOf(redirectUri) === undefined ? 'redirectPorts' : 'redirectUri';
    throw ports.length === 0
      ? new Failure('no-loopback', 'no-loopback', { cause })
      : new Failure('no-loopback', 'ports-in-use', { cause, detail });
  }

  /**
   * Waits for the answer to one request. Answers to other requests get a page that says so and end nothing, so that
   * nobody who can make this browser fetch an address can end the sign-in.
   * @throws the signal's reason when that is aborted.
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
   * Tells the browser how it ended, and stops listening soon after it knows. A browser that has asked and gone away, as
   * for a prefetch that it has thrown away, is likely to ask again, and has more time for it.
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

  /** Whether it is known how it ended, so that all that is left to do is to show the last page. */
  get isOver(): boolean {
    return this.#outcome !== undefined;
  }

  /** The port of the redirect URI. */
  get port(): number {
    return Number(this.#url.port || 80);
  }

  /** Stops listening at once. */
  dispose(): void {
    this.#listener.close();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const target = request.url ?? '';
    const {
      headers: { host = '' },
      method = '',
    } = request;
    // Another host name that leads here means that a page tries to reach through the browser into this machine.
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
      // Any program can ask for this page, so that it only counts once the browser with the callback was sent here.
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
      // It only looks whether something is there; the request that counts follows.
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

  /** Sends the browser on to the last page, at an address without the code. */
  #sendOn(response: ServerResponse): void {
    this.#recordSeen(response);
    response.once('finish', () => {
      this.#isSentOn = true;
    });
    response.writeHead(303, { ...PAGE_HEADERS, Location: this.#donePath }).end();
  }

  /** Once the browser has got the outcome, the last page is there for a moment more. */
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

/** The port of an address that leads to the person's own machine, and to the path of ours; undefined for any other. */
function portAt(address: string, ours: string): number | undefined {
  const url = parseUrl(address);
  const isOurs =
    url?.protocol === 'http:' &&
    isLoopbackHost(url.hostname) &&
    decoded(url.pathname) === decoded(new URL(ours).pathname);
  return isOurs ? Number(url.port || 80) : undefined;
}

/** A path with its percent-encoding undone, as VS Code hands it back. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
