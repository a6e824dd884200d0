// The type of an access token, which determines how it's used (RFC 6749 section 7.1, RFC 9449 section 5).
import { Failure } from '../core/failure.ts';
import type { ServerContext } from './discovery.ts';
import type { JsonObject } from './responseBody.ts';

/**
 * Normalizes a token type for the library. A missing type, or `BearerToken`, means a bearer token (RFC 6750).
 * @throws Failure `unsupported-server` if the token must be bound to a key but, by its type, isn't: a response to a
 * request with a proof, or for an entry that requires one, must not turn off the protection (RFC 9449 section 5).
 */
export function normalizeTokenType({ token_type: type }: JsonObject, server: ServerContext): unknown {
  const name = typeof type === 'string' ? type.trim().toLowerCase() : '';
  const isAbsent = name === '' && (type === undefined || type === null || typeof type === 'string');
  if ((server.dpopKey !== undefined || server.provider.dpop) && name !== 'dpop') {
    throw new Failure('unsupported-server', 'token-type', {
      detail: isAbsent ? 'token_type' : server.secrets.sanitize(String(type)) || 'token_type',
    });
  }
  if (!isAbsent && name === '') {
    return type;
  }
  return isAbsent || /^bearer[ _-]?token$/.test(name) ? 'bearer' : name;
}

/**
 * The authentication scheme of a token whose type the library has accepted (RFC 6750, RFC 9449 section 7.1).
 * @throws Failure `unsupported-server` if the type isn't supported.
 */
export function parseTokenType(type: string, { dpopKey, secrets }: ServerContext): string {
  if (type === 'dpop' && dpopKey !== undefined) {
    return 'DPoP';
  }
  if (type !== 'bearer') {
    throw new Failure('unsupported-server', 'token-type', { detail: secrets.sanitize(type) });
  }
  return 'Bearer';
}
