// The suite's checks of a client's requests.
import type { SeenRequest } from '../scriptedServer.ts';

/** The registered client. */
export const CLIENT_ID = 'editor';
/** The client secret, with characters that must be encoded (RFC 6749 section 2.3.1). */
export const CLIENT_SECRET = 'a secret: 100 % & +/=ü and long enough for HMAC';

/** How a client must authenticate at the token endpoint. */
export type ClientAuthentication = 'none' | 'client_secret_basic' | 'client_secret_post';

/** What is wrong with an authorization request; undefined if nothing is. */
export function complaintOf(parameters: URLSearchParams): string | undefined {
  const { hostname, pathname } = new URL(parameters.get('redirect_uri') ?? '');
  const wanted: Readonly<Record<string, RegExp>> = {
    response_type: /^code$/,
    client_id: new RegExp(`^${CLIENT_ID}$`),
    state: /^[\w-]{16,}$/,
    code_challenge_method: /^S256$/,
    code_challenge: /^[\w-]{43}$/,
    // The suite warns about a nonce that is longer than 256 bits require, or has characters that need encoding.
    nonce: (parameters.get('scope') ?? '').split(' ').includes('openid') ? /^[\w.~-]{1,43}$/ : /^$/,
  };
  const wrong = Object.entries(wanted)
    .filter(([name, pattern]) => !pattern.test(parameters.get(name) ?? ''))
    .map(([name]) => name);
  if (hostname !== '127.0.0.1' || pathname !== '/callback') {
    wrong.push('redirect_uri');
  }
  return wrong.length === 0 ? undefined : `The authorization request is wrong in: ${wrong.join(', ')}.`;
}

/** Whether a request authenticates the registered client as required. */
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
