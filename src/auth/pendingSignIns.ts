// The sign-ins that wait for the person, for the status bar and for whoever calls them off.
import type { Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import type { Provider, SignInMethod } from '../core/provider.ts';
import type { AuthorizationHints } from '../protocol/authorize.ts';

/** What a sign-in is told about. */
export interface SignInHints extends AuthorizationHints {
  /** The id of the session that it goes on from: what that one may do, the new one shall, too. */
  readonly resumeSessionId?: string | undefined;
}

/** A sign-in that waits for the person. */
export interface PendingSignIn {
  readonly provider: Provider;
  readonly scopes: readonly string[];
  readonly hints: SignInHints;
  /** Gives an address of the sign-in page that works now; undefined until there is one. It may reject with a Failure. */
  readonly address: (() => Promise<string>) | undefined;
  /** The code that the person has to type there; undefined where there is none. */
  readonly code: string | undefined;
  /** The redirect URI that the server has been told, and the sign-in method; undefined until then, and where a code is typed. */
  readonly redirect: { readonly redirectUri: string; readonly method: SignInMethod } | undefined;
  /** Calls it off; the code says why, where it is not because the person wants it. */
  cancel(code?: 'entry-changed'): void;
}

/** The sign-ins that wait for the person, at most one for each provider. */
export class PendingSignIns implements Disposable {
  readonly #pending = new Map<string, PendingSignIn>();
  readonly #changed = new Emitter<void>();

  /** Fires when somebody starts to wait, or no longer waits. */
  get onDidChange(): Emitter<void>['event'] {
    return this.#changed.event;
  }

  /** All of them. */
  getAll(): PendingSignIn[] {
    return [...this.#pending.values()];
  }

  /** Puts one in the place of the one that waits at its provider. */
  set(signIn: PendingSignIn): void {
    this.#pending.set(signIn.provider.id, signIn);
    this.#changed.fire();
  }

  /** Takes one out; does nothing if another one has taken its place. */
  delete(signIn: PendingSignIn): void {
    if (this.#pending.get(signIn.provider.id) === signIn) {
      this.#pending.delete(signIn.provider.id);
      this.#changed.fire();
    }
  }

  /** Calls off the sign-in that waits at a provider, because its entry in the settings has changed. */
  cancel(providerId: string): void {
    this.#pending.get(providerId)?.cancel('entry-changed');
  }

  /** Calls off all of them. */
  dispose(): void {
    this.getAll().forEach((signIn) => signIn.cancel('entry-changed'));
    this.#changed.dispose();
  }
}
