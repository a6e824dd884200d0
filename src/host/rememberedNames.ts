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

/**
 * Asks the user once for each name, and remembers it if the user agrees.
 * @param ask shows the question; resolves with undefined if the user disagrees.
 * @returns whether the user agrees, or has agreed before.
 */
export async function confirmOnce(
  confirmed: RememberedNames,
  name: string,
  ask: () => Thenable<string | undefined>,
): Promise<boolean> {
  if (confirmed.has(name)) {
    return true;
  }
  const isConfirmed = (await ask()) !== undefined;
  if (isConfirmed) {
    confirmed.add(name);
  }
  return isConfirmed;
}
