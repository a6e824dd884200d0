// The state of a session, for views and welcome texts.
import * as vscode from 'vscode';
import { Sessions, type SessionOptions } from './sessions.ts';
import { SignInRequiredError } from './errors.ts';

/** The state of a session. */
export type SessionState =
  /** No user is signed in with these scopes. */
  | { readonly kind: 'signed-out' }
  /** A request for the session returns a valid token. */
  | { readonly kind: 'signed-in'; readonly account: vscode.AuthenticationSessionAccountInformation }
  /** A user is signed in, but the token has expired and can't be renewed, for this reason. */
  | { readonly kind: 'cannot-renew'; readonly reason: Error };

/** Follows the state of a session. */
export interface SessionWatcher {
  /** The state when it was last checked; undefined before {@link ready}. */
  readonly state: SessionState | undefined;
  /** Resolves with the first state. */
  readonly ready: Promise<SessionState>;
  /** Fires when the state has changed. */
  readonly onDidChange: vscode.Event<SessionState>;
  /** Checks the state now. Never rejects. */
  check(): Promise<SessionState>;
  /** Stops following the state. */
  dispose(): void;
}

/** How often, in ms, a session that can't be renewed is checked. */
const RETRY_INTERVAL = 30_000;
/** The longest delay of a timer, in ms. */
const MAX_DELAY = 2 ** 31 - 1;

/**
 * Follows the state of a session. It never asks the user, and checks when sessions of the provider change, when the token
 * expires, and when the window gets the focus.
 */
export function watch(options: Omit<SessionOptions, 'interactive'>): SessionWatcher {
  return new Watcher(options);
}

class Watcher implements SessionWatcher {
  readonly #sessions: Sessions;
  readonly #changed = new vscode.EventEmitter<SessionState>();
  readonly #subscriptions: readonly vscode.Disposable[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isDisposed = false;
  /** Increases with each check, so that a slow one doesn't overwrite a later one. */
  #latest = 0;
  state: SessionState | undefined;
  readonly ready: Promise<SessionState>;
  readonly onDidChange = this.#changed.event;

  constructor(options: SessionOptions) {
    const { account, providerId, scopes } = options;
    this.#sessions = new Sessions({ account, providerId, scopes });
    this.#subscriptions = [
      vscode.authentication.onDidChangeSessions(({ provider }) =>
        provider.id === providerId ? void this.check() : undefined,
      ),
      vscode.window.onDidChangeWindowState(({ focused }) =>
        focused && this.state?.kind === 'cannot-renew' ? void this.check() : undefined,
      ),
    ];
    this.ready = this.check();
  }

  async check(): Promise<SessionState> {
    const number = ++this.#latest;
    const { expiresAfter, state } = await this.#request();
    if (number !== this.#latest || this.#isDisposed) {
      return state;
    }
    clearTimeout(this.#timer);
    const delay = state.kind === 'cannot-renew' ? RETRY_INTERVAL : expiresAfter;
    this.#timer = delay === undefined ? undefined : setTimeout(() => void this.check(), Math.min(delay, MAX_DELAY));
    const before = this.state;
    this.state = state;
    if (before !== undefined && !isSame(before, state)) {
      this.#changed.fire(state);
    }
    return state;
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.#subscriptions.forEach((subscription) => subscription.dispose() as unknown);
    this.#changed.dispose();
  }

  async #request(): Promise<{ readonly state: SessionState; readonly expiresAfter?: number | undefined }> {
    try {
      const { account, expiresAfter } = await this.#sessions.get();
      const { id, label } = account;
      return { state: { kind: 'signed-in', account: { id, label } }, expiresAfter };
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      return {
        state: error instanceof SignInRequiredError ? { kind: 'signed-out' } : { kind: 'cannot-renew', reason },
      };
    }
  }
}

function isSame(one: SessionState, other: SessionState): boolean {
  switch (one.kind) {
    case 'signed-out':
      return other.kind === 'signed-out';
    case 'signed-in':
      return (
        other.kind === 'signed-in' && one.account.id === other.account.id && one.account.label === other.account.label
      );
    case 'cannot-renew':
      return other.kind === 'cannot-renew' && one.reason.name === other.reason.name;
  }
}
