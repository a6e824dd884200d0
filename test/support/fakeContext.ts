import { join } from 'node:path';
import type * as vscode from 'vscode';
import { root } from '../../tools/places.ts';
import type { FakeStore } from './fakeStore.ts';

/** What VS Code passes to an extension when it's activated. */
export interface FakeContext {
  readonly store: FakeStore;
  /** The absolute path of the extension's storage folder. */
  readonly folder: string;
  /** Receives what is to be disposed of at the end. */
  readonly subscriptions: { dispose(): unknown }[];
}

/** The environment variables of terminals. */
export class FakeVariables {
  description: unknown;
  readonly #values = new Map<string, string>();

  append(name: string, value: string): void {
    this.#values.set(name, `…${value}`);
  }

  replace(name: string, value: string): void {
    this.#values.set(name, value);
  }

  clear(): void {
    this.#values.clear();
  }

  get values(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#values);
  }
}

/** A memento in memory. */
export function fakeMemento(): vscode.Memento {
  const values = new Map<string, unknown>();
  return {
    keys: () => [...values.keys()],
    get: (key: string, fallback?: unknown) => values.get(key) ?? fallback,
    update: (key: string, value: unknown) => Promise.resolve(void values.set(key, value)),
  } as vscode.Memento;
}

/** The context of an extension, with the store and the folder of a test. */
export function fakeContext({ folder, store, subscriptions }: FakeContext): vscode.ExtensionContext {
  const secrets = {
    get: (key: string) => store.get(key),
    store: (key: string, value: string) => store.store(key, value),
    delete: (key: string) => store.delete(key),
    keys: () => store.keys(),
    onDidChange: (listener: (change: { readonly key: string }) => void) =>
      store.onDidChange((key) => listener({ key })),
  };
  return {
    secrets,
    subscriptions,
    globalState: fakeMemento(),
    globalStorageUri: { fsPath: folder },
    extensionUri: {},
    extension: { id: 'session-keeper.session-keeper', extensionKind: 1, packageJSON: { version: '0.0.0' } },
    environmentVariableCollection: new FakeVariables(),
    workspaceState: fakeMemento(),
    asAbsolutePath: (path: string) => join(root, path),
  } as unknown as vscode.ExtensionContext;
}
