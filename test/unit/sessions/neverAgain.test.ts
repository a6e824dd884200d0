// The five accounts that this product comes from: each happened to somebody with something else.
import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { Failure } from '../../../src/core/failure.ts';
import { REMEDIES } from '../../../src/core/remedy.ts';
import { buildHouse, houseAtServer, moveIn, recordAt, type House } from '../../support/house.ts';
import { closedIssuer, rotatingTokens, type ScriptedServer } from '../../support/scriptedServer.ts';

describe('Never again', () => {
  let server: ScriptedServer;
  let house: House;

  beforeEach(async () => {
    ({ house, server } = await houseAtServer());
  });

  afterEach(async () => {
    house.scheduler.dispose();
    await server.stop();
  });

  const requests = (): number => server.requestsTo('/token').length;

  describe('a token that had expired before anybody tried to renew it', () => {
    it('is renewed while it still works, ahead of its expiry', async () => {
      await moveIn(house, recordAt(server.issuer, house.clock.now()));
      house.scheduler.tick();
      const expiry = house.record().accessExpiresAt ?? 0;
      await house.clock.pass(expiry - house.clock.now() - SECOND);
      assert.ok(house.record().generation > 1);
      assert.ok((house.record().accessExpiresAt ?? 0) > expiry);
    });

    it('is never handed to a caller with less than a minute left while the server answers', async () => {
      await moveIn(house, recordAt(server.issuer, house.clock.now()));
      for (let call = 0; call < 60; call += 1) {
        const [session] = await house.keeper.find('acme', ['read']);
        assert.ok((session?.record.accessExpiresAt ?? 0) - house.clock.now() >= MINUTE);
        await house.clock.pass(17 * SECOND);
      }
    });
  });

  describe('two callers at once that each renewed, so that the server took the second for a thief', () => {
    it('renew once', async () => {
      await moveIn(house, recordAt(server.issuer, house.clock.now()));
      house.scheduler.tick();
      house.clock.sleep(HOUR);
      house.scheduler.tick();
      const [one, other] = await Promise.all([house.keeper.find('acme', ['read']), house.keeper.find('acme', ['read'])]);
      assert.deepEqual([one[0]?.record.accessToken, other[0]?.record.accessToken], ['access-2', 'access-2']);
      await house.clock.rest();
      assert.equal(requests(), 1);
      assert.equal(house.record().ended, undefined);
    });
  });

  describe('a night in which nobody called, after which the session was gone', () => {
    it('is slept through: in the morning the session works at once', async () => {
      await moveIn(house, recordAt(server.issuer, house.clock.now()));
      house.scheduler.tick();
      await house.clock.pass(12 * HOUR);
      const during = requests();
      // Every 175 to 200 seconds.
      assert.ok(during >= (12 * HOUR) / (200 * SECOND) - 1 && during <= (12 * HOUR) / (175 * SECOND), `${during} renewals`);
      const [session] = await house.keeper.find('acme', ['read']);
      assert.ok((session?.record.accessExpiresAt ?? 0) > house.clock.now());
      assert.equal(requests(), during);
    }).timeout(10_000);

    it('is survived by a machine that slept, too', async () => {
      await moveIn(house, recordAt(server.issuer, house.clock.now()));
      house.scheduler.tick();
      house.clock.sleep(12 * HOUR);
      const [session] = await house.keeper.find('acme', ['read']);
      assert.equal(session?.record.accessToken, 'access-2');
      assert.equal(requests(), 1);
    });
  });

  describe('test credentials left in the store, which were sent to the real server', () => {
    it('are told of once, kept, never listed and never used', async () => {
      await moveIn(house, recordAt('https://test.example.com', house.clock.now(), { accessExpiresAt: house.clock.now() - HOUR }));
      await moveIn(house, recordAt(server.issuer, house.clock.now(), { id: 's2', clientId: 'test-client', accessExpiresAt: house.clock.now() - HOUR }));
      const restarted = buildHouse(server.issuer, { store: house.store, folder: house.folder, clock: house.clock });
      await restarted.keeper.ready();
      restarted.scheduler.tick();
      await house.clock.pass(HOUR);
      restarted.scheduler.dispose();
      assert.deepEqual(restarted.findings.map(({ id, kind }) => [id, kind]), [['s1', 'foreign'], ['s2', 'foreign']]);
      assert.deepEqual([restarted.keeper.list('acme'), await restarted.keeper.find('acme', ['read'])], [[], []]);
      assert.equal(server.requests.length, 0);
      assert.match(house.stored() ?? '', /refresh-1/);
    });

    it('do not fill the log while nobody can do anything about them', async () => {
      await moveIn(house, recordAt('https://test.example.com', house.clock.now()));
      const restarted = buildHouse(server.issuer, { store: house.store, folder: house.folder, clock: house.clock });
      await restarted.keeper.ready();
      restarted.scheduler.tick();
      await house.clock.pass(12 * HOUR);
      restarted.scheduler.dispose();
      assert.ok(restarted.lines.length <= 10, `${restarted.lines.length} lines, the last: ${restarted.lines.at(-1) ?? ''}`);
    });
  });

  describe('"Authentication failed", whatever had happened', () => {
    const failureOf = async (at: House): Promise<Failure | undefined> => {
      await at.refresher.renew('s1', 'test').catch(() => {});
      return at.registry.get('s1')?.failure;
    };

    it('is three different things: a dead network, a revoked token and a broken server', async () => {
      const issuer = await closedIssuer();
      const dead = buildHouse(issuer);
      await moveIn(dead, recordAt(issuer, dead.clock.now()));
      const network = await failureOf(dead);

      await moveIn(house, recordAt(server.issuer, house.clock.now()));
      server.onToken({ status: 500 });
      const broken = await failureOf(house);
      server.onToken({ status: 400, body: { error: 'invalid_grant' } });
      const revoked = await failureOf(house);

      assert.deepEqual([network?.category, broken?.category, revoked?.category], ['network', 'server', 'session-ended']);
      assert.deepEqual([dead.record().ended, house.record().ended?.category], [undefined, 'session-ended']);
    });

    it('is met differently: only the revoked token asks the person to sign in, the others are tried again', () => {
      assert.deepEqual(REMEDIES['session-ended'].actions, ['sign-in']);
      for (const category of ['network', 'server'] as const) {
        assert.equal(REMEDIES[category].outcome, 'retrying');
        assert.equal(REMEDIES[category].retry, 'quick');
        assert.ok(!REMEDIES[category].actions.includes('sign-in'));
      }
    });

    it('does not end a session that the broken server knows again a moment later', async () => {
      await moveIn(house, recordAt(server.issuer, house.clock.now()));
      server.onToken({ status: 500 });
      await failureOf(house);
      server.onToken(rotatingTokens());
      assert.equal(await failureOf(house), undefined);
      assert.equal(house.record().accessToken, 'access-2');
    });
  });
});
