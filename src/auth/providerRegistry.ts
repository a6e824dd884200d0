// The providers that are registered with VS Code: one for each valid entry of the settings, and always `oidc`.
import * as vscode from 'vscode';
import type { Disposable } from '../core/clock.ts';
import type { Lazy } from '../core/lazy.ts';
import type { Log } from '../core/log.ts';
import { DEFAULT_PROVIDER_ID, type Provider } from '../core/provider.ts';
import { serverKeyOf } from '../core/serverIdentity.ts';
import { registerForChallenges } from './challenges.ts';
import {
  OidcAuthenticationProvider,
  type ProviderDependencies,
  type ProviderRequests,
} from './authenticationProvider.ts';
import { findDeclaringExtension, type TakenIds } from './idConflicts.ts';
import type { IdOwnership } from './idOwnership.ts';
import type { PendingSignIns } from './pendingSignIns.ts';
import type { Settings } from '../host/settings.ts';
import { unconfiguredProviderLabel } from '../host/startMessages.ts';

/** What the registrations depend on. */
export interface RegistryDependencies extends ProviderDependencies {
  readonly onDemand: Lazy<ProviderRequests & { readonly idOwnership: IdOwnership }>;
  readonly takenIds: TakenIds;
  readonly extensionId: string;
}

interface Registration {
  label: string;
  provider: Provider | undefined;
  readonly authProvider: OidcAuthenticationProvider;
  readonly registered: vscode.Disposable;
}

/** Keeps the registrations in sync with the settings, and fires the events about sessions. */
export class ProviderRegistry implements Disposable {
  readonly #settings: Settings;
  readonly #pendingSignIns: PendingSignIns;
  readonly #dependencies: RegistryDependencies;
  readonly #log: Log;
  readonly #registrations = new Map<string, Registration>();

  constructor(settings: Settings, pendingSignIns: PendingSignIns, dependencies: RegistryDependencies) {
    this.#settings = settings;
    this.#pendingSignIns = pendingSignIns;
    this.#dependencies = dependencies;
    this.#log = dependencies.log;
    this.update();
  }

  /** Registers new providers, updates changed ones, and unregisters removed ones. */
  update(): void {
    const wanted = new Map<string, Provider | undefined>([[DEFAULT_PROVIDER_ID, undefined]]);
    for (const provider of this.#settings.providers) {
      wanted.set(provider.id, provider);
    }
    for (const [id, registration] of this.#registrations) {
      const provider = wanted.get(id);
      if (!isSameServer(provider, registration.provider)) {
        // Its result would be useless, and VS Code would queue other requests behind it.
        this.#pendingSignIns.cancel(id);
      }
      registration.provider = provider;
      registration.authProvider.update(provider);
      // Only a new label needs a new registration, which loses the pending requests.
      if (!wanted.has(id) || labelOf(provider) !== registration.label) {
        void this.#release(id, registration);
      }
    }
    for (const [id, provider] of wanted) {
      if (!this.#registrations.has(id)) {
        this.#register(id, provider);
      }
    }
    this.sync();
  }

  /** Fires the events about changed sessions, and offers to sign in to providers without a session. */
  sync(): void {
    for (const { authProvider, provider } of this.#registrations.values()) {
      authProvider.fireChanges();
      if (provider !== undefined) {
        this.#offerSignIn(provider);
      }
    }
  }

