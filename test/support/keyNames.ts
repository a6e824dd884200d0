import type { KeyNames } from '../../src/storage/encryptionKeys.ts';

/** An editor that has had every key. */
export const allKeyNames: KeyNames = { has: () => true, add() {} };

/** An editor that remembers the keys that it has had. */
export function rememberedKeyNames(): KeyNames {
  const names = new Set<string>();
  return { has: (name) => names.has(name), add: (name) => void names.add(name) };
}
