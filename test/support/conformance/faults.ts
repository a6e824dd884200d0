// The faults in the tests of oauth4webapi, with their categories here.
import type { Category } from '../../../src/core/failurePolicies.ts';
import { htmlPage, type Script } from '../scriptedServer.ts';

/** A response with a JSON content type. */
const json = (body: string, status = 200): Script => ({
  status,
  headers: { 'Content-Type': 'application/json' },
  body,
});

/** Invalid responses: the category of each, and the endpoints with another result. */
export const INVALID_RESPONSES: Readonly<
  Record<string, readonly [Script, Category, Readonly<Record<string, Category | 'fine'>>?]>
> = {
  'is 404': [{ status: 404 }, 'no-server'],
  'is truncated': [json('{"'), 'invalid-response', { 'the revocation endpoint': 'fine' }],
  'is null': [json('null'), 'invalid-response', { 'the revocation endpoint': 'fine' }],
  'is an array': [json('[]'), 'invalid-response', { 'the revocation endpoint': 'fine' }],
  'is a JSON string': [json('"access_token"'), 'invalid-response', { 'the revocation endpoint': 'fine' }],
  'is empty': [json(''), 'invalid-response', { 'the revocation endpoint': 'fine' }],
  'is 204': [{ status: 204 }, 'invalid-response', { 'the revocation endpoint': 'fine' }],
  'is an empty object': [json('{}'), 'invalid-response', { 'the revocation endpoint': 'fine' }],
  'is a truncated error': [json('{"error":"inva', 400), 'configuration'],
  'is an error whose code is a number': [json('{"error":7}', 400), 'configuration'],
  'is an error without a code': [json('{"error":""}', 400), 'configuration'],
  'is an error that is an array': [json('["invalid_grant"]', 400), 'configuration'],
  'rejects the client': [
    { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' }, body: { error: 'invalid_client' } },
    'client-rejected',
    { discovery: 'configuration' },
  ],
  'is an unknown error': [json('{"error":"full_moon"}', 400), 'unknown-error', { discovery: 'configuration' }],
  'is a server error with the code invalid_grant': [json('{"error":"invalid_grant"}', 500), 'server'],
  'is HTML': [htmlPage, 'unexpected-html', { 'the revocation endpoint': 'fine' }],
  'redirects to another host': [
    { status: 302, headers: { Location: 'https://portal.example.com' } },
    'unexpected-html',
  ],
  'is missing': ['drop', 'network'],
};

/** Invalid members of a token response; undefined removes one. */
export const INVALID_TOKEN_MEMBERS: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, Category]>> = {
  'has no access token': [{ access_token: undefined }, 'invalid-response'],
  'has an empty access token': [{ access_token: '' }, 'invalid-response'],
  'has null as the access token': [{ access_token: null }, 'invalid-response'],
  'has a number as the access token': [{ access_token: 7 }, 'invalid-response'],
  'has an array as the token type': [{ token_type: ['Bearer'] }, 'invalid-response'],
  'has an unknown token type': [{ token_type: 'mac' }, 'configuration'],
  'has the token type DPoP without a key': [{ token_type: 'DPoP' }, 'unsupported-server'],
  'has a number as the ID token': [{ id_token: 7 }, 'invalid-response'],
  'has an object as the ID token': [{ id_token: {} }, 'invalid-response'],
  'has an ID token without dots': [{ id_token: 'word' }, 'invalid-response'],
  "has an ID token that isn't a JWT": [{ id_token: 'a.b.c' }, 'invalid-response'],
  'has an encrypted ID token': [{ id_token: 'a.b.c.d.e' }, 'configuration'],
};
/** Invalid claims of an ID token; undefined removes one. */
export const INVALID_ID_TOKENS: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, Category]>> = {
  'from another issuer': [{ iss: 'https://evil.example.com' }, 'untrusted-response'],
  'without an issuer': [{ iss: undefined }, 'invalid-response'],
  'for another client': [{ aud: 'other' }, 'untrusted-response'],
  'without an audience': [{ aud: undefined }, 'invalid-response'],
  'for several clients and issued to another': [{ aud: ['editor', 'other'], azp: 'other' }, 'untrusted-response'],
  'for another subject': [{ sub: 'person-2' }, 'other-account'],
  'without a subject': [{ sub: undefined }, 'invalid-response'],
  'whose subject is a number': [{ sub: 7 }, 'invalid-response'],
  'that has expired': [{ exp: 1 }, 'clock'],
  'without an expiry': [{ exp: undefined }, 'invalid-response'],
  'whose expiry is a string': [{ exp: 'soon' }, 'invalid-response'],
  "that isn't valid yet": [{ nbf: 9e9 }, 'clock'],
  'without an issue time': [{ iat: undefined }, 'invalid-response'],
  'whose auth_time is a string': [{ auth_time: 'now' }, 'invalid-response'],
  'whose auth_time is negative': [{ auth_time: -1 }, 'invalid-response'],
};
