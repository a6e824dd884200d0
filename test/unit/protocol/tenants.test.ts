// Which tenant's ID tokens an entry accepts at a server whose metadata has a tenant placeholder (Microsoft Entra).
import assert from 'node:assert/strict';
import { createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { exchangeCode } from '../../../src/protocol/exchange.ts';
import { requestRefresh } from '../../../src/protocol/refresh.ts';
import type { Tokens } from '../../../src/protocol/tokens.ts';
import { answerTo, discovered, GOOD_TOKENS, REDIRECT_URI, transportWith } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';

const [TENANT, OTHER] = ['9188040d-6c67-4c5b-b112-36a304b66dad', '0f4b7f0e-5a0c-4a86-8ef0-0d7e4c9a2a11'];

describe('The tenant of an ID token', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    server.metadata['issuer'] = `${server.issuer}/{tenantid}/v2.0`;
  });

  afterEach(async () => {
    await server.stop();
  });

  const at = (path: string): string => {
    server.on(`/${path}/v2.0/.well-known/openid-configuration`, () => ({ body: server.metadata }));
    return `${server.issuer}/${path}/v2.0`;
  };
  const signIn = async (
    path: string,
    tenant: string,
    answer: Readonly<Record<string, string>> = {},
  ): Promise<Tokens> => {
    const found = await discovered(at(path));
    const request = await createAuthorizationRequest(found, REDIRECT_URI, ['openid']);
    const claims = { aud: 'editor', nonce: request.nonce, tid: tenant, iss: `${server.issuer}/${tenant}/v2.0` };
    server.onToken({ body: { ...GOOD_TOKENS, id_token: await server.idToken(claims) } });
    return exchangeCode(found, request, answerTo(request, answer), transportWith(), new AbortController().signal);
  };

  it('may be any one that the token names when the entry is for several tenants', async () => {
    for (const path of ['common', 'organizations', 'consumers', 'Common']) {
      for (const tenant of [TENANT, OTHER]) {
        assert.equal((await signIn(path, tenant)).claims?.['tid'], tenant);
      }
    }
  });

  it('is only the one in the entry', async () => {
    for (const path of [TENANT, 'contoso.example', 'commons', 'common-2']) {
      assert.equal((await signIn(path, path)).claims?.['tid'], path);
      await rejectsWith(signIn(path, path === TENANT ? OTHER : TENANT), 'untrusted-response');
      await rejectsWith(signIn(path, path, { iss: `${server.issuer}/${OTHER}/v2.0` }), 'untrusted-response');
      assert.equal((await signIn(path, path, { iss: `${server.issuer}/${path}/v2.0` })).claims?.['tid'], path);
    }
  });

  it('is the same in a refresh', async () => {
    const found = await discovered(at(TENANT));
    const claims = { aud: 'editor', tid: OTHER, iss: `${server.issuer}/${OTHER}/v2.0` };
    server.onToken({ body: { ...GOOD_TOKENS, id_token: await server.idToken(claims) } });
    const refresh = await requestRefresh(found, 'refresh-0', 'person-1', transportWith());
    await rejectsWith(refresh.verify(), 'untrusted-response');
  });
});
