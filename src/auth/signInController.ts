// Runs sign-ins with a progress notification that can be canceled and a page that can be reopened.
import * as vscode from 'vscode';
import type { Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import { Failure, toFailure } from '../core/failure.ts';
import { isReplaced, retriesWithFewerScopes } from '../core/failurePolicies.ts';
import type { Provider, SignInMethod } from '../core/provider.ts';
import { coversScopes, normalizeScopes, scopesToRequest } from '../core/scopes.ts';
import type { SessionRecord } from '../core/session.ts';
import { canResume } from '../core/resumedSessions.ts';
import { servesScopes } from '../core/sessionScopes.ts';
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
  /** The scopes without those of the session that it continues. */
  readonly requestedScopes?: readonly string[];
}

/** A sign-in whose browser hasn't returned for a while; the signal is aborted when the sign-in ends. */
export interface StillWaiting {
  readonly pending: PendingSignIn;
  readonly signal: AbortSignal;
}

/** Runs sign-ins. Never requests sessions of its own providers from `vscode.authentication`, which would be a deadlock. */
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

  /** Fires when a browser hasn't returned for a while. */
  get onStillWaiting(): Emitter<StillWaiting>['event'] {
    return this.#stillWaiting.event;
  }

  /** Returns the sign-ins that wait for the user. */
  getPending(): PendingSignIn[] {
    return this.#pending.getAll();
  }

  /**
   * Returns the URL of the page of a pending sign-in, to open or copy it; undefined if the sign-in has ended, or if the URL
   * isn't known yet.
   * @throws Failure if it needs another request to the server, which fails.
   */
  async getPageUrl(pending: PendingSignIn): Promise<string | undefined> {
    return this.getPending().includes(pending) ? pending.getPageUrl?.() : undefined;
  }

  /**
   * Signs in for a caller. If a later attempt replaces this one, returns the session of that attempt if it serves these
   * scopes, too.
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
      return await this.#orReplacement(attempt, provider, scopes);
    } finally {
      if (this.#latest.get(provider.id) === attempt) {
        this.#latest.delete(provider.id);
      }
    }
  }

  /** Returns the other sign-in methods that are available after the last one that was tried, the next one first. */
  otherMethods(provider: Provider): Promise<SignInMethod[]> {
    return this.#signInService.otherMethods(provider);
  }

  /** Returns the method of the pending sign-in at a provider, else of the last one; undefined if there was none. */
  lastMethod(provider: Provider): SignInMethod | undefined {
    return this.#signInService.lastMethod(provider);
  }

  async #orReplacement(
    attempt: Promise<SessionRecord>,
    provider: Provider,
    scopes: readonly string[],
  ): Promise<SessionRecord> {
    try {
      return await attempt;
    } catch (error) {
      const replacement = this.#latest.get(provider.id);
      if (!isReplaced(toFailure(error).category) || replacement === undefined || replacement === attempt) {
        throw error;
      }
      const record = await this.#orReplacement(replacement, provider, scopes);
      if (!servesScopes(record, scopes, provider)) {
        throw error;
      }
      return record;
    }
  }

  dispose(): void {
    this.#stillWaiting.dispose();
  }

  /** Also requests the scopes of the session that it continues, unless the server no longer grants those. */
  async #attemptWithExistingScopes(
    provider: Provider,
    wanted: readonly string[],
    { resumeSessionId, ...hints }: SignInHints,
    method: SignInMethod | undefined,
  ): Promise<SessionRecord> {
    const resumed = this.#sessionManager
      .getAll(provider.id)
      .find(({ record }) => record.id === resumeSessionId)?.record;
    if (resumed === undefined || !canResume(resumed, wanted, provider)) {
      return this.#attempt(provider, { scopes: wanted, hints, method });
    }
    try {
      return await this.#attempt(provider, {
        scopes: normalizeScopes([...resumed.scopes, ...wanted]),
        hints: { ...hints, resumeSessionId },
        method,
        requestedScopes: wanted,
      });
    } catch (error) {
      if (!retriesWithFewerScopes(toFailure(error).category) || coversScopes(wanted, resumed.scopes)) {
        throw error;
      }
      return this.#attempt(provider, { scopes: wanted, hints, method });
    }
  }

  async #attempt(provider: Provider, { scopes, hints, method, requestedScopes }: Attempt): Promise<SessionRecord> {
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: signInMessages.signingIn(provider.label),
      cancellable: true,
    };
    return vscode.window.withProgress(options, async (progress, token) => {
      const controller = new AbortController();
      const cancel: PendingSignIn['cancel'] = (code) => controller.abort(new Failure('canceled', code ?? 'canceled'));
      const listening = token.onCancellationRequested(() => cancel());
      let pending: PendingSignIn = {
        provider,
        scopes,
        hints,
        getPageUrl: undefined,
        userCode: undefined,
        redirect: undefined,
        cancel,
      };
      const setPending = (change: Partial<PendingSignIn> = {}): void => {
        pending = { ...pending, ...change };
        this.#pending.set(pending);
      };
      setPending();
      try {
        return await this.#signInService.signIn(
          {
            provider,
            scopes,
            hints,
            method,
            deadline: this.#settings.signInTimeout(),
            signal: controller.signal,
            onRedirect: (redirectUri, used) => setPending({ redirect: { redirectUri, method: used } }),
            onStillWaiting: (signal) => this.#stillWaiting.fire({ pending, signal }),
            onAddress: (getPageUrl) => {
              setPending({ getPageUrl });
              progress.report({ message: signInMessages.completeInBrowser() });
            },
            onCode: (code, signal) => {
              setPending({
                getPageUrl: () => Promise.resolve(code.verificationUriComplete ?? code.verificationUri),
                userCode: code.userCode,
              });
              progress.report({ message: signInMessages.enterCode(code.userCode, code.verificationUri) });
              // The progress notification shows the code, too.
              showCode(provider, code, signal).catch(() => {});
            },
          },
          (grant) =>
            this.#sessionManager.addSession(grant, { resumeSessionId: hints.resumeSessionId, wanted: requestedScopes }),
        );
      } finally {
        listening.dispose();
        this.#pending.delete(pending);
      }
    });
  }
}
