// A DPoP-bound session (RFC 9449): the key is kept when its window is closed.
import assert from 'node:assert/strict';
import { LONG, renewNow, signIn } from './userActions.ts';
import { entryFor, createUiFixture } from './fixture.ts';

const BOUND = 'editor-with-key';

describe('a session that is bound to a DPoP key', () => {
  const fixture = createUiFixture(
    {
      accessTokenSeconds: LONG,
      features: { dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true } },
      clients: [
        {
          client_id: BOUND,
          application_type: 'native',
          token_endpoint_auth_method: 'none',
          dpop_bound_access_tokens: true,
          redirect_uris: ['http://127.0.0.1/callback'],
          grant_types: ['authorization_code', 'refresh_token'],
          response_types: ['code'],
        },
      ],
    },
    (issuer) => ({ 'sessionKeeper.providers': [{ ...entryFor(issuer), clientId: BOUND, dpop: true }] }),
  );

  it('renews with the same key after the window was reloaded', async () => {
    const { workbench } = fixture;
    await signIn(workbench);
    await workbench.reload();
    await workbench.waitForStatus('Acme: renews in');
    await renewNow(fixture);
  });

  it('renews with the same key in another window', async () => {
    const { identity, workbench } = fixture;
    const other = await workbench.openWindow();
    await other.waitForStatus('Acme: renews in');
    await renewNow({ identity, workbench: other });
    const renewals = identity.journal.refreshRequests().filter(({ error }) => error !== 'use_dpop_nonce');
    assert.deepEqual(
      renewals.map(({ proof, status }) => [proof?.htm, proof?.nonce !== undefined, status]),
      [
        ['POST', true, 200],
        ['POST', true, 200],
      ],
    );
  });
});
