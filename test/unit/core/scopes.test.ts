import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  coversScopes,
  isPermission,
  isScope,
  normalizeScopes,
  sameScopes,
  scopesToRequest,
} from '../../../src/core/scopes.ts';
import { canCombineScopes } from '../../../src/core/resumedSessions.ts';
import { holds } from '../../support/seeded.ts';

const word: fc.Arbitrary<string> = fc.constantFrom(
  'openid',
  'profile',
  'email',
  'offline_access',
  'read',
  'write',
  'READ',
  'api/read',
);
const words = fc.array(word, { maxLength: 8 });

describe('Scopes', () => {
  describe('when normalized', () => {
    it('keep their order', () => {
      assert.deepEqual(normalizeScopes(['write', 'read', 'openid']), ['write', 'read', 'openid']);
    });

    it('lose duplicates, of which the first one stays', () => {
      assert.deepEqual(normalizeScopes(['b', 'a', 'b', 'a', 'c']), ['b', 'a', 'c']);
    });

    it('are case-sensitive (RFC 6749)', () => {
      assert.deepEqual(normalizeScopes(['read', 'READ']), ['read', 'READ']);
    });

    it('are split when a caller passes several in one string', () => {
      assert.deepEqual(normalizeScopes(['openid profile', '\temail\n', '', '  ']), ['openid', 'profile', 'email']);
    });

    it("leave the caller's list unchanged, frozen or not", () => {
      const given = Object.freeze(['b a', 'b']);
      normalizeScopes(given);
      coversScopes(given, given);
      sameScopes(given, given);
      scopesToRequest(given, given);
      assert.deepEqual(given, ['b a', 'b']);
      assert.notEqual(normalizeScopes(given), given);
    });

    it('stay the same when normalized again', () => {
      holds(
        fc.property(fc.array(fc.string()), (scopes) => {
          const once = normalizeScopes(scopes);
          assert.deepEqual(normalizeScopes(once), once);
          assert.equal(new Set(once).size, once.length);
        }),
      );
    });
  });

  describe('in coversScopes', () => {
    it('are covered when all requested ones are granted, in any order', () => {
      assert.equal(coversScopes(['a', 'b', 'c'], ['c', 'a']), true);
      assert.equal(coversScopes(['a', 'b'], ['a', 'd']), false);
      assert.equal(coversScopes([], ['a']), false);
    });

    it('are covered when none are requested', () => {
      assert.equal(coversScopes([], []), true);
      assert.equal(coversScopes(['a'], ['  ']), true);
    });

    it("aren't covered by a scope that only contains them", () => {
      assert.equal(coversScopes(['read:all'], ['read']), false);
      assert.equal(coversScopes(['Read'], ['read']), false);
    });

    it('form the subset relation', () => {
      holds(
        fc.property(words, words, (held, wanted) => {
          assert.equal(
            coversScopes(held, wanted),
            wanted.every((scope) => held.includes(scope)),
          );
          assert.equal(coversScopes([...held, ...wanted], wanted), true);
        }),
      );
    });
  });

  describe('in sameScopes', () => {
    it('are the same regardless of order and duplicates', () => {
      assert.equal(sameScopes(['a', 'b'], ['b', 'a', 'a']), true);
      assert.equal(sameScopes(['a', 'b'], ['a']), false);
      assert.equal(sameScopes(['a'], ['a', 'b']), false);
      assert.equal(sameScopes([], []), true);
    });

    it('are compared symmetrically', () => {
      holds(
        fc.property(words, words, (one, other) => {
          assert.equal(sameScopes(one, other), sameScopes(other, one));
        }),
      );
    });
  });

  describe('in scopesToRequest', () => {
    const configured = ['openid', 'profile', 'email', 'offline_access', 'write'];

    it('are the configured ones when the caller names none', () => {
      assert.deepEqual(scopesToRequest([], configured), configured);
      assert.deepEqual(scopesToRequest([' '], configured), configured);
    });

    it('are those of the caller, then those that identify the account and keep it signed in', () => {
      assert.deepEqual(scopesToRequest(['read'], configured), ['read', 'openid', 'profile', 'email', 'offline_access']);
    });

    it("never include a configured permission that the caller didn't request", () => {
      assert.equal(scopesToRequest(['read'], configured).includes('write'), false);
      assert.equal(scopesToRequest(['write'], configured).includes('write'), true);
    });

    it("don't include identity scopes that aren't configured", () => {
      assert.deepEqual(scopesToRequest(['read'], ['api']), ['read']);
      assert.deepEqual(scopesToRequest(['read'], ['openid', 'api']), ['read', 'openid']);
    });

    it("always cover the caller's scopes, without duplicates", () => {
      holds(
        fc.property(words, words, (wanted, settings) => {
          const requested = scopesToRequest(wanted, settings);
          assert.equal(coversScopes(requested, wanted), true);
          assert.equal(new Set(requested).size, requested.length);
          assert.equal(
            requested.every((scope) => wanted.includes(scope) || settings.includes(scope)),
            true,
          );
        }),
      );
    });
  });

  describe('of two sign-ins', () => {
    it('can be combined when they are plain or for one resource', () => {
      assert.equal(canCombineScopes(['openid', 'read'], ['write', 'offline_access']), true);
      assert.equal(
        canCombineScopes(
          ['openid', 'https://www.googleapis.com/auth/drive'],
          ['https://www.googleapis.com/auth/calendar', 'email'],
        ),
        true,
      );
      assert.equal(canCombineScopes(['openid', 'profile'], ['https://graph.microsoft.com/User.Read']), true);
      assert.equal(canCombineScopes([], []), true);
    });

    it("can't be combined when they are for two resources", () => {
      assert.equal(
        canCombineScopes(
          ['https://graph.microsoft.com/User.Read'],
          ['openid', 'https://management.azure.com/user_impersonation'],
        ),
        false,
      );
      assert.equal(canCombineScopes(['api://one/read'], ['api://two/read']), false);
      assert.equal(canCombineScopes(['User.Read'], ['https://management.azure.com/user_impersonation']), false);
    });

    it("can't be combined when one of them is .default", () => {
      assert.equal(canCombineScopes(['https://a.example/.default'], ['https://a.example/read']), false);
      assert.equal(
        canCombineScopes(['https://a.example/.default', 'openid'], ['https://a.example/.default', 'offline_access']),
        true,
      );
    });
  });

  it('are visible ASCII without quotation marks, of limited length', () => {
    assert.deepEqual(['read', 'https://x/y:z', 'a'.repeat(500)].filter(isScope), [
      'read',
      'https://x/y:z',
      'a'.repeat(500),
    ]);
    assert.deepEqual(['', 'a b', 'a"', 'a\\b', 'ä', 'a\n', 'a'.repeat(501)].filter(isScope), []);
  });

  it('are permissions, except identity scopes', () => {
    assert.deepEqual(['openid', 'read', 'offline_access', 'email'].filter(isPermission), ['read']);
  });
});
