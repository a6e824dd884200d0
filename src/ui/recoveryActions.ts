// What the buttons do: one place for every action that the table of failure policies offers.
import * as vscode from 'vscode';
import type { Clock } from '../core/clock.ts';
import { SIGN_OUT_RETURN, type Provider, type SignInMethod } from '../core/provider.ts';
import { leavesPortOpen, redirectUrisOf } from '../core/redirectUri.ts';
import type { Action } from '../core/failurePolicy.ts';
import { deviceFlow } from '../flows/deviceFlow.ts';
import { getFlow, redirectUrisFor } from '../flows/signInFlows.ts';
import { measureClockSkew } from '../protocol/clockSkew.ts';
import type { Transport } from '../protocol/transport.ts';
import type { ClientSecrets } from '../storage/clientSecrets.ts';
import { chooseFixedPort } from './fixedPort.ts';
import { openEntry, openSettings } from '../host/openSettings.ts';
import type { Settings } from '../host/settings.ts';
import * as button from '../host/buttonLabels.ts';
import { formatTime } from '../host/formatting.ts';
import * as notification from '../host/notificationMessages.ts';
import * as prompt from '../host/promptMessages.ts';
import * as quickPick from '../host/quickPickMessages.ts';

/** What an action is about: a session, or an attempt to sign in. */
export interface ActionTarget {
  readonly providerId: string;
  /** Whether there is a session, and not only an attempt to sign in. */
  readonly hasSession: boolean;
  /** The id of that session, where it is about a single one. */
  readonly sessionId?: string;
  /** Signs in, with the same account and scopes where there were some. */
  signIn(method?: SignInMethod): Promise<void>;
  /** Tries again what has failed. */
  retry(): Promise<void>;
}

/** What the actions work with. */
export interface RecoveryActionsDependencies {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly clientSecrets: ClientSecrets;
  readonly transport: Transport;
  /** Tells that something that the person has asked for did not work. */
  reportFailure(error: unknown, subject: ActionTarget): void;
  /** Notes how far a server's clock is ahead, in ms, as just measured. */
  noteSkew(providerId: string, skew: number): void;
  showLog(): void;
  /** The other sign-in methods that are available after the one that was tried last, the next one first. */
  otherMethods(provider: Provider): Promise<readonly SignInMethod[]>;
  /** The URI at which the editor hands callbacks to this extension, as it is registered at a server. */
  readonly callbackUri: string;
  /** The redirect URI of the sign-in that waits at a provider, and its sign-in method; undefined if none waits for a browser. */
  redirectOf(provider: Provider): { readonly redirectUri: string; readonly method: SignInMethod } | undefined;
  /** The sign-in method that was tried last; undefined if there was none. */
  lastMethod(provider: Provider): SignInMethod | undefined;
  /** A port that is free now, the first of some if one of them is. */
  readonly proposePort: (preferred: readonly number[]) => Promise<number>;
  /** Signs in again, and has the server ask for consent. */
  askForConsent(subject: ActionTarget): Promise<void>;
  /** Puts a report for pasting into the clipboard. */
  copyDiagnostics(): Promise<void>;
}

/** An action as it is offered. */
export interface ActionItem {
  readonly action: Action;
  readonly label: string;
  readonly run: () => Promise<void>;
}

/** Does what a person has chosen. */
export class RecoveryActions {
  readonly #dependencies: RecoveryActionsDependencies;

  constructor(ports: RecoveryActionsDependencies) {
    this.#dependencies = ports;
  }

  /** Does one action, and tells where it does not work. */
  async run(action: Action, subject: ActionTarget): Promise<void> {
    const { providerId } = subject;
    const doing: Readonly<Record<Action, () => unknown>> = {
      'sign-in': () => subject.signIn(),
      retry: () => subject.retry(),
      settings: () => openEntry(this.#dependencies.clock, providerId),
      scopes: () => openEntry(this.#dependencies.clock, providerId, 'scopes'),
      'client-secret': () => this.#setClientSecret(subject),
      'proxy-settings': () =>
        openSettings('http.proxy', 'http.proxySupport', 'http.noProxy', 'http.proxyAuthorization'),
      'certificate-settings': () => openSettings('http.systemCertificates', 'http.proxyStrictSSL'),
      clock: () => this.#checkClock(subject),
      'copy-redirect': () => this.#copyRedirectUri(subject),
      'fixed-port': () => this.#useFixedPort(subject),
      'ask-consent': () => this.#dependencies.askForConsent(subject),
      'other-method': () => this.#signInByOtherMethod(subject),
      'new-code': () => subject.signIn(deviceFlow.id),
      reload: () => vscode.commands.executeCommand('workbench.action.reloadWindow'),
      log: () => this.#dependencies.showLog(),
      diagnostics: () => this.#dependencies.copyDiagnostics(),
    };
    try {
      await doing[action]();
    } catch (error) {
      this.#dependencies.reportFailure(error, subject);
    }
  }

  /** The actions as they are offered: another sign-in method by its name if there is only one, and not at all if there is none. */
  async offers(actions: readonly Action[], subject: ActionTarget): Promise<ActionItem[]> {
    const others = actions.includes('other-method') ? await this.#otherMethods(subject) : [];
    const usesPort = this.#usesLoopbackPort(subject);
    return actions
      .filter((action) => (action !== 'other-method' || others.length > 0) && (action !== 'fixed-port' || usesPort))
      .map((action) => {
        const [only, ...more] = action === 'other-method' ? others : [];
        return {
          action,
          label: only === undefined || more.length > 0 ? button.forAction(action) : quickPick.methodName(only),
          run: () => this.run(action, subject),
        };
      });
  }

  /** Asks for the secret of a provider's client, keeps it, and tries again with it; an empty one is forgotten. */
  async #setClientSecret(subject: ActionTarget): Promise<void> {
    const { clientSecrets, settings } = this.#dependencies;
    const provider = settings.provider(subject.providerId);
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
      const say = secret.trim() === '' ? notification.clientSecretRemoved : notification.clientSecretSaved;
      void vscode.window.showInformationMessage(say(provider.label));
      await (secret.trim() === '' ? undefined : subject.retry());
    }
  }

