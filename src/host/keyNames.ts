import type * as vscode from 'vscode';
import type { KeyNames } from '../storage/encryptionKeys.ts';

const KEY = 'keyNames';
/** How many names are kept; a new key is created only if the secrets were lost. */
const MAX_NAMES = 50;

/** Returns the list of the keys that this editor has had, in a memento such as `ExtensionContext.globalState`; each browser has its own. */
export function createKeyNames(memento: vscode.Memento): KeyNames {
  const names = (): string[] => {
    const value: unknown = memento.get(KEY);
    return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
  };
  return {
    has: (name) => names().includes(name),
    // If the name can't be stored, at worst a session that the keyring has lost isn't reported.
    add: (name) => void memento.update(KEY, [...names(), name].slice(-MAX_NAMES)).then(undefined, () => {}),
  };
}
