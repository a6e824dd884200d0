import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/clock.ts';
import {
  CATEGORIES,
  FAILURE_POLICIES,
  categoryOfCode,
  categoryOfError,
  categoryOfStatus,
  endsSession,
  isUnsentCode,
  localCodesOf,
  mayHaveReachedServer,
  promptAfter,
  retriesWithOtherSlash,
  serverCodesOf,
  type Category,
} from '../../../src/core/failurePolicies.ts';
import { ENVIRONMENT_FAILURES } from '../../../src/core/failurePoliciesEnvironment.ts';
import { REQUEST_FAILURES } from '../../../src/core/failurePoliciesRequest.ts';
import { SERVER_FAILURES } from '../../../src/core/failurePoliciesServer.ts';

const ROWS = Object.values(FAILURE_POLICIES);

const those = (passes: (category: Category) => boolean): Category[] => CATEGORIES.filter(passes);

describe('FAILURE_POLICIES', () => {
  for (const category of CATEGORIES) {
    it(`offers at most two actions without duplicates for "${category}"`, () => {
      const { actions } = FAILURE_POLICIES[category];
      assert.ok(actions.length <= 2);
      assert.equal(new Set(actions).size, actions.length);
    });
  }

  it('ends a session only on a definite verdict, never because of the network, a proxy, a failing server or the clock', () => {
    assert.deepEqual(those(endsSession), [
      'session-ended',
      'session-expired',
      'refresh-response-lost',
      'sign-in-needed',
      'interaction-needed',
      'consent-needed',
      'second-factor',
      'policy',
      'password-expired',
      'email-unverified',
    ]);
  });

  it("offers only Sign In Again and doesn't retry when the session has ended", () => {
    for (const category of those(endsSession)) {
      assert.deepEqual(FAILURE_POLICIES[category].actions, ['sign-in'], category);
      assert.equal(FAILURE_POLICIES[category].firstRetryWithin, undefined, category);
    }
  });

  it("doesn't offer Sign In Again first when waiting or changing a setting helps", () => {
    const signsInFirst = those(
      (category) => FAILURE_POLICIES[category].actions[0] === 'sign-in' && !endsSession(category),
    );
    assert.deepEqual(signsInFirst, [
      'refresh-rejected-again',
      'proof-rejected',
      'endpoint-moved',
      'untrusted-response',
      'other-account',
      'account-not-allowed',
      'denied',
      'invalid-callback',
      'sign-in-timeout',
      'canceled',
      'signed-out',
      'insufficient-scope',
      'step-up-failed',
    ]);
  });

  it('retries soon, and shows that in the status bar, when waiting is likely to help', () => {
    const passing = those((category) => FAILURE_POLICIES[category].outcome === 'retrying');
    assert.deepEqual(passing, ['network', 'server', 'rate-limited', 'lock-timeout', 'refresh-rejected']);
    // A rejected request isn't sent again within seconds.
    assert.ok(
      passing.every(
        (category) =>
          (FAILURE_POLICIES[category].firstRetryWithin ?? 0) >= MINUTE === (category === 'refresh-rejected'),
      ),
    );
  });

  it("doesn't offer an immediate retry when the server asked to wait", () => {
    assert.ok(!FAILURE_POLICIES['rate-limited'].actions.includes('retry'));
  });

  it("keeps retrying for all categories that keep the session, unless retrying can't help", () => {
    const stops = those(
      (category) =>
        FAILURE_POLICIES[category].firstRetryWithin === undefined &&
        FAILURE_POLICIES[category].outcome === 'needs-attention',
    );
    assert.deepEqual(stops, ['not-renewable', 'endpoint-conflict']);
  });

  it('offers the settings when they are wrong', () => {
    for (const category of [
      'client-rejected',
      'client-not-allowed',
      'no-server',
      'issuer-mismatch',
      'insecure',
      'unsupported-server',
      'configuration',
      'not-configured',
    ] as const) {
      assert.equal(FAILURE_POLICIES[category].actions[0], 'settings', category);
    }
    assert.deepEqual(
      [FAILURE_POLICIES['scope-rejected'].actions[0], FAILURE_POLICIES['redirect-rejected'].actions[0]],
      ['scopes', 'copy-redirect'],
    );
  });

  it('has each category in exactly one of its parts', () => {
    const parts = [ENVIRONMENT_FAILURES, SERVER_FAILURES, REQUEST_FAILURES];
    assert.deepEqual(
      parts.flatMap((part) => Object.keys(part)),
      CATEGORIES,
    );
  });

  it("has no rules for codes that the row doesn't have", () => {
    for (const row of ROWS) {
      const { mayHaveReachedServer: lost, prompts = {}, rejectionCodes = [], unreportedCodes = [] } = row;
      const ruled = [
        ...Object.keys(prompts),
        ...rejectionCodes,
        ...unreportedCodes,
        ...(lost === true || lost === undefined ? [] : lost),
      ];
      const codes = [...serverCodesOf(row), ...localCodesOf(row)];
      assert.deepEqual(
        ruled.filter((code) => !codes.includes(code)),
        [],
      );
    }
    assert.ok(ROWS.some(({ prompts }) => prompts !== undefined));
  });

  it('reports that a request may have reached the server when its response is lost, unless nothing was sent', () => {
    const may = (category: Category, code: string, wasNotSent = false): boolean =>
      mayHaveReachedServer({ category, code, wasNotSent });
    assert.deepEqual(
      [may('network', 'ECONNRESET'), may('network', 'deadline'), may('network', 'ENOTFOUND', true)],
      [true, true, false],
    );
    assert.deepEqual(
      [may('invalid-response', 'truncated'), may('invalid-response', 'too-large'), may('server', 'http-503')],
      [true, false, false],
    );
  });

  it('recognizes the codes of failures before there was a connection', () => {
    assert.deepEqual(['ENOTFOUND', 'UND_ERR_PRX_TLS', 'ECONNRESET', 'deadline', 'constructor'].map(isUnsentCode), [
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('makes the wizard retry the other form of the issuer when the server reports a different one', () => {
    assert.deepEqual(those(retriesWithOtherSlash), ['issuer-mismatch']);
  });

  it('assigns all TLS error codes to the certificate category', () => {
    assert.equal(categoryOfCode('ERR_SSL_WRONG_VERSION_NUMBER'), 'certificate');
  });

  it('has each code in one row only', () => {
    for (const codes of [
      CATEGORIES.flatMap((one) => serverCodesOf(FAILURE_POLICIES[one])),
      CATEGORIES.flatMap((one) => localCodesOf(FAILURE_POLICIES[one])),
    ]) {
      assert.deepEqual(
        codes.filter((code, index) => codes.indexOf(code) !== index),
        [],
      );
      assert.deepEqual(
        codes.filter((code) => !/^(?:\w+:)?[\w.-]+$/.test(code)),
        [],
      );
    }
  });

  it('has codes that lead to each row', () => {
    assert.deepEqual(
      those(
        (category) =>
          serverCodesOf(FAILURE_POLICIES[category]).length + localCodesOf(FAILURE_POLICIES[category]).length === 0,
      ),
      [],
    );
  });

  it('separates server codes from local codes, so that no server can report a local failure', () => {
    for (const code of CATEGORIES.flatMap((one) => localCodesOf(FAILURE_POLICIES[one]))) {
      assert.equal(categoryOfError(code, 'refresh'), undefined, code);
    }
    assert.equal(categoryOfCode('invalid_grant'), undefined);
  });

  it('uses the step when a code has a different meaning there', () => {
    const steps = ['authorization', 'exchange', 'refresh', 'device'] as const;
    assert.deepEqual(
      steps.map((step) => categoryOfError('invalid_grant', step)),
      ['invalid-callback', 'invalid-callback', 'session-ended', 'code-expired'],
    );
    assert.deepEqual(
      steps.map((step) => categoryOfError('access_denied', step)),
      ['denied', 'denied', 'session-ended', 'denied'],
    );
    assert.deepEqual(
      steps.map((step) => categoryOfError('slow_down', step)),
      ['rate-limited', 'rate-limited', 'rate-limited', 'protocol-step'],
    );
    assert.deepEqual(
      steps.map((step) => categoryOfError('unsupported_grant_type', step)),
      ['configuration', 'configuration', 'not-renewable', 'configuration'],
    );
  });

  it('classifies all server codes of a refresh as ended, needing attention, or temporary', () => {
    const codes = CATEGORIES.flatMap((one) => serverCodesOf(FAILURE_POLICIES[one])).map((code) =>
      code.replace(/^\w+:/, ''),
    );
    const silent = codes.filter((code) => {
      const category = categoryOfError(code, 'refresh');
      return category !== undefined && FAILURE_POLICIES[category].outcome === 'no-change';
    });
    // These belong to a sign-in; in a refresh they need attention.
    assert.deepEqual([...new Set(silent)].sort(), [
      'authorization_declined',
      'bad_verification_code',
      'incorrect_device_code',
    ]);
  });

  it('has a category for each HTTP status', () => {
    const expected: Readonly<Record<number, Category>> = {
      100: 'invalid-response',
      200: 'invalid-response',
      204: 'invalid-response',
      301: 'unexpected-html',
      302: 'unexpected-html',
      308: 'unexpected-html',
      400: 'configuration',
      401: 'configuration',
      403: 'configuration',
      404: 'no-server',
      405: 'no-server',
      407: 'proxy',
      408: 'network',
      410: 'no-server',
      415: 'configuration',
      425: 'network',
      429: 'rate-limited',
      500: 'server',
      501: 'no-server',
      502: 'server',
      503: 'server',
      504: 'server',
      505: 'no-server',
      511: 'unexpected-html',
      520: 'server',
      599: 'server',
      999: 'invalid-response',
    };
    for (const [status, category] of Object.entries(expected)) {
      assert.equal(categoryOfStatus(Number(status)), category, status);
    }
  });

  it('has a prompt for the next sign-in when the server must show a page that it would skip', () => {
    const codes = [
      'login_required',
      'consent_required',
      'account_selection_required',
      'interaction_required',
      'invalid_grant',
    ];
    assert.deepEqual(codes.map(promptAfter), ['login', 'consent', 'select_account', undefined, undefined]);
    // Inherited members of objects aren't codes.
    assert.deepEqual(
      ['function Object() { [native code] }', 'function toString() { [native code] }', '[object Object]'].map(
        promptAfter,
      ),
      [undefined, undefined, undefined],
    );
  });
});
