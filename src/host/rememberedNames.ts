import type * as vscode from 'vscode';
import type { RememberedNames } from '../core/rememberedNames.ts';

/** The maximum number of names. */
const MAX_NAMES = 50;

/**
 * Returns a set of names in a memento such as `ExtensionContext.globalState`; each browser has its own.
 * @param key the key in the memento.
 */
export function createRememberedNames(memento: vscode.Memento, key: string): RememberedNames {
  const names = (): string[] => {
    const value: unknown = memento.get(key);
    return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
  };
  return {
    has: (name) => names().includes(name),
    // If the name can't be stored, it isn't remembered.
    add: (name) => void memento.update(key, [...names(), name].slice(-MAX_NAMES)).then(undefined, () => {}),
  };
}
