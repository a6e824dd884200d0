import type * as vscode from 'vscode';
import type { RememberedNames } from '../core/rememberedNames.ts';

/** How many names are kept. */
const MAX_NAMES = 50;

/**
 * Returns a set of names in a memento such as `ExtensionContext.globalState`; each browser has its own.
 * @param key where they are.
 */
export function createRememberedNames(memento: vscode.Memento, key: string): RememberedNames {
  const names = (): string[] => {
    const value: unknown = memento.get(key);
    return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
  };
  return {
    has: (name) => names().includes(name),
    // If the name can't be stored, it's as if it had never been added.
    add: (name) => void memento.update(key, [...names(), name].slice(-MAX_NAMES)).then(undefined, () => {}),
  };
}
