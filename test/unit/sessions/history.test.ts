import assert from 'node:assert/strict';
import { DAY, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { buildHouse, grantFor, houseAtServer, moveIn, recordAt, type House } from '../../support/house.ts';
import { providerAt } from '../../support/bench.ts';
import type { ScriptedServer } from '../../support/scriptedServer.ts';

describe('History', () => {
  let server: ScriptedServer;
  let house: House;

  beforeEach(async () => {
    ({ house, server } = await houseAtServer());
  });

  afterEach(async () => {
    await server.stop();
  });

  const kinds = (one = house): string[] => one.sessions.history.all().map(({ kind }) => kind);
  const again = (): House => buildHouse(server.issuer, { store: house.store, folder: house.folder, clock: house.clock });

  it('tells of a sign-in, a renewal and a sign-out, each once', async () => {
    const { id } = await house.keeper.admit(grantFor(providerAt(server.issuer), house.clock.now()));
    await house.clock.pass(SECOND);
    await house.refresher.renew(id, 'test');
    await house.keeper.signOut(id);
    assert.deepEqual(kinds(), ['signed-in', 'renewed', 'gone']);
    assert.deepEqual(house.sessions.history.all()[1], { at: house.clock.now(), session: 'new-1', providerId: 'acme', generation: 2, kind: 'renewed', why: undefined });
  });

  it('tells a session that was read from one that is signed in just now, and that the same account signs in again', async () => {
    await moveIn(house, recordAt(server.issuer, house.clock.now() - DAY));
    assert.deepEqual(kinds(), ['read']);
    await house.keeper.admit(grantFor(providerAt(server.issuer), house.clock.now()));
    assert.deepEqual(kinds(), ['read', 'signed-in']);
  });

  it('tells what another window has renewed as taken over', async () => {
    await moveIn(house, recordAt(server.issuer, house.clock.now() - MINUTE));
    const other = again();
    await other.keeper.ready();
    await house.refresher.renew('s1', 'test');
    await other.follower.followAll();
    assert.deepEqual(kinds(other), ['read', 'taken-over']);
  });

  it('tells a failure and a verdict with category and code, and nothing that the server has said', async () => {
    await moveIn(house, recordAt(server.issuer, house.clock.now() - MINUTE));
    server.onToken({ status: 503, body: 'SECRET words' });
    await house.refresher.renew('s1', 'test').catch(() => {});
    server.onToken({ status: 400, body: { error: 'invalid_grant', error_description: 'SECRET words' } });
    await house.clock.pass(MINUTE);
    await house.refresher.renew('s1', 'test').catch(() => {});
    assert.deepEqual(house.sessions.history.all().slice(1).map(({ kind, why }) => [kind, why]), [
      ['renewal-failed', { category: 'server', code: 'http-503' }],
      ['ended', { category: 'session-ended', code: 'invalid_grant' }],
    ]);
    assert.doesNotMatch(JSON.stringify(house.sessions.history.all()), /SECRET|refresh-1|access-1/);
  });

  it('tells that tokens could not be stored', async () => {
    house.store.failing.add('store');
    await moveIn(house, recordAt(server.issuer, house.clock.now() - MINUTE));
    assert.deepEqual(kinds(), ['read', 'not-stored']);
  });

  it('keeps the last twenty', async () => {
    await moveIn(house, recordAt(server.issuer, house.clock.now() - MINUTE));
    for (let number = 1; number <= 30; number += 1) {
      house.registry.update('s1', { failure: new Failure('network', `code-${number}`), failedAt: number });
    }
    const events = house.sessions.history.all();
    assert.deepEqual([events.length, events[0]?.why?.code, events[19]?.why?.code], [20, 'code-11', 'code-30']);
  });
});
