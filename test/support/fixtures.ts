// The fixtures of the protocol tests: a provider, a transport, a code exchange.
import assert from 'node:assert/strict';
import { SECOND, systemClock, type Clock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { parseProviders } from '../../src/core/parseProviders.ts';
import type { Provider } from '../../src/core/provider.ts';
import { createAuthorizationRequest, type AuthorizationRequest } from '../../src/protocol/authorize.ts';
import { Discovery, type ServerContext } from '../../src/protocol/discovery.ts';
import { exchangeCode } from '../../src/protocol/exchange.ts';
import type { Tokens } from '../../src/protocol/tokens.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import type { ScriptedServer } from './scriptedServer.ts';

const [CONFIGURED] = parseProviders([
  { id: 'acme', label: 'Acme', issuer: 'https://id.example.com', clientId: 'editor', scopes: ['read'] },
]).providers;

/** A configured provider. */
export function providerAt(issuer: string, more: Partial<Provider> = {}): Provider {
  assert.ok(CONFIGURED !== undefined);
  return { ...CONFIGURED, issuer, ...more };
}

/** The platform's `fetch`, with a deadline. */
export function transportWith(clock: Clock = systemClock, timeout = 30 * SECOND, log = silentLog): Transport {
  return { fetch: (...arguments_) => fetch(...arguments_), clock, log, timeout };
}

/** A server's metadata, read by the product's own discovery. */
export async function discovered(
  issuer: string,
  more: Partial<Provider> = {},
  transport: Transport = transportWith(),
): Promise<ServerContext> {
  return new Discovery(transport).find(providerAt(issuer, more));
}

/** A redirect URI on which no program listens. */
export const REDIRECT_URI = 'http://127.0.0.1:1/callback';

/** An authorization endpoint's response to a request. */
export function answerTo(request: AuthorizationRequest, more: Readonly<Record<string, string>> = {}): URLSearchParams {
  return new URLSearchParams({ code: 'code-1', state: request.state, ...more });
}

/** A valid token response. */
export const GOOD_TOKENS: Readonly<Record<string, unknown>> = {
  access_token: 'access-1',
  token_type: 'Bearer',
  expires_in: 300,
  refresh_token: 'refresh-1',
};

/** How to exchange a code. */
export interface Trade {
  readonly scopes?: readonly string[];
  readonly provider?: Partial<Provider>;
  readonly transport?: Transport;
}

/** Exchanges a code at the scripted server's token endpoint. */
export async function trade(
  server: ScriptedServer,
  { scopes = ['read'], provider = {}, transport = transportWith() }: Trade = {},
): Promise<Tokens> {
  const found = await discovered(server.issuer, provider, transport);
  const request = await createAuthorizationRequest(found, REDIRECT_URI, scopes);
  return exchangeCode(found, request, answerTo(request), transport, new AbortController().signal);
}

/**
 * Exchanges a code, with `openid` among the scopes.
 * @param idToken creates the ID token for the request's nonce; undefined leaves it out.
 */
export async function tradeForIdToken(
  server: ScriptedServer,
  idToken: (nonce: string) => Promise<string | undefined>,
  transport: Transport = transportWith(),
  provider: Partial<Provider> = {},
): Promise<Tokens> {
  const found = await discovered(server.issuer, provider, transport);
  const request = await createAuthorizationRequest(found, REDIRECT_URI, ['openid']);
  const token = await idToken(request.nonce);
  server.onToken({ body: { ...GOOD_TOKENS, ...(token === undefined ? {} : { id_token: token }) } });
  return exchangeCode(found, request, answerTo(request), transport, new AbortController().signal);
}

/** An unsigned JWT with these claims, which can be an access or refresh token. */
export function jwtWith(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.signature`;
}
