import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { Failure, toFailure, sanitizeServerText, sanitizeDisplayName } from '../../../src/core/failure.ts';
import { CATEGORIES } from '../../../src/core/failurePolicies.ts';
import { holds } from '../../support/seeded.ts';

/** Text as a hostile server could send it: special characters in any order, with other text in between. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.constantFrom(
        '[',
        ']',
        '(',
        ')',
        '<',
        '>',
        '`',
        '*',
        '_',
        '|',
        '\\',
        '$',
        '!',
        '#',
        '://',
        'http',
        'https:',
        '//',
        'command:',
        'comm',
        'and:',
        'data:',
        'javascript:',
        'vscode:',
        'evil.example/',
        ' ',
        '\n',
        '\r',
        '\t',
        '\0',
        '\u001b[31m',
        '\u202e',
        '\u2066',
        '\u200b',
        '\u2028',
        '\ud83d\ude00',
        'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghijkl',
      ),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

/** What an editor recognizes as a link or a command. */
const LINK = /\b(?:[a-z][a-z0-9+.-]*:\/\/|(?:command|data|javascript|vscode):)/i;
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

describe('A failure', () => {
  it('accepts only an identifier as its code, whatever the source', () => {
    for (const code of ['[x](command:y)', 'a b', '', 'x'.repeat(500), 'a\u202Eb', '<b>']) {
      const failure = new Failure('unexpected', code);
      assert.deepEqual([failure.code, failure.message], ['unknown-error', 'unexpected (unknown-error)']);
    }
    for (const code of ['http-404', 'ECONNREFUSED', 'Errors.User.RefreshToken.Invalid', 'OAUTH_PARSE_ERROR']) {
      assert.equal(new Failure('unexpected', code).code, code);
    }
  });
});

