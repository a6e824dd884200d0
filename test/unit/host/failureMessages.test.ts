import assert from 'node:assert/strict';
import { Failure, sanitizeServerText } from '../../../src/core/failure.ts';
import {
  CATEGORIES,
  FAILURE_POLICIES,
  localCodesOf,
  serverCodesOf,
  type Category,
} from '../../../src/core/failurePolicies.ts';
import { describeFailure } from '../../../src/host/failureMessages.ts';
import * as button from '../../../src/host/buttonLabels.ts';
import * as notification from '../../../src/host/notificationMessages.ts';
import { describeEntryProblem } from '../../../src/host/settingsMessages.ts';

/** The first code of a category, as it comes about. */
function codeOf(category: Category): string {
  const policy = FAILURE_POLICIES[category];
  return [...serverCodesOf(policy), ...localCodesOf(policy)][0]?.replace(/^\w+:/, '') ?? '';
}

const sentence = (category: Category, detail?: string, label = 'Acme'): string =>
  describeFailure(new Failure(category, codeOf(category), { detail }), label);

/** The categories that are about this computer, whatever the provider. */
const OF_THIS_COMPUTER: readonly Category[] = ['storage', 'no-loopback'];

/** Words of specifications that say nothing to most people. */
const JARGON =
  /\b(?:token endpoint|grants?|PKCE|JWT|nonce|callback|client authentication|authorization server|HTTP|4\d\d|5\d\d)\b/i;

/** Where such a word has to be, because the person types it into the pages of the server. */
const MAY_HAVE_JARGON: readonly Category[] = [
  'client-not-allowed',
  'redirect-rejected',
  'scope-rejected',
  'unexpected-html',
];

/** Everything that a hostile server would like to have in a notification. */
const HOSTILE: readonly string[] = [
  '[Click here](command:workbench.action.quit)',
  '[Click here](https://evil.example.com/?a=1)',
  'Visit https://evil.example.com or www.evil.example.com now',
  'command:workbench.action.terminal.new',
  'See <a href="javascript:alert(1)">this</a> and `code` and **this** | # that ![x](data:y)',
  'com\u00ADmand:evil and com\u200Bmand:evil',
  '\u202Esdrawkcab\u202C \u2066hidden\u2069 \u0007bell \u001B[31mred',
  'one\ntwo\r\nthree\u2028four\u2029five',
  'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl and ya29.a0AfH6SMBxxxxxxxxxxxxxxxxxxxx',
  'very long '.repeat(1000),
  '$(error) {0} {1} {provider}',
];