  /** Returns the registered providers, by ID. */
  getRegistered(): ReadonlyMap<string, OidcAuthenticationProvider> {
    return new Map([...this.#registrations].map(([id, { authProvider }]) => [id, authProvider]));
  }

  dispose(): void {
    for (const [id, registration] of this.#registrations) {
      this.#unregister(id, registration, this.#dependencies.onDemand.value?.idOwnership.isOwned(id) === true);
    }
  }

  readonly #offeredIds = new Set<string>();

  /**
   * Adds "Sign in with …" to the Accounts menu. VS Code has no API for that, but it adds the item for an extension that
   * requests a session without creating one, so this extension requests a session of its own provider.
   */
  #offerSignIn(provider: Provider): void {
    const { sessionManager } = this.#dependencies;
    if (sessionManager.getActive(provider.id).length > 0) {
      this.#offeredIds.delete(provider.id);
      return;
    }
    const isTaken = this.#dependencies.takenIds.has(provider.id);
    if (!provider.accountsMenu || isTaken || this.#offeredIds.has(provider.id)) {
      return;
    }
    this.#offeredIds.add(provider.id);
    void this.#requestSession(provider.id);
  }

  async #requestSession(id: string): Promise<void> {
    try {
      // Whether there is a session is known only when the stored sessions are loaded. The settings may change until then.
      await this.#dependencies.sessionManager.ready();
      const { authProvider, provider } = this.#registrations.get(id) ?? {};
      if (provider !== undefined && this.#dependencies.sessionManager.getActive(id).length === 0) {
        authProvider?.setMenuScopes(provider.scopes);
        await authProvider?.withoutActivity(() => vscode.authentication.getSession(id, provider.scopes, {}));
      }
    } catch {
      // The provider was registered again in the meantime, or SecretStorage is locked: the next change offers again.
      this.#offeredIds.delete(id);
    }
  }

  #register(id: string, provider: Provider | undefined): void {
    const authProvider = new OidcAuthenticationProvider(id, provider, this.#dependencies);
    const label = labelOf(provider);
    const declaredBy = findDeclaringExtension(id, this.#dependencies.extensionId);
    if (declaredBy !== undefined && declaredBy !== this.#settings.declarerOf(id)?.id) {
      this.#log.warn(`Provider ID ${id} is also declared by ${declaredBy}.`);
    }
    const { registered, supportsChallenges } = registerForChallenges((options) =>
      vscode.authentication.registerAuthenticationProvider(id, label, authProvider, options),
    );
    this.#registrations.set(id, { label, provider, authProvider, registered });
    this.#log.info(
      `Registered provider ${id}: ${provider?.issuer ?? 'not configured'}${supportsChallenges ? '' : "; this VS Code version doesn't support challenges"}.`,
    );
  }

  /**
   * Removes a registration, or replaces it if its label has changed. VS Code's handle removes any provider with the ID,
   * so it's used only if VS Code currently asks this one.
   */
  async #release(id: string, registration: Registration): Promise<void> {
    const isOwned = await this.#dependencies.onDemand.load().then(
      ({ idOwnership }) => idOwnership.checkProvider(id, registration.authProvider),
      () => false,
    );
    if (this.#registrations.get(id) !== registration) {
      return;
    }
    const provider = this.#settings.provider(id);
    const isWanted = provider !== undefined || id === DEFAULT_PROVIDER_ID;
    if (isWanted && (!isOwned || labelOf(provider) === registration.label)) {
      // A new registration would be ignored, or would take the ID from the other extension.
      registration.label = labelOf(provider);
      return;
    }
    this.#unregister(id, registration, isOwned);
    this.update();
  }

  #unregister(id: string, { authProvider, registered }: Registration, isOwned: boolean): void {
    this.#registrations.delete(id);
    this.#offeredIds.delete(id);
    this.#dependencies.takenIds.delete(id);
    authProvider.clearPendingRequests();
    if (isOwned) {
      registered.dispose();
    }
    authProvider.dispose();
    this.#log.info(`Unregistered provider ${id}.`);
  }
}

function labelOf(provider: Provider | undefined): string {
  return provider?.label ?? unconfiguredProviderLabel();
}

/** Returns whether a pending sign-in at one is also valid for the other. */
function isSameServer(one: Provider | undefined, other: Provider | undefined): boolean {
  return one === undefined || other === undefined ? one === other : serverKeyOf(one) === serverKeyOf(other);
}
