import type * as vscode from 'vscode';
import type { KeyNames } from '../storage/encryptionKeys.ts';

const KEY = 'keyNames';
/** How many names are kept: a new key is made only when the secrets were lost. */
const MOST = 50;

/** The names of the keys that this editor has had, in a memento such as `ExtensionContext.globalState`. In a browser, each browser has its own. */
export function keyNamesIn(memento: vscode.Memento): KeyNames {
  const names = (): string[] => {
    const value: unknown = memento.get(KEY);
    return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
  };
  return {
    has: (name) => names().includes(name),
    // Without the name, at worst a session that the keyring has lost isn't reported.
    add: (name) => void memento.update(KEY, [...names(), name].slice(-MOST)).then(undefined, () => {}),
  };
}
