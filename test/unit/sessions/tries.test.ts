import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { silentLog } from '../../../src/core/log.ts';
import { CATEGORIES, type Category } from '../../../src/core/remedy.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { isUsable, statusOf, type LiveSession } from '../../../src/core/status.ts';
import { Tries } from '../../../src/sessions/tries.ts';
import { settle } from '../../support/fakeClock.ts';
import { rejectsWith } from '../../support/failures.ts';
import { buildHouse, houseAtServer, moveIn, recordAt, type House } from '../../support/house.ts';
import { rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';

describe('A try in vain', () => {
  let server: ScriptedServer;
  let house: House;
  let tries: Tries;

  beforeEach(async () => {
    ({ house, server } = await houseAtServer());
    await moveIn(house, recordAt(server.issuer, house.clock.now()));
    const { clock, ledger, registry } = house;
    tries = new Tries({ clock, ledger, registry, log: silentLog, random: () => 0.5 });
  });

  afterEach(async () => {
    await server.stop();
  });

  const first = (): LiveSession => session(house, 's1');
  const asksFor = async (wait: number): Promise<number> => {
    const at = house.clock.now();
    await house.ledger.noteTry('s1', { generation: 1, at, category: 'rate-limited', code: 'http-429', failures: 1, nextTryAt: at + wait, waitUntil: at + wait });
    return at + wait;
  };

  it('does not shorten the wait that the server has asked another window for', async () => {
    const until = await asksFor(10 * MINUTE);
    await tries.note(first(), new Failure('network', 'ECONNRESET'));
    assert.deepEqual([first().nextTryAt, (await house.ledger.failedTry('s1'))?.waitUntil], [until, until]);
  });

  it('is told to the other windows where it is the server that fails them, and kept where it is this window', async () => {
    const kept: Category[] = [];
    for (const category of CATEGORIES) {
      await house.ledger.delete('s1');
      await tries.note(first(), new Failure(category, 'some-code'));
      if ((await house.ledger.failedTry('s1')) === undefined) {
        kept.push(category);
      }
    }
    assert.deepEqual(kept.sort(), ['cancelled', 'newer-elsewhere', 'not-set-up', 'other-window', 'replaced', 'signed-out', 'storage', 'unexpected']);
  });

  it('knows no wait of another generation, or one that is over', async () => {
    await asksFor(SECOND);
    await house.clock.pass(2 * SECOND);
    await tries.note(first(), new Failure('network', 'ECONNRESET'));
    assert.equal(first().nextTryAt, house.clock.now() + 2 * SECOND);
    await asksFor(10 * MINUTE);
    house.registry.put({ ...house.record(), generation: 2 });
    await tries.note(first(), new Failure('network', 'ECONNRESET'));
    assert.equal(first().nextTryAt, house.clock.now() + 2 * SECOND);
  });

  it('stands for one of this window at the same moment, or while the server asks to wait, but not for this window’s own', async () => {
    const now = { startedAt: house.clock.now() + 1, isUrgent: true };
    await asksFor(10 * MINUTE);
    assert.equal((await tries.insteadOf(house.record(), now, false))?.code, 'http-429');
    await house.clock.pass(11 * MINUTE);
    assert.equal(await tries.insteadOf(house.record(), { startedAt: house.clock.now(), isUrgent: true }, false), undefined);
    await tries.note(first(), new Failure('network', 'ECONNRESET'));
    assert.equal(await tries.insteadOf(house.record(), { startedAt: house.clock.now(), isUrgent: true }, false), undefined);
  });

  it('stands for one of this window while its answer is awaited: as long as its window has the lock, and no longer than it said', async () => {
    const at = house.clock.now();
    await house.ledger.noteTry('s1', { generation: 1, at, category: 'network', code: 'deadline', failures: 0, nextTryAt: at + MINUTE, listensUntil: at + MINUTE });
    const instead = async (isLocked: boolean): Promise<string | undefined> =>
      (await tries.insteadOf(house.record(), { startedAt: house.clock.now(), isUrgent: true }, isLocked))?.code;
    assert.deepEqual([await instead(true), await instead(false)], ['deadline', undefined]);
    await house.clock.pass(MINUTE);
    assert.equal(await instead(true), undefined);
  });

  it('is heeded also by a window that wakes to newer tokens that have run out as well', async () => {
    const other = buildHouse(server.issuer, { clock: house.clock, store: house.store, folder: house.folder, life: house.life });
    await other.keeper.ready();
    await other.refresher.renew('s1', 'test');
    await house.clock.pass(10 * MINUTE);
    const at = house.clock.now();
    await house.ledger.noteTry('s1', { generation: 2, at, category: 'server', code: 'http-503', failures: 1, nextTryAt: at + MINUTE, waitUntil: at + MINUTE });
    await rejectsWith(house.refresher.renew('s1', 'test'), 'server', 'http-503');
    assert.deepEqual([house.record().generation, server.requestsTo('/token').length], [2, 1]);
  });

  it('asks nothing more where the verdict of another window has come in the queue', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const other = buildHouse(server.issuer, { clock: house.clock, store: house.store, folder: house.folder, life: house.life });
    const holding = other.turns.take('s1', 1, () => gate, () => Promise.resolve(undefined));
    await settle();
    const renewal = rejectsWith(house.refresher.renew('s1', 'test'), 'session-ended', 'invalid_grant');
    await server.waitFor('/.well-known/openid-configuration');
    await house.clock.pass(SECOND);
    house.registry.put({ ...house.record(), ended: { at: house.clock.now(), category: 'session-ended', code: 'invalid_grant' } });
    release();
    await holding;
    await house.clock.pass(SECOND);
    await renewal;
    assert.equal(server.requestsTo('/token').length, 0);
  });

  it('does not hand out a token that runs out while it is waited', async () => {
    await moveIn(house, recordAt(server.issuer, house.clock.now(), { renewedAt: house.clock.now() - 57 * SECOND, accessExpiresAt: house.clock.now() + 3 * SECOND }));
    server.onToken('hang');
    const found = rejectsWith(house.keeper.find('acme', ['read']), 'network', 'deadline');
    await server.waitFor('/token');
    house.clock.busy = () => false;
    await house.clock.pass(6 * SECOND);
    await house.clock.pass(MINUTE);
    await found;
  });

  it('takes the other half of a renewal over, though the ledger shows the same generation', async () => {
    const whole = { ...house.record(), generation: 2, accessToken: 'access-2', refreshToken: 'refresh-2' };
    await house.archive.save(whole);
    house.registry.put({ ...whole, accessToken: 'access-1', isWhole: false });
    await house.follower.follow('s1');
    assert.deepEqual(house.record(), whole);
  });

  it('that ended a session has ended it, also once the clock is set back', () => {
    const now = house.clock.now();
    const ended: SessionRecord = { ...house.record(), ended: { at: now, category: 'session-ended', code: 'invalid_grant' } };
    assert.deepEqual([isUsable(ended, now), isUsable(ended, now - 24 * 60 * MINUTE)], [true, false]);
  });
});

