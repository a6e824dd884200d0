// A token credential for SDKs.
import assert from 'node:assert/strict';
import { createTokenCredential, SignInRequiredError } from '../../../client/src/index.ts';
import { TestProvider } from '../../support/clientFixture.ts';
import { editor } from '../../support/fakeEditor.ts';

const jwt = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

describe('createTokenCredential', () => {
  let provider: TestProvider;

  beforeEach(() => {
    editor.reset();
    provider = new TestProvider('acme');
    provider.signIn();
  });

  it('returns the token for the scopes that the SDK passes, or for its own', async () => {
    const credential = createTokenCredential({ providerId: 'acme' });
    assert.equal((await credential.getToken('https://api.example.com/.default')).token, 'token-1');
    await credential.getToken(['a', 'b']);
    await createTokenCredential({ providerId: 'acme', scopes: ['own'] }).getToken('a');
    assert.deepEqual(
      editor.sessionRequests.map(({ wanted }) => wanted),
      [['https://api.example.com/.default'], ['a', 'b'], ['own']],
    );
  });

  it('requests the session for each token', async () => {
    const credential = createTokenCredential({ providerId: 'acme' });
    await credential.getToken('a');
    provider.renew();
    assert.equal((await credential.getToken('a')).token, 'token-2');
  });

  for (const [what, more, expected] of [
    ['as the provider reports it', { expiresAfter: 120_000, accessToken: jwt({ exp: 1 }) }, 120_000],
    ['from the claim of a JWT', { accessToken: jwt({ exp: 4_000_000_000 }) }, 4_000_000_000_000],
    ["in five minutes if it isn't known", {}, 300_000],
    ['in five minutes if the token only looks like a JWT', { accessToken: 'a.b.c' }, 300_000],
    ["in five minutes if the claim isn't a number", { accessToken: jwt({ exp: 'soon' }) }, 300_000],
  ] as const) {
    it(`returns when the token expires: ${what}`, async () => {
      provider.signIn(more);
      const start = Date.now();
      const { expiresOnTimestamp } = await createTokenCredential({ providerId: 'acme' }).getToken('a');
      const range = expected > start ? [expected, expected] : [start + expected, Date.now() + expected];
      assert.ok(
        expiresOnTimestamp >= (range[0] ?? 0) && expiresOnTimestamp <= (range[1] ?? 0),
        String(expiresOnTimestamp),
      );
    });
  }

  for (const claims of ['{"access_token":{"acrs":{"essential":true,"value":"ü"}}}', 'eyJhIjoiw7wifQ==']) {
    it(`requests a session that meets claims: ${claims}`, async () => {
      const { token } = await createTokenCredential({ providerId: 'acme' }).getToken('a', { claims });
      assert.equal(token, 'token-2');
      const [, sent = ''] =
        /^Bearer error="insufficient_claims", claims="([\w+/=-]+)"$/u.exec(provider.challenges[0] ?? '') ?? [];
      const json = Buffer.from(sent, 'base64').toString();
      assert.equal(json, claims.startsWith('{') ? claims : '{"a":"ü"}');
    });
  }

  it('adds no parameter to the challenge, whatever the claims are', async () => {
    await createTokenCredential({ providerId: 'acme' }).getToken('a', { claims: 'x", scope="admin' });
    assert.deepEqual(provider.challenges, ['Bearer error="insufficient_claims", claims="xscope=admin"']);
  });

  it('rejects if no user is signed in, or the request was aborted', async () => {
    const credential = createTokenCredential({ providerId: 'acme' });
    await assert.rejects(credential.getToken('a', { abortSignal: AbortSignal.abort() }), { name: 'AbortError' });
    assert.equal(editor.sessionRequests.length, 0);
    provider.session = undefined;
    await assert.rejects(credential.getToken('a'), SignInRequiredError);
  });
});
