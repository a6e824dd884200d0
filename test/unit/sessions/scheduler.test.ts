import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { renewalDueAt, type LifetimeSettings } from '../../../src/core/lifetime.ts';
import { lifetimesOf, type SessionRecord } from '../../../src/core/session.ts';
import { buildHouse, moveIn, recordAt, type House } from '../../support/house.ts';
import { closedIssuer, rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';

describe('The scheduler', () => {
  let server: ScriptedServer;
  let house: House;

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    house.scheduler.dispose();
    await server.stop();
  });

  /** A session whose tokens live for so many ms, in a house whose scheduler has been started. */
  async function start(lifetime: number, settings: Partial<LifetimeSettings> = {}, more: Partial<SessionRecord> = {}): Promise<void> {
    house = buildHouse(server.issuer, { settings });
    server.date = () => house.clock.now();
    server.onToken(rotatingTokens({ expires_in: lifetime / SECOND }));
    await moveIn(house, recordAt(server.issuer, house.clock.now(), { accessExpiresAt: house.clock.now() + lifetime, ...more }));
    house.scheduler.tick();
  }

  const requests = (): number => server.requestsTo('/token').length;
  const isAlive = (): boolean => (house.record().accessExpiresAt ?? 0) > house.clock.now();

  /** How long, in ms, until the renewal of the session falls due, by the rule that has tests of its own. */
  const untilDue = (settings: Partial<LifetimeSettings> = {}): number =>
    (renewalDueAt(lifetimesOf(house.record()), { leeway: 5 * MINUTE, refreshInterval: 0, warning: 10 * MINUTE, ...settings }) ?? NaN) - house.clock.now();

  it('renews ahead of the expiry by the leeway and a little more, to the millisecond, although nobody calls', async () => {
    await start(HOUR);
    const wait = untilDue();
    assert.ok(wait <= 55 * MINUTE && wait > 55 * MINUTE - 75 * SECOND, `${wait} ms`);
    await house.clock.pass(wait - 1);
    assert.equal(requests(), 0);
    await house.clock.pass(1);
    assert.equal(requests(), 1);
    assert.equal(house.record().generation, 2);
  });

  it('takes no more than a third of a short lifetime as the leeway', async () => {
    await start(5 * MINUTE);
    const wait = untilDue();
    assert.ok(wait <= 200 * SECOND && wait > 175 * SECOND, `${wait} ms`);
    await house.clock.pass(wait - 1);
    assert.equal(requests(), 0);
    await house.clock.pass(1);
    assert.equal(requests(), 1);
  });

  it('has a second of its own in each window, and for each session', async () => {
    const times: number[] = [];
    for (const [place, id] of [[0, 's1'], [0.3, 's1'], [0.6, 's1'], [0, 'another']] as const) {
      await start(HOUR, { place }, { id });
      const began = house.clock.now();
      house.registry.onDidChange(({ after }) => after?.renewing === true && times.push(house.clock.now() - began));
      await house.clock.pass(56 * MINUTE);
      house.scheduler.dispose();
    }
    assert.equal(new Set(times.map((time) => Math.floor(time / SECOND))).size, 4, times.join());
    assert.ok(times.every((time) => time <= 55 * MINUTE && time > 55 * MINUTE - 75 * SECOND), times.join());
  });

  it('keeps a session of five-minute tokens working through twelve hours without a storm', async () => {
    await start(5 * MINUTE);
    for (let minute = 0; minute < 12 * 60; minute += 1) {
      await house.clock.pass(MINUTE);
      assert.ok(isAlive(), `dead after ${minute} minutes`);
    }
    // Every 175 to 200 seconds: a third of the lifetime ahead of its end, or up to a quarter of that earlier.
    assert.ok(requests() >= (12 * HOUR) / (200 * SECOND) - 1 && requests() <= (12 * HOUR) / (175 * SECOND), `${requests()} renewals`);
    assert.equal(house.record().ended, undefined);
  }).timeout(10_000);

  for (const [name, lifetime] of [['30 days', 30 * DAY], ['10 years', 3650 * DAY]] as const) {
    it(`does not renew a token of ${name} early, nor ask for a timer longer than a minute`, async () => {
      await start(lifetime);
      await house.clock.pass(2 * HOUR);
      assert.equal(requests(), 0);
      assert.ok(house.clock.fired <= 125, `${house.clock.fired} ticks`);
      assert.ok(house.clock.longestDelay <= MINUTE);
      house.clock.sleep(untilDue() - SECOND);
      await house.clock.pass(MINUTE);
      assert.equal(requests(), 1);
      assert.ok(isAlive());
    });
  }

  it('makes no storm of tokens that live for a second', async () => {
    await start(SECOND);
    await house.clock.pass(10 * MINUTE);
    assert.ok(requests() > 20 && requests() <= 120, `${requests()} renewals`);
    assert.ok(house.clock.fired <= 10 * 60 + 2, `${house.clock.fired} ticks`);
  });

  it('makes no storm of answers without a lifetime', async () => {
    await start(HOUR, {}, { accessExpiresAt: undefined, expirySource: 'never-said' });
    await house.clock.pass(2 * HOUR);
    assert.equal(requests(), 0);
  });

  it('renews at the interval that is set, also where the token lives longer or nobody said how long', async () => {
    await start(30 * DAY, { refreshInterval: 30 * MINUTE });
    server.onToken(rotatingTokens({ expires_in: undefined }));
    await house.clock.pass(2 * HOUR + SECOND);
    assert.equal(requests(), 4);
  });

  it('does everything that is due on the first tick after a sleep', async () => {
    await start(5 * MINUTE);
    await house.clock.pass(10 * SECOND);
    house.clock.sleep(9 * HOUR);
    assert.equal(isAlive(), false);
    await house.clock.pass(MINUTE);
    assert.equal(requests(), 1);
    assert.ok(isAlive());
    assert.ok(house.lines.some((line) => line.includes('further than planned')));
  });

  it('renews after a leap of the clock what counts down to an end, and only that', async () => {
    await start(8 * HOUR, {}, { sessionEndIsFixed: true, sessionEndSource: 'setting', sessionEndsAt: Date.UTC(2031, 4, 8) });
    house.registry.put(recordAt(server.issuer, house.clock.now(), { id: 's2', accessExpiresAt: house.clock.now() + 8 * HOUR }));
    await house.clock.pass(10 * MINUTE);
    house.clock.sleep(HOUR);
    await house.clock.pass(10 * MINUTE);
    assert.deepEqual([house.record('s1').generation, house.record('s2').generation], [2, 1]);
  });

  it('renews where the clock was set back, however little, and once', async () => {
    await start(HOUR);
    await house.clock.pass(20 * MINUTE);
    house.clock.sleep(-30 * SECOND);
    await house.clock.pass(MINUTE);
    assert.equal(requests(), 1);
    assert.ok(house.lines.some((line) => line.includes('The clock was set back by 30 s')), house.lines.join('\n'));
    await house.clock.pass(10 * MINUTE);
    assert.equal(requests(), 1);
  });

  it('takes it for no setting back that a clock is adjusted by a second', async () => {
    await start(HOUR);
    await house.clock.pass(20 * MINUTE);
    house.clock.sleep(-SECOND);
    await house.clock.pass(10 * MINUTE);
    assert.equal(requests(), 0);
  });

  it('renews where the clock was set back behind the moment the token came', async () => {
    await start(HOUR);
    house.clock.sleep(-3 * HOUR);
    house.scheduler.tick();
    await house.clock.rest();
    assert.equal(requests(), 1);
    await house.clock.pass(10 * MINUTE);
    assert.equal(requests(), 1);
  });

  it('goes on trying through an hour offline, gently, and recovers by itself', async () => {
    await start(5 * MINUTE);
    server.onToken('drop');
    await house.clock.pass(HOUR);
    const tries = requests();
    assert.ok(tries >= 40 && tries <= 80, `${tries} tries`);
    assert.equal(house.record().ended, undefined);
    server.onToken(rotatingTokens());
    await house.clock.pass(80 * SECOND);
    assert.ok(isAlive());
    assert.equal(house.registry.get('s1')?.failures, 0);
  });

  it('notices within seconds that there is a way to the server again', async () => {
    await start(5 * MINUTE);
    const address = await closedIssuer();
    server.metadata['token_endpoint'] = `${address}/token`;
    await house.clock.pass(HOUR);
    const failures = house.registry.get('s1')?.failures ?? 0;
    assert.ok(failures > 300 && failures < 600, `${failures} tries`);
    const back = createServer((_request, response) => {
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ access_token: 'access-2', token_type: 'Bearer', expires_in: 300 }));
    });
    await new Promise<void>((resolve) => back.listen(Number(new URL(address).port), '127.0.0.1', resolve));
    try {
      await house.clock.pass(10 * SECOND);
      assert.deepEqual([house.record().accessToken, isAlive()], ['access-2', true]);
    } finally {
      back.closeAllConnections();
      back.close();
    }
  }).timeout(10_000);

  it('gives a server that cannot answer its rest', async () => {
    await start(5 * MINUTE);
    server.onToken({ status: 503 });
    await house.clock.pass(untilDue() + 5 * MINUTE);
    assert.ok(requests() >= 6 && requests() <= 8, `${requests()} tries in five minutes`);
  });

  it('does not try before the server wants it to', async () => {
    await start(5 * MINUTE);
    server.onToken({ status: 429, headers: { 'Retry-After': '600' } });
    await house.clock.pass(untilDue());
    assert.equal(requests(), 1);
    await house.clock.pass(600 * SECOND - 1);
    assert.equal(requests(), 1);
    await house.clock.pass(1);
    assert.equal(requests(), 2);
  });

  it('tries again at once when something has changed that may mend it, unless it has just failed or the server said when', async () => {
    await start(5 * MINUTE);
    server.onToken({ status: 401, body: { error: 'invalid_client' } });
    await house.clock.pass(4 * MINUTE);
    assert.equal(requests(), 1);
    server.onToken({ status: 429, headers: { 'retry-after': '600' } });
    house.scheduler.hurry();
    await house.clock.pass(SECOND);
    assert.equal(requests(), 2);
    server.onToken(rotatingTokens());
    house.scheduler.hurry();
    await house.clock.pass(MINUTE);
    assert.equal(requests(), 2, 'the server has asked to wait');
  });

  it('tries a broken configuration at a slow pace only', async () => {
    await start(5 * MINUTE);
    server.onToken({ status: 401, body: { error: 'invalid_client' } });
    await house.clock.pass(HOUR);
    assert.ok(requests() >= 8 && requests() <= 15, `${requests()} tries`);
  });

  it('asks no more for a session that has ended', async () => {
    await start(5 * MINUTE);
    server.onToken({ status: 400, body: { error: 'invalid_grant' } });
    await house.clock.pass(DAY);
    assert.equal(requests(), 1);
  });

  it('never renews a session without a refresh token, and tells when it has run out', async () => {
    await start(5 * MINUTE, {}, { refreshToken: undefined });
    let ticks = 0;
    house.scheduler.onDidTick(() => {
      ticks += 1;
    });
    await house.clock.pass(5 * MINUTE);
    assert.equal(requests(), 0);
    const before = ticks;
    await house.clock.pass(SECOND);
    assert.ok(ticks >= before);
    assert.deepEqual(house.keeper.list('acme'), []);
  });

  it('ticks when the warning before the end of a session is due, however short the session is', async () => {
    await start(30 * SECOND, { warning: 10 * MINUTE }, { refreshToken: undefined });
    let ticks = 0;
    house.scheduler.onDidTick(() => (ticks += 1));
    await house.clock.pass(20 * SECOND - 1);
    assert.equal(ticks, 0);
    await house.clock.pass(1);
    assert.equal(ticks, 1);
  });

  it('ticks at the moment a token runs out, not a minute later', async () => {
    await start(90 * SECOND, {}, { refreshToken: undefined });
    const times: number[] = [];
    const began = house.clock.now();
    house.scheduler.onDidTick(() => times.push(house.clock.now() - began));
    await house.clock.pass(2 * MINUTE);
    assert.ok(times.includes(90 * SECOND), times.join());
  });

  it('stores again at each tick what could not be stored, until that takes', async () => {
    await start(5 * MINUTE);
    house.store.failing.add('store');
    await house.clock.pass(untilDue() + MINUTE);
    assert.equal(house.registry.get('s1')?.unsaved, true);
    assert.match(house.stored() ?? '', /"refresh-1"/);
    house.store.failing.clear();
    await house.clock.pass(10 * SECOND);
    assert.equal(house.registry.get('s1')?.unsaved, false);
    assert.match(house.stored() ?? '', /"refresh-2"/);
  });

  it('stores again what a store has accepted and forgotten', async () => {
    await start(5 * MINUTE);
    const storing = house.store.store.bind(house.store);
    house.store.store = () => Promise.resolve();
    await house.clock.pass(untilDue());
    assert.equal(house.registry.get('s1')?.unsaved, true);
    house.store.store = storing;
    await house.clock.pass(10 * SECOND);
    assert.deepEqual([house.registry.get('s1')?.unsaved, JSON.parse(house.stored() ?? '')], [false, house.record()]);
  });

  it('plans anew when a session comes in that is due sooner', async () => {
    await start(30 * DAY);
    await house.clock.pass(SECOND);
    const now = house.clock.now();
    house.registry.put(recordAt(server.issuer, now, { id: 's2', accessExpiresAt: now + 15 * SECOND }));
    await house.clock.pass(10 * SECOND);
    assert.equal(requests(), 1);
    assert.equal(house.record('s2').generation, 2);
  });

  it('ends with nothing left to fire', async () => {
    await start(5 * MINUTE);
    house.scheduler.dispose();
    house.registry.put(recordAt(server.issuer, house.clock.now()));
    await house.clock.pass(HOUR);
    assert.deepEqual([requests(), house.clock.fired], [0, 0]);
  });
});
