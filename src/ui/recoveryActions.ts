// What the recovery actions of the failure policies do.
import * as vscode from 'vscode';
import type { Clock } from '../core/clock.ts';
import { SIGN_OUT_RETURN, type Provider, type SignInMethod } from '../core/provider.ts';
import { leavesPortOpen, redirectUrisOf } from '../core/redirectUri.ts';
import type { Action } from '../core/failurePolicy.ts';
import { deviceFlow } from '../flows/deviceFlow.ts';
import type { SignInFlow } from '../flows/signInFlow.ts';
import { getFlow, redirectUrisFor } from '../flows/signInFlows.ts';
import { measureClockSkew } from '../protocol/clockSkew.ts';
import type { Transport } from '../protocol/transport.ts';
import type { ClientSecrets } from '../storage/clientSecrets.ts';
import { chooseFixedPort } from './fixedPort.ts';
import { openEntry, openSettings } from '../host/openSettings.ts';
import type { Settings } from '../host/settings.ts';
import { certificateSettings } from '../host/tlsVerification.ts';
import * as button from '../host/buttonLabels.ts';
import { formatTime } from '../host/formatting.ts';
import * as notification from '../host/notificationMessages.ts';
import * as prompt from '../host/promptMessages.ts';
import * as quickPick from '../host/quickPickMessages.ts';

/** What an action applies to: a session, a provider, or an attempt to sign in. */
export interface ActionTarget {
  readonly providerId: string;
  /** Whether there is a session, and not only an attempt to sign in. */
  readonly hasSession: boolean;
  /** The ID of the session, if it is a single one. */
  readonly sessionId?: string;
  /** Signs in, with the same account and scopes if there is a session. */
  signIn(method?: SignInMethod): Promise<void>;
  /** Retries what failed. */
  retry(): Promise<void>;
}

/** What the actions depend on. */
export interface RecoveryActionsDependencies {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly clientSecrets: ClientSecrets;
  readonly transport: Transport;
  /** Shows that something that the user requested failed. */
  reportFailure(error: unknown, target: ActionTarget): void;
  /** Records how far a server's clock is ahead, in ms, as just measured. */
  recordSkew(providerId: string, skew: number): void;
  showLog(): void;
  /** Returns the other sign-in methods that are available after the last one that was tried, the next one first. */
  otherMethods(provider: Provider): Promise<readonly SignInMethod[]>;
  /** The URI for callbacks through the editor, as it is registered at a server. */
  readonly callbackUri: string;
  /** Returns the redirect URI and sign-in method of the pending sign-in at a provider; undefined if none waits for a redirect. */
  getPendingRedirect(provider: Provider): { readonly redirectUri: string; readonly method: SignInMethod } | undefined;
  /** Returns the last sign-in method that was tried; undefined if there was none. */
  lastMethod(provider: Provider): SignInMethod | undefined;
  /** Returns a port that is free now: the first free one of the preferred ports, else any. */
  readonly proposePort: (preferred: readonly number[]) => Promise<number>;
  /** Signs in again so that the server asks for consent. */
  askForConsent(target: ActionTarget): Promise<void>;
  /** Trusts the addresses that a session's server names now. */
  trustEndpoints(sessionId: string): Promise<void>;
  /** Copies the diagnostics to the clipboard. */
  copyDiagnostics(): Promise<void>;
}

/** An action with its label, for a button or a quick pick. */
export interface ActionItem {
  readonly action: Action;
  readonly label: string;
  readonly run: () => Promise<void>;
}

/** Runs the actions that a user selects. */
export class RecoveryActions {
  readonly #dependencies: RecoveryActionsDependencies;

