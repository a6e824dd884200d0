// Signing in as a person sees it: a notification that can be cancelled, and a way back to the browser's page.
import * as vscode from 'vscode';
import type { Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import { Failure, asFailure } from '../core/failure.ts';
import type { Provider, Way } from '../core/provider.ts';
import { canJoin, coversScopes, normalizeScopes, scopesToRequest } from '../core/scopes.ts';
import { servesScopes, type SessionRecord } from '../core/session.ts';
import type { SignIns } from '../flows/signIn.ts';
import type { AuthorizationHints } from '../protocol/authorize.ts';
import type { Keeper } from '../sessions/keeper.ts';
import { showCode } from './code.ts';
import type { Settings } from './settings.ts';
import * as text from './text.ts';

/** What a sign-in is told about. */
export interface SignInHints extends AuthorizationHints {
  /** The id of the session that it goes on from: what that one may do, the new one shall, too. */
  readonly joins?: string | undefined;
}

/** A sign-in that waits for the person. */
export interface Waiting {
  readonly provider: Provider;
  readonly scopes: readonly string[];
  readonly hints: SignInHints;
  /** Gives an address of the sign-in page that works now; undefined until there is one. It may reject with a Failure. */
  readonly address: (() => Promise<string>) | undefined;
  /** The code that the person has to type there; undefined where there is none. */
  readonly code: string | undefined;
  /** The redirect URI that the server has been told, and the sign-in method; undefined until then, and where a code is typed. */
  readonly redirect: { readonly redirectUri: string; readonly way: Way } | undefined;
  /** Calls it off; the code says why, where it is not because the person wants it. */
  cancel(code?: 'entry-changed'): void;
}

/** One attempt at a sign-in. */
interface Attempt {
  readonly scopes: readonly string[];
  readonly hints: SignInHints;
  readonly way: Way | undefined;
  /** The scopes without those of the session that it goes on from. */
  readonly wanted?: readonly string[];
}

/** A sign-in whose browser hasn't come back for a while; the signal is aborted once that is over. */
export interface StillWaiting {
  readonly waiting: Waiting;
  readonly over: AbortSignal;
}

/** Where people sign in. It never asks `vscode.authentication` for its own providers, which would wait for itself. */
export class SignInDesk implements Disposable {
  readonly #signIns: SignIns;
  readonly #keeper: Keeper;
  readonly #settings: Settings;
  readonly #waiting = new Map<string, Waiting>();
  readonly #latest = new Map<string, Promise<SessionRecord>>();
  readonly #changed = new Emitter<void>();
  readonly #stillWaiting = new Emitter<StillWaiting>();

  constructor(signIns: SignIns, keeper: Keeper, settings: Settings) {
    this.#signIns = signIns;
    this.#keeper = keeper;
    this.#settings = settings;
  }

  /** Fires when somebody starts to wait, or no longer waits. */
  get onDidChange(): Emitter<void>['event'] {
    return this.#changed.event;
  }

  /** Fires when a browser hasn't come back for a while. */
  get onStillWaiting(): Emitter<StillWaiting>['event'] {
    return this.#stillWaiting.event;
  }

  /** The sign-ins that wait for the person. */
  waiting(): Waiting[] {
    return [...this.#waiting.values()];
  }

  /**
   * The address of the page of a waiting sign-in, to open it again or to copy it; undefined where it is over, or does not know it yet.
   * @throws Failure where it has to be had from the server anew, which does not give it.
   */
  async addressOf(waiting: Waiting): Promise<string | undefined> {
    return this.waiting().includes(waiting) ? waiting.address?.() : undefined;
  }

  /**
   * Signs in for a caller that waits for the session. Where a later attempt takes the place of this one, its session is
   * given if it serves the scopes too, so that nobody waits in vain.
   * @throws Failure
   */
  async signIn(provider: Provider, scopes: readonly string[], hints: SignInHints = {}, way?: Way): Promise<SessionRecord> {
    const attempt = this.#joiningAttempt(provider, scopesToRequest(scopes, provider.scopes), hints, way);
    this.#latest.set(provider.id, attempt);
    try {
      return await this.#orSuccessor(attempt, provider.id, scopes);
    } finally {
      if (this.#latest.get(provider.id) === attempt) {
        this.#latest.delete(provider.id);
      }
    }
  }

  /** Calls off the sign-in that waits at a provider, because its entry in the settings has changed. */
  cancel(providerId: string): void {
    this.#waiting.get(providerId)?.cancel('entry-changed');
  }

  /** The other ways to sign in that there are after the one that was tried last, the next one first. */
  otherWays(provider: Provider): Promise<Way[]> {
    return this.#signIns.otherWays(provider);
  }

  /** The sign-in method of the sign-in that waits at a provider, else of the last one; undefined if there was none. */
  lastWay(provider: Provider): Way | undefined {
    return this.#signIns.lastWay(provider);
  }

  async #orSuccessor(attempt: Promise<SessionRecord>, providerId: string, scopes: readonly string[]): Promise<SessionRecord> {
    try {
      return await attempt;
    } catch (error) {
      const successor = this.#latest.get(providerId);
      if (asFailure(error).code !== 'replaced' || successor === undefined || successor === attempt) {
        throw error;
      }
      const record = await this.#orSuccessor(successor, providerId, scopes);
      if (!servesScopes(record, scopes)) {
        throw error;
      }
      return record;
    }
  }

  /** Calls off everything that waits. */
  dispose(): void {
    for (const waiting of this.#waiting.values()) {
      waiting.cancel('entry-changed');
    }
    this.#changed.dispose();
    this.#stillWaiting.dispose();
  }

  /** Asks for the scopes of the session that is gone on from, too; where the server does not grant those any more, without them. */
  async #joiningAttempt(provider: Provider, wanted: readonly string[], { joins, ...hints }: SignInHints, way: Way | undefined): Promise<SessionRecord> {
    const joined = this.#keeper.all(provider.id).find(({ record }) => record.id === joins)?.record;
    if (joined === undefined || !canJoin(joined.scopes, wanted)) {
      return this.#attempt(provider, { scopes: wanted, hints, way });
    }
    try {
      return await this.#attempt(provider, { scopes: normalizeScopes([...joined.scopes, ...wanted]), hints: { ...hints, joins }, way, wanted });
    } catch (error) {
      if (asFailure(error).category !== 'scope-rejected' || coversScopes(wanted, joined.scopes)) {
        throw error;
      }
      return this.#attempt(provider, { scopes: wanted, hints, way });
    }
  }

  async #attempt(provider: Provider, { scopes, hints, way, wanted }: Attempt): Promise<SessionRecord> {
    const options = { location: vscode.ProgressLocation.Notification, title: text.saySigningIn(provider.label), cancellable: true };
    return vscode.window.withProgress(options, async (progress, token) => {
      const controller = new AbortController();
      const cancel: Waiting['cancel'] = (code) => controller.abort(new Failure('cancelled', code ?? 'cancelled'));
      const listening = token.onCancellationRequested(() => cancel());
      let waiting: Waiting = { provider, scopes, hints, address: undefined, code: undefined, redirect: undefined, cancel };
      const wait = (more: Partial<Waiting> = {}): void => {
        waiting = { ...waiting, ...more };
        this.#waiting.set(provider.id, waiting);
        this.#changed.fire();
      };
      wait();
      try {
        return await this.#signIns.start(
          {
            provider,
            scopes,
            hints,
            way,
            deadline: this.#settings.signInTimeout(),
            signal: controller.signal,
            onRedirect: (redirectUri, taken) => wait({ redirect: { redirectUri, way: taken } }),
            onStillWaiting: (over) => this.#stillWaiting.fire({ waiting, over }),
            onAddress: (address) => {
              wait({ address });
              progress.report({ message: text.sayFinishInBrowser() });
            },
            onCode: (code, over) => {
              wait({ address: () => Promise.resolve(code.completeAddress ?? code.address), code: code.userCode });
              progress.report({ message: text.sayEnterCode(code.userCode, code.address) });
              // The notification says the code, too.
              showCode(provider, code, over).catch(() => {});
            },
          },
          (grant) => this.#keeper.admit(grant, { joins: hints.joins, wanted }),
        );
      } finally {
        listening.dispose();
        if (this.#waiting.get(provider.id) === waiting) {
          this.#waiting.delete(provider.id);
          this.#changed.fire();
        }
      }
    });
  }
}
