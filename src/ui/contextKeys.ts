import * as vscode from 'vscode';
import { tokenLifetimes } from '../core/session.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import { CONTEXT_KEYS } from '../host/ids.ts';

/** Sets the context keys that control which commands the Command Palette shows; each key only when it changes. */
export class ContextKeys {
  readonly #sessionManager: SessionManager;
  readonly #values = new Map<string, boolean>();

  constructor(sessionManager: SessionManager) {
    this.#sessionManager = sessionManager;
  }

  /** Updates the keys. */
  update(): void {
    const sessions = this.#sessionManager.getAll();
    this.#set(CONTEXT_KEYS.hasSessions, sessions.length > 0);
    this.#set(
      CONTEXT_KEYS.canRenew,
      sessions.some(({ record }) => tokenLifetimes(record).isRefreshable),
    );
  }

  #set(key: string, value: boolean): void {
    if (this.#values.get(key) !== value) {
      this.#values.set(key, value);
      void vscode.commands.executeCommand('setContext', key, value);
    }
  }
}
