// ID tokens as real servers send them: their audiences, their signing keys, and tokens that are sent again.
import assert from 'node:assert/strict';
import type { Provider } from '../../../src/core/provider.ts';
import { createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { Discovery } from '../../../src/protocol/discovery.ts';
import { exchangeCode } from '../../../src/protocol/exchange.ts';
import { requestRefresh } from '../../../src/protocol/refresh.ts';
import type { Tokens } from '../../../src/protocol/tokens.ts';
import {
  answerTo,
  discovered,
  GOOD_TOKENS,
  jwtWith,
  providerAt,
  REDIRECT_URI,
  tradeForIdToken,
  transportWith,
} from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';

type Jwk = Readonly<Record<string, unknown>>;

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The parameters of the Web Cryptography API for keys and signatures. */
const NOTIFICATION_KINDS = {
  RS256: [{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }],
  RS384: [{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' }],
  RS512: [{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' }],
  PS256: [
    { name: 'RSA-PSS', hash: 'SHA-256' },
    { name: 'RSA-PSS', saltLength: 32 },
  ],
  PS384: [
    { name: 'RSA-PSS', hash: 'SHA-384' },
    { name: 'RSA-PSS', saltLength: 48 },
  ],
  PS512: [
    { name: 'RSA-PSS', hash: 'SHA-512' },
    { name: 'RSA-PSS', saltLength: 64 },
  ],
  ES256: [
    { name: 'ECDSA', namedCurve: 'P-256' },
    { name: 'ECDSA', hash: 'SHA-256' },
  ],
  ES384: [
    { name: 'ECDSA', namedCurve: 'P-384' },
    { name: 'ECDSA', hash: 'SHA-384' },
  ],
  ES512: [
    { name: 'ECDSA', namedCurve: 'P-521' },
    { name: 'ECDSA', hash: 'SHA-512' },
  ],
  EdDSA: [{ name: 'Ed25519' }],
  Ed25519: [{ name: 'Ed25519' }],
} as const;

type NotificationKind = keyof typeof NOTIFICATION_KINDS;

/** A signing key of a server. */
class Signer {
  readonly alg: NotificationKind;
  readonly jwk: Jwk;
  readonly #pair: CryptoKeyPair;

  private constructor(alg: NotificationKind, pair: CryptoKeyPair, jwk: Jwk) {
    this.alg = alg;
    this.#pair = pair;
    this.jwk = jwk;
  }

  static async make(alg: NotificationKind, modulusLength = 2048): Promise<Signer> {
    const [making] = NOTIFICATION_KINDS[alg];
    const parameters = making.name.startsWith('RSA')
      ? { ...making, modulusLength, publicExponent: new Uint8Array([1, 0, 1]) }
      : making;
    const pair = (await crypto.subtle.generateKey(parameters, true, ['sign', 'verify'])) as CryptoKeyPair;
    const { key_ops: _operations, ext: _ext, alg: _alg, ...jwk } = await crypto.subtle.exportKey('jwk', pair.publicKey);
    return new Signer(alg, pair, jwk);
  }

  async sign(claims: Jwk, header: Jwk = {}): Promise<string> {
    const [making, signing = making] = NOTIFICATION_KINDS[this.alg];
    const input = `${encode({ alg: this.alg, ...header })}.${encode(claims)}`;
    const signature = await crypto.subtle.sign(signing, this.#pair.privateKey, Buffer.from(input));
    return `${input}.${Buffer.from(signature).toString('base64url')}`;
  }
}

const now = (): number => Math.floor(Date.now() / 1000);

describe('An ID token', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  const claims = (nonce: string, more: Jwk = {}): Jwk => ({
    iss: server.issuer,
    sub: 'person-1',
    aud: 'editor',
    iat: now(),
    exp: now() + 300,
    nonce,
    ...more,
  });
  const publish = (...keys: readonly unknown[]): void => server.on('/jwks', { body: { keys } });
  const signedBy = (signer: Signer, header: Jwk = {}, more: Jwk = {}): Promise<Tokens> =>
    tradeForIdToken(server, (nonce) => signer.sign(claims(nonce, more), header));

  describe('for several audiences', () => {
    const audiences: readonly (readonly [Jwk, boolean])[] = [
      [{ aud: ['editor'] }, true],
      [{ aud: ['editor', 'https://id.example.com'] }, true],
      [{ aud: ['https://id.example.com', 'other', 'editor'], name: 'Zoë 名' }, true],
      [{ aud: ['editor', 'other'], azp: 'editor' }, true],
      [{ aud: ['editor', 'other'], azp: null }, true],
      [{ aud: 'editor', azp: 'editor' }, true],
      [{ aud: 'editor', azp: 'other' }, false],
      [{ aud: ['editor'], azp: 'other' }, false],
      [{ aud: ['editor', 'other'], azp: 'other' }, false],
      [{ aud: ['editor', 'other'], azp: '' }, false],
      [{ aud: ['editor', 'other'], azp: ['editor'] }, false],
      [{ aud: ['other', 'https://id.example.com'] }, false],
      [{ aud: ['editors', ['editor'], { editor: 1 }] }, false],
      [{ aud: ['other'], azp: 'editor' }, false],
      [{ aud: [] }, false],
    ];
    for (const [more, isAccepted] of audiences) {
      it(`is ${isAccepted ? 'accepted' : 'rejected'} with ${JSON.stringify(more)}`, async () => {
        const traded = tradeForIdToken(server, (nonce) => server.idToken({ aud: 'editor', nonce, ...more }));
        if (isAccepted) {
          const { claims: read, idToken } = await traded;
          assert.deepEqual([read?.sub, read?.['name'], idToken?.split('.').length], ['person-1', more['name'], 3]);
        } else {
          await rejectsWith(traded, 'untrusted-response');
        }
      });
    }

    it('may have optional claims that are null, but no required ones', async () => {
      const signInWith = (more: Jwk): Promise<Tokens> =>
        tradeForIdToken(server, (nonce) => server.idToken({ aud: 'editor', nonce, ...more }));
      for (const more of [
        { auth_time: null },
        { nbf: null, acr: null },
        { azp: null, auth_time: null },
        { aud: ['editor', 'other'], nbf: null, azp: null },
      ]) {
        assert.equal((await signInWith(more)).claims?.sub, 'person-1', JSON.stringify(more));
      }
      for (const more of [{ nonce: null }, { exp: null }, { iat: null }, { sub: null }, { iss: null }, { aud: null }]) {
        await assert.rejects(signInWith(more), JSON.stringify(more));
      }
    });

    it('is stored unchanged, and rejected when its claims were changed after signing', async () => {
      let sent = '';
      const { idToken } = await tradeForIdToken(
        server,
        async (nonce) => (sent = await server.idToken({ aud: ['editor', 'x'], nonce })),
      );
      assert.equal(idToken, sent);
      await rejectsWith(
        tradeForIdToken(server, async (nonce) => {
          const [header = '', , signature = ''] = (await server.idToken({ aud: 'editor', nonce })).split('.');
          return [header, encode(claims(nonce, { aud: ['editor', 'x'] })), signature].join('.');
        }),
        'invalid-response',
      );
    });

    it('is verified in the same way in a refresh', async () => {
      const found = await discovered(server.issuer);
      for (const [more, isAccepted] of [
        [{ aud: ['editor', 'x'] }, true],
        [{ aud: ['editor', 'x'], azp: 'x' }, false],
      ] as const) {
        server.onToken({ body: { ...GOOD_TOKENS, id_token: await server.idToken(more) } });
        const checked = (await requestRefresh(found, 'refresh-0', 'person-1', transportWith())).verify();
        await (isAccepted ? checked : rejectsWith(checked, 'untrusted-response', 'wrong-party'));
      }
    });
  });

  describe('of an entry with endpoints', () => {
    it('is rejected when it has another issuer, and the failure shows that issuer', async () => {
      const endpoints = {
        authorization: `${server.issuer}/authorize`,
        token: `${server.issuer}/token`,
        jwks: `${server.issuer}/jwks`,
      };
      const named = (iss: unknown): Promise<Tokens> =>
        tradeForIdToken(server, (nonce) => server.idToken({ aud: 'editor', nonce, iss }), transportWith(), {
          endpoints,
        });
      for (const iss of ['https://real.example.com', `${server.issuer}/`]) {
        assert.equal((await rejectsWith(named(iss), 'issuer-mismatch', 'issuer-setting')).detail, iss);
      }
      await rejectsWith(named('real'), 'untrusted-response');
      await rejectsWith(
        tradeForIdToken(server, (nonce) => server.idToken({ aud: 'editor', nonce, iss: 'https://real.example.com' })),
        'untrusted-response',
      );
      assert.equal((await named(server.issuer)).claims?.sub, 'person-1');
    });
  });

  describe('from a server with several keys', () => {
    it('is accepted when a key occurs twice, keys share an ID, or have none', async () => {
      const [one, two, three] = await Promise.all([Signer.make('RS256'), Signer.make('RS256'), Signer.make('ES256')]);
      const sets: readonly (readonly [readonly Jwk[], Jwk])[] = [
        [
          [
            { ...one.jwk, kid: 'a' },
            { ...one.jwk, kid: 'a' },
          ],
          { kid: 'a' },
        ],
        [
          [
            { ...two.jwk, kid: 'a' },
            { ...one.jwk, kid: 'a' },
          ],
          { kid: 'a' },
        ],
        [[two.jwk, three.jwk, one.jwk], {}],
        [
          [
            { ...two.jwk, kid: 'a' },
            { ...one.jwk, kid: 'b' },
          ],
          {},
        ],
        [[two.jwk, one.jwk], { kid: 'a' }],
        [
          [
            { ...two.jwk, kid: 'a', use: 'enc' },
            { ...one.jwk, kid: 'a', use: 'sig', key_ops: ['verify'] },
          ],
          { kid: 'a' },
        ],
        [[{ ...one.jwk, use: null, alg: null, key_ops: null }, two.jwk], {}],
        [[{ ...one.jwk, use: '', alg: '', kid: '' }, two.jwk], { kid: 'a' }],
        [
          [
            { ...two.jwk, kid: 'a' },
            { ...one.jwk, kid: 'b' },
          ],
          { kid: '' },
        ],
        [[{ kty: 'RSA', n: 7 }, one.jwk], {}],
      ];
      for (const [keys, header] of sets) {
        publish(...keys);
        assert.equal((await signedBy(one, header)).claims?.sub, 'person-1', JSON.stringify(header));
      }
    });

    it('is rejected when no key has signed it, or only one for another purpose', async () => {
      const [one, two] = await Promise.all([Signer.make('RS256'), Signer.make('RS256')]);
      publish(two.jwk, two.jwk);
      await rejectsWith(signedBy(one), 'invalid-response');
      for (const other of [
        { use: 'enc' },
        { alg: 'RS512' },
        { alg: 'RSA-OAEP' },
        { key_ops: ['encrypt'] },
        { kid: 'b' },
      ]) {
        publish({ ...one.jwk, ...other }, { ...one.jwk, ...other });
        await rejectsWith(signedBy(one, { kid: 'a' }), 'untrusted-response');
      }
      const small = await Signer.make('RS256', 1024);
      publish(small.jwk, two.jwk);
      await rejectsWith(signedBy(small), 'invalid-response');
    });

    it('is verified with a limited number of keys', async () => {
      const [one, two] = await Promise.all([Signer.make('ES256'), Signer.make('ES256')]);
      publish(...Array.from({ length: 200 }, () => two.jwk), one.jwk);
      await rejectsWith(signedBy(one), 'invalid-response');
    });
  });

  describe('of a server that lists no algorithms', () => {
    for (const alg of Object.keys(NOTIFICATION_KINDS) as NotificationKind[]) {
      it(`may be signed with ${alg}, also when the entry has the endpoints, unless a list excludes it`, async () => {
        const signer = await Signer.make(alg);
        publish({ ...signer.jwk, kid: 'k' });
        for (const nothing of [undefined, null, [], 7]) {
          server.metadata['id_token_signing_alg_values_supported'] = nothing;
          assert.equal((await signedBy(signer, { kid: 'k' })).claims?.sub, 'person-1');
        }
        const endpoints = {
          authorization: `${server.issuer}/authorize`,
          token: `${server.issuer}/token`,
          jwks: `${server.issuer}/jwks`,
        };
        assert.equal(
          (await tradeForIdToken(server, (nonce) => signer.sign(claims(nonce)), transportWith(), { endpoints })).claims
            ?.sub,
          'person-1',
        );
        server.metadata['id_token_signing_alg_values_supported'] = [alg === 'RS256' ? 'ES256' : 'RS256'];
        await assert.rejects(signedBy(signer, { kid: 'k' }));
        server.metadata['id_token_signing_alg_values_supported'] = alg;
        await signedBy(signer, { kid: 'k' });
      });
    }

    it('is never accepted unsigned or signed with a secret', async () => {
      const key = { kty: 'oct', k: encode('secret') };
      publish(key);
      for (const listed of [undefined, ['none', 'HS256', 'RS256']]) {
        server.metadata['id_token_signing_alg_values_supported'] = listed;
        for (const alg of ['none', 'None', 'HS256', 'HS512', 'RSA-OAEP', '', 7]) {
          await assert.rejects(
            tradeForIdToken(server, (nonce) => Promise.resolve(`${encode({ alg })}.${encode(claims(nonce))}.`)),
            String(alg),
          );
        }
      }
    });

    it('is rejected with a key of another type than its algorithm', async () => {
      const [rsa, ec] = await Promise.all([Signer.make('RS256'), Signer.make('ES256')]);
      publish(ec.jwk);
      await rejectsWith(signedBy(rsa), 'untrusted-response');
    });
  });

  describe('that is sent again in a refresh', () => {
    const EXPIRED = { iat: now() - 7200, exp: now() - 3600 };
    const renewWith = async (
      sent: string,
      verified: string | undefined,
      more: Partial<Provider> = {},
    ): Promise<Tokens> => {
      server.onToken({ body: { ...GOOD_TOKENS, id_token: sent } });
      const found = await new Discovery(transportWith()).find(providerAt(server.issuer, more));
      return (
        await requestRefresh(
          found,
          'refresh-0',
          { subject: 'person-1', ...(verified === undefined ? {} : { idToken: verified }) },
          transportWith(),
        )
      ).verify();
    };

    it("isn't verified again: its expiry and the current keys don't matter, and the new access token is used", async () => {
      const idToken = await server.idToken({ aud: 'editor', ...EXPIRED });
      server.on('/jwks', { status: 503 });
      const tokens = await renewWith(idToken, idToken);
      assert.deepEqual(
        [tokens.accessToken, tokens.refreshToken, tokens.idToken, tokens.claims],
        ['access-1', 'refresh-1', undefined, undefined],
      );
    });

    it('is verified when it differs by a single character, or when none is stored', async () => {
      const idToken = await server.idToken({ aud: 'editor', ...EXPIRED });
      await rejectsWith(renewWith(idToken, undefined), 'clock');
      await rejectsWith(renewWith(idToken, await server.idToken({ aud: 'editor' })), 'clock');
      await rejectsWith(renewWith(`${idToken}=`, idToken), 'clock');
      await rejectsWith(renewWith(await server.idToken({ aud: 'editor', sub: 'other' }), idToken), 'other-account');
      await assert.rejects(renewWith(jwtWith({ ...EXPIRED, exp: now() + 60 }), idToken));
    });

    it('is the session token until it expires, and not longer', async () => {
      const expired = await server.idToken({ aud: 'editor', ...EXPIRED });
      await rejectsWith(renewWith(expired, expired, { sessionToken: 'id_token' }), 'unsupported-server', 'no-id-token');
      const exp = now() + 100;
      const lasting = await server.idToken({ aud: 'editor', exp });
      const { accessExpiresAt, expirySource } = await renewWith(lasting, lasting, { sessionToken: 'id_token' });
      assert.deepEqual([accessExpiresAt, expirySource], [exp * 1000, 'token']);
    });

    it('is always verified in a sign-in', async () => {
      const found = await discovered(server.issuer);
      const request = await createAuthorizationRequest(found, REDIRECT_URI, ['openid']);
      server.onToken({
        body: { ...GOOD_TOKENS, id_token: await server.idToken({ aud: 'editor', nonce: request.nonce, ...EXPIRED }) },
      });
      await rejectsWith(
        exchangeCode(found, request, answerTo(request), transportWith(), new AbortController().signal),
        'clock',
      );
    });
  });
});
