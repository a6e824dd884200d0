import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { sessionChanges, toAuthenticationSession, usableToken } from '../../../src/auth/authenticationSession.ts';
import { SAMPLE, SIGNED_IN_AT, without } from '../../support/coreSamples.ts';
import { jwtWith } from '../../support/fixtures.ts';

describe('A session as callers get it', () => {
  it('has the scopes of the caller, and the time that its token has left', () => {
    assert.deepEqual(toAuthenticationSession(SAMPLE, 'access_token', SIGNED_IN_AT + MINUTE, ['profile', 'openid']), {
      id: SAMPLE.id,
      accessToken: SAMPLE.accessToken,
      idToken: SAMPLE.idToken,
      account: SAMPLE.account,
      scopes: ['profile', 'openid'],
      expiresAfter: 59 * MINUTE,
    });
  });

  it('has its own scopes when the caller names none', () => {
    assert.deepEqual(toAuthenticationSession(SAMPLE, 'access_token', SIGNED_IN_AT).scopes, SAMPLE.scopes);
  });

  it('says nothing of a time when that is unknown or over', () => {
    const unknown = { ...without(SAMPLE, 'accessExpiresAt'), accessExpiresAt: undefined };
    assert.ok(!('expiresAfter' in toAuthenticationSession(unknown, 'access_token', SIGNED_IN_AT)));
    assert.ok(!('expiresAfter' in toAuthenticationSession(SAMPLE, 'access_token', SIGNED_IN_AT + HOUR)));
  });

  it('has the ID token when callers get that, until it expires by the clock of the server', () => {
    const idToken = jwtWith({ exp: (SIGNED_IN_AT + MINUTE) / SECOND });
    const record: SessionRecord = { ...SAMPLE, idToken, skew: 10 * SECOND };
    assert.equal(usableToken(record, 'id_token', SIGNED_IN_AT + 50 * SECOND - 1), idToken);
    assert.equal(usableToken(record, 'id_token', SIGNED_IN_AT + 50 * SECOND), undefined);
    assert.equal(toAuthenticationSession(record, 'id_token', SIGNED_IN_AT + HOUR).accessToken, '');
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

  it('are none when nothing is other than before', () => {
    assert.deepEqual(changes(snapshot(session('a')), snapshot(session('a', { tokensRequestedAt: 0 }))), NONE);
  });

  it('are what came, went, has a new token or was signed in anew', () => {
    const before = snapshot(session('a'), session('b'), session('c', { account: { id: '2', label: '2' } }));
    const now = snapshot(session('a', { accessToken: 'other' }), session('b', { signedInAt: 0 }), session('d'));
    assert.deepEqual(changes(before, now), { ...NONE, added: ['d'], removed: ['c'], changed: ['a', 'b'] });
  });

  it('include the other sessions of an account that has lost one, and of no other account', () => {
    const before = snapshot(session('a'), session('b'), session('c', { account: { id: '2', label: '2' } }));
    const now = snapshot(session('b'), session('c', { account: { id: '2', label: '2' } }), session('d'));
    assert.deepEqual(changes(before, now), { ...NONE, added: ['d'], removed: ['a'], survivors: ['b'] });
  });
});
