// What a response says about its token (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470).

/** What is wrong: the token, its DPoP nonce, or what it allows. */
export type Problem = 'token' | 'nonce' | 'permissions';

/** Returns what a response says about the token that was sent; undefined if a different token wouldn't help. */
export function problemOf({ headers, status }: Pick<Response, 'headers' | 'status'>): Problem | undefined {
  if (status !== 401 && status !== 403) {
    return undefined;
  }
  const challenge = headers.get('www-authenticate') ?? '';
  if (/\berror="?use_dpop_nonce\b/iu.test(challenge)) {
    return status === 401 && headers.has('dpop-nonce') ? 'nonce' : undefined;
  }
  if (
    /\berror="?insufficient_(?:scope|user_authentication|claims)\b|\b(?:acr_values|max_age|claims)=/iu.test(challenge)
  ) {
    return 'permissions';
  }
  return status === 401 ? 'token' : undefined;
}
