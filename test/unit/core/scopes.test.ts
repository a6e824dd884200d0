import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  canCombineScopes,
  coversScopes,
  isPermission,
  isScope,
  normalizeScopes,
  sameScopes,
  scopesToRequest,
} from '../../../src/core/scopes.ts';
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

describe('scopes', () => {
  describe('in one normal list', () => {
    it('keep the order in which they were given', () => {
      assert.deepEqual(normalizeScopes(['write', 'read', 'openid']), ['write', 'read', 'openid']);
    });

    it('lose their doubles, of which the first keeps its place', () => {
      assert.deepEqual(normalizeScopes(['b', 'a', 'b', 'a', 'c']), ['b', 'a', 'c']);
    });

    it('are case-sensitive, as RFC 6749 has them', () => {
      assert.deepEqual(normalizeScopes(['read', 'READ']), ['read', 'READ']);
    });

    it('are split where a caller wrote several in one text', () => {
      assert.deepEqual(normalizeScopes(['openid profile', '\temail\n', '', '  ']), ['openid', 'profile', 'email']);
    });

    it('leave the list of the caller as it was, frozen or not', () => {
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

  describe('cover', () => {
    it('needs every wanted scope, in any order', () => {
      assert.equal(coversScopes(['a', 'b', 'c'], ['c', 'a']), true);
      assert.equal(coversScopes(['a', 'b'], ['a', 'd']), false);
      assert.equal(coversScopes([], ['a']), false);
    });

    it('is given where nothing is wanted', () => {
      assert.equal(coversScopes([], []), true);
      assert.equal(coversScopes(['a'], ['  ']), true);
    });

    it('does not take one word for a part of another', () => {
      assert.equal(coversScopes(['read:all'], ['read']), false);
      assert.equal(coversScopes(['Read'], ['read']), false);
    });

    it('is the subset relation', () => {
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

  describe('sameness', () => {
    it('does not look at order and doubles', () => {
      assert.equal(sameScopes(['a', 'b'], ['b', 'a', 'a']), true);
      assert.equal(sameScopes(['a', 'b'], ['a']), false);
      assert.equal(sameScopes(['a'], ['a', 'b']), false);
      assert.equal(sameScopes([], []), true);
    });

    it('is the same from both sides', () => {
      holds(
        fc.property(words, words, (one, other) => {
          assert.equal(sameScopes(one, other), sameScopes(other, one));
        }),
      );
    });
  });

  describe('of a request', () => {
    const configured = ['openid', 'profile', 'email', 'offline_access', 'write'];

    it('are the configured ones where the caller names none', () => {
      assert.deepEqual(scopesToRequest([], configured), configured);
      assert.deepEqual(scopesToRequest([' '], configured), configured);
    });

    it('are those of the caller first, then what identifies the account and keeps it signed in', () => {
      assert.deepEqual(scopesToRequest(['read'], configured), ['read', 'openid', 'profile', 'email', 'offline_access']);
    });

    it('never add a configured scope that lets the caller do more than it asked for', () => {
      assert.equal(scopesToRequest(['read'], configured).includes('write'), false);
      assert.equal(scopesToRequest(['write'], configured).includes('write'), true);
    });

    it('do not ask for the account where the settings left that out', () => {
      assert.deepEqual(scopesToRequest(['read'], ['api']), ['read']);
      assert.deepEqual(scopesToRequest(['read'], ['openid', 'api']), ['read', 'openid']);
    });

    it('always cover what the caller wants, without doubles', () => {
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
    it('go together where they are words, and where they are for one resource', () => {
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

    it('do not where one token cannot have them, because they are for two resources', () => {
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

    it('do not where one of them stands for all that there is', () => {
      assert.equal(canCombineScopes(['https://a.example/.default'], ['https://a.example/read']), false);
      assert.equal(
        canCombineScopes(['https://a.example/.default', 'openid'], ['https://a.example/.default', 'offline_access']),
        true,
      );
    });
  });

  it('are words of visible ASCII without quotation marks, and of a sensible length', () => {
    assert.deepEqual(['read', 'https://x/y:z', 'a'.repeat(500)].filter(isScope), [
      'read',
      'https://x/y:z',
      'a'.repeat(500),
    ]);
    assert.deepEqual(['', 'a b', 'a"', 'a\\b', 'ä', 'a\n', 'a'.repeat(501)].filter(isScope), []);
  });

  it('are permissions, but for those that say who signs in and for how long', () => {
    assert.deepEqual(['openid', 'read', 'offline_access', 'email'].filter(isPermission), ['read']);
  });
});
