// The sign-ins that wait for the user.
import type { Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import type { Provider, SignInMethod } from '../core/provider.ts';
import type { AuthorizationHints } from '../protocol/authorize.ts';

/** The hints for a sign-in. */
export interface SignInHints extends AuthorizationHints {
  /** The ID of the session that it continues: the new tokens also get that session's scopes. */
  readonly resumeSessionId?: string | undefined;
}

/** A sign-in that waits for the user. */
export interface PendingSignIn {
  readonly provider: Provider;
  readonly scopes: readonly string[];
  readonly hints: SignInHints;
  /** Returns a currently valid URL of the sign-in page; undefined until there is one. Rejects with a Failure. */
  readonly getPageUrl: (() => Promise<string>) | undefined;
  /** The code to enter there (RFC 8628); undefined if there is none. */
  readonly userCode: string | undefined;
  /** The redirect URI of the authorization request, and the sign-in method; undefined until it is known, and in the device code flow. */
  readonly redirect: { readonly redirectUri: string; readonly method: SignInMethod } | undefined;
  /** Cancels it; the code is the reason, if the user didn't request it. */
  cancel(code?: 'entry-changed'): void;
}

/** The sign-ins that wait for the user, at most one per provider. */
export class PendingSignIns implements Disposable {
  readonly #pending = new Map<string, PendingSignIn>();
  readonly #changed = new Emitter<void>();

  /** Fires when one is added, changed or removed. */
  get onDidChange(): Emitter<void>['event'] {
    return this.#changed.event;
  }

  /** Returns all of them. */
  getAll(): PendingSignIn[] {
    return [...this.#pending.values()];
  }

  /** Adds one, and replaces the one at the same provider. */
  set(signIn: PendingSignIn): void {
    this.#pending.set(signIn.provider.id, signIn);
    this.#changed.fire();
  }

  /** Removes one; does nothing if it has been replaced. */
  delete(signIn: PendingSignIn): void {
    if (this.#pending.get(signIn.provider.id) === signIn) {
      this.#pending.delete(signIn.provider.id);
      this.#changed.fire();
    }
  }

  /** Cancels the sign-in at a provider, because its entry in the settings has changed. */
  cancel(providerId: string): void {
    this.#pending.get(providerId)?.cancel('entry-changed');
  }

  /** Cancels all of them. */
  dispose(): void {
    this.getAll().forEach((signIn) => signIn.cancel('entry-changed'));
    this.#changed.dispose();
  }
}
