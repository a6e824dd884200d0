import assert from 'node:assert/strict';
import { canResume, isSameSignIn } from '../../../src/core/resumedSessions.ts';
import { servesScopes, type ScopePolicy } from '../../../src/core/sessionScopes.ts';
import { SAMPLE } from '../../support/coreSamples.ts';

describe('The scopes of a session', () => {
  describe('serve a caller', () => {
    const policy = (scopes: readonly string[], combineScopes = false): ScopePolicy => ({
      scopes: [...scopes],
      combineScopes,
    });
    const serves = (scopes: string[], requested: readonly string[], ...given: Parameters<typeof policy>): boolean =>
      servesScopes({ ...SAMPLE, scopes }, requested, policy(...given));

    for (const [title, has, requested, configured, expected] of [
      ['has exactly what it requests', ['read', 'write'], ['write', 'read', 'read'], [], true],
      ['has one permission more', ['read', 'write'], ['read'], [], false],
      ['has one permission less', ['read'], ['read', 'write'], ['read', 'write'], false],
      ['has more only by identity scopes', ['openid', 'email', 'offline_access', 'read'], ['read'], [], true],
      ['lacks an identity scope', ['openid', 'read'], ['read', 'email'], [], false],
      ['has more, all of it configured', ['read', 'write'], ['read'], ['write', 'openid', 'read'], true],
      ['has more, some of it configured', ['read', 'write', 'admin'], ['read'], ['read', 'write'], false],
      ['has what is configured and nothing else, when none are named', ['openid', 'read'], [], ['read'], true],
      ['has what another caller requested, when none are named', ['openid', 'read'], [], ['openid'], false],
      ['differs in case', ['Read'], ['read'], ['read', 'Read'], false],
    ] as const) {
      it(`${expected ? 'when' : 'not when'} it ${title}`, () => {
        assert.equal(serves([...has], requested, configured), expected);
      });
    }

    it('of all scopes that it has when the entry combines scopes', () => {
      assert.equal(serves(['read', 'write'], ['read'], [], true), true);
      assert.equal(serves(['read', 'write'], [], [], true), true);
      assert.equal(serves(['read', 'write'], ['admin'], [], true), false);
      assert.equal(
        servesScopes({ ...SAMPLE, scopes: ['read'], granted: ['read', 'extra'] }, ['extra'], policy([], true)),
        true,
      );
    });

    it('whatever the server granted in addition', () => {
      const record = { ...SAMPLE, scopes: ['read'], granted: ['read', 'extra'] };
      assert.equal(servesScopes(record, ['read'], policy([])), true);
      assert.equal(servesScopes(record, ['extra'], policy([])), false);
    });
  });

  describe('can be resumed', () => {
    const can = (
      scopes: string[],
      requested: readonly string[],
      configured: string[],
      combineScopes = false,
    ): boolean => canResume({ ...SAMPLE, scopes }, requested, { scopes: configured, combineScopes });

    it('only when it gains no other permissions', () => {
      assert.equal(can(['read'], ['read', 'write'], ['openid']), false);
      assert.equal(can(['read', 'write'], ['read'], ['openid']), false);
      assert.equal(can(['openid', 'read'], ['read', 'email'], ['openid']), true);
      assert.equal(can(['read', 'write'], ['read'], ['read', 'write']), true);
      assert.equal(can(['read'], [], ['read', 'write']), true);
      assert.equal(can(['admin'], [], ['read']), false);
    });

    it('when one token can have both and the entry combines scopes', () => {
      assert.equal(can(['read'], ['write'], [], true), true);
      assert.equal(can(['https://a.example/read'], ['https://b.example/read'], [], true), false);
    });
  });

  it('is the same sign-in for the same provider, account and permissions, in any order', () => {
    const sample = { ...SAMPLE, scopes: ['openid', 'read', 'write'] };
    for (const scopes of [
      ['write', 'openid', 'read'],
      ['read', 'write', 'email'],
    ]) {
      assert.equal(isSameSignIn(sample, { ...sample, id: 'session-2', scopes, generation: 9 }), true);
    }
    for (const other of [
      { ...sample, providerId: 'other' },
      { ...sample, issuer: 'https://other.example.com' },
      { ...sample, account: { id: 'account-2', label: 'ada@example.com' } },
      { ...sample, scopes: ['openid', 'read'] },
      { ...sample, scopes: ['openid', 'read', 'write', 'admin'] },
    ]) {
      assert.equal(isSameSignIn(sample, other), false);
      assert.equal(isSameSignIn(other, sample), false);
    }
  });
});
