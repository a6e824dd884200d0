import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import {
  sessionChanges,
  toAuthenticationSession,
  tokenExpiresAt,
  usableToken,
} from '../../../src/auth/authenticationSession.ts';
import { SAMPLE, SIGNED_IN_AT, without } from '../../support/coreSamples.ts';
import { jwtWith } from '../../support/fixtures.ts';

describe('A session for callers', () => {
  it('has the scopes of the caller, and the remaining lifetime of its token', () => {
    assert.deepEqual(toAuthenticationSession(SAMPLE, 'access_token', SIGNED_IN_AT + MINUTE, ['profile', 'openid']), {
      id: SAMPLE.id,
      accessToken: SAMPLE.accessToken,
      idToken: SAMPLE.idToken,
      account: SAMPLE.account,
      scopes: ['profile', 'openid'],
      expiresAfter: 59 * MINUTE,
    });
  });

  it('has its own scopes if the caller specifies none', () => {
    assert.deepEqual(toAuthenticationSession(SAMPLE, 'access_token', SIGNED_IN_AT).scopes, SAMPLE.scopes);
  });

  it('has no lifetime if that is unknown or over', () => {
    const unknown = { ...without(SAMPLE, 'accessExpiresAt'), accessExpiresAt: undefined };
    assert.ok(!('expiresAfter' in toAuthenticationSession(unknown, 'access_token', SIGNED_IN_AT)));
    assert.ok(!('expiresAfter' in toAuthenticationSession(SAMPLE, 'access_token', SIGNED_IN_AT + HOUR)));
  });

  it("has the ID token if callers get that, until it expires by the server's clock", () => {
    const idToken = jwtWith({ exp: (SIGNED_IN_AT + MINUTE) / SECOND });
    const record: SessionRecord = { ...SAMPLE, idToken, skew: 10 * SECOND };
    assert.equal(usableToken(record, 'id_token', SIGNED_IN_AT + 50 * SECOND - 1), idToken);
    assert.equal(usableToken(record, 'id_token', SIGNED_IN_AT + 50 * SECOND), undefined);
    assert.equal(toAuthenticationSession(record, 'id_token', SIGNED_IN_AT + HOUR).accessToken, '');
    assert.equal(tokenExpiresAt(record, 'id_token'), SIGNED_IN_AT + 50 * SECOND);
    assert.equal(tokenExpiresAt(record, 'access_token'), SIGNED_IN_AT + HOUR);
    assert.equal(tokenExpiresAt(SAMPLE, 'id_token'), SIGNED_IN_AT + HOUR);
    assert.equal(usableToken(without(SAMPLE, 'idToken'), 'id_token', SIGNED_IN_AT), undefined);
  });
});

describe('The changes of sessions', () => {
  const session = (id: string, more: Partial<SessionRecord> = {}): SessionRecord => ({ ...SAMPLE, id, ...more });
  const snapshot = (...records: readonly SessionRecord[]): ReadonlyMap<string, SessionRecord> =>
    new Map(records.map((record) => [record.id, record]));
  const changes = (
    before: ReadonlyMap<string, SessionRecord>,
    now: ReadonlyMap<string, SessionRecord>,
  ): Record<string, readonly string[]> =>
    Object.fromEntries(
      Object.entries(sessionChanges(before, now)).map(([kind, records]) => [
        kind,
        (records as readonly SessionRecord[]).map(({ id }) => id),
      ]),
    );
  const NONE = { added: [], removed: [], changed: [], survivors: [] };

  it('are none if nothing has changed', () => {
    assert.deepEqual(changes(snapshot(session('a')), snapshot(session('a', { tokensRequestedAt: 0 }))), NONE);
  });

  it('are added and removed sessions, and those with a new token or sign-in', () => {
    const before = snapshot(session('a'), session('b'), session('c', { account: { id: '2', label: '2' } }));
    const now = snapshot(session('a', { accessToken: 'other' }), session('b', { signedInAt: 0 }), session('d'));
    assert.deepEqual(changes(before, now), { ...NONE, added: ['d'], removed: ['c'], changed: ['a', 'b'] });
  });

  it('include the other sessions of an account that has lost one, but not of other accounts', () => {
    const before = snapshot(session('a'), session('b'), session('c', { account: { id: '2', label: '2' } }));
    const now = snapshot(session('b'), session('c', { account: { id: '2', label: '2' } }), session('d'));
    assert.deepEqual(changes(before, now), { ...NONE, added: ['d'], removed: ['a'], survivors: ['b'] });
  });
});
