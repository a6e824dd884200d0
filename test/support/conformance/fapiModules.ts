// The modules of the FAPI profiles for a client of the authorization code flow: src/main/java/net/openid/conformance/fapi2spfinal and fapi1advancedfinal.
import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/clock.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { dpopHeaders, DpopKeys } from '../../../src/protocol/dpop.ts';
import { accepts, refuses, type Module } from './module.ts';
import type { RelyingParty } from './relyingParty.ts';
import type { Faults } from './suiteServer.ts';

const FAPI2 = 'fapi2-security-profile-final-client-test-';
const FAPI1 = 'fapi1-advanced-final-client-test-';

/** The server of the profile accepts pushed requests only (RFC 9126), and identifies itself in each response (RFC 9207). */
function asProfiled({ server }: RelyingParty): void {
  server.metadata['require_pushed_authorization_requests'] = true;
  server.metadata['authorization_response_iss_parameter_supported'] = true;
}

/** A module of FAPI 2 with a faulty response. */
function refused(
  name: string,
  about: string,
  outcome: Parameters<typeof refuses>[2],
  faults: Faults,
  requests: number,
): Module {
  return refuses(`${FAPI2}${name}`, about, outcome, faults, {
    run: async (party) => {
      asProfiled(party);
      party.server.faults = faults;
      await party.signInRefused(...outcome);
      assert.deepEqual(
        [party.server.requestsTo('token').length, party.server.requestsTo('userinfo').length],
        [requests, 0],
      );
    },
  });
}

/** A response that isn't for this sign-in: the browser shows that, and nothing of it is used or sent to any server. */
function strayed(name: string, about: string, change: (answer: URLSearchParams) => void): Module {
  return {
    name: `${FAPI2}${name}`,
    about,
    verdict: 'refuses',
    category: 'sign-in-timeout',
    code: 'sign-in-timeout',
    because:
      "The page shows immediately that it isn't the response to this sign-in, which keeps waiting. Otherwise, any page that can make the browser load a URL could end it.",
    run: async (party) => {
      asProfiled(party);
      party.server.faults = { authorization: change };
      const { ended, page } = await party.begin();
      const arrival = await page;
      assert.deepEqual([arrival?.status, /<h1>(.+)<\/h1>/.exec(arrival?.html ?? '')?.[1]], [400, 'Not this sign-in']);
      await party.testWindow.clock.pass(5 * MINUTE);
      const { failure } = await ended;
      assert.deepEqual([failure?.category, failure?.code], ['sign-in-timeout', 'sign-in-timeout']);
      assert.deepEqual([party.server.requestsTo('token'), party.server.requestsTo('userinfo')], [[], []]);
    },
  };
}

/** Signs in at a server that binds tokens to keys. */
async function signInBound(party: RelyingParty): Promise<SessionRecord> {
  asProfiled(party);
  party.server.bindsTokens = true;
  const { session } = await party.signInWell();
  assert.deepEqual([session.tokenType, session.dpopKey?.crv], ['DPoP', 'P-256']);
  return session;
}

/** The status of the userinfo endpoint's response to another extension that has a token. */
async function askBound(
  { testWindow, server }: RelyingParty,
  { accessToken, dpopKey }: SessionRecord,
): Promise<number> {
  assert.ok(dpopKey !== undefined);
  const keys = new DpopKeys();
  keys.recordServerClock({ skew: 0, platformClockOffset: testWindow.clock.now() - Date.now() });
  const url = new URL(`${server.issuer}userinfo`);
  const { status } = await fetch(url, {
    headers: { ...(await dpopHeaders(await keys.getOrImport(dpopKey), accessToken, { method: 'GET', url })) },
  });
  return status;
}

