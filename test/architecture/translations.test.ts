// The translations of the product's texts: complete, not stale, and with everything that must not be translated.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../tools/places.ts';
import {
  findTranslationIssues,
  LANGUAGES,
  readTexts,
  readUnchanged,
  readUse,
  type TextUse,
} from '../../tools/translations.ts';

describe('the translations', () => {
  const english = readTexts();
  let use: TextUse;
  before(async () => {
    use = await readUse(english);
  });

  for (const language of LANGUAGES) {
    it(`are right as far as can be checked: ${language} (otherwise, run \`npm run l10n:check\`)`, () => {
      assert.deepEqual(findTranslationIssues(english, readTexts(language), use, readUnchanged(language)), []);
    });
  }

  it('are those of the languages of VS Code, and no others', () => {
    const languagesIn = (folder: string, pattern: RegExp): string[] =>
      readdirSync(join(root, folder))
        .flatMap((name) => pattern.exec(name)?.[1] ?? [])
        .sort();
    assert.deepEqual(languagesIn('.', /^package\.nls\.(.+)\.json$/u), [...LANGUAGES]);
    assert.deepEqual(languagesIn('l10n', /^bundle\.l10n\.(.+)\.json$/u), [...LANGUAGES]);
  });

  it('list as unchanged only texts that are', () => {
    const texts = new Set(Object.values(english));
    const common = readUnchanged();
    assert.deepEqual(
      common.filter((text) => !texts.has(text)),
      [],
    );
    for (const language of LANGUAGES) {
      const translated = readTexts(language);
      const same = new Set(Object.keys(english).filter((key) => english[key] === translated[key]));
      const sameTexts = new Set([...same].map((key) => english[key]));
      const stale = readUnchanged(language).filter((text) => !common.includes(text) && !sameTexts.has(text));
      assert.deepEqual([language, stale], [language, []]);
    }
  });

  it('have a glossary with a column for each language', () => {
    const path = join(root, 'l10n', 'glossary.md');
    assert.ok(existsSync(path));
    const rows = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map((line) => line.split('|').slice(1, -1));
    const tables = rows.filter(([first = '']) => first.trim() === 'English');
    assert.deepEqual(tables.flatMap(([, ...languages]) => languages.map((name) => name.trim())).sort(), [...LANGUAGES]);
    const terms = rows.filter(([first = '']) => !['English', '---'].includes(first.trim()));
    const columns = tables.map((_, index) => {
      const count = terms.length / tables.length;
      return terms.slice(index * count, (index + 1) * count).map(([term]) => term?.trim());
    });
    assert.ok((columns[0]?.length ?? 0) >= 30);
    columns.forEach((column) => assert.deepEqual(column, columns[0]));
    assert.deepEqual(
      terms.filter((cells) => cells.some((cell) => cell.trim() === '')),
      [],
    );
  });
});

describe('the check of translations', () => {
  const use: TextUse = { titles: new Set(['Show Log', 'Sign In…']), statusBar: new Set(['{0}: signed out']) };
  /** The issues of one translated text. */
  const check = (text: string, translation: string, unchanged: readonly string[] = []): string[] =>
    findTranslationIssues({ [text]: text }, { [text]: translation }, use, unchanged).map(({ issue }) => issue);

  it('accepts a translation', () => {
    for (const [text, translation] of [
      ['Show Log', 'Protokoll anzeigen'],
      ['Sign In…', 'サインイン…'],
      ['{0} ended your session. Sign in again.', '{0} 已结束你的会话。请重新登录。'],
      [
        'Use `issuer` and **bold** text, see [docs](https://example.com/a).',
        '**fett** `issuer`: [docs](https://example.com/a).',
      ],
    ] as const) {
      assert.deepEqual(check(text, translation), [], text);
    }
  });

  it('reports a text that is missing, empty, or no longer used', () => {
    assert.deepEqual(findTranslationIssues({ a: 'A', b: 'B' }, { b: ' ', c: 'C' }, use), [
      { key: 'a', issue: 'is missing' },
      { key: 'b', issue: 'is missing' },
      { key: 'c', issue: 'is no longer used' },
    ]);
  });

  it('reports what was lost, added, or changed', () => {
    for (const [text, translation] of [
      ['{0} of {1}.', '{0} von {0}.'],
      ['Use `issuer`.', 'Nutze `aussteller`.'],
      ['See `#sessionKeeper.idleTimeout#`.', 'Siehe `sessionKeeper.idleTimeout`.'],
      ['[Add](command:sessionKeeper.addProvider)', '[Neu](command:sessionKeeper.add)'],
      ['A **bold** word.', 'Ein fettes Wort.'],
      ['One\nTwo', 'Eins Zwei'],
      ['See https://example.com/a.', 'Siehe https://example.com/de.'],
      ['$(key) {0}', '{0}'],
      ['${1:label}', '${1:Name} '],
    ] as const) {
      assert.notDeepEqual(check(text, translation), [], text);
    }
  });

  it('reports another form', () => {
    assert.match(check('Sign In…', 'Anmelden')[0] ?? '', /ellipsis/u);
    assert.match(check('Sign In…', 'Anmelden...').join(), /three periods/u);
    assert.match(check('Ends soon.', 'Endet bald')[0] ?? '', /period/u);
    assert.match(check('Show Log', 'Protokoll anzeigen.')[0] ?? '', /period/u);
    assert.match(check('Show Log', ' Protokoll anzeigen')[0] ?? '', /white space/u);
  });

  it('reports English, unless it may be unchanged', () => {
    assert.deepEqual(check('Show Log', 'Show Log'), ['is still in English']);
    assert.deepEqual(check('Show Log', 'Show Log', ['Show Log']), []);
    assert.deepEqual(check('{0} ({1})', '{0} ({1})'), []);
    assert.match(check('Sign in to the server again.', 'Bitte sign in to the server.')[0] ?? '', /English words/u);
    assert.deepEqual(check('Run Session Keeper in VS Code.', 'Session Keeper in VS Code ausführen.'), []);
  });

  it('reports the name of a command that differs from its title', () => {
    const english = { 'Show Log': 'Show Log', text: 'Select **Show Log**.' };
    const issues = (text: string): number =>
      findTranslationIssues(english, { 'Show Log': 'Protokoll anzeigen', text }, use).length;
    assert.deepEqual([issues('**Protokoll anzeigen** wählen.'), issues('**Log anzeigen** wählen.')], [0, 1]);
  });

  it('reports a title or a text in the status bar that needs much more room', () => {
    assert.match(check('Show Log', 'Das gesamte Protokoll anzeigen lassen')[0] ?? '', /columns/u);
    assert.match(check('{0}: signed out', `{0}: ${'すべて'.repeat(8)}`)[0] ?? '', /columns/u);
    assert.deepEqual(
      check('A text elsewhere', 'Ein Text, der anderswo steht und viel länger sein darf als dieser'),
      [],
    );
  });
});