describe('What the folder did not take', () => {
  it('is shared at the next look, so that no other window sends the token before', async () => {
    const server = await ScriptedServer.start();
    const house = buildHouse(server.issuer);
    server.date = () => house.clock.now();
    server.onToken(rotatingTokens());
    await moveIn(house, recordAt(server.issuer, house.clock.now()));
    house.folder.failing = 'writing';
    const renewal = house.refresher.renew('s1', 'test');
    await server.waitFor('/.well-known/openid-configuration');
    await house.clock.pass(3 * SECOND);
    await renewal;
    assert.deepEqual([house.registry.get('s1')?.unshared, house.alone, (await house.ledger.read('s1'))?.generation], [true, 1, 1]);
    house.folder.failing = false;
    house.scheduler.tick();
    await house.clock.rest();
    house.scheduler.dispose();
    assert.deepEqual([house.registry.get('s1')?.unshared, (await house.ledger.read('s1'))?.generation], [false, 2]);
    await server.stop();
  });
});

describe('A clock that was set back while no renewal is possible', () => {
  it('lends no life to a token, and keeps its countdown right', async () => {
    const server = await ScriptedServer.start();
    const house = buildHouse(server.issuer);
    server.onToken({ status: 503 });
    const begun = house.clock.now();
    await moveIn(house, recordAt(server.issuer, begun));
    await moveIn(house, recordAt(server.issuer, begun, { id: 's2', refreshToken: undefined, account: { id: 'person-2', label: 'Kim' } }));
    house.scheduler.tick();
    await house.clock.pass(90 * SECOND);
    house.clock.sleep(-60 * MINUTE);
    // A change that brings a tick forward must not hide what the next one would have found.
    house.registry.update('s2', { failures: 1 });
    await house.clock.pass(MINUTE);
    const { accessExpiresAt = 0 } = statusOf(session(house, 's1'), { leeway: 0, refreshInterval: 0, warning: 0 }, house.clock.now());
    assert.ok(Math.abs(accessExpiresAt - (begun - 55 * MINUTE)) < SECOND, String(accessExpiresAt - begun));
    assert.equal((await house.keeper.find('acme', ['read'], 'person-1')).length, 1);
    await house.clock.pass(4 * MINUTE);
    await rejectsWith(house.keeper.find('acme', ['read'], 'person-1'), 'server');
    assert.deepEqual(await house.keeper.find('acme', ['read'], 'person-2'), []);
    server.date = () => house.clock.now();
    server.onToken(rotatingTokens());
    await house.clock.pass(2 * MINUTE);
    assert.equal(session(house, 's1').setBack, undefined);
    house.scheduler.dispose();
    await server.stop();
  });
});

function session(house: House, id: string): LiveSession {
  const live = house.registry.get(id);
  assert.ok(live);
  return live;
}
