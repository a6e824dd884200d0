// DPoP (RFC 9449) at a real server that requires nonces, and at a scripted server.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { MINUTE, SECOND, systemClock } from '../../../src/core/clock.ts';
import type { DpopJwk } from '../../../src/core/session.ts';
import { createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { withSessionDpopKey, withNewDpopKey, type ServerContext } from '../../../src/protocol/discovery.ts';
import { dpopHeaders, DpopKeys } from '../../../src/protocol/dpop.ts';
import { exchangeCode } from '../../../src/protocol/exchange.ts';
import { resolveAccount } from '../../../src/protocol/identity.ts';
import { authorizationUrl } from '../../../src/protocol/pushed.ts';
import { requestRefresh } from '../../../src/protocol/refresh.ts';
import type { Tokens } from '../../../src/protocol/tokens.ts';
import { answerTo, discovered, GOOD_TOKENS, providerAt, REDIRECT_URI, transportWith } from '../../support/fixtures.ts';
import { Person } from '../../support/browserless.ts';
import { rejectsWith } from '../../support/failures.ts';
import { createTestWindow, seedSession, recordAt } from '../../support/testWindow.ts';
import { ScriptedServer, type ScriptedAnswer, type SeenRequest } from '../../support/scriptedServer.ts';
import { startIdentityServer, type IdentityServer } from '../../../tools/identityServer.ts';

const { signal } = new AbortController();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

interface Proof {
  readonly header: Readonly<Record<string, unknown>> & { readonly jwk: Readonly<Record<string, string>> };
  readonly claims: Readonly<Record<string, unknown>> & { readonly iat: number };
}

/** Verifies a proof as a server does, including its signature. */
function readProof(proof: unknown): Proof {
  assert.ok(typeof proof === 'string');
  const [header = '', payload = '', signature = ''] = proof.split('.');
  const parsed = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
  const read = { header: parsed(header), claims: parsed(payload) } as Proof;
  const key = createPublicKey({ key: { ...read.header.jwk }, format: 'jwk' });
  assert.ok(
    verify(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    ),
  );
  return read;
}

const proofIn = ({ headers }: SeenRequest): Proof => readProof(headers['dpop']);

describe('A session with DPoP, at a real server that requires nonces,', () => {
  const lines: string[] = [];
  const tell = (line: string): void => void lines.push(line);
  const transport = transportWith(systemClock, 30 * SECOND, {
    trace: tell,
    debug: tell,
    info: tell,
    warn: tell,
    error: tell,
  });
  let identity: IdentityServer;

  beforeEach(async () => {
    lines.length = 0;
    identity = await startIdentityServer({
      clients: [
        {
          client_id: 'bound',
          application_type: 'native',
          token_endpoint_auth_method: 'none',
          dpop_bound_access_tokens: true,
          redirect_uris: ['http://127.0.0.1/callback'],
          grant_types: ['authorization_code', 'refresh_token'],
          response_types: ['code'],
        },
      ],
      features: {
        dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true },
        pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: false },
      },
    });
  });

  afterEach(async () => {
    await identity.stop();
  });

  const signIn = async (server: ServerContext): Promise<Tokens> => {
    const request = await createAuthorizationRequest(server, REDIRECT_URI, [
      'openid',
      'profile',
      'email',
      'offline_access',
    ]);
    const address = await authorizationUrl(server, request, transport, signal);
    const answer = await new Person().authorize(address.href);
    return exchangeCode(server, request, answer.searchParams, transport, signal);
  };
  const posts = (): number =>
    identity.journal.traffic.filter(({ method, url }) => method === 'POST' && url.startsWith('/token')).length;

  for (const pushedAuthorization of [false, true]) {
    it(`signs in, gets the account and refreshes${pushedAuthorization ? ', with a pushed request' : ''}`, async () => {
      const server = await withNewDpopKey(
        await discovered(identity.issuer, { clientId: 'bound', dpop: true, pushedAuthorization }, transport),
      );
      const tokens = await signIn(server);
      assert.deepEqual([tokens.tokenType, tokens.dpopKey], ['DPoP', server.dpopKey?.jwk]);
      const account = await resolveAccount(
        server,
        {
          ...tokens,
          claims: { ...tokens.claims, preferred_username: '', email: '', nickname: '', name: '' } as Tokens['claims'],
        },
        transport,
        signal,
      );
      assert.equal(account.label, 'demo', 'the userinfo endpoint responded');

      // As after a restart: only the stored record is known.
      const later = await withSessionDpopKey(
        await discovered(identity.issuer, { clientId: 'bound' }, transport),
        recordAt(identity.issuer, 0, { dpopKey: tokens.dpopKey }),
      );
      const before = posts();
      const first = await requestRefresh(later, tokens.refreshToken ?? '', tokens.claims?.sub, transport);
      assert.equal(posts() - before, 2, 'once without the nonce, once with it');
      const renewed = await first.verify();
      assert.equal(await identity.tokenIsActive(renewed.accessToken), true);
      await requestRefresh(later, first.refreshToken ?? '', tokens.claims?.sub, transport);
      assert.equal(posts() - before, 3, 'the nonce is remembered');
    });
  }

  it("can't be refreshed with the refresh token alone or another key, and still works after the attempt", async () => {
    const server = await withNewDpopKey(
      await discovered(identity.issuer, { clientId: 'bound', dpop: true }, transport),
    );
    const { refreshToken = '', claims } = await signIn(server);
    for (const thief of [
      await discovered(identity.issuer, { clientId: 'bound' }, transport),
      { ...server, dpopKey: await new DpopKeys().create() },
    ]) {
      await rejectsWith(
        requestRefresh(thief, refreshToken, claims?.sub, transport).then(async (answer) => answer.verify()),
        'session-ended',
        'invalid_grant',
      );
    }
    const tokens = await (await requestRefresh(server, refreshToken, claims?.sub, transport)).verify();
    assert.equal(await identity.tokenIsActive(tokens.accessToken), true);
  });

  it("sends only its public key and doesn't log the private one", async () => {
    const server = await withNewDpopKey(
      await discovered(identity.issuer, { clientId: 'bound', dpop: true }, transport),
    );
    const { refreshToken = '', claims } = await signIn(server);
    await requestRefresh(server, refreshToken, claims?.sub, transport);
    const secret = server.dpopKey?.jwk.d ?? '';
    const sent = JSON.stringify(identity.journal.traffic);
    assert.ok(secret.length > 40);
    assert.deepEqual([sent.includes(secret), lines.join('\n').includes(secret)], [false, false]);
  });
});

