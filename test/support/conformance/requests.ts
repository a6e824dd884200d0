// What the suite looks at in the requests of a client.
import type { SeenRequest } from '../scriptedServer.ts';

/** The client that is registered. */
export const CLIENT_ID = 'editor';
/** The client's secret, with letters that have to be encoded (RFC 6749 section 2.3.1). */
export const CLIENT_SECRET = 'a secret: 100 % & +/=ü and long enough for HMAC';

/** How a client has to show at the token endpoint that it is the one. */
export type ClientAuthentication = 'none' | 'client_secret_basic' | 'client_secret_post';

/** What is wrong with an authorization request; undefined where nothing is. */
export function complaintOf(parameters: URLSearchParams): string | undefined {
  const { hostname, pathname } = new URL(parameters.get('redirect_uri') ?? '');
  const wanted: Readonly<Record<string, RegExp>> = {
    response_type: /^code$/,
    client_id: new RegExp(`^${CLIENT_ID}$`),
    state: /^[\w-]{16,}$/,
    code_challenge_method: /^S256$/,
    code_challenge: /^[\w-]{43}$/,
    // The suite warns of a nonce that is longer than 256 bits make, or has letters that need encoding.
    nonce: (parameters.get('scope') ?? '').split(' ').includes('openid') ? /^[\w.~-]{1,43}$/ : /^$/,
  };
  const wrong = Object.entries(wanted)
    .filter(([name, pattern]) => !pattern.test(parameters.get(name) ?? ''))
    .map(([name]) => name);
  if (hostname !== '127.0.0.1' || pathname !== '/callback') {
    wrong.push('redirect_uri');
  }
  return wrong.length === 0 ? undefined : `Of the authorization request, this is wrong: ${wrong.join(', ')}.`;
}

/** Whether a request shows as it has to that it is the registered client's. */
export function isAuthenticated(
  { headers: { authorization }, parameters }: SeenRequest,
  how: ClientAuthentication,
): boolean {
  const inBody = [parameters.get('client_id'), parameters.get('client_secret')];
  switch (how) {
    case 'none':
      return authorization === undefined && inBody[0] === CLIENT_ID && inBody[1] === null;
    case 'client_secret_post':
      return authorization === undefined && inBody[0] === CLIENT_ID && inBody[1] === CLIENT_SECRET;
    case 'client_secret_basic': {
      const [, basic = ''] = /^Basic (\S+)$/.exec(authorization ?? '') ?? [];
      const [id, secret] = Buffer.from(basic, 'base64')
        .toString()
        .split(':')
        .map((part) => new URLSearchParams(`_=${part}`).get('_'));
      return id === CLIENT_ID && secret === CLIENT_SECRET && inBody[1] === null;
    }
  }
}
