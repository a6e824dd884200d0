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

describe('A demand', () => {
  const nothing = {
    scopes: [],
    challengeScopes: [],
    isTokenInvalid: false,
    acrValues: [],
    maxAge: undefined,
    claims: undefined,
    notBefore: undefined,
  };

  it('is for the scopes of the caller where the challenge names none, and for those of the challenge where it does', () => {
    assert.deepEqual(parseRequirements(bearer({ realm: 'x' }, ['read'])), { ...nothing, scopes: ['read'] });
    assert.deepEqual(parseRequirements(bearer({ scope: 'write  admin' }, ['read'])).scopes, ['write', 'admin']);
    assert.deepEqual(parseRequirements(bearer({})), nothing);
  });

  it('is for both together where the token may too little: the caller still wants what it had', () => {
    assert.deepEqual(parseRequirements(bearer({ error: 'insufficient_scope', scope: 'write' }, ['read'])), {
      ...nothing,
      scopes: ['read', 'write'],
      challengeScopes: ['write'],
    });
  });

  it('is for another token where the one in hand is refused', () => {
    assert.deepEqual(parseRequirements(bearer({ error: 'invalid_token', error_description: 'expired' })), {
      ...nothing,
      isTokenInvalid: true,
    });
  });

  it('is for a stronger or a newer sign-in (RFC 9470)', () => {
    const params = { error: 'insufficient_user_authentication', acr_values: 'urn:acme:mfa phr', max_age: '300' };
    assert.deepEqual(parseRequirements(bearer(params)), {
      ...nothing,
      acrValues: ['urn:acme:mfa', 'phr'],
      maxAge: 300,
    });
  });

  it('is for claims, decoded, made regular and passed on', () => {
    const claims = { id_token: { acrs: { essential: true, value: 'c1' } } };
    assert.deepEqual(parseRequirements(bearer({ error: 'insufficient_claims', claims: encoded(claims) })), {
      ...nothing,
      claims: JSON.stringify(claims),
    });
    // Entra pads, and uses the other alphabet.
    const padded = Buffer.from('{ "access_token": { "x": { "value": "ü?>" } } }').toString('base64');
    assert.equal(parseRequirements(bearer({ claims: padded })).claims, '{"access_token":{"x":{"value":"ü?>"}}}');
  });

  it('is for a later token alone where the claims want no more than that', () => {
    const later = (value: unknown): unknown => ({ access_token: { nbf: { essential: true, value } } });
    const timeIn = (claims: unknown): number | undefined =>
      parseRequirements(bearer({ error: 'insufficient_claims', claims: encoded(claims) })).notBefore;
    assert.equal(timeIn(later('1700000000')), 1_700_000_000 * SECOND);
    assert.equal(timeIn(later(1_700_000_000)), 1_700_000_000 * SECOND);
    assert.equal(timeIn(later('soon')), undefined);
    assert.equal(timeIn({ access_token: { nbf: { value: '1' }, acrs: { value: 'c1' } } }), undefined);
    assert.equal(timeIn({ id_token: {}, access_token: { nbf: { value: '1' } } }), undefined);
  });

  it('comes from the challenge for our tokens that says what is wrong, in whatever case its names are', () => {
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

  it('takes no other parameter, whatever it is called', () => {
    const params = {
      redirect_uri: 'https://evil.example',
      prompt: 'none',
      client_id: 'x',
      constructor: 'x',
      resource_metadata: 'https://evil.example',
    };
    assert.deepEqual(parseRequirements(bearer(params)), nothing);
  });

  describe('is none where what it is made of cannot be what it should be:', () => {
    const bad: Readonly<Record<string, Challenge['params']>> = {
      'a scope with a quotation mark': { scope: 'read" x' },
      'a scope beyond ASCII': { scope: 'le\u202Esen' },
      'an endless scope': { scope: 'a'.repeat(501) },
      'scopes without end': { scope: 'a b '.repeat(2000) },
      'more scopes than anybody has': { scope: Array.from({ length: 51 }, (_, index) => `s${index}`).join(' ') },
      'a class with a line break in it': { acr_values: 'a\u0000b' },
      'an endless class': { acr_values: 'a'.repeat(201) },
      'an age in words': { max_age: 'soon' },
      'an age below none': { max_age: '-1' },
      'an age without end': { max_age: '9'.repeat(10) },
      'claims that are no base64': { claims: '{"a":1}' },
      'claims that are no JSON': { claims: encoded('x').slice(0, 3) },
      'claims that are a list': { claims: encoded([1]) },
      'claims without end': { claims: encoded({ a: 'x'.repeat(4000) }) },
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

describe('What a session lacks of a demand', () => {
  const now = SIGNED_IN_AT + HOUR;
  const want = (params: Challenge['params'], scopes: readonly string[] = []): ReturnType<typeof parseRequirements> =>
    parseRequirements(bearer(params, scopes));
  const strong = { ...SAMPLE, acr: 'mfa', authenticatedAt: now - 5 * MINUTE };

  it('is nothing where it has all of it', () => {
    assert.equal(
      unmetRequirement(strong, want({ acr_values: 'phr mfa', max_age: '300' }, ['openid', 'profile']), now),
      undefined,
    );
  });

  it('is a scope that it does not hold, or that the server has not granted', () => {
    assert.equal(unmetRequirement(strong, want({}, ['read']), now), 'scope-not-granted');
    const narrowed = { ...strong, scopes: ['openid', 'read', 'write'], granted: ['read'] };
    assert.equal(
      unmetRequirement(narrowed, want({ error: 'insufficient_scope', scope: 'write' }), now),
      'scope-not-granted',
    );
    assert.equal(unmetRequirement(narrowed, want({ scope: 'read write' }), now), 'scope-not-granted');
    // Few servers repeat those that are not about permissions.
    assert.equal(unmetRequirement(narrowed, want({ scope: 'openid read' }), now), undefined);
  });

  it('is no scope that only the caller wants, and that the server has granted under another name', () => {
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

  it('is the class where it has another or none', () => {
    assert.equal(unmetRequirement({ ...strong, acr: 'pwd' }, want({ acr_values: 'mfa' }), now), 'acr-unmet');
    assert.equal(unmetRequirement(SAMPLE, want({ acr_values: 'mfa' }), now), 'acr-unmet');
  });

  it('is a recent sign-in where it is older, give or take half a minute, or nobody knows how old', () => {
    assert.equal(unmetRequirement(strong, want({ max_age: '270' }), now), undefined);
    assert.equal(unmetRequirement(strong, want({ max_age: '269' }), now), 'auth-too-old');
    assert.equal(unmetRequirement(SAMPLE, want({ max_age: '300' }), now), 'auth-too-old');
  });

  it('is told as a failure of its own', () => {
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

describe('Claims that go back to a server', () => {
  it('are a JSON object of a sensible size, and nothing else', () => {
    assert.deepEqual(parseClaims('{"a":1}'), { a: 1 });
    assert.deepEqual(
      ['', '1', '[]', 'null', '{', `{"a":"${'x'.repeat(4000)}"}`].map(parseClaims),
      Array.from({ length: 6 }, () => undefined),
    );
  });
});
