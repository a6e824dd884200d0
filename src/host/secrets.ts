import type * as vscode from 'vscode';
import type { SecretStore } from '../storage/secretSessionStorage.ts';

/** VS Code's `SecretStorage` as the secret storage wants it. */
export function secretStore(secrets: vscode.SecretStorage): SecretStore {
  return {
    get: async (key) => secrets.get(key),
    store: async (key, value) => secrets.store(key, value),
    delete: async (key) => secrets.delete(key),
    keys: async () => secrets.keys(),
    onDidChange: (listener) => secrets.onDidChange(({ key }) => listener(key)),
  };
}
