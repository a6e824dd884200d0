import assert from 'node:assert/strict';
import { HOUR, MINUTE } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import type { Category } from '../../../src/core/failurePolicies.ts';
import {
  FINDING_CODES,
  type DiagnosticFacts,
  type FindingCode,
  type QuickFix,
} from '../../../src/diagnostics/finding.ts';
import { getFindings } from '../../../src/diagnostics/findings.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { NUMBER_SETTINGS } from '../../../src/host/numberSettings.ts';
import { jwtWith, providerAt } from '../../support/fixtures.ts';
import { live, SAMPLE, SIGNED_IN_AT, UNRENEWABLE } from '../../support/coreSamples.ts';

const ISSUER = SAMPLE.issuer;
const ACME = providerAt(ISSUER, { clientId: SAMPLE.clientId });
const ID_TOKEN = jwtWith({ iss: ISSUER, aud: SAMPLE.clientId, sub: SAMPLE.subject });
const RECORD: SessionRecord = { ...SAMPLE, idToken: ID_TOKEN };

/** A window without problems, except for the given facts. */
function testWindow(more: Partial<DiagnosticFacts> = {}): DiagnosticFacts {
  return {
    now: SIGNED_IN_AT + MINUTE,
    providers: [ACME],
    problems: [],
    numberProblems: [],
    sessions: [live(RECORD)],
    lost: [],
    unknownServers: [],
    store: { now: 'works', persistence: 'persistent' },
    folder: 'works',
    isDegraded: false,
    quarantined: 0,
    tlsDisabledBy: undefined,
    ...more,
  };
}

const withRecord = (more: Partial<SessionRecord>): DiagnosticFacts =>
  testWindow({ sessions: [live({ ...RECORD, ...more })] });
const withIdToken = (claims: Readonly<Record<string, unknown>>): DiagnosticFacts =>
  withRecord({ idToken: jwtWith({ iss: ISSUER, aud: SAMPLE.clientId, sub: SAMPLE.subject, ...claims }) });
const failing = (category: Category): DiagnosticFacts =>
  testWindow({ sessions: [live(RECORD, { failure: new Failure(category, 'x'), failures: 1 })] });
const found = (facts: DiagnosticFacts): (readonly [FindingCode, QuickFix | undefined])[] =>
  getFindings(facts).map(({ code, quickFix }) => [code, quickFix] as const);

