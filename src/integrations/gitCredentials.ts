// Authenticates Git in VS Code (Source Control view and integrated terminal) with a session's access token.
import * as vscode from 'vscode';
import type { Disposable } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import { formatFailure, type Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { parseUrl } from '../core/secureUrl.ts';
import { isDpopBound } from '../core/session.ts';
import * as button from '../host/buttonLabels.ts';
import * as messages from '../host/gitMessages.ts';
import type { Settings } from '../host/settings.ts';
import { describeSession } from '../storage/recordDescription.ts';
import { AccountSelection } from './accountSelection.ts';
import type { IssuedToken, TokenSource } from './tokenSource.ts';

/** The exports of VS Code's Git extension. */
interface GitExtension {
  readonly enabled: boolean;
  readonly onDidChangeEnablement: vscode.Event<boolean>;
  getAPI(version: 1): GitApi;
}

/** The part of the API that is used here. */
interface GitApi {
  registerCredentialsProvider(provider: {
    getCredentials(host: vscode.Uri): Promise<Credentials | undefined>;
  }): Disposable;
}

/** What Git sends with HTTP Basic authentication (RFC 7617). */
interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** With this user name, GitLab, Gitea, and Forgejo accept an access token as the password. */
const USERNAME = 'oauth2';

/** Makes Git fail with an authentication error. Without credentials, VS Code would ask for a user name and password. */
const NO_CREDENTIALS: Credentials = { username: USERNAME, password: '' };

/** What the credentials depend on. */
export interface GitCredentialsDependencies {
  readonly log: Log;
  readonly settings: Pick<Settings, 'providers'>;
  readonly tokenSource: TokenSource;
  /** Signs in to a provider, and shows the outcome. */
  signIn(provider: Provider): Promise<void>;
  /** Shows why the token couldn't be renewed. */
  reportFailure(error: unknown, provider: Provider): void;
}

/** Provides credentials to VS Code's Git extension while a provider lists git servers. */
export class GitCredentials implements Disposable {
  readonly #dependencies: GitCredentialsDependencies;
  #registration: Promise<Disposable | undefined> | undefined;
  /** The servers with a notification since Git last authenticated to them, because VS Code may fetch periodically. */
  readonly #notified = new Set<string>();
  /** By the server's origin. */
  readonly #accounts = new AccountSelection();

  constructor(dependencies: GitCredentialsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Applies changed settings. */
  update(): void {
    if (this.#dependencies.settings.providers.some(({ git }) => git.length > 0)) {
      this.#registration ??= this.#register();
    } else {
      this.dispose();
    }
  }

  /** Unregisters from the Git extension. */
  dispose(): void {
    void this.#registration?.then((registration) => registration?.dispose());
    this.#registration = undefined;
  }

  async #register(): Promise<Disposable | undefined> {
    const git = await this.#activateGit();
    if (git === undefined) {
      return undefined;
    }
    let registration: Disposable | undefined;
    const register = (isEnabled: boolean): void => {
      registration?.dispose();
      // The API throws while Git is turned off.
      registration = isEnabled
        ? git.getAPI(1).registerCredentialsProvider({ getCredentials: (host) => this.#getCredentials(host) })
        : undefined;
    };
    // VS Code fires the event just before the API is available.
    const subscription = git.onDidChangeEnablement((isEnabled) => queueMicrotask(() => register(isEnabled)));
    register(git.enabled);
    return {
      dispose: () => {
        subscription.dispose();
        registration?.dispose();
      },
    };
  }

  async #activateGit(): Promise<GitExtension | undefined> {
    const { log } = this.#dependencies;
    try {
      const git = await vscode.extensions.getExtension<GitExtension>('vscode.git')?.activate();
      if (git?.enabled !== true) {
        log.warn("VS Code's Git extension isn't available: git.enabled is off, or Git isn't installed.");
      }
      return git;
    } catch (error) {
      log.warn(`Couldn't activate VS Code's Git extension: ${formatFailure(toFailure(error))}.`);
      return undefined;
    }
  }

  /** Returns the credentials for a server; undefined if no provider lists it, so that VS Code handles it as usual. */
  async #getCredentials(host: vscode.Uri): Promise<Credentials | undefined> {
    const origin = parseUrl(host.toString(true))?.origin;
    const provider = this.#dependencies.settings.providers.find(
      ({ git }) => origin !== undefined && git.includes(origin),
    );
    if (origin === undefined || provider === undefined) {
      return undefined;
    }
    try {
      const issued = await this.#getToken(provider, origin);
      return issued === undefined ? NO_CREDENTIALS : { username: USERNAME, password: issued.token };
    } catch (error) {
      this.#dependencies.log.warn(`Couldn't authenticate Git to ${origin}: ${formatFailure(toFailure(error))}.`);
      this.#notifyOnce(origin, () => this.#dependencies.reportFailure(error, provider));
      return NO_CREDENTIALS;
    }
  }

  async #getToken(provider: Provider, origin: string): Promise<IssuedToken | undefined> {
    const { log, tokenSource } = this.#dependencies;
    const all = await tokenSource.getTokens({ providerId: provider.id });
    const usable = all.filter(({ record }) => !isDpopBound(record));
    const issued = await this.#accounts.select(usable, origin, () => messages.selectAccount(new URL(origin).host));
    if (issued !== undefined) {
      this.#notified.delete(origin);
      log.info(`${describeSession(issued.record)}: access token used by Git for ${origin}.`);
    } else if (usable.length === 0) {
      log.warn(`Couldn't authenticate Git to ${origin}: ${all.length > 0 ? 'DPoP-bound tokens' : 'signed out'}.`);
      this.#notifyOnce(origin, () => this.#notifyNoToken(provider, new URL(origin).host, all.length > 0));
    }
    return issued;
  }

  #notifyNoToken(provider: Provider, host: string, isBound: boolean): void {
    if (isBound) {
      void vscode.window.showWarningMessage(messages.boundTokens(host, provider.label));
      return;
    }
    void vscode.window
      .showWarningMessage(messages.signedOut(host, provider.label), button.signIn())
      .then((selected) => (selected === undefined ? undefined : this.#dependencies.signIn(provider)));
  }

  #notifyOnce(origin: string, notify: () => void): void {
    if (!this.#notified.has(origin)) {
      this.#notified.add(origin);
      notify();
    }
  }
}
