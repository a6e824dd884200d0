// How the product reads: plain American English, with the terms of the RFCs and of VS Code.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

/** What must not appear, and what to write instead. */
interface Phrase {
  readonly pattern: RegExp;
  readonly instead: string;
}

/** Not in messages, documents, comments, log lines, or titles of tests. */
const ANYWHERE: readonly Phrase[] = [
  {
    pattern:
      /\b(?:behaviour|colour|honour|favour|organis|initialis|recognis|authoris|cancell(?:ed|ing)\b|catalogue|centre\b|licence|e-mail)/iu,
    instead: 'the American spelling; email',
  },
  { pattern: /\bto the letter\b/iu, instead: 'exactly' },
  { pattern: /\banew\b/iu, instead: 'again' },
  { pattern: /\bby (?:itself|themselves)\b/iu, instead: 'automatically, or on its own' },
  { pattern: /\b(?:runs?|running|ran) out\b/iu, instead: 'expires' },
  { pattern: /\bin vain\b/iu, instead: 'without success' },
  { pattern: /\bso many (?:seconds|minutes|hours|days|ms)\b/iu, instead: 'this number of' },
  { pattern: /\bcalls? (?:itself|themselves)\b/iu, instead: 'identifies itself as, reports' },
  { pattern: /\bsays? of (?:itself|themselves)\b/iu, instead: 'metadata' },
  { pattern: /\bset apart\b/iu, instead: 'ignored, quarantined' },
  { pattern: /\bset aside\b/iu, instead: 'quarantined' },
  { pattern: /\bmended?\b/iu, instead: 'fixed' },
  { pattern: /\btroubles?\b(?!shoot)/iu, instead: 'problem' },
  { pattern: /\bredirect address(?:es)?\b/iu, instead: 'redirect URI' },
  { pattern: /\bsecret storage\b/iu, instead: 'SecretStorage, or keyring' },
  { pattern: /\bways? to sign in\b/iu, instead: 'sign-in method' },
  { pattern: /\b(?:is|are|was|were|be) told\b/iu, instead: 'is notified, is reported' },
  { pattern: /\btells? (?:of|whether|when|what|how|which|why|that)\b/iu, instead: 'shows, reports, logs' },
  { pattern: /\bfinds? back\b/iu, instead: 'returns' },
  { pattern: /\b(?:anybody|somebody|nobody)\b/iu, instead: 'no user, another user, an extension, or who it is' },
  { pattern: /\bgood for\b/iu, instead: 'valid for' },
  { pattern: /\bwithout a word\b/iu, instead: 'silently' },
  { pattern: /\b(?:the|a) (?:house|floor plan|door|knock)\b/iu, instead: 'the technical term' },
];

/** Also not in what is shown to users: messages, settings, commands and documents for users. */
const SHOWN: readonly Phrase[] = [
  {
    pattern: /\b(?:cannot|do not|does not|is not|are not|could not|will not|has not|have not)\b/iu,
    instead: 'the contraction',
  },
  { pattern: /\bclient ids?\b/u, instead: 'client ID' },
  { pattern: /(?<!["\\])\bids?\b(?![`:."\\])/u, instead: 'ID' },
  { pattern: /\b(?:wants?|wanted)\b/iu, instead: 'requires, needs' },
  { pattern: /\bany more\b/iu, instead: 'no longer' },
  { pattern: /\bbesides?\b/iu, instead: 'in addition to' },
  { pattern: /[“”]/u, instead: 'straight quotation marks' },
  { pattern: /\bthe one that\b/iu, instead: 'the noun' },
  { pattern: /\bthat is there\b/iu, instead: 'existing' },
  { pattern: /\bDo Not\b/u, instead: "Don't" },
  { pattern: /\bplease\b/iu, instead: 'nothing' },
];

const root = join(import.meta.dirname, '../..');

/** Returns all files of the repository that people wrote, with slashes. */
function listFiles(): string[] {
  const folders = ['.github', 'docs', 'l10n', 'media', 'src', 'test', 'tools'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  const topLevel = readdirSync(root, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  return [...folders, ...topLevel].map((path) => path.replaceAll('\\', '/'));
}

const isText = (path: string): boolean => ['.ts', '.mjs', '.md', '.json', '.html', '.yml'].includes(extname(path));
const isExempt = (path: string): boolean =>
  /node_modules|package-lock\.json$|^LICENSE|wording\.test\.ts$|(?:package\.nls|bundle\.l10n)\.[\w-]+\.json$|^l10n\/(?:glossary|unchanged)\./u.test(
    path,
  );
const isShown = (path: string): boolean =>
  /^(?:README\.md|SUPPORT\.md|CHANGELOG\.md|package\.nls\.json|l10n\/bundle\.l10n\.json|docs\/.*\.md|media\/.*\.(?:html|md))$/u.test(
    path,
  );

/** Returns where a file has one of the phrases, a line each. */
function findPhrases(path: string, phrases: readonly Phrase[]): string[] {
  return withoutCode(path, readFileSync(join(root, path), 'utf8'))
    .split('\n')
    .flatMap((line, index) =>
      phrases.flatMap(({ pattern, instead }) => {
        const found = pattern.exec(line);
        return found === null ? [] : [`${path}:${index + 1}: "${found[0]}" → ${instead}`];
      }),
    );
}

/** Removes code, keys, link targets, and quotes of other products from a text that is shown, but keeps its lines. */
function withoutCode(path: string, text: string): string {
  if (extname(path) === '.json') {
    return text.replaceAll(/^\s*"(?:[^"\\]|\\.)*": (?=")/gmu, '').replaceAll(/`[^`\n]*`/gu, '');
  }
  return extname(path) === '.md'
    ? text
        .replaceAll(/^```.*?^```|<!--.*?-->/gmsu, (block) => block.replaceAll(/[^\n]/gu, ''))
        .replaceAll(/In the browser: \*[^*\n]*\*/gu, '')
        .replaceAll(/`[^`\n]*`/gu, '')
        .replaceAll(/\]\([^)\n]*\)/gu, ']')
    : text;
}

describe('the wording', () => {
  const files = listFiles().filter((path) => isText(path) && !isExempt(path));

  it('is plain American English everywhere', () => {
    assert.deepEqual(
      files.flatMap((path) => findPhrases(path, ANYWHERE)),
      [],
    );
  });

  it('is that of VS Code where users see it', () => {
    assert.deepEqual(
      files.filter(isShown).flatMap((path) => findPhrases(path, SHOWN)),
      [],
    );
  });
});
