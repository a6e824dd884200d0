// Whether a server has signed what it sends: RFC 7515, and the change of its keys (OpenID Connect Core 10.1.1).
import * as oauth from 'oauth4webapi';
import { Failure, harmless } from '../core/failure.ts';
import { decodeBase64Url } from '../core/json.ts';
import type { optionsFor } from './discovery.ts';

/** What the library remembers the keys of a server by: its description, or a copy of it once they had to be fetched anew. */
const keptBy = new WeakMap<oauth.AuthorizationServer, oauth.AuthorizationServer>();

/**
 * Checks the signature of a JWT that the library has read out of a response. Keys are remembered for minutes; where one
 * of those does not fit, they are fetched anew, once: a server may change its keys at any moment.
 * @param jwt the JWT itself.
 * @param options how the keys are fetched.
 * @throws Failure `server-unfit` for a signature that proves nothing here; else the library's error, or that of the fetch.
 */
export async function checkSignature(metadata: oauth.AuthorizationServer, response: Response, jwt: string, options: ReturnType<typeof optionsFor>): Promise<void> {
  const algorithm = algorithmOf(jwt);
  if (isUnsafe(algorithm)) {
    throw new Failure('server-unfit', 'unsafe-signature', { detail: harmless(algorithm) });
  }
  let asked = 0;
  const noting: typeof options = {
    ...options,
    [oauth.customFetch]: (...request) => {
      asked += 1;
      return options[oauth.customFetch](...request);
    },
  };
  const check = (): Promise<void> =>
    oauth.validateApplicationLevelSignature(keptBy.get(metadata) ?? metadata, response, noting).catch((error: unknown) => {
      // Beside its own errors and those of the fetch, the platform's come through, for what is no key.
      throw error instanceof Failure || error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError
        ? error
        : new Failure('bad-answer', 'bad-key', { cause: error, detail: 'jwks_uri' });
    });
  try {
    await check();
  } catch (error) {
    if (asked > 0) {
      throw error;
    }
    keptBy.set(metadata, { ...metadata });
    await check();
  }
}

/**
 * No signature at all, or one by the client's secret: that is in the hands of everybody who has the client, and a native
 * client keeps nothing to itself (OpenID Connect Core 10.1, RFC 8252 section 8.5).
 */
const isUnsafe = (algorithm: string): boolean => algorithm === 'none' || algorithm.startsWith('HS');

/** The `alg` of a JWT whose header the library has read. */
function algorithmOf(jwt: string): string {
  const [header = ''] = jwt.split('.');
  const { alg } = JSON.parse(new TextDecoder().decode(decodeBase64Url(header))) as { readonly alg?: unknown };
  return typeof alg === 'string' ? alg : '';
}
