// A token credential in the form that SDKs accept, such as those of Azure (`TokenCredential` of @azure/core-auth).
import { Sessions, type Session, type SessionOptions } from './sessions.ts';

/** A token, and when it expires. */
export interface AccessToken {
  readonly token: string;
  /** In ms since the Unix epoch. */
  readonly expiresOnTimestamp: number;
}

/** What an SDK passes with a request for a token. */
export interface GetTokenOptions {
  readonly abortSignal?: { readonly aborted: boolean } | undefined;
  /** The claims of a challenge (OpenID Connect Core section 5.5), as JSON or Base64. */
  readonly claims?: string | undefined;
}

/** The source of tokens for an SDK. */
export interface TokenCredential {
  /**
   * Returns a valid token for some scopes.
   * @throws SignInRequiredError if no user is signed in; otherwise the error of the authentication provider.
   */
  getToken(scopes: string | readonly string[], options?: GetTokenOptions): Promise<AccessToken>;
}

/** Which sessions the tokens are from. */
export interface CredentialOptions extends Omit<SessionOptions, 'scopes'> {
  /** The scopes to use instead of those that the SDK passes, if these aren't scopes of the provider. */
  readonly scopes?: readonly string[] | undefined;
}

/** The lifetime, in ms, that is reported for a token if it isn't known: SDKs then ask again soon. */
const UNKNOWN_LIFETIME = 5 * 60_000;

/**
 * Returns a token credential for SDKs. It requests the session for each token, because an SDK keeps tokens itself.
 */
export function createTokenCredential(options: CredentialOptions): TokenCredential {
  const bySessionScopes = new Map<string, Sessions>();
  const sessionsFor = (scopes: readonly string[]): Sessions => {
    const key = JSON.stringify(scopes);
    const sessions = bySessionScopes.get(key) ?? new Sessions({ ...options, scopes });
    bySessionScopes.set(key, sessions);
    return sessions;
  };
  return {
    getToken: async (scopes, { abortSignal, claims } = {}) => {
      throwIfAborted(abortSignal);
      const sessions = sessionsFor(options.scopes ?? (typeof scopes === 'string' ? [scopes] : scopes));
      const session = await sessions.get();
      const challenge = claims === undefined ? undefined : claimsChallenge(claims);
      const newer = challenge === undefined ? undefined : await sessions.replace(session.accessToken, challenge, true);
      throwIfAborted(abortSignal);
      const { accessToken } = newer ?? session;
      return { token: accessToken, expiresOnTimestamp: expiryOf(newer ?? session) };
    },
  };
}

function throwIfAborted(signal: GetTokenOptions['abortSignal']): void {
  if (signal?.aborted === true) {
    throw new DOMException('The request for a token was aborted.', 'AbortError');
  }
}

/** Returns the challenge with which Microsoft Entra ID requires claims. */
function claimsChallenge(claims: string): string {
  const isJson = claims.trimStart().startsWith('{');
  const encoded = isJson ? btoa(String.fromCharCode(...new TextEncoder().encode(claims))) : claims;
  return `Bearer error="insufficient_claims", claims="${encoded.replaceAll(/[^\w+/=-]/gu, '')}"`;
}

/** Returns when a session's token expires, in ms since the Unix epoch: as reported, or the claim `exp` of a JWT. */
function expiryOf({ accessToken, expiresAfter }: Session): number {
  const now = Date.now();
  return expiresAfter === undefined ? (expiryOfJwt(accessToken) ?? now + UNKNOWN_LIFETIME) : now + expiresAfter;
}

function expiryOfJwt(token: string): number | undefined {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) {
    return undefined;
  }
  try {
    const { exp } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as { readonly exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