const problem = { entry: 'Acme', field: 'issuer', code: 'missing' } as const;
const twin: SessionRecord = { ...RECORD, id: 'session-2', account: { ...RECORD.account, id: 'account-2' } };
const cases: readonly (readonly [string, DiagnosticFacts, FindingCode, QuickFix | undefined])[] = [
  ['nothing is configured', testWindow({ providers: [], sessions: [] }), 'nothing-configured', 'add-provider'],
  ['an entry is invalid', testWindow({ problems: [problem] }), 'entry-not-used', 'settings'],
  [
    'a setting is out of range',
    testWindow({ numberProblems: [{ setting: NUMBER_SETTINGS.refreshInterval, used: 5 }] }),
    'setting-out-of-range',
    'settings',
  ],
  [
    'a record has another issuer',
    withRecord({ issuer: 'https://old.example.com', idToken: undefined }),
    'configuration-mismatch',
    'sign-out',
  ],
  [
    'a record has another client',
    withRecord({ clientId: 'old', idToken: undefined }),
    'configuration-mismatch',
    'sign-out',
  ],
  [
    'a record is from a test server',
    withRecord({ issuer: 'http://127.0.0.1:8080', idToken: undefined }),
    'test-server',
    'sign-out',
  ],
  [
    'a record is from a test server, without a provider',
    withRecord({ issuer: 'http://localhost', providerId: 'old', idToken: undefined }),
    'not-configured',
    'sign-out',
  ],
  ["the provider of a record isn't configured", withRecord({ providerId: 'old' }), 'not-configured', 'sign-out'],
  ['the ID token has another issuer', withIdToken({ iss: 'https://evil.example.com' }), 'identity-mismatch', 'remove'],
  ['the ID token has another audience', withIdToken({ aud: ['another-client'] }), 'identity-mismatch', 'remove'],
  ['the ID token has another subject', withIdToken({ sub: 'account-9' }), 'identity-mismatch', 'remove'],
  ['two accounts have one label', testWindow({ sessions: [live(RECORD), live(twin)] }), 'same-label', 'sign-out'],
  [
    "there is no refresh token, and offline_access isn't requested",
    testWindow({ sessions: [live({ ...UNRENEWABLE, idToken: ID_TOKEN })] }),
    'no-refresh-token',
    'settings',
  ],
  [
    'there is no refresh token despite offline_access',
    testWindow({
      providers: [{ ...ACME, scopes: ['openid offline_access'] }],
      sessions: [live({ ...UNRENEWABLE, idToken: ID_TOKEN })],
    }),
    'no-refresh-token',
    undefined,
  ],
  [
    'the lifetime is unknown',
    withRecord({ accessExpiresAt: undefined, expirySource: 'unknown' }),
    'lifetime-unknown',
    'settings',
  ],
  ['the clock is wrong', testWindow({ sessions: [live(RECORD, { skew: -6 * MINUTE })] }), 'clock-off', 'renew'],
  ['the clock was wrong when the record was created', withRecord({ skew: 6 * MINUTE }), 'clock-off', 'renew'],
  [
    'SecretStorage keeps no secrets',
    testWindow({ store: { now: { code: 'secret-not-persistent' }, persistence: 'unknown' } }),
    'store-forgets',
    'check',
  ],
  [
    'SecretStorage rejects',
    testWindow({ store: { now: { code: 'secret-failed' }, persistence: 'unknown' } }),
    'store-fails',
    'check',
  ],
  [
    "SecretStorage isn't persistent",
    testWindow({ store: { now: 'works', persistence: 'not-persistent' } }),
    'store-not-persistent',
    undefined,
  ],
  ['tokens are in memory only', testWindow({ sessions: [live(RECORD, { unsaved: true })] }), 'unsaved', 'check'],
  ['the folder fails', testWindow({ folder: { code: 'folder-failed' } }), 'folder-fails', 'check'],
  ["this window doesn't coordinate with others", testWindow({ isDegraded: true }), 'cross-window-sync-off', 'check'],
  [
    'a session has ended',
    withRecord({ ended: { at: SIGNED_IN_AT, category: 'session-ended', code: 'invalid_grant' } }),
    'ended',
    'sign-in',
  ],
  [
    "a token that can't be renewed has expired",
    testWindow({ now: SIGNED_IN_AT + 2 * HOUR, sessions: [live({ ...UNRENEWABLE, idToken: ID_TOKEN })] }),
    'ended',
    'sign-in',
  ],
  ['a renewal fails temporarily', failing('network'), 'renewal-fails', 'renew'],
  ['a renewal fails because of the settings', failing('client-rejected'), 'renewal-fails', 'settings'],
  ['a renewal fails because of a proxy', failing('proxy'), 'renewal-fails', 'proxy-settings'],
  ['the server is rate-limiting requests', failing('rate-limited'), 'renewal-fails', 'log'],
  [
    'discovery fails',
    testWindow({ unknownServers: [{ providerId: 'acme', category: 'network', code: 'ENOTFOUND' }] }),
    'server-unknown',
    'log',
  ],
  [
    'a setting disables certificate verification',
    testWindow({ tlsDisabledBy: 'setting' }),
    'tls-off',
    'proxy-settings',
  ],
  [
    'the environment disables certificate verification',
    testWindow({ tlsDisabledBy: 'environment' }),
    'tls-off',
    undefined,
  ],
  [
    'VS Code requests sessions from another extension',
    testWindow({ idConflicts: [{ providerId: 'acme', isTaken: true, declaredBy: undefined }] }),
    'id-taken',
    'settings',
  ],
  [
    'another extension declares the ID of a provider',
    testWindow({ idConflicts: [{ providerId: 'acme', isTaken: false, declaredBy: 'some.other' }] }),
    'id-declared',
    'settings',
  ],
  ['a secret is quarantined', testWindow({ quarantined: 2 }), 'quarantined-secrets', 'clear'],
  [
    'the keyring has lost a session',
    testWindow({ lost: [{ id: 'session-9', providerId: 'acme' }] }),
    'lost',
    'sign-in',
  ],
];