/** What no notification may hold: links, commands, code, control and format characters, icons. */
const ALIVE =
  /\]\(|[<>`[\]]|:\/\/(?!127\.0\.0\.1\/callback)|\b(?:command|javascript|data|mailto|vscode):|www\.|\$\(|\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}|eyJ|ya29/iu;

describe('the sentence for a failure', () => {
  it('tells of a certificate that has expired that the clock may be the reason, and of a bound token what to set', () => {
    assert.match(
      describeFailure(new Failure('certificate', 'CERT_HAS_EXPIRED'), 'Acme'),
      /has expired, or your computer’s clock is wrong/,
    );
    assert.match(
      describeFailure(new Failure('unsupported-server', 'token-type', { detail: 'dpop' }), 'Acme'),
      /Turn on "dpop"/,
    );
    assert.doesNotMatch(
      describeFailure(new Failure('unsupported-server', 'token-type', { detail: 'mac' }), 'Acme'),
      /dpop/,
    );
    assert.match(
      describeFailure(new Failure('unsupported-server', 'token-type', { detail: 'Bearer' }), 'Acme'),
      /didn’t issue a DPoP-bound token/,
    );
  });

  it('names the issuer that belongs into the settings, and where a redirect leads, without a link', () => {
    const issuer = describeFailure(
      new Failure('issuer-mismatch', 'issuer-setting', { detail: 'https://real.example.com/x' }),
      'Acme',
    );
    assert.match(issuer, /different issuer: real\.example\.com\/x\. .*"issuer"/);
    assert.doesNotMatch(issuer, ALIVE);
    assert.match(
      describeFailure(new Failure('unexpected-html', 'http-302', { detail: 'portal.example.com' }), 'Acme'),
      /was redirected to portal\.example\.com\./,
    );
    assert.doesNotMatch(describeFailure(new Failure('unexpected-html', 'http-302'), 'Acme'), /redirected/);
  });

  it('does not repeat a code that is all the server says', () => {
    assert.equal(
      describeFailure(new Failure('unknown-error', 'token_revoked', { detail: 'token revoked' }), 'Acme'),
      describeFailure(new Failure('unknown-error', 'token_revoked'), 'Acme'),
    );
  });

  for (const category of CATEGORIES) {
    it(`"${category}" is short and whole`, () => {
      const said = sentence(category);
      assert.ok(said.length <= 220, `${said.length} characters`);
      assert.match(said, /^\p{Lu}.*[.?!]$/u);
      assert.doesNotMatch(said, /\{\w+\}|undefined|\s{2}|\.\./);
    });

    it(`"${category}" says what it is about in the words of people`, () => {
      // What it quotes is a name in the settings or in the server's own pages.
      const said = sentence(category).replace(/"[^"]*"|\([^)]*\)/g, '');
      assert.equal(said.includes('Acme'), !OF_THIS_COMPUTER.includes(category));
      if (!MAY_HAVE_JARGON.includes(category)) {
        assert.doesNotMatch(said, JARGON);
      }
      assert.ok(!category.includes('-') || !said.includes(category));
    });

    it(`"${category}" stays harmless whatever the server says`, () => {
      for (const words of HOSTILE) {
        const said = sentence(category, sanitizeServerText(words));
        assert.doesNotMatch(said, ALIVE, words.slice(0, 60));
        assert.ok(said.length <= 220 + 240, `${said.length} characters`);
      }
    });
  }

  it('promises that the session is kept only where it is, and wants a new sign-in only where nothing else helps', () => {
    for (const category of CATEGORIES) {
      const { outcome, actions } = FAILURE_POLICIES[category];
      const said = sentence(category);
      if (/still signed in|[Rr]etrying/.test(said)) {
        assert.ok(outcome === 'retrying' || outcome === 'needs-attention', category);
      }
      if (outcome === 'ended') {
        assert.match(said, /[Ss]ign in/, category);
      }
      if (said.includes('Sign in again')) {
        assert.ok(([...actions] as string[]).includes('sign-in'), category);
      }
    }
  });

  it('is another one for each category', () => {
    assert.equal(new Set(CATEGORIES.map((category) => sentence(category))).size, CATEGORIES.length);
  });

  it('quotes the server where it explains itself, and leaves no empty quotes where it does not', () => {
    assert.match(
      sentence('consent-needed', 'The application needs a new permission.'),
      /to continue\. Server message: \"The application needs a new permission\.\"$/,
    );
    for (const category of CATEGORIES) {
      assert.doesNotMatch(sentence(category, ''), /\"\"|\(\)/, category);
    }
  });

  it('does not quote a server about what is a person’s own, or about an answer that may come from somebody else', () => {
    for (const category of [
      'denied',
      'password-expired',
      'untrusted-response',
      'other-account',
      'unexpected-html',
      'storage',
    ] as const) {
      assert.equal(sentence(category, 'call 555'), sentence(category), category);
    }
  });

  it('puts a provider’s name in once, even one that looks like a placeholder', () => {
    assert.match(sentence('network', undefined, '{0}{1}'), /^Couldn’t reach \{0\}\{1\}\. /);
    assert.match(
      sentence('consent-needed', 'call {0}', 'A {1} B'),
      /^A \{1\} B requires your consent.*\"call \{0\}\"$/,
    );
  });

  it('for an error that nobody expected says nothing of its message', () => {
    const said = describeFailure(new TypeError('Bearer SECRET-token is wrong'), 'Acme');
    assert.equal(said, 'An unexpected error occurred with Acme. See the log for details.');
  });
});

describe('the label of an action', () => {
  it('is another one for each, short, and without a full stop', () => {
    const labels = [
      ...new Set(
        CATEGORIES.flatMap((category): readonly string[] => FAILURE_POLICIES[category].actions.map(button.forAction)),
      ),
    ];
    const actions = new Set(CATEGORIES.flatMap((category): readonly string[] => FAILURE_POLICIES[category].actions));
    assert.equal(labels.length, actions.size);
    for (const label of labels) {
      assert.match(label, /^[A-Z][A-Za-z -]{2,27}…?$/);
    }
  });
});

describe('other sentences', () => {
  it('have one form for one minute and another for more', () => {
    assert.match(notification.signedOutIdle('Acme', 60_000), /signed out of Acme after 1 minute of inactivity\./);
    assert.match(notification.signedOutIdle('Acme', 540_000), /after 9 minutes of/);
    assert.match(notification.signedOutIdle('Acme', 5_000), /after 5 seconds of/);
  });

  it('name the entry and the field of a setting', () => {
    assert.equal(
      describeEntryProblem({ entry: '2', field: 'issuer', code: 'missing' }),
      'Provider #2 in Settings is ignored: "issuer" is missing.',
    );
    assert.match(
      describeEntryProblem({ entry: 'acme', field: 'issuer', code: 'not-https' }),
      /^Provider "acme" in Settings is ignored: "issuer" must start with https/,
    );
  });
});
