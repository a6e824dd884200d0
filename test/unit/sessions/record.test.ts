import assert from 'node:assert/strict';
import { HOUR, MINUTE } from '../../../src/core/clock.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import type { Tokens } from '../../../src/protocol/tokens.ts';
import { recordAfterRefresh, recordOfGrant, recordWithRefreshToken } from '../../../src/sessions/record.ts';
import { providerAt } from '../../support/bench.ts';
import { grantFor, recordAt } from '../../support/house.ts';

const ISSUER = 'https://id.example.com';
const NOW = 1_000_000_000;
const provider = providerAt(ISSUER);
const before = recordAt(ISSUER, NOW, { idToken: 'id-1', subject: 'person-1' });
const tokensAt = (sentAt: number, more: Partial<Tokens> = {}): Tokens => grantFor(provider, sentAt, { accessToken: 'access-2', refreshToken: 'refresh-2', ...more }).tokens;
const endOf = ({ sessionEndsAt, sessionEndSource, sessionEndIsFixed }: SessionRecord): unknown[] => [sessionEndsAt, sessionEndSource, sessionEndIsFixed];

describe('The record of a sign-in', () => {
  it('is of the first generation, and holds what was asked together with what was granted', () => {
    const grant = { ...grantFor(provider, NOW, { scopes: ['read', 'extra'] }), scopes: ['read', 'write'] };
    const record = recordOfGrant(grant, 'new');
    assert.deepEqual(record.scopes, ['read', 'write', 'extra']);
    assert.deepEqual([record.id, record.generation, record.signedInAt, record.renewedAt], ['new', 1, NOW, NOW]);
    assert.deepEqual([record.issuer, record.clientId, record.providerId], [ISSUER, 'editor', 'acme']);
  });

  it('has the end that the server says before the one of the setting', () => {
    const withSetting = { ...provider, sessionLifetime: HOUR };
    assert.deepEqual(endOf(recordOfGrant(grantFor(withSetting, NOW, { sessionEndsAt: NOW + 5, sessionEndSource: 'answer' }), 'x')), [NOW + 5, 'answer', undefined]);
    assert.deepEqual(endOf(recordOfGrant(grantFor(withSetting, NOW), 'x')), [NOW + HOUR, 'setting', true]);
    assert.deepEqual(endOf(recordOfGrant(grantFor(provider, NOW), 'x')), [undefined, undefined, undefined]);
  });

  it('has no end of its own where there is no refresh token: the access token is the end', () => {
    const withSetting = { ...provider, sessionLifetime: HOUR };
    assert.deepEqual(endOf(recordOfGrant(grantFor(withSetting, NOW, { refreshToken: undefined }), 'x')), [undefined, undefined, undefined]);
  });
});

describe('The record after a renewal', () => {
  const later = NOW + 4 * MINUTE;
  const after = (record: SessionRecord, tokens: Partial<Tokens> = {}, at = provider): SessionRecord =>
    recordAfterRefresh(recordWithRefreshToken(record, tokens.refreshToken), tokensAt(later, tokens), at);

  it('is the next generation of the same session', () => {
    const record = after(before, { refreshToken: 'refresh-2' });
    assert.deepEqual([record.id, record.generation, record.signedInAt, record.renewedAt], ['s1', 2, NOW, later]);
    assert.deepEqual([record.accessToken, record.refreshToken, record.accessExpiresAt], ['access-2', 'refresh-2', later + 5 * MINUTE]);
  });

  it('keeps the refresh token and the ID token where the answer had none', () => {
    const record = after(before, { refreshToken: undefined });
    assert.deepEqual([record.refreshToken, record.idToken, record.subject, record.generation], ['refresh-1', 'id-1', 'person-1', 2]);
  });

  it('does not keep the expiry of the token before', () => {
    assert.equal(after(before, { accessExpiresAt: undefined, expirySource: 'never-said' }).accessExpiresAt, undefined);
  });

  it('is alive again after a verdict that a sign-in in another window has overtaken', () => {
    assert.equal(after({ ...before, ended: { at: 1, category: 'session-ended', code: 'invalid_grant' } }).ended, undefined);
  });

  it('learns that the end of the session stays where it is', () => {
    const ending = { ...before, sessionEndsAt: NOW + HOUR, sessionEndSource: 'answer' } as const;
    assert.deepEqual(endOf(after(ending, { sessionEndsAt: NOW + HOUR, sessionEndSource: 'answer' })), [NOW + HOUR, 'answer', true]);
  });

  it('keeps the very number of an end that stays, though each answer counts it anew in whole seconds', () => {
    const fixed = { ...before, sessionEndsAt: NOW + HOUR, sessionEndSource: 'answer' } as const;
    for (const waver of [-900, 0, 900]) {
      const [end] = endOf(after(fixed, { sessionEndsAt: NOW + HOUR + waver, sessionEndSource: 'answer' }));
      assert.equal(end, NOW + HOUR + Math.min(waver, 0));
    }
  });

  it('learns that a renewal moves the end of the session', () => {
    const ending = { ...before, sessionEndsAt: NOW + HOUR, sessionEndSource: 'answer', sessionEndIsFixed: true } as const;
    assert.deepEqual(endOf(after(ending, { sessionEndsAt: later + HOUR, sessionEndSource: 'answer' })), [later + HOUR, 'answer', false]);
  });

  it('learns nothing of the end from two renewals in one moment', () => {
    const ending = { ...before, renewedAt: later - 1000, sessionEndsAt: NOW + HOUR, sessionEndSource: 'answer' } as const;
    assert.deepEqual(endOf(after(ending, { sessionEndsAt: NOW + HOUR, sessionEndSource: 'answer' })), [NOW + HOUR, 'answer', undefined]);
  });

  it('keeps the end of the same refresh token, and forgets that of another', () => {
    const ending = { ...before, sessionEndsAt: NOW + HOUR, sessionEndSource: 'answer', sessionEndIsFixed: true } as const;
    assert.deepEqual(endOf(after(ending, { refreshToken: undefined })), [NOW + HOUR, 'answer', true]);
    assert.deepEqual(endOf(after(ending, { refreshToken: 'refresh-2' })), [undefined, undefined, undefined]);
  });

  it('counts an end by setting from the sign-in, by the setting of today', () => {
    const ending = { ...before, sessionEndsAt: NOW + HOUR, sessionEndSource: 'setting', sessionEndIsFixed: true } as const;
    assert.deepEqual(endOf(after(ending, {}, { ...provider, sessionLifetime: 2 * HOUR })), [NOW + 2 * HOUR, 'setting', true]);
    assert.deepEqual(endOf(after(ending, { refreshToken: undefined })), [undefined, undefined, undefined]);
  });
});
