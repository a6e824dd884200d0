import type { Page } from './page.ts';

/** Receives the authorization response (RFC 6749 section 4.1.2), or the return from a sign-out at the server. */
export interface RedirectReceiver {
  /** The redirect URI to send to the server (RFC 6749 section 3.1.2). */
  readonly redirectUri: string;
  /**
   * Waits for the callback of one request.
   * @returns its parameters.
   * @param isAnswer distinguishes it from the callbacks of other requests.
   * @param state the request's `state` (RFC 6749 section 10.12), for a receiver shared by many callbacks.
   * @throws the signal's reason if it's aborted.
   */
  waitForCallback(
    isAnswer: (parameters: URLSearchParams) => boolean,
    signal: AbortSignal,
    state: string,
  ): Promise<URLSearchParams>;
  /** Resolves once any window receives the callback for a `state`; absent if that is immediate. Never rejects. */
  ready?(state: string): Promise<void>;
  /** Shows the outcome in the browser if it's waiting for a page, and closes the receiver. */
  respond(outcome: Page): void;
}
