// Requests to VS Code for one session. Requests at the same time share one question to the user, and one renewal.
import * as vscode from 'vscode';
import { isSessionKeeperError, isUserCancellation, needsSignIn, SignInRequiredError } from './errors.ts';

/** Which session is used. */
export interface SessionOptions {
  /** The ID of the authentication provider, such as `acme`, `github`, or `microsoft`. */
  readonly providerId: string;
  /** The scopes of the session. */
  readonly scopes: readonly string[];
  /** The account, one of `vscode.authentication.getAccounts(providerId)`; the one that the user selected by default. */
  readonly account?: vscode.AuthenticationSessionAccountInformation | undefined;
  /** Whether the user may be asked to sign in, or to sign in again; `false` by default. */
  readonly interactive?: boolean | undefined;
}

/** A session of VS Code, with the remaining lifetime of its token, in ms, if the provider reports it. */
export type Session = vscode.AuthenticationSession & { readonly expiresAfter?: number };

/** The sessions that {@link SessionOptions} select. */
export class Sessions {
  readonly #options: SessionOptions;
  readonly #pending = new Map<string, Promise<Session | undefined>>();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * Returns the session, with a token that the provider has renewed if it was about to expire.
   * @throws SignInRequiredError if there is none and the user may not be asked; otherwise the error of the provider.
   */
  async get(): Promise<Session> {
    const { interactive = false, providerId } = this.#options;
    const session = await this.#request().catch((error: unknown) => {
      if (interactive && needsSignIn(error)) {
        // VS Code requests the existing session first if the options only allow to create one, and would fail again.
        return this.#signIn({ forceNewSession: true });
      }
      throw error;
    });
    const usable = session ?? (interactive ? await this.#signIn({ createIfNone: true }) : undefined);
    if (usable === undefined) {
      throw new SignInRequiredError(providerId);
    }
    return usable;
  }

  /**
   * Returns the session after a server has rejected its token.
   * @param rejected the access token that was sent.
   * @param challenge the `WWW-Authenticate` header of the response (RFC 9110 section 11.6.1).
   * @param requiresMore whether the server requires other permissions or another authentication, rather than another token
   * for the same: a reason to ask the user.
   * @returns undefined if there is none with another token.
   * @throws the error of the provider.
   */
  async replace(rejected: string, challenge: string, requiresMore: boolean): Promise<Session | undefined> {
    const replaced = await this.#share(JSON.stringify([rejected, challenge]), async () => {
      // Another request may have renewed the session since.
      const current = requiresMore ? undefined : await this.#request();
      return current !== undefined && current.accessToken !== rejected
        ? current
        : this.#meet(challenge, requiresMore && this.#options.interactive === true);
    });
    return replaced?.accessToken === rejected ? undefined : replaced;
  }

  /** Returns a session that meets a challenge. Where VS Code or the provider doesn't take it, returns the usual one. */
  async #meet(wwwAuthenticate: string, mayAsk: boolean): Promise<Session | undefined> {
    const { account, providerId, scopes } = this.#options;
    const request = { wwwAuthenticate, fallbackScopes: scopes };
    const ask = (options: vscode.AuthenticationGetSessionOptions): Thenable<Session | undefined> =>
      vscode.authentication.getSession(providerId, request, { ...options, ...withAccount(account) });
    try {
      return (await ask({ silent: true })) ?? (mayAsk ? await ask({ createIfNone: true }) : undefined);
    } catch (error) {
      if (isSessionKeeperError(error) || isUserCancellation(error)) {
        throw error;
      }
      return this.#request();
    }
  }

  async #request(): Promise<Session | undefined> {
    const { account, providerId, scopes } = this.#options;
    return vscode.authentication.getSession(providerId, scopes, { silent: true, ...withAccount(account) });
  }

  #signIn(options: vscode.AuthenticationGetSessionOptions): Promise<Session | undefined> {
    const { account, providerId, scopes } = this.#options;
    return this.#share('sign-in', async () =>
      vscode.authentication.getSession(providerId, scopes, { ...options, ...withAccount(account) }),
    );
  }

  /** Runs a request, unless the same one is pending. */
  #share(key: string, request: () => Promise<Session | undefined>): Promise<Session | undefined> {
    const pending = this.#pending.get(key) ?? request().finally(() => this.#pending.delete(key));
    this.#pending.set(key, pending);
    return pending;
  }
}

/** VS Code doesn't accept an account that is undefined. */
function withAccount(
  account: vscode.AuthenticationSessionAccountInformation | undefined,
): Pick<vscode.AuthenticationGetSessionOptions, 'account'> {
  return account === undefined ? {} : { account };
}
