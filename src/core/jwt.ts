// Reading JSON Web Tokens (RFC 7519) without verifying them.
import { decodeBase64Url, parseObject } from './json.ts';

/**
 * The claims of a token that is a JWT, for information only: nothing is verified. Undefined if the token isn't a JWT.
 */
export function decodeJwtClaims(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload, ...rest] = token.split('.');
  if (payload === undefined || rest.length !== 1) {
    return undefined;
  }
  try {
    return parseObject(new TextDecoder().decode(decodeBase64Url(payload)));
  } catch {
    return undefined;
  }
}