/** The modules, in the order of the list. */
export const FAPI_MODULES: readonly Module[] = [
  accepts(`${FAPI2}token-endpoint-response-without-expires_in`, "doesn't send the lifetime of the access token", {
    run: async (party) => {
      asProfiled(party);
      party.server.faults = { tokens: (answer) => ({ ...answer, expires_in: undefined }) };
      const { session } = await party.signInWell();
      assert.deepEqual([session.expirySource, session.accessExpiresAt], ['unknown', undefined]);
      assert.equal(await party.userinfoWith(session.accessToken), 200);
    },
  }),
  accepts(`${FAPI2}token-type-case-insensitivity`, 'sends "bEARER" as the token type', {
    run: async (party) => {
      asProfiled(party);
      party.server.faults = { tokens: (answer) => ({ ...answer, token_type: 'bEARER' }) };
      const { session } = await party.signInWell();
      await party.testWindow.tokenRefresher.refresh(session.id, { reason: 'test' });
      assert.equal(party.testWindow.record(session.id).tokenType, 'Bearer');
    },
  }),
  refused(
    'invalid-authorization-response-iss',
    'sends another issuer in the authorization response',
    ['untrusted-response', 'wrong-issuer'],
    { authorization: (answer) => answer.set('iss', `${answer.get('iss') ?? ''}1`) },
    0,
  ),
  refused(
    'remove-authorization-response-iss',
    'sends no issuer in the authorization response, although it declares that it does',
    ['untrusted-response', 'wrong-issuer'],
    { authorization: (answer) => answer.delete('iss') },
    0,
  ),
  accepts(`${FAPI2}happy-path-no-dpop-nonce`, 'binds the tokens to a key (DPoP), and requires no nonce in the proofs', {
    provider: { dpop: true },
    run: async (party) => {
      const session = await signInBound(party);
      const renewed = await party.testWindow.tokenRefresher.refresh(session.id, { reason: 'test' });
      assert.deepEqual([renewed.tokenType, renewed.generation, renewed.dpopKey], ['DPoP', 2, session.dpopKey]);
      assert.equal(await askBound(party, renewed), 200);
      assert.deepEqual([party.server.requestsTo('token').length, party.server.requestsTo('userinfo').length], [2, 2]);
    },
  }),
  accepts(
    `${FAPI2}rs-dpop-auth-scheme-case-insensitivity`,
    'requires a nonce at the userinfo endpoint, and names the scheme "dPoP" there',
    {
      provider: { dpop: true },
      run: async (party) => {
        party.server.proofNonce = { value: 'nonce-1', scheme: 'dPoP' };
        const { account } = await signInBound(party);
        assert.equal(account.label, 'sam');
        assert.equal(party.server.requestsTo('userinfo').length, 2, 'once without the nonce, once with it');
      },
    },
  ),
  refuses(`${FAPI2}discovery-issuer-mismatch`, 'reports another issuer', ['issuer-mismatch', 'issuer-mismatch'], {
    metadata: (metadata) => ({ ...metadata, issuer: `${String(metadata['issuer'])}INVALID` }),
  }),
  refused(
    'invalid-expired-exp',
    'sends an ID token that expired six minutes ago',
    ['clock', 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED'],
    { claims: (claims) => ({ ...claims, exp: Number(claims['iat']) - 360 }) },
    1,
  ),
  strayed(
    'ensure-authorization-response-with-invalid-state-fails',
    'redirects the browser with another `state`',
    (answer) => answer.set('state', `${answer.get('state') ?? ''}1`),
  ),
  strayed(
    'ensure-authorization-response-with-invalid-missing-state-fails',
    'redirects the browser without `state`',
    (answer) => answer.delete('state'),
  ),
  refuses(
    `${FAPI1}iat-is-week-in-past`,
    'sends an ID token that was issued a week ago',
    ['clock', 'old-id-token'],
    { claims: (claims) => ({ ...claims, iat: Number(claims['iat']) - 7 * 24 * 3600 }) },
    {
      because:
        "The suite puts it into the ID token of the hybrid flow. Here it's in the one from the token endpoint, which is handled in the same way.",
    },
  ),
  accepts(
    `${FAPI1}no-scope-in-token-endpoint-response`,
    'sends neither the granted scopes nor the lifetime of the token',
    {
      run: async (party) => {
        asProfiled(party);
        party.server.faults = { tokens: (answer) => ({ ...answer, scope: undefined, expires_in: undefined }) };
        const { session } = await party.signInWell();
        assert.deepEqual(
          [session.scopes, session.expirySource],
          [['openid', 'profile', 'email', 'offline_access'], 'unknown'],
        );
      },
    },
  ),
];
