// The metadata of a server.
import assert from 'node:assert/strict';
import { silentLog } from '../../src/core/log.ts';
import { systemClock } from '../../src/core/clock.ts';
import { isSecureUrl } from '../../src/core/secureUrl.ts';
import { Discovery } from '../../src/protocol/discovery.ts';
import { providerAt } from '../support/fixtures.ts';
import { response, toResponse } from './inputs.ts';
import { resultOrFailure, target } from './target.ts';

const ISSUER = 'https://id.example.com';
/** Valid metadata. */
export const METADATA: Readonly<Record<string, unknown>> = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  userinfo_endpoint: `${ISSUER}/me`,
  jwks_uri: `${ISSUER}/jwks`,
  revocation_endpoint: `${ISSUER}/revoke`,
  device_authorization_endpoint: `${ISSUER}/device`,
  pushed_authorization_request_endpoint: `${ISSUER}/par`,
  end_session_endpoint: `${ISSUER}/logout`,
  scopes_supported: ['openid', 'offline_access'],
  response_types_supported: ['code'],
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['none'],
  id_token_signing_alg_values_supported: ['RS256'],
  authorization_response_iss_parameter_supported: true,
};

/** Only secure URLs are used, whatever the metadata contains. */
export const metadata = target('metadata', response(METADATA), async (answer) => {
  const transport = {
    fetch: () => Promise.resolve(toResponse(answer)),
    clock: systemClock,
    log: silentLog,
    timeout: 10_000,
  };
  const server = await resultOrFailure(() => new Discovery(transport).find(providerAt(ISSUER)));
  for (const [name, value] of Object.entries(server?.metadata ?? {})) {
    if (name in METADATA && /_endpoint$|^jwks_uri$/.test(name)) {
      assert.ok(typeof value === 'string' && isSecureUrl(value), `${name}: ${JSON.stringify(value)}`);
      const { password, username } = new URL(value);
      assert.equal(username + password, '', name);
    }
  }
});
