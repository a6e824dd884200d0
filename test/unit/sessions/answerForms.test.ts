// Whole renewals at servers whose answers are in no form that a specification has.
import assert from 'node:assert/strict';
import { HOUR } from '../../../src/core/clock.ts';
import { providerAt } from '../../support/bench.ts';
import { rejectsWith } from '../../support/failures.ts';
import { buildHouse, grantFor, moveIn, recordAt, type House } from '../../support/house.ts';
import { rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';

describe('A session', () => {
  let server: ScriptedServer;
  let house: House;

  const at = (more: Parameters<typeof providerAt>[1] = {}): void => {
    house = buildHouse(server.issuer, { providers: [providerAt(server.issuer, more)] });
    server.date = () => house.clock.now();
  };

  beforeEach(async () => {
    server = await ScriptedServer.start();
    at();
  });

  afterEach(async () => {
    await server.stop();
  });

  it('is renewed for days by a server that says 201 and sends forms, and rotates', async () => {
    const rotate = rotatingTokens();
    server.onToken((request) => {
      const { body, status } = rotate(request);
      return status === undefined ? { status: 201, headers: { 'Content-Type': 'text/html' }, body: new URLSearchParams(body as Record<string, string>).toString() } : { status, body: JSON.stringify(body) };
    });
    await moveIn(house, recordAt(server.issuer, house.clock.now()));
    for (let time = 2; time < 6; time += 1) {
      await house.refresher.renew('s1', 'test');
      assert.deepEqual([house.record().accessToken, house.record().refreshToken], [`access-${time}`, `refresh-${time}`]);
    }
    assert.equal(house.record().expirySource, 'expires_in');
  });

  it('goes on with the new access token where the ID token of the sign-in comes once more, long expired', async () => {
    const now = Math.floor(house.clock.now() / 1000);
    const idToken = await server.idToken({ aud: 'editor', iat: now, exp: now + 300 });
    await moveIn(house, recordAt(server.issuer, house.clock.now(), { idToken, subject: 'person-1' }));
    server.onToken(rotatingTokens({ id_token: idToken }));
    await house.clock.pass(30 * HOUR);
    const record = await house.refresher.renew('s1', 'test');
    assert.deepEqual([record.accessToken, record.refreshToken, record.idToken], ['access-2', 'refresh-2', idToken]);
    assert.equal((await house.refresher.renew('s1', 'test')).accessToken, 'access-3');
  });

  it('has its scopes sent at a renewal where the entry asks for that', async () => {
    at({ scopeOnRefresh: true });
    await moveIn(house, recordAt(server.issuer, house.clock.now(), { scopes: ['openid', 'read', 'write'], granted: ['read'] }));
    server.onToken(rotatingTokens());
    await house.refresher.renew('s1', 'test');
    assert.equal(server.requestsTo('/token')[0]?.parameters.get('scope'), 'openid read');
  });

  it('has nothing sent anywhere once the metadata are to come from another origin', async () => {
    const elsewhere = await ScriptedServer.start();
    const provider = providerAt(server.issuer);
    await house.keeper.admit(grantFor(provider, house.clock.now()));
    const before = house;
    elsewhere.metadata['issuer'] = server.issuer;
    house = buildHouse(server.issuer, { providers: [{ ...provider, metadataUrl: `${elsewhere.issuer}/.well-known/openid-configuration` }], store: before.store, folder: before.folder, clock: before.clock, life: before.life });
    await house.keeper.ready();
    assert.deepEqual(house.keeper.list('acme'), []);
    await rejectsWith(house.refresher.renew('new-1', 'test'), 'not-set-up');
    assert.deepEqual(elsewhere.requests, []);
    await elsewhere.stop();
    before.sessions.dispose();
    house.sessions.dispose();
  });

  it('survives an error in any shape that is no verdict, with the words of the server', async () => {
    await moveIn(house, recordAt(server.issuer, house.clock.now()));
    for (const [status, body] of [[200, { ok: false, error: 'invalid_refresh_token' }], [400, { status: 'BAD REFRESH TOKEN' }], [400, { message: 'refresh-1 is dead' }]] as const) {
      server.onToken({ status, body });
      await assert.rejects(house.refresher.renew('s1', 'test'));
      const { failure, record } = house.registry.get('s1') ?? {};
      assert.deepEqual([failure?.status, record?.ended, record?.refreshToken], [status, undefined, 'refresh-1']);
      assert.match(failure?.detail ?? '', /^(?:invalid refresh token|BAD REFRESH TOKEN|… is dead)$/);
    }
  });
});