  constructor(dependencies: RecoveryActionsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Runs an action, and shows if it fails. Never rejects. */
  async run(action: Action, target: ActionTarget): Promise<void> {
    const { providerId } = target;
    const handlers: Readonly<Record<Action, () => unknown>> = {
      'sign-in': () => target.signIn(),
      retry: () => target.retry(),
      settings: () => openEntry(this.#dependencies.clock, providerId),
      scopes: () => openEntry(this.#dependencies.clock, providerId, 'scopes'),
      'client-secret': () => this.#setClientSecret(target),
      'proxy-settings': () =>
        openSettings('http.proxy', 'http.proxySupport', 'http.noProxy', 'http.proxyAuthorization'),
      'certificate-settings': () => openSettings(...certificateSettings()),
      clock: () => this.#checkClock(target),
      'copy-redirect': () => this.#copyRedirectUri(target),
      'fixed-port': () => this.#useFixedPort(target),
      'ask-consent': () => this.#dependencies.askForConsent(target),
      'other-method': () => this.#signInByOtherMethod(target),
      'new-code': () => target.signIn(deviceFlow.id),
      'trust-endpoint': () => this.#trustEndpoint(target),
      reload: () => vscode.commands.executeCommand('workbench.action.reloadWindow'),
      log: () => this.#dependencies.showLog(),
      diagnostics: () => this.#dependencies.copyDiagnostics(),
    };
    try {
      await handlers[action]();
    } catch (error) {
      this.#dependencies.reportFailure(error, target);
    }
  }

  /**
   * Returns the actions that are available for a target. Another sign-in method is named if there is only one, and left out
   * if there is none; so are actions on the redirect URI if the sign-in method has none.
   */
  async getItems(actions: readonly Action[], target: ActionTarget): Promise<ActionItem[]> {
    const others = actions.includes('other-method') ? await this.#otherMethods(target) : [];
    const redirectsTo = this.#redirectsTo(target);
    const isAvailable: Readonly<Partial<Record<Action, boolean>>> = {
      'other-method': others.length > 0,
      'copy-redirect': redirectsTo !== 'nowhere',
      'fixed-port': redirectsTo === 'loopback-port',
    };
    const [only, ...more] = others;
    const labels: Readonly<Partial<Record<Action, string>>> = {
      ...(target.hasSession ? {} : { 'sign-in': button.signIn() }),
      ...(only === undefined || more.length > 0 ? {} : { 'other-method': quickPick.methodName(only) }),
    };
    return actions
      .filter((action) => isAvailable[action] !== false)
      .map((action) => ({
        action,
        label: labels[action] ?? button.forAction(action),
        run: () => this.run(action, target),
      }));
  }

  /** Trusts the address to which the server has moved, and retries with it. */
  async #trustEndpoint(target: ActionTarget): Promise<void> {
    if (target.sessionId !== undefined) {
      await this.#dependencies.trustEndpoints(target.sessionId);
      await target.retry();
    }
  }

  /** Asks for the client secret of a provider, saves it, and retries with it; an empty one removes it. */
  async #setClientSecret(target: ActionTarget): Promise<void> {
    const { clientSecrets, settings } = this.#dependencies;
    const provider = settings.provider(target.providerId);
    if (provider === undefined) {
      return;
    }
    const secret = await vscode.window.showInputBox({
      title: prompt.clientSecretTitle(provider.label),
      prompt: prompt.clientSecret(provider.clientId),
      password: true,
      ignoreFocusOut: true,
    });
    if (secret !== undefined) {
      await clientSecrets.write(provider, secret.trim());
      const message = secret.trim() === '' ? notification.clientSecretRemoved : notification.clientSecretSaved;
      void vscode.window.showInformationMessage(message(provider.label));
      await (secret.trim() === '' ? undefined : target.retry());
    }
  }

  /** Copies the redirect URIs that have to be registered for the pending sign-in, or for one by the last method. */
  async #copyRedirectUri(target: ActionTarget): Promise<void> {
    const provider = this.#dependencies.settings.provider(target.providerId);
    if (provider === undefined) {
      return;
    }
    const pending = this.#dependencies.getPendingRedirect(provider);
    const method = pending?.method ?? this.#dependencies.lastMethod(provider);
    const registered = redirectUrisFor(provider, method, this.#dependencies.callbackUri);
    const isAnyPort = registered.some(leavesPortOpen);
    // If the server must accept any port, the port of the pending sign-in doesn't have to be registered.
    const uris = pending === undefined || isAnyPort ? registered : [pending.redirectUri];
    const forSignOut = provider.signOutAtServer === SIGN_OUT_RETURN ? redirectUrisOf(provider) : [];
    await vscode.env.clipboard.writeText([...new Set([...uris, ...forSignOut])].join('\n'));
    const message = isAnyPort ? notification.redirectUrisForAnyPortCopied : notification.redirectUrisCopied;
    const suffix = forSignOut.length === 0 ? [] : [notification.postLogoutUris(forSignOut)];
    const items = isAnyPort ? await this.getItems(['fixed-port'], target) : [];
    void vscode.window
      .showInformationMessage([message(uris, provider.label), ...suffix].join(' '), ...items.map(({ label }) => label))
      .then((selected) => items.find(({ label }) => label === selected)?.run());
  }

  /** Changes the redirect URI in the provider's entry, and signs in with it. */
  async #useFixedPort(target: ActionTarget): Promise<void> {
    const provider = this.#dependencies.settings.provider(target.providerId);
    if (provider !== undefined && (await chooseFixedPort(provider, this.#dependencies))) {
      await target.signIn();
    }
  }

  /**
   * Returns where the redirect of the pending sign-in, else of the last or the next one, goes to: a port of this machine if
   * the method isn't known; undefined if there is no provider.
   */
  #redirectsTo({ providerId }: ActionTarget): SignInFlow['redirectsTo'] | undefined {
    const provider = this.#dependencies.settings.provider(providerId);
    const method =
      provider &&
      (this.#dependencies.getPendingRedirect(provider)?.method ??
        this.#dependencies.lastMethod(provider) ??
        provider.signInMethod);
    return provider && (method === undefined ? 'loopback-port' : getFlow(method).redirectsTo);
  }

  /** Signs in by the only other method, or by the one that the user selects. */
  async #signInByOtherMethod(target: ActionTarget): Promise<void> {
    const methods = await this.#otherMethods(target);
    const items = methods.map((method) => ({
      label: quickPick.methodName(method),
      detail: quickPick.methodDetail(method),
      method,
    }));
    const selected =
      items.length === 1
        ? methods[0]
        : (
            await vscode.window.showQuickPick(items, {
              title: quickPick.methodTitle(this.#dependencies.settings.nameOf(target.providerId)),
              placeHolder: quickPick.methodPrompt(),
            })
          )?.method;
    if (selected !== undefined) {
      await target.signIn(selected);
    }
  }

  async #otherMethods({ providerId }: ActionTarget): Promise<readonly SignInMethod[]> {
    const provider = this.#dependencies.settings.provider(providerId);
    return provider === undefined ? [] : this.#dependencies.otherMethods(provider);
  }

  /** Measures the clock skew, shows it, and offers to retry if there is none, else to measure it again. */
  async #checkClock(target: ActionTarget): Promise<void> {
    const { clock, settings, transport } = this.#dependencies;
    const provider: Provider | undefined = settings.provider(target.providerId);
    if (provider === undefined) {
      return;
    }
    // If the clock is so wrong that the server's certificate is rejected, the skew can't be measured.
    const skew = await measureClockSkew(provider, transport).catch(() => undefined);
    if (skew !== undefined) {
      this.#dependencies.recordSkew(provider.id, skew);
    }
    const now = clock.now();
    const message = notification.clockComparison(provider.label, skew, formatTime(now, skew === undefined ? 0 : now));
    void vscode.window
      .showInformationMessage(message, button.retryNow())
      .then((selected) => (selected === undefined ? undefined : this.run('retry', target)));
  }
}
