// The faults that oauth4webapi tries on itself, and what each of them is here.
import type { Category } from '../../../src/core/failurePolicies.ts';
import { htmlPage, type Script } from '../scriptedServer.ts';

/** An answer that says that it is JSON. */
const json = (body: string, status = 200): Script => ({
  status,
  headers: { 'Content-Type': 'application/json' },
  body,
});

/** Answers that are none: what each is everywhere, and where it is something else. */
export const NO_ANSWERS: Readonly<
  Record<string, readonly [Script, Category, Readonly<Record<string, Category | 'fine'>>?]>
> = {
  'is 404': [{ status: 404 }, 'no-server'],
  'is cut off': [json('{"'), 'invalid-response', { 'the revocation endpoint': 'fine' }],
  'is null': [json('null'), 'invalid-response', { 'the revocation endpoint': 'fine' }],
  'is a list': [json('[]'), 'invalid-response', { 'the revocation endpoint': 'fine' }],
  'is a text': [json('"access_token"'), 'invalid-response', { 'the revocation endpoint': 'fine' }],
  'is empty': [json(''), 'invalid-response', { 'the revocation endpoint': 'fine' }],
  'is 204': [{ status: 204 }, 'invalid-response', { 'the revocation endpoint': 'fine' }],
  'is an object of nothing': [json('{}'), 'invalid-response', { 'the revocation endpoint': 'fine' }],
  'is an error that is cut off': [json('{"error":"inva', 400), 'configuration'],
  'is an error whose code is a number': [json('{"error":7}', 400), 'configuration'],
  'is an error without a code': [json('{"error":""}', 400), 'configuration'],
  'is an error that is a list': [json('["invalid_grant"]', 400), 'configuration'],
  'is a refusal of the client': [
    { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' }, body: { error: 'invalid_client' } },
    'client-rejected',
    { discovery: 'configuration' },
  ],
  'is an error that nobody knows': [
    json('{"error":"full_moon"}', 400),
    'unknown-error',
    { discovery: 'configuration' },
  ],
  'is an error of the server with a verdict in it': [json('{"error":"invalid_grant"}', 500), 'server'],
  'is a page of the network': [htmlPage, 'unexpected-html', { 'the revocation endpoint': 'fine' }],
  'leads elsewhere': [{ status: 302, headers: { Location: 'https://portal.example.com' } }, 'unexpected-html'],
  'does not come': ['drop', 'network'],
};

/** Members of a token answer that are wrong; undefined takes one away. */
export const HALF_BAD: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, Category]>> = {
  'has no access token': [{ access_token: undefined }, 'invalid-response'],
  'has an empty access token': [{ access_token: '' }, 'invalid-response'],
  'has null for an access token': [{ access_token: null }, 'invalid-response'],
  'has a number for an access token': [{ access_token: 7 }, 'invalid-response'],
  'has a list for a token type': [{ token_type: ['Bearer'] }, 'invalid-response'],
  'has a token type that nobody knows': [{ token_type: 'mac' }, 'configuration'],
  'has a token type for a key that the session has not': [{ token_type: 'DPoP' }, 'unsupported-server'],
  'has a number for an ID token': [{ id_token: 7 }, 'invalid-response'],
  'has an object for an ID token': [{ id_token: {} }, 'invalid-response'],
  'has a word for an ID token': [{ id_token: 'word' }, 'invalid-response'],
  'has dots for an ID token': [{ id_token: 'a.b.c' }, 'invalid-response'],
  'has an encrypted ID token': [{ id_token: 'a.b.c.d.e' }, 'configuration'],
};
/** Claims of an ID token that are wrong; undefined takes one away. */
export const BAD_ID_TOKENS: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, Category]>> = {
  'of another issuer': [{ iss: 'https://evil.example.com' }, 'untrusted-response'],
  'without an issuer': [{ iss: undefined }, 'invalid-response'],
  'for another client': [{ aud: 'other' }, 'untrusted-response'],
  'for nobody': [{ aud: undefined }, 'invalid-response'],
  'for several clients, and given to another': [{ aud: ['editor', 'other'], azp: 'other' }, 'untrusted-response'],
  'of another person': [{ sub: 'person-2' }, 'other-account'],
  'of nobody': [{ sub: undefined }, 'invalid-response'],
  'of a number': [{ sub: 7 }, 'invalid-response'],
  'that has run out': [{ exp: 1 }, 'clock'],
  'without an end': [{ exp: undefined }, 'invalid-response'],
  'whose end is a word': [{ exp: 'soon' }, 'invalid-response'],
  'that is not good yet': [{ nbf: 9e9 }, 'clock'],
  'without a beginning': [{ iat: undefined }, 'invalid-response'],
  'whose time of the sign-in is a word': [{ auth_time: 'now' }, 'invalid-response'],
  'whose time of the sign-in is below 0': [{ auth_time: -1 }, 'invalid-response'],
};
