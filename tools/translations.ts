// Compares the translations of the product's texts with the English ones, by what can be checked without knowing a language.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getL10nJson } from '@vscode/l10n-dev';
import { root } from './places.ts';

/** The display languages of VS Code besides English, by the names that its files of texts have. */
export const LANGUAGES = [
  'cs',
  'de',
  'es',
  'fr',
  'hu',
  'it',
  'ja',
  'ko',
  'pl',
  'pt-br',
  'ru',
  'tr',
  'zh-cn',
  'zh-tw',
] as const;

/** A display language. */
export type Language = (typeof LANGUAGES)[number];

/** The texts by key: those of package.nls.json, and the messages of the code. */
export type Texts = Readonly<Record<string, string>>;

/** A text that isn't right, and why. */
export interface TranslationIssue {
  readonly key: string;
  readonly issue: string;
}

/** What a text is used for, which limits its length. */
export interface TextUse {
  /** The keys of the labels of buttons, and of the titles of commands. */
  readonly titles: ReadonlySet<string>;
  /** The keys of the texts of the status bar item. */
  readonly statusBar: ReadonlySet<string>;
}

type Entry = string | { readonly message: string; readonly comment: string[] };

/** The files with the labels of buttons, and of the status bar item. */
const BUTTON_FILES = ['host/buttonLabels.ts', 'host/startButtonLabels.ts'];
const STATUS_BAR_FILES = ['host/statusBarMessages.ts'];

