import * as vscode from 'vscode';
import { tokenLifetimes } from '../core/session.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import { CONTEXT_KEYS } from '../host/ids.ts';

/** Tells VS Code which commands make sense now; each key only when it changes. */
export class ContextKeys {
  readonly #sessionManager: SessionManager;
  readonly #set = new Map<string, boolean>();

  constructor(sessionManager: SessionManager) {
    this.#sessionManager = sessionManager;
  }

  /** Works the keys out anew. */
  update(): void {
    const sessions = this.#sessionManager.getAll();
    this.#tell(CONTEXT_KEYS.hasSessions, sessions.length > 0);
    this.#tell(
      CONTEXT_KEYS.canRenew,
      sessions.some(({ record }) => tokenLifetimes(record).isRefreshable),
    );
  }

  #tell(key: string, value: boolean): void {
    if (this.#set.get(key) !== value) {
      this.#set.set(key, value);
      void vscode.commands.executeCommand('setContext', key, value);
    }
  }
}
