// The account that signed in: from the ID token's claims, or from the userinfo endpoint (OpenID Connect Core 5.3).
import * as oauth from 'oauth4webapi';
import { Failure, sanitizeDisplayName, toFailure } from '../core/failure.ts';
import type { KnownSecrets } from './knownSecrets.ts';
import type { AccountFields, Provider } from '../core/provider.ts';
import { classify } from './classify.ts';
import { requestOptions, type ReceivedTokens, type ServerContext } from './discovery.ts';
import { sendWithDpop } from './dpop.ts';
import { withTenantIssuer } from './idToken.ts';
import { ALGORITHMS } from './keys.ts';
import { checkSignature } from './signature.ts';
import { withClockSkew, type Tokens } from './tokens.ts';
import { createFetch, type ServerResponse, type Fetch, type Transport } from './transport.ts';

/** The account of a session: a stable ID, and a label for users. */
export interface Account {
  readonly id: string;
  readonly label: string;
}

/** The result of a sign-in. */
export interface SignInGrant {
  readonly provider: Provider;
  /** The requested scopes. */
  readonly scopes: readonly string[];
  readonly tokens: Tokens;
  readonly account: Account;
  /** The origins of the server's endpoints that receive credentials. */
  readonly endpointOrigins?: readonly string[];
}

/** Tokens of a sign-in that failed after they had arrived. */
export interface UnusedTokens {
  readonly provider: Provider;
  readonly tokens: ReceivedTokens;
  /** The verified ID token. */
  readonly idToken: string | undefined;
  /** Undefined if it isn't known. */
  readonly account: Account | undefined;
  /** The origins to which the tokens may be sent. */
  readonly endpointOrigins: readonly string[];
}

/** The claims that name a user, in order of preference: OpenID Connect Core 5.1, and the names of OAuth 2 servers. */
const NAME_CLAIMS = ['preferred_username', 'email', 'nickname', 'name', 'login', 'username'];
/** The claims that identify an account without an ID token. */
const ID_CLAIMS = ['sub', 'id', 'user_id'];

/**
 * Determines the account of new tokens. If the ID token contains no name, the userinfo endpoint is requested. If that
 * fails, the subject is the label, because a missing label must not prevent a sign-in. But if the entry specifies the
 * userinfo claims that identify the account, they're required: otherwise two users would share one account.
 * @throws Failure `untrusted-response` if the access token belongs to another user than the ID token;
 * `unsupported-server` if a required claim is missing; otherwise the failure of the userinfo request.
 */
export async function resolveAccount(
  server: ServerContext,
  tokens: Tokens,
  transport: Transport,
  signal: AbortSignal,
): Promise<Account> {
  const { claims } = tokens;
  const { secrets } = server;
  const { account, endpoints, label: provider } = server.provider;
  const request = async (): Promise<Claims> => fetchUserInfo(server, tokens, transport, signal);
  if (account !== undefined || (claims === undefined && endpoints?.userinfo !== undefined)) {
    return accountFromUserInfo(await request(), account, secrets);
  }
  const named = claims === undefined ? undefined : findName(claims, secrets);
  const info = named === undefined ? await request().catch(emptyUnlessWrongSubject) : {};
  const label = named ?? findName(info, secrets);
  const id = claims?.sub ?? findFirst(info, ID_CLAIMS);
  return {
    id: id ?? label ?? server.provider.id,
    label: label ?? (id === undefined ? provider : secrets.sanitizeName(id) || provider),
  };
}

type Claims = Readonly<Record<string, unknown>>;

/**
 * Ignores failures of the userinfo request, which affect the label only, unless the access token belongs to another
 * user.
 */
function emptyUnlessWrongSubject(error: unknown): Claims {
  if (toFailure(error).code === 'wrong-subject') {
    throw error;
  }
  return {};
}

/** The account in a userinfo response, by the claims that the entry specifies or the standard ones. */
function accountFromUserInfo(info: Claims, fields: AccountFields | undefined, secrets: KnownSecrets): Account {
  const id = findFirst(info, fields === undefined ? ID_CLAIMS : [fields.id]);
  if (id === undefined) {
    throw new Failure('unsupported-server', 'no-account', { detail: sanitizeDisplayName(fields?.id ?? 'sub') });
  }
  const label = fields?.label === undefined ? undefined : secrets.sanitizeName(textOf(info[fields.label]) ?? '');
  return {
    id,
    label: (label === '' ? undefined : label) ?? findName(info, secrets) ?? (secrets.sanitizeName(id) || id),
  };
}