describe('sanitizeServerText', () => {
  it("doesn't change harmless text", () => {
    for (const text of [
      'The user denied the request.',
      'AADSTS50076: use multi-factor authentication',
      'Zugriff verweigert, "später" versuchen?',
      '',
    ]) {
      assert.equal(sanitizeServerText(text), text);
    }
  });

  it('removes the characters that form links', () => {
    for (const text of [
      '[click](https://evil.example)',
      '<https://evil.example>',
      'see https://evil.example/x now',
      '![x](http://evil.example/y.png)',
      '[a][b]',
    ]) {
      const shown = sanitizeServerText(text);
      assert.ok(!shown.includes('evil'), shown);
      assert.doesNotMatch(shown, /[[\]()<>]|:\/\//);
    }
  });

  it('removes the characters that form VS Code commands, icons and code', () => {
    assert.equal(sanitizeServerText('run command:workbench.action.quit now'), 'run … now');
    assert.doesNotMatch(sanitizeServerText('[x](command:workbench.action.quit)'), /command|quit/);
    assert.equal(sanitizeServerText('COMMAND:x and vscode:y and javascript:z and data:q'), '… and … and … and …');
    assert.equal(sanitizeServerText('$(error) `rm` **bold** # head | cell'), 'error rm bold head cell');
  });

  it("doesn't form a link or a command by removing characters", () => {
    for (const text of [
      'https:*//evil.example/x',
      'htt`ps://evil.example',
      'https:/\\/evil.example',
      '_command:quit',
      'comm*and:quit',
      'command*:quit',
      'java|script:x',
    ]) {
      assert.doesNotMatch(sanitizeServerText(text), LINK, text);
    }
  });

  it('returns one line without characters that hide or reorder text', () => {
    assert.equal(sanitizeServerText('one\r\n\ttwo\0three\u2028four'), 'one two three four');
    assert.equal(sanitizeServerText('abc\u202Etxt.exe\u2066 x\u200By'), 'abc txt.exe x y');
    assert.equal(sanitizeServerText('\u001b[31mred\u001b[0m'), '31mred 0m');
  });

  it('removes what looks like a token', () => {
    const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghijkl';
    assert.equal(sanitizeServerText(`token ${token} is bad`), 'token … is bad');
    assert.equal(sanitizeServerText(`"${'aB3-_'.repeat(8)}"`), '"…"');
  });

  it('truncates to 200 characters and marks the truncation', () => {
    const shown = sanitizeServerText('word '.repeat(100));
    assert.equal(shown.length, 200);
    assert.ok(shown.endsWith('…'));
    assert.equal(sanitizeServerText('x'.repeat(39)).length, 39);
  });

  it('is fast however long the text is', () => {
    assert.ok(sanitizeServerText('a.'.repeat(5_000_000)).length <= 200);
    assert.ok(sanitizeServerText(' \n'.repeat(5_000_000)).length <= 200);
  });

  it('returns harmless text for any input', () => {
    holds(
      fc.property(hostile, (text) => {
        const shown = sanitizeServerText(text);
        assert.ok(shown.length <= 200);
        assert.equal(shown, shown.trim());
        assert.doesNotMatch(shown, UNSEEN);
        assert.doesNotMatch(shown, /[[\]()<>`*_|\\$!#]/);
        assert.doesNotMatch(shown, LINK);
        assert.doesNotMatch(shown, /[A-Za-z0-9_\-.~+/=]{40,}/);
      }),
      1000,
    );
  });

  it("doesn't change its own output", () => {
    holds(
      fc.property(hostile, (text) => {
        const once = sanitizeServerText(text);
        assert.equal(sanitizeServerText(once), once);
      }),
      1000,
    );
  });

  it("doesn't split a surrogate pair when it truncates", () => {
    for (const text of ['\u{1f600}'.repeat(300), `a${'\u{1f600}'.repeat(300)}`]) {
      assert.doesNotMatch(sanitizeServerText(text), /\p{Cs}/u);
    }
  });
});

describe('sanitizeDisplayName', () => {
  it("doesn't change common names", () => {
    for (const name of [
      'first_last+tag@example.com',
      'DOMAIN\\user',
      "Zoë O'Neil (Ops)",
      '*star* #1',
      '山田 太郎',
      'a|b$c!',
    ]) {
      assert.equal(sanitizeDisplayName(name), name);
    }
  });

  it('removes the characters that form links and commands in a notification', () => {
    for (const name of ['[x](command:y)', '[Ada](https://evil.example)', '<b>Ada</b>', '`Ada`']) {
      assert.doesNotMatch(sanitizeDisplayName(name), /[[\]<>`]/);
    }
    assert.equal(sanitizeDisplayName('[x](command:y)'), 'x(command:y)');
  });

  it('returns one line without characters that hide or reorder text', () => {
    assert.equal(sanitizeDisplayName(' Ada\r\nLovelace\u202e '), 'Ada Lovelace');
  });

  it('truncates to 100 characters', () => {
    assert.equal(sanitizeDisplayName('x'.repeat(500)), `${'x'.repeat(99)}…`);
  });

  it('returns an empty string when nothing is left, so that another name is used', () => {
    assert.equal(sanitizeDisplayName('\u200b [] \n'), '');
  });

  it('returns plain text for any input', () => {
    holds(
      fc.property(hostile, (name) => {
        const shown = sanitizeDisplayName(name);
        assert.ok(shown.length <= 100);
        assert.doesNotMatch(shown, UNSEEN);
        assert.doesNotMatch(shown, /[[\]<>`]/);
      }),
      1000,
    );
  });

  it("doesn't split a surrogate pair when it truncates", () => {
    assert.doesNotMatch(sanitizeDisplayName(`a${'\u{1f600}'.repeat(100)}`), /\p{Cs}/u);
  });
});

describe('Failure', () => {
  it('has a message with its category, its code and sanitized text from the server', () => {
    const failure = new Failure('network', 'ENOTFOUND', { detail: 'who?', status: 502, retryAfter: 1000, cause: 1 });
    assert.ok(failure instanceof Error);
    assert.equal(failure.message, 'network (ENOTFOUND): who?');
    assert.deepEqual(
      [failure.category, failure.code, failure.detail, failure.status, failure.retryAfter, failure.cause],
      ['network', 'ENOTFOUND', 'who?', 502, 1000, 1],
    );
    assert.equal(new Failure('canceled', 'canceled').message, 'canceled (canceled)');
    assert.equal(new Failure('server', 'x', { detail: '' }).message, 'server (x)');
  });

  it("counts as sent unless it's certain that it wasn't", () => {
    assert.equal(new Failure('network', 'ENOTFOUND', { wasNotSent: true }).wasNotSent, true);
    assert.equal(new Failure('network', 'ECONNRESET', { wasNotSent: false }).wasNotSent, false);
    assert.equal(new Failure('network', 'ECONNRESET').wasNotSent, false);
    assert.equal(toFailure(new TypeError('fetch failed')).wasNotSent, false);
  });

  it('has categories that are unique', () => {
    assert.equal(new Set(CATEGORIES).size, CATEGORIES.length);
  });

  it('is returned unchanged by toFailure', () => {
    const failure = new Failure('clock', 'skew');
    assert.equal(toFailure(failure), failure);
  });

  it('is created as unexpected by toFailure when anything else was thrown', () => {
    const error = new TypeError('see [x](command:y)\nnow');
    const failure = toFailure(error);
    assert.deepEqual([failure.category, failure.code, failure.cause], ['unexpected', 'unexpected', error]);
    assert.equal(failure.detail, 'TypeError', 'its message can contain the data being processed');
    assert.doesNotMatch(failure.message, /see|command:|\n/);
    for (const thrown of ['text', undefined, null, 7, { message: 'x' }]) {
      assert.equal(toFailure(thrown).category, 'unexpected');
      assert.equal(toFailure(thrown).detail, undefined);
    }
  });

  it("doesn't contain the message of what was thrown", () => {
    const token = 'SECRET'.repeat(10);
    assert.ok(!toFailure({ token }).message.includes('SECRET'));
    assert.ok(!toFailure(token).message.includes('SECRET'));
    assert.ok(!toFailure(new Error(`bad ${token}`)).message.includes('SECRET'));
    assert.ok(inspect(toFailure({ token }).message).length < 100);
  });
});
