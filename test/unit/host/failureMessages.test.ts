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

/** The first code of a category, without its prefix. */
function codeOf(category: Category): string {
  const policy = FAILURE_POLICIES[category];
  return [...serverCodesOf(policy), ...localCodesOf(policy)][0]?.replace(/^\w+:/, '') ?? '';
}

const messageFor = (category: Category, detail?: string, label = 'Acme'): string =>
  describeFailure(new Failure(category, codeOf(category), { detail }), label);

/** The categories about this computer, whose messages don't name the provider. */
const OF_THIS_COMPUTER: readonly Category[] = ['storage'];

/** Words of specifications that most users don't know. */
const JARGON =
  /\b(?:token endpoint|grants?|PKCE|JWT|nonce|callback|client authentication|authorization server|HTTP|4\d\d|5\d\d)\b/i;

/** The categories whose messages need such a word, because it's on the pages of the server. */
const MAY_HAVE_JARGON: readonly Category[] = [
  'client-not-allowed',
  'redirect-rejected',
  'scope-rejected',
  'unexpected-html',
];

/** Texts that a hostile server may want to inject into a notification. */
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

/** What no notification may contain: links, commands, code, control and format characters, icons. */
const ALIVE =
  /\]\(|[<>`[\]]|:\/\/(?!127\.0\.0\.1\/callback)|\b(?:command|javascript|data|mailto|vscode):|www\.|\$\(|\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}|eyJ|ya29/iu;

/** The other notifications, with a provider and values of a usual length. */
const NOTIFICATIONS: readonly (() => string)[] = [
  () => notification.signedIn('Acme', 'ada@example.com'),
  () => notification.signedOut('Acme', 'ada@example.com'),
  () => notification.signedOutUnconfirmed('Acme'),
  () => notification.signedOutWithoutRevocation('Acme'),
  () => notification.signedOutNotDeleted('Acme'),
  () => notification.renewed('Acme', 'ada@example.com'),
  () => notification.endsSoon('Acme', 'ada@example.com', '3:07:09 PM'),
  () => notification.idleWarning('Acme', '3:07:09 PM'),
  () => notification.signedOutIdle('Acme', 1_800_000),
  notification.noProvider,
  notification.syncDisabled,
  () => notification.tokensNotSaved('Acme'),
  () => notification.tlsDisabled('setting'),
  () => notification.clockSkew('Acme', 600_000),
  () => notification.clockComparison('Acme', 0, '3:07:09 PM'),
  notification.kindMuted,
  () => notification.clientSecretSaved('Acme'),
  () => notification.clientSecretRemoved('Acme'),
  () => notification.entryNotSaved('Acme'),
  () => notification.noRefreshToken('Acme', 'ada@example.com'),
  () => notification.refreshTokenAfterConsent('Acme'),
  () => notification.noRefreshTokenAfterConsent('Acme'),
  notification.noSession,
];

describe('the message for a failure', () => {
  it('mentions the clock for an expired certificate, and the setting for a DPoP-bound token', () => {
    assert.match(
      describeFailure(new Failure('certificate', 'CERT_HAS_EXPIRED'), 'Acme'),
      /has expired, or your computer's clock is wrong/,
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
      /didn't issue a DPoP-bound token/,
    );
  });

  it('names the issuer to configure and the target of a redirect, without a link', () => {
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

  it('names the new and the previous hosts of an endpoint', () => {
    const moved = (detail?: string): string =>
      describeFailure(new Failure('endpoint-moved', 'endpoint-moved', { detail }), 'Acme');
    assert.match(
      moved('new.example.com (old.example.com)'),
      /host: new\.example\.com \(previously old\.example\.com\)\. /,
    );
    assert.match(
      moved('[::1]:8443 (a.example, b.example:81)'),
      /host: \[::1\]:8443 \(previously a\.example, b\.example:81\)\. /,
    );
    assert.match(moved(), /host: … \(previously …\)\. /);
  });

  it("doesn't repeat an error description that is the same as the code", () => {
    assert.equal(
      describeFailure(new Failure('unknown-error', 'token_revoked', { detail: 'token revoked' }), 'Acme'),
      describeFailure(new Failure('unknown-error', 'token_revoked'), 'Acme'),
    );
  });

  for (const category of CATEGORIES) {
    it(`"${category}" is short and complete`, () => {
      const text = messageFor(category);
      assert.ok(text.length <= 220, `${text.length} characters`);
      assert.match(text, /^\p{Lu}.*[.?!]$/u);
      assert.doesNotMatch(text, /\{\w+\}|undefined|\s{2}|\.\./);
    });

    it(`"${category}" names the provider and avoids jargon`, () => {
      // Quoted text is a name from the settings or from the server.
      const text = messageFor(category).replace(/"[^"]*"|\([^)]*\)/g, '');
      assert.equal(text.includes('Acme'), !OF_THIS_COMPUTER.includes(category));
      if (!MAY_HAVE_JARGON.includes(category)) {
        assert.doesNotMatch(text, JARGON);
      }
      assert.ok(!category.includes('-') || !text.includes(category));
    });

    it(`"${category}" is sanitized whatever the server sends`, () => {
      for (const hostile of HOSTILE) {
        const text = messageFor(category, sanitizeServerText(hostile));
        assert.doesNotMatch(text, ALIVE, hostile.slice(0, 60));
        assert.ok(text.length <= 220 + 240, `${text.length} characters`);
      }
    });
  }

  it('says that the user is still signed in only if the session is kept, and asks to sign in only if that helps', () => {
    for (const category of CATEGORIES) {
      const { outcome, actions } = FAILURE_POLICIES[category];
      const text = messageFor(category);
      if (/still signed in|[Rr]etrying/.test(text)) {
        assert.ok(outcome === 'retrying' || outcome === 'needs-attention', category);
      }
      if (outcome === 'ended') {
        assert.match(text, /[Ss]ign in/, category);
      }
      if (text.includes('Sign in again')) {
        assert.ok(([...actions] as string[]).includes('sign-in'), category);
      }
    }
  });

  it('is different for each category', () => {
    assert.equal(new Set(CATEGORIES.map((category) => messageFor(category))).size, CATEGORIES.length);
  });

  it('quotes the error description of the server, and has no empty quotes without one', () => {
    assert.match(
      messageFor('consent-needed', 'The application needs a new permission.'),
      /to continue\. Server message: \"The application needs a new permission\"\.$/,
    );
    for (const [text, quoted] of [
      ['unknown client', 'unknown client'],
      ['Ends. Sign in. ', 'Ends. Sign in'],
      ['Really?', 'Really?'],
      ['One moment...', 'One moment'],
    ] as const) {
      assert.ok(messageFor('scope-rejected', text).endsWith(` Server message: "${quoted}".`), text);
    }
    assert.equal(messageFor('scope-rejected', '. .'), messageFor('scope-rejected'));
    for (const category of CATEGORIES) {
      assert.doesNotMatch(messageFor(category, ''), /\"\"|\(\)/, category);
    }
  });

  it("doesn't quote the server about personal matters, or in a response that may come from another server", () => {
    for (const category of [
      'denied',
      'password-expired',
      'untrusted-response',
      'other-account',
      'unexpected-html',
      'storage',
    ] as const) {
      assert.equal(messageFor(category, 'call 555'), messageFor(category), category);
    }
  });

  it('inserts the label of a provider once, even if it looks like a placeholder', () => {
    assert.match(messageFor('network', undefined, '{0}{1}'), /^Couldn't reach \{0\}\{1\}\. /);
    assert.match(
      messageFor('consent-needed', 'call {0}', 'A {1} B'),
      /^A \{1\} B requires your consent.*\"call \{0\}\"\.$/,
    );
  });

  it('names the host that sent no response, unless the label contains it', () => {
    const message = (label: string, host: string): string =>
      describeFailure(new Failure('network', 'ENOTFOUND', { host }), label, false);
    assert.equal(message('Acme', 'id.example.com:8443'), "Couldn't reach Acme (id.example.com:8443).");
    assert.equal(message('ID.example.com', 'id.example.com:8443'), "Couldn't reach ID.example.com.");
    assert.match(
      describeFailure(new Failure('certificate', 'CERT_HAS_EXPIRED', { host: 'id.example.com' }), 'Acme'),
      /^Couldn't connect to Acme \(id\.example\.com\)\. Its certificate/,
    );
  });

  it("doesn't contain the message of an unexpected error", () => {
    const text = describeFailure(new TypeError('Bearer SECRET-token is wrong'), 'Acme');
    assert.equal(text, 'An unexpected error occurred with Acme. See the log for details.');
  });
});

describe('the label of an action', () => {
  it('is different for each action, short, and has no period', () => {
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

describe('other messages', () => {
  it('have singular and plural forms of a unit', () => {
    assert.match(notification.signedOutIdle('Acme', 60_000), /signed out of Acme after 1 minute of inactivity\./);
    assert.match(notification.signedOutIdle('Acme', 540_000), /after 9 minutes of/);
    assert.match(notification.signedOutIdle('Acme', 5_000), /after 5 seconds of/);
  });

  it('name the entry and the field with a problem', () => {
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

describe('the length of notifications', () => {
  it('has a median below 90 characters', () => {
    const lengths = [
      ...CATEGORIES.map((category) => messageFor(category)),
      ...NOTIFICATIONS.map((message) => message()),
    ]
      .map((text) => text.length)
      .sort((one, other) => one - other);
    const median = lengths[Math.floor(lengths.length / 2)] ?? NaN;
    assert.ok(median < 90, `${median} characters`);
  });
});
