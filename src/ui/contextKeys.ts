import * as vscode from 'vscode';
import { tokenLifetimes } from '../core/session.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import { CONTEXT_KEYS } from '../host/ids.ts';

/** Sets the context keys, for `when` clauses and for the walkthrough; each key only when it changes. */
export class ContextKeys {
  readonly #sessionManager: SessionManager;
  readonly #values = new Map<string, boolean>();
  /** The IDs of the providers that have a key. */
  readonly #providerIds = new Set<string>();

  constructor(sessionManager: SessionManager) {
    this.#sessionManager = sessionManager;
  }

  /** Updates the keys. */
  update(): void {
    const sessions = this.#sessionManager.getAll();
    this.#set(CONTEXT_KEYS.hasSessions, sessions.length > 0);
    this.#set(CONTEXT_KEYS.canSignOut, sessions.length > 0 || this.#sessionManager.getUnused().length > 0);
    this.#set(
      CONTEXT_KEYS.canRenew,
      sessions.some(({ record }) => tokenLifetimes(record).isRefreshable),
    );
    for (const { record } of sessions) {
      this.#providerIds.add(record.providerId);
    }
    const signedInIds = new Set(this.#sessionManager.getActive().map(({ record }) => record.providerId));
    for (const id of this.#providerIds) {
      this.#set(`${CONTEXT_KEYS.signedIn}.${id}`, signedInIds.has(id));
    }
    this.#set(CONTEXT_KEYS.signedIn, signedInIds.size > 0);
  }

  #set(key: string, value: boolean): void {
    if (this.#values.get(key) !== value) {
      this.#values.set(key, value);
      void vscode.commands.executeCommand('setContext', key, value);
    }
  }
}
