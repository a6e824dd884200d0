// Signing in as a person sees it: a notification that can be canceled, and the browser's page to open again.
import * as vscode from 'vscode';
import type { Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import { Failure, toFailure } from '../core/failure.ts';
import { isReplaced, retriesWithFewerScopes } from '../core/failurePolicies.ts';
import type { Provider, SignInMethod } from '../core/provider.ts';
import { canCombineScopes, coversScopes, normalizeScopes, scopesToRequest } from '../core/scopes.ts';
import { servesScopes, type SessionRecord } from '../core/session.ts';
import type { SignInService } from '../flows/signIn.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import { showCode } from './deviceCode.ts';
import type { PendingSignIn, PendingSignIns, SignInHints } from './pendingSignIns.ts';
import type { Settings } from '../host/settings.ts';
import * as signInMessages from '../host/signInMessages.ts';

/** One attempt at a sign-in. */
interface Attempt {
  readonly scopes: readonly string[];
  readonly hints: SignInHints;
  readonly method: SignInMethod | undefined;
  /** The scopes without those of the session that it goes on from. */
  readonly wanted?: readonly string[];
}

/** A sign-in whose browser hasn't come back for a while; the signal is aborted once that is over. */
export interface StillWaiting {
  readonly waiting: PendingSignIn;
  readonly over: AbortSignal;
}

/** Where people sign in. It never asks `vscode.authentication` for its own providers, which would wait for itself. */
export class SignInController implements Disposable {
  readonly #signInService: SignInService;
  readonly #sessionManager: SessionManager;
  readonly #settings: Settings;
  readonly #pending: PendingSignIns;
  readonly #latest = new Map<string, Promise<SessionRecord>>();
  readonly #stillWaiting = new Emitter<StillWaiting>();

  constructor(
    signInService: SignInService,
    pending: PendingSignIns,
    sessionManager: SessionManager,
    settings: Settings,
  ) {
    this.#signInService = signInService;
    this.#pending = pending;
    this.#sessionManager = sessionManager;
    this.#settings = settings;
  }

  /** Fires when a browser hasn't come back for a while. */
  get onStillWaiting(): Emitter<StillWaiting>['event'] {
    return this.#stillWaiting.event;
  }

  /** The sign-ins that wait for the person. */
  waiting(): PendingSignIn[] {
    return this.#pending.getAll();
  }

  /**
   * The address of the page of a waiting sign-in, to open it again or to copy it; undefined where it is over, or does not know it yet.
   * @throws Failure where it has to be had from the server anew, which does not give it.
   */
  async addressOf(waiting: PendingSignIn): Promise<string | undefined> {
    return this.waiting().includes(waiting) ? waiting.address?.() : undefined;
  }

  /**
   * Signs in for a caller that waits for the session. Where a later attempt takes the place of this one, its session is
   * given if it serves the scopes too, so that nobody waits in vain.
   * @throws Failure
   */
  async signIn(
    provider: Provider,
    scopes: readonly string[],
    hints: SignInHints = {},
    method?: SignInMethod,
  ): Promise<SessionRecord> {
    const attempt = this.#attemptWithExistingScopes(provider, scopesToRequest(scopes, provider.scopes), hints, method);
    this.#latest.set(provider.id, attempt);
    try {
      return await this.#orReplacement(attempt, provider.id, scopes);
    } finally {
      if (this.#latest.get(provider.id) === attempt) {
        this.#latest.delete(provider.id);
      }
    }
  }

  /** The other sign-in methods that are available after the one that was tried last, the next one first. */
  otherMethods(provider: Provider): Promise<SignInMethod[]> {
    return this.#signInService.otherMethods(provider);
  }

  /** The sign-in method of the sign-in that waits at a provider, else of the last one; undefined if there was none. */
  lastMethod(provider: Provider): SignInMethod | undefined {
    return this.#signInService.lastMethod(provider);
  }

  async #orReplacement(
    attempt: Promise<SessionRecord>,
    providerId: string,
    scopes: readonly string[],
  ): Promise<SessionRecord> {
    try {
      return await attempt;
    } catch (error) {
      const successor = this.#latest.get(providerId);
      if (!isReplaced(toFailure(error).category) || successor === undefined || successor === attempt) {
        throw error;
      }
      const record = await this.#orReplacement(successor, providerId, scopes);
      if (!servesScopes(record, scopes)) {
        throw error;
      }
      return record;
    }
  }

  dispose(): void {
    this.#stillWaiting.dispose();
  }

  /** Asks for the scopes of the session that is gone on from, too; where the server does not grant those any more, without them. */
  async #attemptWithExistingScopes(
    provider: Provider,
    wanted: readonly string[],
    { resumeSessionId, ...hints }: SignInHints,
    method: SignInMethod | undefined,
  ): Promise<SessionRecord> {
    const joined = this.#sessionManager.getAll(provider.id).find(({ record }) => record.id === resumeSessionId)?.record;
    if (joined === undefined || !canCombineScopes(joined.scopes, wanted)) {
      return this.#attempt(provider, { scopes: wanted, hints, method });
    }
    try {
      return await this.#attempt(provider, {
        scopes: normalizeScopes([...joined.scopes, ...wanted]),
        hints: { ...hints, resumeSessionId },
        method,
        wanted,
      });
    } catch (error) {
      if (!retriesWithFewerScopes(toFailure(error).category) || coversScopes(wanted, joined.scopes)) {
        throw error;
      }
      return this.#attempt(provider, { scopes: wanted, hints, method });
    }
  }

  async #attempt(provider: Provider, { scopes, hints, method, wanted }: Attempt): Promise<SessionRecord> {
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: signInMessages.signingIn(provider.label),
      cancellable: true,
    };
    return vscode.window.withProgress(options, async (progress, token) => {
      const controller = new AbortController();
      const cancel: PendingSignIn['cancel'] = (code) => controller.abort(new Failure('canceled', code ?? 'canceled'));
      const listening = token.onCancellationRequested(() => cancel());
      let waiting: PendingSignIn = {
        provider,
        scopes,
        hints,
        address: undefined,
        code: undefined,
        redirect: undefined,
        cancel,
      };
      const wait = (more: Partial<PendingSignIn> = {}): void => {
        waiting = { ...waiting, ...more };
        this.#pending.set(waiting);
      };
      wait();
      try {
        return await this.#signInService.signIn(
          {
            provider,
            scopes,
            hints,
            method,
            deadline: this.#settings.signInTimeout(),
            signal: controller.signal,
            onRedirect: (redirectUri, used) => wait({ redirect: { redirectUri, method: used } }),
            onStillWaiting: (over) => this.#stillWaiting.fire({ waiting, over }),
            onAddress: (address) => {
              wait({ address });
              progress.report({ message: signInMessages.finishInBrowser() });
            },
            onCode: (code, over) => {
              wait({
                address: () => Promise.resolve(code.verificationUriComplete ?? code.verificationUri),
                code: code.userCode,
              });
              progress.report({ message: signInMessages.enterCode(code.userCode, code.verificationUri) });
              // The notification says the code, too.
              showCode(provider, code, over).catch(() => {});
            },
          },
          (grant) => this.#sessionManager.addSession(grant, { resumeSessionId: hints.resumeSessionId, wanted }),
        );
      } finally {
        listening.dispose();
        this.#pending.delete(waiting);
      }
    });
  }
}