describe('getFindings', () => {
  it('returns none without problems', () => {
    assert.deepEqual(getFindings(testWindow()), []);
    assert.deepEqual(
      getFindings(
        testWindow({ sessions: [], store: { now: 'works', persistence: 'unknown' }, quarantined: undefined }),
      ),
      [],
    );
  });

  for (const [what, facts, code, quickFix] of cases) {
    it(`returns only "${code}" if ${what}, with ${quickFix === undefined ? 'no quick fix' : `the quick fix "${quickFix}"`}`, () => {
      assert.deepEqual(found(facts), [[code, quickFix]]);
    });
  }

  it('has a test for each code', () => {
    assert.deepEqual([...new Set(cases.map(([, , code]) => code))].sort(), [...FINDING_CODES].sort());
  });

  it('accepts an issuer with another trailing slash, or of a tenant', () => {
    const from = (issuer: string, claims: Readonly<Record<string, unknown>>): unknown =>
      getFindings(
        withRecord({ issuer, idToken: jwtWith({ aud: SAMPLE.clientId, sub: SAMPLE.subject, ...claims }) }),
      ).filter(({ code }) => code === 'identity-mismatch');
    assert.deepEqual(from(ISSUER, { iss: `${ISSUER}/` }), []);
    assert.deepEqual(
      from('https://id.example.com/common/v2.0', { iss: 'https://id.example.com/t-1/v2.0', tid: 't-1' }),
      [],
    );
    assert.equal(
      (from('https://id.example.com/common/v2.0', { iss: 'https://id.example.com/t-1/v2.0' }) as unknown[]).length,
      1,
    );
  });

  it("returns none for a token that doesn't expire", () => {
    const { refreshToken, ...forever } = { ...RECORD, accessExpiresAt: undefined, expirySource: 'unknown' as const };
    assert.equal(typeof refreshToken, 'string');
    assert.deepEqual(found(testWindow({ sessions: [live({ ...forever, idToken: ID_TOKEN })] })), []);
  });

  it('ignores an ID conflict if no provider has the ID', () => {
    const conflict = { providerId: 'oidc', isTaken: true, declaredBy: 'some.other' };
    assert.deepEqual(found(testWindow({ idConflicts: [conflict] })), []);
    assert.deepEqual(
      getFindings(testWindow({ idConflicts: [{ ...conflict, providerId: 'acme' }] })).map(({ detail }) => detail),
      ['some.other'],
    );
  });

  it('sorts by severity', () => {
    const facts = testWindow({ quarantined: 1, tlsDisabledBy: 'setting', problems: [problem], isDegraded: true });
    assert.deepEqual(
      getFindings(facts).map(({ code }) => code),
      ['tls-off', 'cross-window-sync-off', 'entry-not-used', 'quarantined-secrets'],
    );
  });

  it("lists every claim that doesn't match", () => {
    assert.deepEqual(
      getFindings(withIdToken({ iss: 7, aud: undefined, sub: {} })).map(({ detail }) => detail),
      ['iss, aud, and sub'],
    );
  });

  it("ignores an ID token that can't be decoded, or has other audiences, too", () => {
    for (const idToken of ['opaque', 'a.b.c', 'a.b.c.d.e', jwtWith([] as unknown as Record<string, unknown>)]) {
      assert.deepEqual(getFindings(withRecord({ idToken })), [], idToken);
    }
    assert.deepEqual(getFindings(withIdToken({ aud: ['other', SAMPLE.clientId] })), []);
    assert.deepEqual(
      getFindings(withRecord({ subject: 'Zoë', idToken: jwtWith({ iss: ISSUER, aud: SAMPLE.clientId, sub: 'Zoë' }) })),
      [],
    );
  });

  it('proposes the settings instead of a sign-out if an entry is invalid', () => {
    assert.deepEqual(found(testWindow({ providers: [], problems: [problem], sessions: [live(RECORD)] })), [
      ['not-configured', 'settings'],
      ['nothing-configured', 'settings'],
      ['entry-not-used', 'settings'],
    ]);
  });

  it('ignores a session of a configured test server', () => {
    const issuer = 'http://127.0.0.1:8080';
    assert.deepEqual(
      getFindings({ ...withRecord({ issuer, idToken: undefined }), providers: [{ ...ACME, issuer }] }),
      [],
    );
    assert.deepEqual(
      found({ ...withRecord({ issuer, idToken: undefined }), providers: [{ ...ACME, issuer: 'http://localhost' }] }),
      [['configuration-mismatch', 'sign-out']],
    );
  });

  it('uses the latest clock skew', () => {
    const later = live({ ...RECORD, id: 'session-2', tokensRequestedAt: RECORD.tokensRequestedAt + MINUTE, skew: 0 });
    assert.deepEqual(getFindings(testWindow({ sessions: [live({ ...RECORD, skew: HOUR }), later] })), []);
  });
});
