import assert from 'node:assert/strict';
import {
  parseRequirements,
  unmetRequirement,
  assertMeets,
  parseClaims,
  type Challenge,
  type Constraint,
} from '../../../src/core/challenge.ts';
import { Failure } from '../../../src/core/failure.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { SAMPLE, SIGNED_IN_AT } from '../../support/coreSamples.ts';

const bearer = (params: Challenge['params'], fallbackScopes?: readonly string[]): Constraint => ({
  challenges: [{ scheme: 'Bearer', params }],
  ...(fallbackScopes === undefined ? {} : { fallbackScopes }),
});
const encoded = (claims: unknown): string => Buffer.from(JSON.stringify(claims)).toString('base64url');

describe('parseRequirements', () => {
  const nothing = {
    scopes: [],
    challengeScopes: [],
    isTokenInvalid: false,
    acrValues: [],
    maxAge: undefined,
    claims: undefined,
    notBefore: undefined,
  };

  it("returns the caller's scopes when the challenge names none, and the challenge's scopes otherwise", () => {
    assert.deepEqual(parseRequirements(bearer({ realm: 'x' }, ['read'])), { ...nothing, scopes: ['read'] });
    assert.deepEqual(parseRequirements(bearer({ scope: 'write  admin' }, ['read'])).scopes, ['write', 'admin']);
    assert.deepEqual(parseRequirements(bearer({})), nothing);
  });

  it('combines both scopes when the token has insufficient scope', () => {
    assert.deepEqual(parseRequirements(bearer({ error: 'insufficient_scope', scope: 'write' }, ['read'])), {
      ...nothing,
      scopes: ['read', 'write'],
      challengeScopes: ['write'],
    });
  });

  it('requires another token when the challenge rejects the current one', () => {
    assert.deepEqual(parseRequirements(bearer({ error: 'invalid_token', error_description: 'expired' })), {
      ...nothing,
      isTokenInvalid: true,
    });
  });

  it('returns acr_values and max_age for a stronger or newer sign-in (RFC 9470)', () => {
    const params = { error: 'insufficient_user_authentication', acr_values: 'urn:acme:mfa phr', max_age: '300' };
    assert.deepEqual(parseRequirements(bearer(params)), {
      ...nothing,
      acrValues: ['urn:acme:mfa', 'phr'],
      maxAge: 300,
    });
  });

  it('decodes claims and returns them as normalized JSON', () => {
    const claims = { id_token: { acrs: { essential: true, value: 'c1' } } };
    assert.deepEqual(parseRequirements(bearer({ error: 'insufficient_claims', claims: encoded(claims) })), {
      ...nothing,
      claims: JSON.stringify(claims),
    });
    // Microsoft Entra uses plain base64 with padding.
    const padded = Buffer.from('{ "access_token": { "x": { "value": "ü?>" } } }').toString('base64');
    assert.equal(parseRequirements(bearer({ claims: padded })).claims, '{"access_token":{"x":{"value":"ü?>"}}}');
  });

  it('requires only a later token when the claims contain nothing else', () => {
    const later = (value: unknown): unknown => ({ access_token: { nbf: { essential: true, value } } });
    const timeIn = (claims: unknown): number | undefined =>
      parseRequirements(bearer({ error: 'insufficient_claims', claims: encoded(claims) })).notBefore;
    assert.equal(timeIn(later('1700000000')), 1_700_000_000 * SECOND);
    assert.equal(timeIn(later(1_700_000_000)), 1_700_000_000 * SECOND);
    assert.equal(timeIn(later('soon')), undefined);
    assert.equal(timeIn({ access_token: { nbf: { value: '1' }, acrs: { value: 'c1' } } }), undefined);
    assert.equal(timeIn({ id_token: {}, access_token: { nbf: { value: '1' } } }), undefined);
  });

  it('uses the bearer or DPoP challenge that states an error, whatever the case of its names', () => {
    const challenges = [
      { scheme: 'Basic', params: { error: 'invalid_token', scope: 'basic' } },
      { scheme: 'DPoP', params: { algs: 'ES256' } },
      { scheme: 'bEARER', params: { Error: 'insufficient_scope', SCOPE: 'write' } },
    ];
    assert.deepEqual(parseRequirements({ challenges }).scopes, ['write']);
    assert.deepEqual(parseRequirements({ challenges: challenges.slice(0, 2), fallbackScopes: ['read'] }), {
      ...nothing,
      scopes: ['read'],
    });
    assert.equal(
      parseRequirements({ challenges: [{ scheme: 'DPoP', params: { error: 'invalid_token' } }] }).isTokenInvalid,
      true,
    );
    assert.deepEqual(parseRequirements({ challenges: [] }), nothing);
  });

  it('ignores all other parameters', () => {
    const params = {
      redirect_uri: 'https://evil.example',
      prompt: 'none',
      client_id: 'x',
      constructor: 'x',
      resource_metadata: 'https://evil.example',
    };
    assert.deepEqual(parseRequirements(bearer(params)), nothing);
  });

  describe('rejects a challenge with', () => {
    const bad: Readonly<Record<string, Challenge['params']>> = {
      'a scope with a quotation mark': { scope: 'read" x' },
      'a scope with non-ASCII characters': { scope: 'le\u202Esen' },
      'a scope that is too long': { scope: 'a'.repeat(501) },
      'scopes that are too long': { scope: 'a b '.repeat(2000) },
      'too many scopes': { scope: Array.from({ length: 51 }, (_, index) => `s${index}`).join(' ') },
      'a class with a control character': { acr_values: 'a\u0000b' },
      'a class that is too long': { acr_values: 'a'.repeat(201) },
      'a max_age that is not a number': { max_age: 'soon' },
      'a negative max_age': { max_age: '-1' },
      'a max_age that is too large': { max_age: '9'.repeat(10) },
      'claims that are not base64url': { claims: '{"a":1}' },
      'claims that are not JSON': { claims: encoded('x').slice(0, 3) },
      'claims that are an array': { claims: encoded([1]) },
      'claims that are too long': { claims: encoded({ a: 'x'.repeat(4000) }) },
    };
    for (const [name, params] of Object.entries(bad)) {
      it(name, () => {
        const [parameter] = Object.keys(params);
        assert.throws(
          () => parseRequirements(bearer(params)),
          (error) => error instanceof Failure && error.category === 'invalid-challenge' && error.detail === parameter,
        );
      });
    }
  });
});

