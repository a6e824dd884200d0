// The notifications about MCP servers that weren't started.
import * as vscode from 'vscode';
import type { Clock } from '../core/clock.ts';
import type { ConfiguredMcpServer } from '../core/mcpServers.ts';
import type { Provider } from '../core/provider.ts';
import { normalizeScopes } from '../core/scopes.ts';
import * as button from '../host/buttonLabels.ts';
import { changeEntry } from '../host/changeSettings.ts';
import * as messages from '../host/mcpMessages.ts';
import { entryNotSaved } from '../host/notificationMessages.ts';
import { openEntry } from '../host/openSettings.ts';
import type { Settings } from '../host/settings.ts';
import type { McpRefusal } from './mcpRefusal.ts';

/** What the notifications depend on. */
export interface McpNotificationsDependencies {
  readonly clock: Clock;
  readonly settings: Settings;
  /** Signs in to a provider, and shows the outcome. */
  signIn(provider: Provider, scopes: readonly string[]): Promise<void>;
  /** Shows why a token couldn't be renewed. */
  reportFailure(error: unknown, provider: Provider): void;
}

/** Shows them. */
export class McpNotifications {
  readonly #dependencies: McpNotificationsDependencies;

  constructor(dependencies: McpNotificationsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Shows why a server wasn't started, with an action that helps. Nothing if the user has canceled it. */
  async notify(refusal: McpRefusal, server: ConfiguredMcpServer): Promise<void> {
    const { provider, scopes } = server;
    switch (refusal.remedy) {
      case 'none':
        return;
      case 'session':
        this.#dependencies.reportFailure(refusal.cause, provider);
        return;
      case 'sign-in':
        return this.#offer(refusal, button.signInAgain(), () => this.#dependencies.signIn(provider, scopes));
      case 'add-scopes':
        return refusal.missingScopes.length === 0
          ? this.#offerSettings(refusal, provider)
          : this.#offer(refusal, messages.addScopes(), () => this.#addScopes(server, refusal.missingScopes));
      case 'settings':
        return this.#offerSettings(refusal, provider);
    }
  }

  #offerSettings(refusal: McpRefusal, { id }: Provider): Promise<void> {
    return this.#offer(refusal, button.openSettings(), () => openEntry(this.#dependencies.clock, id, 'mcpServers'));
  }

  async #offer({ message }: McpRefusal, label: string, run: () => Promise<void>): Promise<void> {
    if ((await vscode.window.showWarningMessage(message, label)) !== undefined) {
      await run();
    }
  }

  /** Adds scopes to a server in the settings, and signs in with them. */
  async #addScopes({ provider, scopes, server }: ConfiguredMcpServer, missing: readonly string[]): Promise<void> {
    const all = normalizeScopes([...scopes, ...missing]);
    try {
      await changeEntry(this.#dependencies.settings, provider.id, ({ mcpServers }) => ({
        mcpServers: (mcpServers as readonly Readonly<Record<string, unknown>>[]).map((one) =>
          one['url'] === server.url && one['account'] === server.account ? { ...one, scopes: all } : one,
        ),
      }));
    } catch {
      void vscode.window.showErrorMessage(entryNotSaved(provider.label));
      return;
    }
    await this.#dependencies.signIn(provider, all);
  }
}
