import assert from 'node:assert/strict';
import { DAY, HOUR, SECOND } from '../../../src/core/clock.ts';
import { measureClockSkew } from '../../../src/protocol/clockSkew.ts';
import { providerAt, transportWith } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { closedIssuer, htmlPage, ScriptedServer } from '../../support/scriptedServer.ts';

describe('measureClockSkew', () => {
  let server: ScriptedServer;
  let clock: ManualAsyncClock;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    clock = new ManualAsyncClock();
  });

  afterEach(async () => {
    await server.stop();
  });

  const measured = (issuer = server.issuer): Promise<number | undefined> =>
    measureClockSkew(providerAt(issuer), transportWith(clock));

  it('returns how far the server is ahead or behind, to the second', async () => {
    for (const skew of [0, HOUR, -HOUR, 400 * DAY]) {
      server.date = () => clock.now() + skew;
      assert.ok(Math.abs(((await measured()) ?? NaN) - skew) <= SECOND, String(skew));
    }
  });

  it("includes the age of a cached response when it's a number", async () => {
    const after = async (age: string, date = clock.now() - 2 * HOUR): Promise<number> => {
      server.onDiscovery({ headers: { Age: age, Date: new Date(date).toUTCString() }, body: {} });
      return (await measured()) ?? NaN;
    };
    for (const age of ['7200', ' 7200 ', '7200, 5']) {
      assert.ok(Math.abs(await after(age)) <= SECOND, age);
    }
    assert.ok(Math.abs((await after('7200', clock.now() - HOUR)) - HOUR) <= SECOND);
    for (const age of ['0', '-7200', 'old', '', '7200.5', '1e4', '2147483648', '99999999999999999999', '7200s']) {
      assert.ok(Math.abs((await after(age)) + 2 * HOUR) <= SECOND, age);
    }
  });

  it('returns undefined when the response has no date or an invalid one', async () => {
    server.date = undefined;
    assert.equal(await measured(), undefined);
    server.onDiscovery({ headers: { Date: 'yesterday' }, body: {} });
    assert.equal(await measured(), undefined);
  });

  it('accepts any response', async () => {
    server.date = () => clock.now() + HOUR;
    for (const script of [{ status: 404 }, { status: 500, body: 'down' }, htmlPage]) {
      server.onDiscovery(script);
      assert.ok(((await measured()) ?? 0) > HOUR - 2 * SECOND);
    }
  });

  it('sends one request without credentials each time, to the same URL for an issuer with or without a slash', async () => {
    server.on('/tenant/.well-known/openid-configuration', { body: {} });
    await measured();
    await measured();
    await measured(`${server.issuer}/tenant/`);
    assert.deepEqual(
      server.requests.map(({ method, path }) => `${method} ${path}`),
      [
        'GET /.well-known/openid-configuration',
        'GET /.well-known/openid-configuration',
        'GET /tenant/.well-known/openid-configuration',
      ],
    );
    assert.ok(
      server.requests.every(({ headers, parameters }) => headers.authorization === undefined && parameters.size === 0),
    );
  });

  it("fails when the server can't be reached, doesn't respond in time, or has no TLS", async () => {
    await rejectsWith(measured(await closedIssuer()), 'network', 'ECONNREFUSED');
    server.onDiscovery('hang');
    const hanging = rejectsWith(measured(), 'network', 'deadline');
    await server.waitFor('/.well-known/openid-configuration');
    await clock.pass(30 * SECOND);
    await hanging;
    await rejectsWith(measured('http://id.example.com'), 'insecure', 'http-endpoint');
  });
});