  /** Copies what has to be registered for the sign-in that waits, or for the next one like the last. */
  async #copyRedirectUri(subject: ActionTarget): Promise<void> {
    const provider = this.#dependencies.settings.provider(subject.providerId);
    if (provider === undefined) {
      return;
    }
    const waiting = this.#dependencies.redirectOf(provider);
    const method = waiting?.method ?? this.#dependencies.lastMethod(provider);
    const registered = redirectUrisFor(provider, method, this.#dependencies.callbackUri);
    const isAnyPort = registered.some(leavesPortOpen);
    // A port that was picked for this time only is of no use at the server.
    const uris = waiting === undefined || isAnyPort ? registered : [waiting.redirectUri];
    const forSignOut = provider.signOutAtServer === SIGN_OUT_RETURN ? redirectUrisOf(provider) : [];
    await vscode.env.clipboard.writeText([...new Set([...uris, ...forSignOut])].join('\n'));
    const say = isAnyPort ? notification.redirectUriForAnyPortCopied : notification.redirectUrisCopied;
    const more = forSignOut.length === 0 ? [] : [notification.postLogoutUris(forSignOut.join(', '))];
    const offers = isAnyPort ? await this.offers(['fixed-port'], subject) : [];
    void vscode.window
      .showInformationMessage(
        [say(uris.join(', '), provider.label), ...more].join(' '),
        ...offers.map(({ label }) => label),
      )
      .then((chosen) => offers.find(({ label }) => label === chosen)?.run());
  }

  /** Has a port or a redirect URI written into the entry, and signs in with it. */
  async #useFixedPort(subject: ActionTarget): Promise<void> {
    const provider = this.#dependencies.settings.provider(subject.providerId);
    if (provider !== undefined && (await chooseFixedPort(provider, this.#dependencies))) {
      await subject.signIn();
    }
  }

  /** Whether the browser comes, or would come, to a port of this machine. */
  #usesLoopbackPort({ providerId }: ActionTarget): boolean {
    const provider = this.#dependencies.settings.provider(providerId);
    const method =
      provider &&
      (this.#dependencies.redirectOf(provider)?.method ??
        this.#dependencies.lastMethod(provider) ??
        provider.signInMethod);
    return provider !== undefined && (method === undefined || getFlow(method).redirectsTo === 'loopback-port');
  }

  /** Signs in by another method: the only one, or the one that is picked. */
  async #signInByOtherMethod(subject: ActionTarget): Promise<void> {
    const methods = await this.#otherMethods(subject);
    const items = methods.map((method) => ({
      label: quickPick.methodName(method),
      detail: quickPick.methodDetail(method),
      method,
    }));
    const chosen =
      items.length === 1
        ? methods[0]
        : (
            await vscode.window.showQuickPick(items, {
              title: quickPick.methodTitle(this.#dependencies.settings.nameOf(subject.providerId)),
            })
          )?.method;
    if (chosen !== undefined) {
      await subject.signIn(chosen);
    }
  }

  async #otherMethods({ providerId }: ActionTarget): Promise<readonly SignInMethod[]> {
    const provider = this.#dependencies.settings.provider(providerId);
    return provider === undefined ? [] : this.#dependencies.otherMethods(provider);
  }

  /** Compares the clocks anew, shows by how much they differ, and offers to go on. */
  async #checkClock(subject: ActionTarget): Promise<void> {
    const { clock, settings, transport } = this.#dependencies;
    const provider: Provider | undefined = settings.provider(subject.providerId);
    if (provider === undefined) {
      return;
    }
    // Where the clock is so far off that not even a certificate is accepted, there is nothing to compare with.
    const skew = await measureClockSkew(provider, transport).catch(() => undefined);
    if (skew !== undefined) {
      this.#dependencies.noteSkew(provider.id, skew);
    }
    void vscode.window
      .showInformationMessage(
        notification.clockComparison(
          provider.label,
          skew,
          formatTime(clock.now(), skew === undefined ? 0 : clock.now()),
        ),
        button.retryNow(),
      )
      .then((chosen) => (chosen === undefined ? undefined : this.run('retry', subject)));
  }
}
