import assert from 'node:assert/strict';
import { keyPair, keysOf, spoilt } from '../../support/conformance/keys.ts';
import { RelyingParty } from '../../support/conformance/relyingParty.ts';

describe('The keys of a server', () => {
  let party: RelyingParty;

  beforeEach(async () => {
    party = await RelyingParty.meet();
  });

  afterEach(async () => {
    await party.part();
  });

  const asked = (): number => party.server.requestsTo('jwks').length;
  const failureOf = async (): Promise<unknown> => (await party.signIn()).failure?.category;

  it('are fetched once for several ID tokens', async () => {
    await party.signInWell();
    await party.signInWell();
    assert.equal(asked(), 1);
  });

  it('are fetched again once when no cached key is suitable, and then cached', async () => {
    await party.signInWell();
    for (const expected of [2, 3]) {
      party.server.rotateKeys();
      await party.signInWell();
      await party.signInWell();
      assert.equal(asked(), expected);
    }
  });

  it('are fetched again when a key was replaced under the same ID', async () => {
    await party.signInWell();
    party.server.keys = [{ pair: keyPair('RSA', 7), kid: 'RSA 1' }];
    await party.signInWell();
    assert.equal(asked(), 2);
  });

  it('are fetched again once, and not repeatedly, when a signature is wrong', async () => {
    await party.signInWell();
    party.server.faults = { signature: spoilt };
    assert.deepEqual([await failureOf(), asked()], ['invalid-response', 2]);
  });

  it("aren't fetched again when they were just fetched", async () => {
    party.server.faults = { signature: spoilt };
    assert.deepEqual([await failureOf(), asked()], ['invalid-response', 1]);
  });

  it("lead to a server failure when they can't be fetched, also after a rotation", async () => {
    await party.signInWell();
    party.server.rotateKeys();
    party.server.at('jwks', () => ({ status: 503 }));
    assert.deepEqual([await failureOf(), asked()], ['server', 2]);
    party.server.at('jwks', () => ({ headers: { 'Content-Type': 'application/json' }, body: '{"keys":' }));
    assert.equal(await failureOf(), 'invalid-response');
    party.server.at('jwks', () => ({ body: { keys: 'none' } }));
    assert.equal(await failureOf(), 'invalid-response');
  });

  it('lead to an invalid response when none of them is valid', async () => {
    const named = { kty: 'RSA', kid: 'RSA 1' };
    for (const keys of [[named], [{ ...named, n: 7, e: 7, key_ops: 7 }], [7], [null], 7, null, {}]) {
      party.server.at('jwks', () => ({ body: { keys } }));
      assert.equal(await failureOf(), 'invalid-response', JSON.stringify(keys));
      party.testWindow.discovery.clear();
    }
  });

  it("aren't fetched for a signature with a secret, which is rejected", async () => {
    const { server } = party;
    server.metadata['id_token_signing_alg_values_supported'] = ['RS256', 'HS256'];
    server.signing = { algorithm: 'HS256' };
    const { failure } = await party.signIn();
    assert.deepEqual(
      [failure?.category, failure?.code, failure?.detail, asked()],
      ['unsupported-server', 'unsafe-signature', 'HS256', 0],
    );
  });

  it('may be of unsupported types', async () => {
    party.server.keys = [...keysOf({ secp256k1: 2, Ed25519: 2 }), ...keysOf({ RSA: 1 })];
    await party.signInWell();
  });
});
