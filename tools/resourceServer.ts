// Servers that users have tokens for: an API that accepts JWTs issued for it (RFC 9068), and the user endpoint of an OAuth
// server without OpenID Connect.
import * as oauth from 'oauth4webapi';

import { demoAccounts } from './identityAccounts.ts';
import type { IdentityServer } from './identityServer.ts';
import { serveOnLoopback } from './loopback.ts';
import type { TlsHost } from './loopback.ts';

/** A resource server that is listening. */
export interface ResourceServer {
  /** The API, whose URL is also its resource indicator (RFC 8707): accepts a JWT for this URL, and returns its claims. */
  readonly api: string;
  /** Accepts an opaque token, and returns its user: `{ id, login }`. */
  readonly user: string;
  /** Closes the server. */
  stop(): void;
}

/**
 * Starts a resource server on 127.0.0.1 that trusts one identity server.
 *
 * @param identity the identity server
 * @param host the host name, if it's served over TLS; by default, it's plain http under 127.0.0.1
 * @returns the resource server, once it's listening
 */
export async function startResourceServer(identity: IdentityServer, host?: TlsHost): Promise<ResourceServer> {
  let home = '';
  const { server, origin } = await serveOnLoopback(
    (incoming, outgoing) => {
      const request = new Request(`${home}${incoming.url ?? '/'}`, {
        method: incoming.method ?? 'GET',
        headers: headersOf(incoming.rawHeaders),
      });
      const answer = incoming.url === '/user' ? userOf(identity, request) : claimsOf(identity, request);
      answer.then(
        (body) => outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
        (error: unknown) =>
          outgoing
            .writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' })
            .end(error instanceof Error ? error.message : ''),
      );
    },
    { host },
  );
  home = origin;
  return {
    api: `${home}/api`,
    user: `${home}/user`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The claims of a token for the URL that it was sent to. */
async function claimsOf({ issuer }: IdentityServer, request: Request): Promise<oauth.JWTAccessTokenClaims> {
  const as = { issuer, jwks_uri: `${issuer}/jwks` };
  return await oauth.validateJwtAccessToken(as, request, request.url, { [oauth.allowInsecureRequests]: true });
}

async function userOf(
  { provider }: IdentityServer,
  request: Request,
): Promise<{ readonly id: number; readonly login: string }> {
  const [, value = ''] = /^Bearer (\S+)$/u.exec(request.headers.get('authorization') ?? '') ?? [];
  const token = await provider.AccessToken.find(value);
  const place = demoAccounts.findIndex(({ sub }) => sub === token?.accountId);
  const login = demoAccounts[place]?.username;
  if (token?.isValid !== true || login === undefined) {
    throw new Error('This token is unknown.');
  }
  return { id: place + 1, login };
}

function headersOf(raw: readonly string[]): [string, string][] {
  const names = raw.filter((_text, index) => index % 2 === 0);
  return names.map((name, index) => [name, raw[2 * index + 1] ?? '']);
}
