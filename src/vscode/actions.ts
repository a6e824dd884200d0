// What the buttons do: one place for every action that the table of remedies offers.
import * as vscode from 'vscode';
import type { Clock } from '../core/clock.ts';
import type { Provider } from '../core/provider.ts';
import type { Action } from '../core/remedy.ts';
import type { Way } from '../flows/signIn.ts';
import { measureSkew } from '../protocol/skew.ts';
import type { Transport } from '../protocol/transport.ts';
import type { ClientSecrets } from '../sessions/clientSecrets.ts';
import { openEntry, openSettings, type Settings } from './settings.ts';
import * as text from './text.ts';

/** What an action is about: a session, or an attempt to sign in. */
export interface Subject {
  readonly providerId: string;
  /** Signs in, with the same account and scopes where there were some. */
  signIn(way?: Way): Promise<void>;
  /** Tries again what has failed. */
  retry(): Promise<void>;
}

/** What the actions work with. */
export interface ActionPorts {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly clientSecrets: ClientSecrets;
  readonly transport: Transport;
  /** Tells that something that the person has asked for did not work. */
  reportFailure(error: unknown, subject: Subject): void;
  /** Notes how far a server's clock is ahead, in ms, as just measured. */
  noteSkew(providerId: string, skew: number): void;
  showLog(): void;
  /** Puts a report for pasting into the clipboard. */
  copyDiagnostics(): Promise<void>;
}

/** The redirect address to register: RFC 8252 section 7.3 leaves the port open. */
const REDIRECT_ADDRESS = 'http://127.0.0.1/callback';

/** Does what a person has chosen. */
export class Actions {
  readonly #ports: ActionPorts;

  constructor(ports: ActionPorts) {
    this.#ports = ports;
  }

  /** Does one action, and tells where it does not work. */
  async run(action: Action, subject: Subject): Promise<void> {
    const { providerId } = subject;
    const doing: Readonly<Record<Action, () => unknown>> = {
      'sign-in': () => subject.signIn(),
      'retry': () => subject.retry(),
      'settings': () => openEntry(providerId),
      'scopes': () => openEntry(providerId, 'scopes'),
      'client-secret': () => this.#setClientSecret(subject),
      'proxy-settings': () => openSettings('http.proxy', 'http.proxySupport', 'http.noProxy', 'http.proxyAuthorization'),
      'certificate-settings': () => openSettings('http.systemCertificates', 'http.proxyStrictSSL'),
      'clock': () => this.#checkClock(subject),
      'copy-redirect': () => this.#copyRedirectAddress(providerId),
      'another-way': () => subject.signIn('paste'),
      'reload': () => vscode.commands.executeCommand('workbench.action.reloadWindow'),
      'log': () => this.#ports.showLog(),
      'diagnostics': () => this.#ports.copyDiagnostics(),
    };
    try {
      await doing[action]();
    } catch (error) {
      this.#ports.reportFailure(error, subject);
    }
  }

  /** Asks for the secret of a provider's client, keeps it, and tries again with it; an empty one is forgotten. */
  async #setClientSecret(subject: Subject): Promise<void> {
    const { clientSecrets, settings } = this.#ports;
    const provider = settings.provider(subject.providerId);
    if (provider === undefined) {
      return;
    }
    const secret = await vscode.window.showInputBox({
      title: text.titleClientSecret(provider.label),
      prompt: text.promptClientSecret(provider.clientId),
      password: true,
      ignoreFocusOut: true,
    });
    if (secret !== undefined) {
      await clientSecrets.write(provider, secret.trim());
      const say = secret.trim() === '' ? text.sayClientSecretForgotten : text.sayClientSecretKept;
      void vscode.window.showInformationMessage(say(provider.label));
      await (secret.trim() === '' ? undefined : subject.retry());
    }
  }

  async #copyRedirectAddress(providerId: string): Promise<void> {
    await vscode.env.clipboard.writeText(REDIRECT_ADDRESS);
    void vscode.window.showInformationMessage(text.sayRedirectAddressCopied(REDIRECT_ADDRESS, this.#nameOf(providerId)));
  }

  /** Compares the clocks anew, shows by how much they differ, and offers to go on. */
  async #checkClock(subject: Subject): Promise<void> {
    const { clock, settings, transport } = this.#ports;
    const provider: Provider | undefined = settings.provider(subject.providerId);
    if (provider === undefined) {
      return;
    }
    // Where the clock is so far off that not even a certificate is accepted, there is nothing to compare with.
    const skew = await measureSkew(provider, transport).catch(() => undefined);
    if (skew !== undefined) {
      this.#ports.noteSkew(provider.id, skew);
    }
    void vscode.window
      .showInformationMessage(text.sayClock(provider.label, skew, text.moment(clock.now(), 0)), text.labelRetryNow())
      .then((chosen) => (chosen === undefined ? undefined : this.run('retry', subject)));
  }

  #nameOf(providerId: string): string {
    return this.#ports.settings.provider(providerId)?.label ?? providerId;
  }
}
