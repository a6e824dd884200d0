// The notifications about MCP servers that weren't started.
import * as vscode from 'vscode';
import type { Clock } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
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
    if (refusal.code === 'denied') {
      return;
    }
    if (refusal.code === 'signed-out') {
      const selected = await vscode.window.showWarningMessage(refusal.message, button.signInAgain());
      if (selected !== undefined) {
        await this.#dependencies.signIn(provider, scopes);
      }
    } else if (refusal.missingScopes.length > 0) {
      const selected = await vscode.window.showWarningMessage(refusal.message, messages.addScopes());
      if (selected !== undefined) {
        await this.#addScopes(server, refusal.missingScopes);
      }
    } else if (refusal.cause instanceof Failure) {
      // The session's token couldn't be renewed.
      this.#dependencies.reportFailure(refusal.cause, provider);
    } else {
      const selected = await vscode.window.showWarningMessage(refusal.message, button.openSettings());
      if (selected !== undefined) {
        await openEntry(this.#dependencies.clock, provider.id, 'mcpServers');
      }
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