describe('unmetRequirement', () => {
  const now = SIGNED_IN_AT + HOUR;
  const want = (params: Challenge['params'], scopes: readonly string[] = []): ReturnType<typeof parseRequirements> =>
    parseRequirements(bearer(params, scopes));
  const strong = { ...SAMPLE, acr: 'mfa', authenticatedAt: now - 5 * MINUTE };

  it('is undefined when the session satisfies all requirements', () => {
    assert.equal(
      unmetRequirement(strong, want({ acr_values: 'phr mfa', max_age: '300' }, ['openid', 'profile']), now),
      undefined,
    );
  });

  it("is scope-not-granted when the session doesn't have a scope or the server didn't grant it", () => {
    assert.equal(unmetRequirement(strong, want({}, ['read']), now), 'scope-not-granted');
    const narrowed = { ...strong, scopes: ['openid', 'read', 'write'], granted: ['read'] };
    assert.equal(
      unmetRequirement(narrowed, want({ error: 'insufficient_scope', scope: 'write' }), now),
      'scope-not-granted',
    );
    assert.equal(unmetRequirement(narrowed, want({ scope: 'read write' }), now), 'scope-not-granted');
    // Few servers return identity scopes.
    assert.equal(unmetRequirement(narrowed, want({ scope: 'openid read' }), now), undefined);
  });

  it('ignores scopes that only the caller requested when the server granted them under another name', () => {
    const renamed = { ...strong, scopes: ['openid', 'User.Read'], granted: ['https://graph.example.com/User.Read'] };
    assert.equal(
      unmetRequirement(
        renamed,
        want({ error: 'insufficient_user_authentication', acr_values: 'mfa' }, ['User.Read']),
        now,
      ),
      undefined,
    );
    assert.equal(
      unmetRequirement(
        renamed,
        want({ error: 'insufficient_user_authentication', acr_values: 'mfa' }, ['Mail.Read']),
        now,
      ),
      'scope-not-granted',
    );
  });

  it('is acr-unmet when the session has another class or none', () => {
    assert.equal(unmetRequirement({ ...strong, acr: 'pwd' }, want({ acr_values: 'mfa' }), now), 'acr-unmet');
    assert.equal(unmetRequirement(SAMPLE, want({ acr_values: 'mfa' }), now), 'acr-unmet');
  });

  it("is auth-too-old when the sign-in is too old by more than 30 seconds or its time isn't known", () => {
    assert.equal(unmetRequirement(strong, want({ max_age: '270' }), now), undefined);
    assert.equal(unmetRequirement(strong, want({ max_age: '269' }), now), 'auth-too-old');
    assert.equal(unmetRequirement(SAMPLE, want({ max_age: '300' }), now), 'auth-too-old');
  });

  it('becomes a failure with its own code in assertMeets', () => {
    const categoryOf = (params: Challenge['params'], scopes: readonly string[] = []): string => {
      try {
        assertMeets(SAMPLE, want(params, scopes), now);
        return 'met';
      } catch (error) {
        return error instanceof Failure ? `${error.category} ${error.code}` : 'unexpected';
      }
    };
    assert.equal(categoryOf({}, ['openid']), 'met');
    assert.equal(categoryOf({}, ['write']), 'insufficient-scope scope-not-granted');
    assert.equal(categoryOf({ acr_values: 'mfa' }), 'step-up-failed acr-unmet');
    assert.equal(categoryOf({ max_age: '1' }), 'step-up-failed auth-too-old');
  });
});

describe('parseClaims', () => {
  it('accepts only JSON objects of limited size', () => {
    assert.deepEqual(parseClaims('{"a":1}'), { a: 1 });
    assert.deepEqual(
      ['', '1', '[]', 'null', '{', `{"a":"${'x'.repeat(4000)}"}`].map(parseClaims),
      Array.from({ length: 6 }, () => undefined),
    );
  });
});
