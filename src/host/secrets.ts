import type * as vscode from 'vscode';
import type { SecretStore } from '../storage/secretSessionStorage.ts';

/** Returns the adapter of VS Code's `SecretStorage`. */
export function createSecretStore(secrets: vscode.SecretStorage): SecretStore {
  return {
    get: async (key) => secrets.get(key),
    store: async (key, value) => secrets.store(key, value),
    delete: async (key) => secrets.delete(key),
    keys: async () => secrets.keys(),
    onDidChange: (listener) => secrets.onDidChange(({ key }) => listener(key)),
  };
}