describe('A request with a DPoP proof', () => {
  let scripted: ScriptedServer;

  beforeEach(async () => {
    scripted = await ScriptedServer.start();
    scripted.metadata['userinfo_endpoint'] = `${scripted.issuer}/userinfo`;
  });

  afterEach(async () => {
    await scripted.stop();
  });

  const bound = async (): Promise<ServerContext> => withNewDpopKey(await discovered(scripted.issuer, { dpop: true }));
  const trade = async (server: ServerContext): Promise<Tokens> => {
    const request = await createAuthorizationRequest(server, REDIRECT_URI, ['read']);
    return exchangeCode(server, request, answerTo(request), transportWith(), signal);
  };
  const answers = (...scripts: readonly [...ScriptedAnswer[], ScriptedAnswer]): void => {
    const left = [...scripts];
    scripted.onToken(() => (left.length > 1 ? left.shift() : undefined) ?? scripts[scripts.length - 1] ?? {});
  };
  const firstTo = (path: string): SeenRequest => {
    const [request] = scripted.requestsTo(path);
    assert.ok(request !== undefined);
    return request;
  };
  const PERSON: Readonly<Record<string, unknown>> = { sub: 'person-1', name: 'Sam' };
  const BOUND = { body: { ...GOOD_TOKENS, token_type: 'DPoP' } };
  const WANTS_NONCE = { status: 400, headers: { 'DPoP-Nonce': 'nonce-1' }, body: { error: 'use_dpop_nonce' } };

  it('contains method, URL and time, and binds the code to the key', async () => {
    const server = await bound();
    answers(BOUND);
    const request = await createAuthorizationRequest(server, REDIRECT_URI, ['read']);
    const { tokenType } = await trade(server);
    const { claims, header } = proofIn(firstTo('/token'));
    const { crv, kty, x, y } = header.jwk;
    assert.deepEqual(
      [tokenType, header['typ'], header['alg'], Object.keys(header.jwk).sort()],
      ['DPoP', 'dpop+jwt', 'ES256', ['crv', 'kty', 'x', 'y']],
    );
    assert.deepEqual([claims['htm'], claims['htu'], claims['nonce']], ['POST', `${scripted.issuer}/token`, undefined]);
    assert.equal(request.parameters.get('dpop_jkt'), sha256(JSON.stringify({ crv, kty, x, y })));
  });

  it('is sent again with the nonce from the rejection, and later requests use that nonce immediately', async () => {
    const server = await bound();
    answers(WANTS_NONCE, BOUND);
    await trade(server);
    await trade(server);
    const proofs = scripted.requestsTo('/token').map(proofIn);
    assert.deepEqual(
      proofs.map(({ claims }) => claims['nonce']),
      [undefined, 'nonce-1', 'nonce-1'],
    );
    assert.equal(new Set(proofs.map(({ claims }) => claims['jti'])).size, 3);
  });

  it("isn't sent a third time, or again without a nonce", async () => {
    const server = await bound();
    answers(WANTS_NONCE);
    await rejectsWith(trade(server), 'protocol-step', 'use_dpop_nonce');
    assert.equal(scripted.requestsTo('/token').length, 2);
    answers({ status: 400, body: { error: 'use_dpop_nonce' } });
    await rejectsWith(trade(server), 'protocol-step', 'use_dpop_nonce');
    assert.equal(scripted.requestsTo('/token').length, 3);
  });

  it("contains the server's time when this machine's clock is off", async () => {
    scripted.date = () => Date.now() + 10 * MINUTE;
    answers(BOUND);
    await trade(await bound());
    const { claims } = proofIn(firstTo('/token'));
    assert.ok(
      Math.abs(claims.iat * SECOND - Date.now() - 10 * MINUTE) < 30 * SECOND,
      "discovery has shown the server's time",
    );
  });

  it('is sent again when the rejection shows that the clock is off, and only then', async () => {
    const server = await bound();
    const refused = { status: 400, body: { error: 'invalid_dpop_proof' } };
    scripted.date = () => Date.now() - 5 * MINUTE;
    answers(refused, BOUND);
    await trade(server);
    const [, second] = scripted.requestsTo('/token').map(proofIn);
    assert.ok(second !== undefined && Math.abs(second.claims.iat * SECOND - Date.now() + 5 * MINUTE) < 30 * SECOND);
    answers(refused);
    await rejectsWith(trade(server), 'proof-rejected', 'invalid_dpop_proof');
    assert.equal(scripted.requestsTo('/token').length, 3);
  });

  it('is sent again for each concurrent request when the clock is found to be off', async () => {
    const keys = new DpopKeys();
    const [sam, kim] = [await keys.create(), await keys.create()];
    const testWindow = createTestWindow(scripted.issuer);
    const server = await testWindow.discovery.find(providerAt(scripted.issuer));
    for (const [id, { jwk }] of [
      ['s1', sam],
      ['s2', kim],
    ] as const) {
      await seedSession(
        testWindow,
        recordAt(scripted.issuer, testWindow.clock.now(), {
          id,
          account: { id, label: id },
          tokenType: 'DPoP',
          dpopKey: jwk,
        }),
      );
    }
    assert.ok(Math.abs(server.dpopKeys.clockOffset) < 30, 'the clocks agree at first');
    scripted.date = () => Date.now() + 10 * MINUTE;
    // Both have created their proofs before either gets a response.
    const both = new Promise<void>((resolve) => void scripted.waitFor('/token', 2).then(resolve));
    scripted.onToken(async (request) => {
      await both;
      const isLate = proofIn(request).claims.iat * SECOND < Date.now() + 9 * MINUTE;
      return isLate
        ? { status: 400, body: { error: 'invalid_dpop_proof' } }
        : { body: { ...GOOD_TOKENS, token_type: 'DPoP' } };
    });
    await Promise.all(['s1', 's2'].map((id) => testWindow.tokenRefresher.refresh(id, { reason: 'test' })));
    assert.equal(scripted.requestsTo('/token').length, 4);
  });

  for (const challenge of ['DPoP error="use_dpop_nonce"', 'DPoP algs="ES256", error=use_dpop_nonce']) {
    it(`is required by the userinfo endpoint in the same way: ${challenge}`, async () => {
      const server = await bound();
      answers(BOUND);
      const tokens = await trade(server);
      let count = 0;
      scripted.on('/userinfo', () =>
        (count += 1) === 1
          ? { status: 401, headers: { 'WWW-Authenticate': challenge, 'DPoP-Nonce': 'nonce-2' } }
          : { body: PERSON },
      );
      assert.equal((await resolveAccount(server, tokens, transportWith(), signal)).label, 'Sam');
      const [first, second] = scripted.requestsTo('/userinfo');
      assert.ok(first !== undefined && second !== undefined);
      assert.deepEqual(
        [first.headers.authorization, proofIn(second).claims['nonce'], proofIn(second).claims['ath']],
        ['DPoP access-1', 'nonce-2', sha256('access-1')],
      );
    });
  }

  it("isn't created for a session without a key, and its bound token is rejected", async () => {
    const server = await withNewDpopKey(await discovered(scripted.issuer));
    answers(BOUND);
    await rejectsWith(trade(server), 'unsupported-server', 'token-type');
    assert.equal(scripted.requestsTo('/token')[0]?.headers['dpop'], undefined);
  });

  it('requires a server that supports ES256', async () => {
    scripted.metadata['dpop_signing_alg_values_supported'] = ['RS256'];
    await rejectsWith(bound(), 'unsupported-server', 'no-es256');
    scripted.metadata['dpop_signing_alg_values_supported'] = ['RS256', 'ES256'];
    assert.notEqual((await bound()).dpopKey, undefined);
  });

  it('is created at each refresh of a session with a key, in any window, even if the entry was changed', async () => {
    const { jwk } = await new DpopKeys().create();
    const testWindow = createTestWindow(scripted.issuer);
    answers(WANTS_NONCE, {
      body: { ...GOOD_TOKENS, access_token: 'access-2', refresh_token: 'refresh-2', token_type: 'DPoP' },
    });
    await seedSession(
      testWindow,
      recordAt(scripted.issuer, testWindow.clock.now(), { tokenType: 'DPoP', dpopKey: jwk }),
    );
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    const { generation, dpopKey, refreshToken, tokenType } = testWindow.record();
    assert.deepEqual([generation, dpopKey, refreshToken, tokenType], [2, jwk, 'refresh-2', 'DPoP']);
    assert.deepEqual((JSON.parse(testWindow.stored() ?? '') as { readonly dpopKey: DpopJwk }).dpopKey, jwk);
    testWindow.store.secrets.delete('session:s1');
    assert.deepEqual(
      (await testWindow.sessionStore.get('s1'))?.dpopKey,
      jwk,
      'from the session file, as another window reads it',
    );
    const proofs = scripted.requestsTo('/token').map(proofIn);
    assert.deepEqual(
      proofs.map(({ claims, header }) => [header.jwk['x'], claims['nonce']]),
      [
        [jwk.x, undefined],
        [jwk.x, 'nonce-1'],
      ],
    );
    assert.ok(!testWindow.lines.join('\n').includes(jwk.d));
  });
});

