// The headers that carry a token: `Bearer` (RFC 6750), or `DPoP` with a proof (RFC 9449).
import * as vscode from 'vscode';

/** The command of Session Keeper that returns the headers for a token, whatever its type. */
const DPOP_COMMAND = 'sessionKeeper.dpopHeaders';

/** Sets the headers of requests, and keeps the nonces of the servers (RFC 9449 section 8.2). */
export class Authorization {
  /** The last `DPoP-Nonce` by origin. */
  readonly #nonces = new Map<string, string>();
  /** The last token that isn't bound to a key, because asking for its headers takes time. */
  #bearer: string | undefined;

  /** Sets the headers for a request with a token. */
  async apply(headers: Headers, accessToken: string, method: string, url: URL): Promise<void> {
    const bound = await this.#boundHeaders(accessToken, method, url);
    headers.set('authorization', bound?.authorization ?? `Bearer ${accessToken}`);
    if (bound?.dpop !== undefined) {
      headers.set('dpop', bound.dpop);
    }
  }

  /** Keeps the nonce of a response for the next request to the same origin. */
  onResponse({ headers }: Response, url: URL): void {
    const nonce = headers.get('dpop-nonce');
    if (nonce !== null) {
      this.#nonces.set(url.origin, nonce);
    }
  }

  async #boundHeaders(
    accessToken: string,
    method: string,
    url: URL,
  ): Promise<{ readonly authorization: string; readonly dpop?: string } | undefined> {
    if (this.#bearer === accessToken) {
      return undefined;
    }
    try {
      const headers = await vscode.commands.executeCommand<{ readonly authorization: string; readonly dpop?: string }>(
        DPOP_COMMAND,
        accessToken,
        // The proof is for the URL without query and fragment (RFC 9449 section 4.2).
        { method, url: `${url.origin}${url.pathname}`, nonce: this.#nonces.get(url.origin) },
      );
      if (headers.dpop !== undefined) {
        return headers;
      }
    } catch {
      // Session Keeper isn't there, or the token is of another provider.
    }
    this.#bearer = accessToken;
    return undefined;
  }
}
