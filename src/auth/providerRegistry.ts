// Which providers VS Code knows: one for each good entry of the settings, and `oidc` even when there is none.
import * as vscode from 'vscode';
import type { Disposable } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { DEFAULT_PROVIDER_ID, type Provider } from '../core/provider.ts';
import { serverKeyOf } from '../core/serverIdentity.ts';
import { registerForChallenges } from './challenges.ts';
import { OidcAuthenticationProvider, type ProviderDependencies } from './authenticationProvider.ts';
import type { PendingSignIns } from './pendingSignIns.ts';
import type { Settings } from '../host/settings.ts';
import { unconfiguredProviderLabel } from '../host/startMessages.ts';

interface Registration {
  readonly label: string;
  provider: Provider | undefined;
  readonly authProvider: OidcAuthenticationProvider;
  readonly registered: vscode.Disposable;
}

/** Keeps the registrations with VS Code in step with the settings, and VS Code informed about the sessions. */
export class ProviderRegistry implements Disposable {
  readonly #settings: Settings;
  readonly #pendingSignIns: PendingSignIns;
  readonly #dependencies: ProviderDependencies;
  readonly #log: Log;
  readonly #registrations = new Map<string, Registration>();

  constructor(settings: Settings, pendingSignIns: PendingSignIns, dependencies: ProviderDependencies) {
    this.#settings = settings;
    this.#pendingSignIns = pendingSignIns;
    this.#dependencies = dependencies;
    this.#log = dependencies.log;
    this.update();
  }

  /** Registers what is there now, and takes back what is not. */
  update(): void {
    const wanted = new Map<string, Provider | undefined>([[DEFAULT_PROVIDER_ID, undefined]]);
    for (const provider of this.#settings.providers) {
      wanted.set(provider.id, provider);
    }
    for (const [id, registration] of this.#registrations) {
      const provider = wanted.get(id);
      if (!isSameServer(provider, registration.provider)) {
        // Its answer would be of no use, and VS Code would keep everybody else waiting for it.
        this.#pendingSignIns.cancel(id);
      }
      // Only a new label takes a new registration, which would forget who waits for a session.
      if (!wanted.has(id) || labelOf(provider) !== registration.label) {
        this.#unregister(id);
      } else {
        registration.provider = provider;
        registration.authProvider.update(provider);
      }
    }
    for (const [id, provider] of wanted) {
      if (!this.#registrations.has(id)) {
        this.#register(id, provider);
      }
    }
    this.sync();
  }

  /** Tells VS Code about sessions that came, went or changed, and offers to sign in where nobody is. */
  sync(): void {
    for (const { authProvider, provider } of this.#registrations.values()) {
      authProvider.fireChanges();
      if (provider !== undefined) {
        this.#offer(provider);
      }
    }
  }

  dispose(): void {
    for (const id of [...this.#registrations.keys()]) {
      this.#unregister(id);
    }
  }

  readonly #offered = new Set<string>();

  /**
   * Puts "Sign in with …" into the Accounts menu. VS Code has no place for that; it makes the entry for an extension
   * that asks for a session without insisting, so this extension asks its own provider.
   */
  #offer(provider: Provider): void {
    const { sessionManager } = this.#dependencies;
    if (sessionManager.getActive(provider.id).length > 0) {
      this.#offered.delete(provider.id);
      return;
    }
    if (!provider.accountsMenu || this.#offered.has(provider.id)) {
      return;
    }
    this.#offered.add(provider.id);
    void this.#ask(provider.id);
  }

  async #ask(id: string): Promise<void> {
    try {
      // Only when the stored sessions are known is it known that there is none. The settings may change until then.
      await this.#dependencies.sessionManager.ready();
      const { authProvider, provider } = this.#registrations.get(id) ?? {};
      if (provider !== undefined && this.#dependencies.sessionManager.getActive(id).length === 0) {
        authProvider?.setMenuScopes(provider.scopes);
        await authProvider?.withoutActivity(() => vscode.authentication.getSession(id, provider.scopes, {}));
      }
    } catch {
      // Registered anew in the meantime, or the store is locked: the next change offers again.
      this.#offered.delete(id);
    }
  }

  #register(id: string, provider: Provider | undefined): void {
    const authProvider = new OidcAuthenticationProvider(id, provider, this.#dependencies);
    const label = labelOf(provider);
    const { registered, answers } = registerForChallenges((options) =>
      vscode.authentication.registerAuthenticationProvider(id, label, authProvider, options),
    );
    this.#registrations.set(id, { label, provider, authProvider, registered });
    this.#log.info(
      `Provider ${id} is registered: ${provider?.issuer ?? 'not set up yet'}${answers ? '' : '; VS Code lets it answer no challenges'}.`,
    );
  }

  #unregister(id: string): void {
    const registration = this.#registrations.get(id);
    this.#registrations.delete(id);
    this.#offered.delete(id);
    registration?.authProvider.clearPendingRequests();
    registration?.registered.dispose();
    registration?.authProvider.dispose();
    this.#log.info(`Provider ${id} is gone.`);
  }
}

function labelOf(provider: Provider | undefined): string {
  return provider?.label ?? unconfiguredProviderLabel();
}

/** Whether a sign-in that waits at one is still a sign-in at the other. */
function isSameServer(one: Provider | undefined, other: Provider | undefined): boolean {
  return one === undefined || other === undefined ? one === other : serverKeyOf(one) === serverKeyOf(other);
}