function findName(claims: Claims, secrets: KnownSecrets): string | undefined {
  return NAME_CLAIMS.map((name) => secrets.sanitizeName(textOf(claims[name]) ?? '')).find((name) => name !== '');
}

function findFirst(claims: Claims, names: readonly string[]): string | undefined {
  return names.map((name) => textOf(claims[name])).find((value) => value !== undefined);
}

/** A string, or a number as a string: GitHub's IDs are numbers. */
function textOf(value: unknown): string | undefined {
  return (typeof value === 'string' && value !== '') || Number.isSafeInteger(value) ? String(value) : undefined;
}

/**
 * Requests the userinfo claims, as JSON or signed (OpenID Connect Core 5.3.2). If there is an ID token, both must have
 * the same subject; otherwise the access token belongs to another user.
 * @throws Failure `untrusted-response` with the code `wrong-subject` for another subject; otherwise why the request
 * failed.
 */
async function fetchUserInfo(
  server: ServerContext,
  tokens: Tokens,
  transport: Transport,
  signal: AbortSignal,
): Promise<Claims> {
  // An object, because what happens in the callback is hidden from the compiler's flow analysis.
  const received: { response?: ServerResponse } = {};
  try {
    const response = await sendWithDpop(
      server,
      transport,
      signal,
      (fetch) =>
        oauth.userInfoRequest(server.metadata, server.client, tokens.accessToken, requestOptions(server, fetch)),
      (serverResponse) => {
        server.secrets.add(...serverResponse.secrets);
        received.response = serverResponse;
        return serverResponse.response;
      },
    );
    const { response: serverResponse } = received;
    const isSigned =
      serverResponse !== undefined && /^application\/jwt\b/i.test(response.headers.get('content-type') ?? '');
    const info: unknown = isSigned
      ? await verifySignedClaims(server, serverResponse, createFetch(transport, signal))
      : await readJsonClaims(response);
    if (typeof info !== 'object' || info === null || Array.isArray(info)) {
      throw new Error('The userinfo response has no JSON object.', { cause: response });
    }
    const claims: Claims = { ...info };
    const subject = textOf(claims['sub']);
    if (tokens.claims !== undefined && subject === undefined) {
      throw new Error('The userinfo response has no subject.', { cause: response });
    }
    if (tokens.claims !== undefined && subject !== tokens.claims.sub) {
      throw new Failure('untrusted-response', 'wrong-subject');
    }
    return claims;
  } catch (error) {
    throw classify(error, 'userinfo', server.secrets);
  }
}

async function readJsonClaims(response: Response): Promise<unknown> {
  return response.status === 200
    ? response
        .clone()
        .json()
        .catch(() => undefined)
    : undefined;
}

/** The claims of a signed response, validated by the library and with a verified signature. */
async function verifySignedClaims(
  server: ServerContext,
  serverResponse: ServerResponse,
  fetch: Fetch,
): Promise<Claims> {
  const { metadata } = server;
  // If the server doesn't list algorithms for userinfo, those for ID tokens apply.
  const {
    id_token_signing_alg_values_supported: idTokenAlgorithms,
    userinfo_signing_alg_values_supported: userInfoAlgorithms,
  } = metadata;
  const algorithms = [userInfoAlgorithms, idTokenAlgorithms].find((list) => Array.isArray(list)) ?? [...ALGORITHMS];
  const issuer = {
    ...withTenantIssuer(server, serverResponse.body),
    userinfo_signing_alg_values_supported: algorithms,
  };
  const claims = await oauth.processUserInfoResponse(
    issuer,
    withClockSkew(server, serverResponse),
    oauth.skipSubjectCheck,
    serverResponse.response,
  );
  await checkSignature(metadata, serverResponse.body, { fetch, now: serverResponse.sentAt, secrets: server.secrets });
  return claims;
}
