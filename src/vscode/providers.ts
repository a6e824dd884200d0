// Which providers VS Code knows: one for each good entry of the settings, and `oidc` even when there is none.
import * as vscode from 'vscode';
import type { Disposable } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { DEFAULT_PROVIDER_ID, type Provider } from '../core/provider.ts';
import { KeeperAuthenticationProvider, type ProviderPorts } from './provider.ts';
import type { Settings } from './settings.ts';
import * as text from './text.ts';

interface Registration {
  /** What it was registered from; a change of it means to register anew. */
  readonly made: string;
  readonly provider: Provider | undefined;
  readonly contract: KeeperAuthenticationProvider;
  readonly registered: vscode.Disposable;
}

/** Keeps the registrations with VS Code in step with the settings, and VS Code informed about the sessions. */
export class Providers implements Disposable {
  readonly #settings: Settings;
  readonly #ports: ProviderPorts;
  readonly #log: Log;
  readonly #registrations = new Map<string, Registration>();

  constructor(settings: Settings, ports: ProviderPorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#log = ports.log;
    this.update();
  }

  /** Registers what is there now, and takes back what is not. */
  update(): void {
    const wanted = new Map<string, Provider | undefined>([[DEFAULT_PROVIDER_ID, undefined]]);
    for (const provider of this.#settings.providers) {
      wanted.set(provider.id, provider);
    }
    for (const [id, { made }] of this.#registrations) {
      if (!wanted.has(id) || made !== JSON.stringify(wanted.get(id) ?? null)) {
        this.#unregister(id);
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
    for (const { contract, provider } of this.#registrations.values()) {
      contract.sync();
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
    const { keeper } = this.#ports;
    if (keeper.list(provider.id).length > 0) {
      this.#offered.delete(provider.id);
      return;
    }
    if (!provider.accountsMenu || this.#offered.has(provider.id)) {
      return;
    }
    this.#offered.add(provider.id);
    void this.#ask(provider);
  }

  async #ask(provider: Provider): Promise<void> {
    try {
      // Only when the stored sessions are known is it known that there is none.
      await this.#ports.keeper.ready();
      if (this.#ports.keeper.list(provider.id).length === 0 && this.#registrations.get(provider.id)?.provider === provider) {
        await vscode.authentication.getSession(provider.id, provider.scopes, {});
      }
    } catch (error) {
      this.#offered.delete(provider.id);
      this.#log.debug(`The Accounts menu could not offer ${provider.id}: ${error instanceof Error ? error.name : typeof error}.`);
    }
  }

  #register(id: string, provider: Provider | undefined): void {
    const contract = new KeeperAuthenticationProvider(id, provider, this.#ports);
    const label = provider?.label ?? text.unconfiguredLabel();
    const registered = vscode.authentication.registerAuthenticationProvider(id, label, contract, { supportsMultipleAccounts: true });
    this.#registrations.set(id, { made: JSON.stringify(provider ?? null), provider, contract, registered });
    this.#log.info(`Provider ${id} is registered${provider === undefined ? ', not set up yet' : `: issuer ${provider.issuer}`}.`);
  }

  #unregister(id: string): void {
    const registration = this.#registrations.get(id);
    this.#registrations.delete(id);
    this.#offered.delete(id);
    registration?.registered.dispose();
    registration?.contract.dispose();
    this.#log.info(`Provider ${id} is no longer registered.`);
  }
}
