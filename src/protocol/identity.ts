// Who signed in: from the ID token's claims, or from the userinfo endpoint (OpenID Connect Core 5.3).
import * as oauth from 'oauth4webapi';
import { Failure, toFailure, sanitizeDisplayName } from '../core/failure.ts';
import type { AccountFields, Provider } from '../core/provider.ts';
import { classify } from './classify.ts';
import { requestOptions, type ServerContext } from './discovery.ts';
import { sendWithDpop } from './dpop.ts';
import { withTenantIssuer } from './idToken.ts';
import { ALGORITHMS } from './keys.ts';
import { checkSignature } from './signature.ts';
import { withClockSkew, type Tokens } from './tokens.ts';
import { createFetch, type ServerResponse, type Fetch, type Transport } from './transport.ts';

/** The account of a session. The id is stable; the label is what people read. */
export interface Account {
  readonly id: string;
  readonly label: string;
}

/** What a sign-in brings. */
export interface SignInGrant {
  readonly provider: Provider;
  /** What was asked for. */
  readonly scopes: readonly string[];
  readonly tokens: Tokens;
  readonly account: Account;
}

/** Claims that name a person, the most telling one first: OpenID Connect Core 5.1, and what plain OAuth servers call it. */
const NAME_CLAIMS = ['preferred_username', 'email', 'nickname', 'name', 'login', 'username'];
/** Members that tell accounts apart, where there is no ID token. */
const ID_CLAIMS = ['sub', 'id', 'user_id'];

/**
 * The account behind fresh tokens. Where the ID token names nobody, the userinfo endpoint is asked; where that does
 * not help either, the subject is the name, because a sign-in must not fail for want of a pretty label. But where the
 * entry says that the userinfo answer tells who it is, it has to: two people would be one account without it.
 * @throws Failure `untrusted-response` where the access token turns out to be another person's than the ID token;
 * `unsupported-server` where what the entry counts on is not there; else what the endpoint has answered.
 */
export async function resolveAccount(
  server: ServerContext,
  tokens: Tokens,
  transport: Transport,
  signal: AbortSignal,
): Promise<Account> {
  const { claims } = tokens;
  const { account, endpoints, label: provider } = server.provider;
  const ask = async (): Promise<Claims> => fetchUserInfo(server, tokens, transport, signal);
  if (account !== undefined || (claims === undefined && endpoints?.userinfo !== undefined)) {
    return accountFromUserInfo(await ask(), account);
  }
  const named = claims === undefined ? undefined : findName(claims);
  const info = named === undefined ? await ask().catch(emptyUnlessWrongSubject) : {};
  const label = named ?? findName(info);
  const id = claims?.sub ?? findFirst(info, ID_CLAIMS);
  return {
    id: id ?? label ?? server.provider.id,
    label: label ?? (id === undefined ? provider : sanitizeDisplayName(id) || provider),
  };
}

type Claims = Readonly<Record<string, unknown>>;

/** An answer that is of no use costs a label; one that speaks of another person says whose the access token is. */
function emptyUnlessWrongSubject(error: unknown): Claims {
  if (toFailure(error).code === 'wrong-subject') {
    throw error;
  }
  return {};
}

/** The account that a userinfo answer tells, by the members that the entry names, or by the usual ones. */
function accountFromUserInfo(info: Claims, fields: AccountFields | undefined): Account {
  const id = findFirst(info, fields === undefined ? ID_CLAIMS : [fields.id]);
  if (id === undefined) {
    throw new Failure('unsupported-server', 'no-account', { detail: fields?.id ?? ID_CLAIMS[0] });
  }
  const label = fields?.label === undefined ? undefined : sanitizeDisplayName(textOf(info[fields.label]) ?? '');
  return { id, label: (label === '' ? undefined : label) ?? findName(info) ?? (sanitizeDisplayName(id) || id) };
}

function findName(claims: Claims): string | undefined {
  return NAME_CLAIMS.map((name) => sanitizeDisplayName(textOf(claims[name]) ?? '')).find((name) => name !== '');
}

function findFirst(claims: Claims, names: readonly string[]): string | undefined {
  return names.map((name) => textOf(claims[name])).find((value) => value !== undefined);
}

/** A text, or a number as one: GitHub's ids are numbers. */
function textOf(value: unknown): string | undefined {
  return (typeof value === 'string' && value !== '') || Number.isSafeInteger(value) ? String(value) : undefined;
}

/**
 * The userinfo answer, as JSON or signed (OpenID Connect Core 5.3.2). Where there is an ID token it has to speak of the
 * same person: else the access token is somebody else's.
 * @throws Failure `untrusted-response` with the code `wrong-subject` where it speaks of another; else why there is none.
 */
async function fetchUserInfo(
  server: ServerContext,
  tokens: Tokens,
  transport: Transport,
  signal: AbortSignal,
): Promise<Claims> {
  const bearing: ServerContext = tokens.tokenType === 'DPoP' ? server : { ...server, dpopKey: undefined };
  // An object, because what happens in the callback is hidden from the compiler's flow analysis.
  const arrived: { answer?: ServerResponse } = {};
  try {
    const response = await sendWithDpop(
      bearing,
      transport,
      signal,
      (fetch) =>
        oauth.userInfoRequest(server.metadata, server.client, tokens.accessToken, requestOptions(bearing, fetch)),
      (answer) => {
        arrived.answer = answer;
        return answer.response;
      },
    );
    const { answer } = arrived;
    const isSigned = answer !== undefined && /^application\/jwt\b/i.test(response.headers.get('content-type') ?? '');
    const info: unknown = isSigned
      ? await verifySignedClaims(server, answer, createFetch(transport, signal))
      : await readJsonClaims(response);
    if (typeof info !== 'object' || info === null || Array.isArray(info)) {
      throw new Error('The userinfo answer is none.', { cause: response });
    }
    const claims: Claims = { ...info };
    const subject = textOf(claims['sub']);
    if (tokens.claims !== undefined && subject === undefined) {
      throw new Error('The userinfo answer does not say of whom it speaks.', { cause: response });
    }
    if (tokens.claims !== undefined && subject !== tokens.claims.sub) {
      throw new Failure('untrusted-response', 'wrong-subject');
    }
    return claims;
  } catch (error) {
    throw classify(error, 'userinfo');
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

/** The claims of a signed answer, after the checks of the library and of the signature. */
async function verifySignedClaims(server: ServerContext, answer: ServerResponse, fetch: Fetch): Promise<Claims> {
  const { metadata } = server;
  // Servers that sign say by which algorithm; of those that do not, what holds for ID tokens is expected.
  const { id_token_signing_alg_values_supported: ofIdTokens, userinfo_signing_alg_values_supported: ofAnswers } =
    metadata;
  const algorithms = [ofAnswers, ofIdTokens].find((list) => Array.isArray(list)) ?? [...ALGORITHMS];
  const issuer = { ...withTenantIssuer(server, answer.body), userinfo_signing_alg_values_supported: algorithms };
  const claims = await oauth.processUserInfoResponse(
    issuer,
    withClockSkew(server, answer),
    oauth.skipSubjectCheck,
    answer.response,
  );
  await checkSignature(metadata, answer.body, { fetch, now: answer.sentAt });
  return claims;
}
