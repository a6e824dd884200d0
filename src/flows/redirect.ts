import type { Page } from './page.ts';

/** Where the answer to an authorization request arrives. */
export interface Redirect {
  /** The redirect address to send to the server (RFC 6749 section 3.1.2). */
  readonly redirectUri: string;
  /**
   * Waits for the answer to one request.
   * @param isAnswer tells it from the answers to other requests.
   * @param state the request's `state` (RFC 6749 section 10.12), for a way that many answers take.
   * @throws the signal's reason when that is aborted.
   */
  answer(
    isAnswer: (parameters: URLSearchParams) => boolean,
    signal: AbortSignal,
    state: string,
  ): Promise<URLSearchParams>;
  /** Resolves once the answer for a `state` that is waited for can come from wherever; absent where that is at once. Never rejects. */
  ready?(state: string): Promise<void>;
  /** Tells the browser how it ended, where there is a way to. */
  finish(outcome: Page): void;
}