describe('dpopHeaders', () => {
  it('creates headers for exactly this request and token', async () => {
    const key = await new DpopKeys().create();
    const made = await dpopHeaders(key, 'access-1', {
      method: 'post',
      url: new URL('https://api.example.com/notes?secret=1#x'),
      nonce: 'n-1',
    });
    const { claims, header } = readProof(made.dpop);
    assert.deepEqual([made.authorization, header.jwk['x']], ['DPoP access-1', key.jwk.x]);
    assert.deepEqual(
      [claims['htm'], claims['htu'], claims['nonce'], claims['ath']],
      ['POST', 'https://api.example.com/notes', 'n-1', sha256('access-1')],
    );
    const next = readProof(
      (await dpopHeaders(key, 'access-1', { method: 'GET', url: new URL('https://api.example.com/') })).dpop,
    );
    assert.equal(next.claims['nonce'], undefined);
  });

  it("uses the server's time for each server, whatever else is requested at that time", async () => {
    const keys = new DpopKeys();
    const key = await keys.create();
    const request = { method: 'GET', url: new URL('https://api.example.com/') };
    const made = await Promise.all(
      [10 * MINUTE, undefined, SECOND].map((skew) => dpopHeaders(key, 'access-1', { ...request, skew })),
    );
    const off = made.map(({ dpop }, index) =>
      Math.abs(readProof(dpop).claims.iat * SECOND - Date.now() - (index === 0 ? 10 * MINUTE : 0)),
    );
    assert.ok(
      off.every((time) => time < 30 * SECOND),
      off.join(' '),
    );
  });
});