/** What a translation must keep: placeholders, code, links to settings, link targets, URLs, snippet variables, and Markdown. */
const KEPT = /\{\d+\}|`[^`]*`|#[\w.]+#|\]\([^)]*\)|https?:\/\/[\w.:/[\]-]*[\w/]|\$\{[^}]*\}|\$\([a-z-]+\)|\*\*|\n/gu;

/** How many more columns than in English a title may have, and how many columns any title may have. */
const TITLE_GROWTH = 2.5;
const SHORT_TITLE = 26;

/** The number of consecutive words of the English text that a translation doesn't have by coincidence. */
const SHARED_WORDS = 4;
/** With this number of capitalized words among them, they are names such as "Session Keeper". */
const WORDS_OF_NAME = 2;

/**
 * Returns the texts of a language.
 * @param language absent for English.
 * @throws {Error} if a file is missing or isn't JSON.
 */
export function readTexts(language?: Language): Texts {
  const suffix = language === undefined ? '' : `.${language}`;
  const texts: Record<string, string> = {};
  for (const file of [`package.nls${suffix}.json`, `l10n/bundle.l10n${suffix}.json`]) {
    const entries = JSON.parse(readFileSync(join(root, file), 'utf8')) as Readonly<Record<string, Entry>>;
    for (const [key, value] of Object.entries(entries)) {
      texts[key] = typeof value === 'string' ? value : value.message;
    }
  }
  return texts;
}

/**
 * Returns the English texts that a language may have unchanged: names, and words that are the same in both.
 * @param language absent for those that any language may have.
 */
export function readUnchanged(language?: Language): readonly string[] {
  const file = JSON.parse(readFileSync(join(root, 'l10n', 'unchanged.json'), 'utf8')) as Readonly<
    Record<string, readonly string[]>
  >;
  return [...(file['*'] ?? []), ...(language === undefined ? [] : (file[language] ?? []))];
}

/** Returns what the texts are used for. */
export async function readUse(texts: Texts): Promise<TextUse> {
  const titles = Object.keys(texts).filter((key) => /^(?:command\.|walkthrough\.\w+\.title$)/u.test(key));
  return {
    titles: new Set([...titles, ...(await messageKeysIn(BUTTON_FILES))]),
    statusBar: new Set(await messageKeysIn(STATUS_BAR_FILES)),
  };
}

/** Returns the keys of the messages in some files of messages, whose paths are below src. */
export async function messageKeysIn(paths: readonly string[]): Promise<string[]> {
  const sources = paths.map(
    (path) => ({ extension: '.ts', contents: readFileSync(join(root, 'src', path), 'utf8') }) as const,
  );
  return Object.keys(await getL10nJson(sources));
}

/**
 * Returns what is wrong with the translation into a language.
 * @param english the English texts.
 * @param translated the texts in the language.
 * @param unchanged the texts that may be the same as in English.
 */
export function findTranslationIssues(
  english: Texts,
  translated: Texts,
  use: TextUse,
  unchanged: readonly string[] = [],
): TranslationIssue[] {
  const titles = translatedTitles(english, translated, use);
  const missing = Object.keys(english).flatMap((key) =>
    (translated[key] ?? '').trim() === '' ? [{ key, issue: 'is missing' }] : [],
  );
  const stale = Object.keys(translated).flatMap((key) => (key in english ? [] : [{ key, issue: 'is no longer used' }]));
  const wrong = Object.entries(english).flatMap(([key, text]) => {
    const translation = translated[key] ?? '';
    if (translation.trim() === '') {
      return [];
    }
    return [
      ...keptIssues(text, translation),
      ...formIssues(text, translation),
      ...(unchanged.includes(text) ? [] : englishIssues(text, translation)),
      ...titleReferenceIssues(text, translation, titles),
      ...(use.titles.has(key) || use.statusBar.has(key) ? lengthIssues(text, translation) : []),
    ].map((issue) => ({ key, issue }));
  });
  return [...missing, ...stale, ...wrong];
}

/** Placeholders, code, links, and Markdown. */
function keptIssues(text: string, translation: string): string[] {
  const before = count(text.match(KEPT) ?? []);
  const after = count(translation.match(KEPT) ?? []);
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((part) => before.get(part) !== after.get(part))
    .map((part) => `has ${after.get(part) ?? 0} instead of ${before.get(part) ?? 0} × ${JSON.stringify(part)}`);
}

function count(parts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const part of parts) {
    counts.set(part, (counts.get(part) ?? 0) + 1);
  }
  return counts;
}

/** White space, the ellipsis of a command that needs more input, and the period of a sentence. */
function formIssues(text: string, translation: string): string[] {
  const isSentence = /[.!?]$/u.test(text);
  return [
    ...(translation !== translation.trim() && text === text.trim() ? ['has white space at its start or end'] : []),
    ...(text.endsWith('…') === translation.endsWith('…') ? [] : ['must have an ellipsis at its end as in English']),
    ...(translation.includes('...') ? ['has three periods instead of an ellipsis'] : []),
    ...(isSentence === /[.!?。！？]["」”)]?$/u.test(translation)
      ? []
      : ['must end as in English, with or without a period']),
  ];
}

/** Texts, and parts of texts, that are still in English. */
function englishIssues(text: string, translation: string): string[] {
  if (text === translation) {
    return /\p{L}{2,}/u.test(withoutKept(text)) ? ['is still in English'] : [];
  }
  const words = wordsOf(text);
  const own = ` ${wordsOf(translation).join(' ')} `;
  const found = words
    .map((_, index) => words.slice(index, index + SHARED_WORDS))
    .filter((run) => run.length === SHARED_WORDS && run.filter((word) => /^\p{Lu}/u.test(word)).length < WORDS_OF_NAME)
    .find((run) => own.includes(` ${run.join(' ')} `));
  return found === undefined ? [] : [`has English words: ${found.join(' ')}`];
}

/** Returns a text without what is kept, and without paths, variables, and commands. */
const withoutKept = (text: string): string =>
  text
    .replaceAll(/\*\*Session Keeper/gu, '')
    .replaceAll(KEPT, ' ')
    .replaceAll(/\S*[/_-]\S*/gu, ' ');
const wordsOf = (text: string): string[] => withoutKept(text).match(/[\p{L}']+/gu) ?? [];

/** The translated titles, by the English ones. */
function translatedTitles(english: Texts, translated: Texts, { titles }: TextUse): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const key of titles) {
    const text = english[key] ?? '';
    found.set(text, (found.get(text) ?? new Set()).add(translated[key] ?? ''));
  }
  return found;
}

/** Names of commands and buttons in a text that differ from their titles. */
function titleReferenceIssues(
  text: string,
  translation: string,
  titles: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  const mentioned = boldIn(translation);
  return boldIn(text).flatMap((name) => {
    const names = titles.get(name) ?? titles.get(`${name}…`);
    const isNamed =
      names === undefined ||
      [...names].some((one) => mentioned.includes(one) || mentioned.includes(one.replace(/…$/u, '')));
    return isNamed ? [] : [`must mention **${[...names].join('** or **')}** instead of ${mentioned.join(', ')}`];
  });
}

const boldIn = (text: string): string[] =>
  [...text.matchAll(/\*\*(?:Session Keeper: ?)?([^*]+)\*\*/gu)].map(([, name = '']) => name);

/** Titles that need much more room than in English. */
function lengthIssues(text: string, translation: string): string[] {
  const limit = Math.max(SHORT_TITLE, columnsOf(text) * TITLE_GROWTH);
  const columns = columnsOf(translation);
  return columns > limit ? [`has ${columns} columns, more than ${Math.floor(limit)}`] : [];
}

/** The width of a text, in columns: an East Asian character has two. */
function columnsOf(text: string): number {
  return Array.from(text).reduce(
    (sum, character) => sum + (/[ᄀ-ᇿ\u3000-鿿가-힯\uff00-\uff60]/u.test(character) ? 2 : 1),
    0,
  );
}
