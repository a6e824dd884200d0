// A session whose entry now sends its credentials elsewhere.
import assert from 'node:assert/strict';
import { HOUR } from '../../../src/core/clock.ts';
import type { Endpoints } from '../../../src/core/provider.ts';
import { providerAt } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { createTestWindow, grantFor, seedSession, recordAt, type TestWindow } from '../../support/testWindow.ts';
import { rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';

describe('A session of an entry with endpoints', () => {
  let server: ScriptedServer;
  let elsewhere: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    [server, elsewhere] = await Promise.all([ScriptedServer.start(), ScriptedServer.start()]);
    for (const one of [server, elsewhere]) {
      one.onToken(rotatingTokens());
    }
    testWindow = started(endpointsAt(server));
    await testWindow.sessionManager.addSession(
      grantFor(providerAt(server.issuer, { endpoints: endpointsAt(server) }), testWindow.clock.now()),
    );
  });

  afterEach(async () => {
    testWindow.sessions.dispose();
    await Promise.all([server.stop(), elsewhere.stop()]);
  });

  const endpointsAt = ({ issuer }: ScriptedServer, more: Partial<Endpoints> = {}): Endpoints => ({
    authorization: `${issuer}/a`,
    token: `${issuer}/token`,
    revocation: `${issuer}/revoke`,
    ...more,
  });
  const started = (endpoints: Endpoints | undefined, before?: TestWindow): TestWindow =>
    createTestWindow(server.issuer, {
      providers: [providerAt(server.issuer, { endpoints })],
      ...(before === undefined
        ? {}
        : { store: before.store, folder: before.folder, clock: before.clock, life: before.life }),
    });
  const restarted = async (endpoints: Endpoints | undefined): Promise<TestWindow> => {
    const before = testWindow;
    testWindow = started(endpoints, before);
    await testWindow.sessionManager.ready();
    return testWindow;
  };

  const moves: Readonly<Record<string, () => Endpoints | undefined>> = {
    'sends tokens elsewhere': () => endpointsAt(server, { token: `${elsewhere.issuer}/token` }),
    'sends revocations elsewhere': () => endpointsAt(server, { revocation: `${elsewhere.issuer}/revoke` }),
    'sends everything elsewhere': () => endpointsAt(elsewhere),
    'no longer has endpoints': () => undefined,
  };
  for (const [what, endpoints] of Object.entries(moves)) {
    it(`is ignored, reported, and not sent anywhere when the entry ${what}`, async () => {
      const { sessionManager, findings, tokenRefresher, scheduler, clock } = await restarted(endpoints());
      assert.deepEqual(findings, [
        { id: 'new-1', kind: 'foreign', providerId: 'acme', issuer: server.issuer, clientId: 'editor', isMoved: true },
      ]);
      assert.deepEqual(
        [sessionManager.getActive('acme'), await sessionManager.getUsableSessions('acme', ['read'])],
        [[], []],
      );
      scheduler.tick();
      await clock.pass(HOUR);
      await rejectsWith(tokenRefresher.refresh('new-1', { reason: 'test' }), 'not-configured');
      assert.deepEqual([server.requests, elsewhere.requests], [[], []]);
      // A sign-out revokes the tokens at their original server.
      assert.equal(await (await sessionManager.signOut('new-1')).atServer, 'revoked');
      assert.deepEqual([server.requestsTo('/revoke').length, elsewhere.requests], [2, []]);
      assert.equal(testWindow.stored('new-1'), undefined);
    });
  }

  it('is available again, unchanged, once the entry is restored', async () => {
    await restarted(endpointsAt(elsewhere));
    const { sessionManager, tokenRefresher } = await restarted(endpointsAt(server));
    assert.equal(sessionManager.getActive('acme').length, 1);
    await tokenRefresher.refresh('new-1', { reason: 'test' });
    assert.equal(server.requestsTo('/token').length, 1);
  });

  it('continues when the endpoints have only moved on their server', async () => {
    server.on('/v2/token', rotatingTokens());
    const { tokenRefresher } = await restarted(
      endpointsAt(server, { token: `${server.issuer}/v2/token`, endSession: `${server.issuer}/out` }),
    );
    await tokenRefresher.refresh('new-1', { reason: 'test' });
    assert.deepEqual(
      server.requests.map(({ path }) => path),
      ['/v2/token'],
    );
  });

  it('of an older version continues, and is bound by its first refresh', async () => {
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
    assert.equal(testWindow.record().origins, undefined);
    await (await restarted(endpointsAt(server))).tokenRefresher.refresh('s1', { reason: 'test' });
    assert.deepEqual(testWindow.record().origins, [server.issuer]);
    const { findings } = await restarted(endpointsAt(elsewhere));
    assert.ok(findings.some(({ id, kind }) => id === 's1' && kind === 'foreign'));
    assert.deepEqual(elsewhere.requests, []);
  });
});

describe('A session whose server specifies a token endpoint at another origin', () => {
  let server: ScriptedServer;
  let elsewhere: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    [server, elsewhere] = await Promise.all([ScriptedServer.start(), ScriptedServer.start()]);
    [server, elsewhere].forEach((one) => one.onToken(rotatingTokens()));
    testWindow = createTestWindow(server.issuer);
    await seedSession(
      testWindow,
      recordAt(server.issuer, testWindow.clock.now(), { endpointOrigins: [server.issuer] }),
    );
    testWindow.sessions.start();
  });

  afterEach(async () => {
    testWindow.sessions.dispose();
    await Promise.all([server.stop(), elsewhere.stop()]);
  });

  const refresh = (): Promise<unknown> => testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
  const move = (): void => void (server.metadata['token_endpoint'] = `${elsewhere.issuer}/token`);

  it("is kept, and its refresh token isn't sent there until the user trusts it", async () => {
    move();
    const failure = await rejectsWith(refresh(), 'endpoint-moved');
    assert.match(
      failure.detail ?? '',
      new RegExp(`^${new URL(elsewhere.issuer).host} \\(${new URL(server.issuer).host}\\)$`),
    );
    await testWindow.clock.pass(HOUR);
    assert.deepEqual(
      [server.requestsTo('/token'), elsewhere.requests, testWindow.record().refreshToken, testWindow.record().ended],
      [[], [], 'refresh-1', undefined],
    );
    await testWindow.sessions.onDemand.trustEndpoints('s1');
    await refresh();
    assert.equal(elsewhere.requestsTo('/token').length, 1);
    assert.deepEqual(testWindow.record().endpointOrigins?.includes(elsewhere.issuer), true);
  });

  it('is still blocked after an hour, when the metadata are read again', async () => {
    await refresh();
    move();
    await testWindow.clock.pass(2 * HOUR);
    assert.deepEqual(elsewhere.requests, []);
    assert.equal(testWindow.liveSessions.get('s1')?.failure?.category, 'endpoint-moved');
  });

  it('continues automatically when the endpoint is restored', async () => {
    move();
    await rejectsWith(refresh(), 'endpoint-moved');
    server.metadata['token_endpoint'] = `${server.issuer}/token`;
    await testWindow.clock.pass(2 * HOUR);
    assert.ok(server.requestsTo('/token').length > 0);
    assert.equal(testWindow.liveSessions.get('s1')?.failure, undefined);
  });

  it("isn't signed out at a revocation endpoint at another origin", async () => {
    server.metadata['revocation_endpoint'] = `${elsewhere.issuer}/revoke`;
    assert.equal(await (await testWindow.sessionManager.signOut('s1')).atServer, 'not-supported');
    assert.deepEqual(elsewhere.requests, []);
  });
});
