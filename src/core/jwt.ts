// What a token says of itself.
import { decodeBase64Url, parseObject } from './json.ts';

/** The claims of a token that is a JWT, for looking at only: nothing is verified. Undefined where it is none. */
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
