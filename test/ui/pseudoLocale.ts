// A display language that no person speaks: each letter with an accent, and about a third longer. English that still
// appears in it doesn't go through `l10n`, and what is cut off in it is cut off in many languages.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getL10nPseudoLocalized } from '@vscode/l10n-dev';
import { extensionId, root } from '../../tools/places.ts';

/** The pseudo-locale, as Windows and VS Code name it. */
export const PSEUDO_LOCALE = 'qps-ploc';

/** What isn't translated in a string: code, links to settings, link targets, URLs, and the variables of snippets. */
const UNTRANSLATED = /(`[^`]*`|#[\w.]+#|\]\([^)]*\)|https?:\/\/[\w.:/-]+|\$\{[^}]*\}|\*\*Session Keeper)/u;

/** The keys of a text of the manifest and of one of the code that aren't translated. They're shown in English. */
const UNTRANSLATED_KEYS: readonly string[] = [
  'command.setClientSecret',
  'Diagnostics copied to the clipboard. They contain no tokens.',
];

type Strings = Readonly<Record<string, string | { readonly message: string; readonly comment: string[] }>>;

/** Returns a string in the pseudo-locale. */
export function pseudoLocalized(text: string): string {
  return text
    .split(UNTRANSLATED)
    .map((part, index) => (index % 2 === 1 || part === '' ? part : (getL10nPseudoLocalized({ part })['part'] ?? part)))
    .map(String)
    .join('');
}

/**
 * Adds the pseudo-locale to the extension that is installed in an editor. Windows in another language don't load it.
 * @param dataDir the data folder of the editor.
 */
export async function installPseudoLocale(dataDir: string): Promise<void> {
  const extensions = join(dataDir, 'extensions');
  const installed = (await readdir(extensions)).find((name) => name.startsWith(extensionId));
  if (installed === undefined) {
    throw new Error(`${extensionId} isn't installed in ${extensions}.`);
  }
  const files: readonly [source: string, target: string][] = [
    ['package.nls.json', `package.nls.${PSEUDO_LOCALE}.json`],
    ['l10n/bundle.l10n.json', `l10n/bundle.l10n.${PSEUDO_LOCALE}.json`],
  ];
  for (const [source, target] of files) {
    const strings = JSON.parse(await readFile(join(root, source), 'utf8')) as Strings;
    const localized = Object.entries(strings)
      .filter(([key]) => !UNTRANSLATED_KEYS.includes(key))
      .map(([key, value]) => [key, pseudoLocalized(typeof value === 'string' ? value : value.message)]);
    await writeFile(join(extensions, installed, target), JSON.stringify(Object.fromEntries(localized)));
  }
}
