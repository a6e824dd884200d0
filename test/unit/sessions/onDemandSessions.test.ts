// Sessions before the on-demand refresher is loaded, or if it can't be loaded.
import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { PRELOAD_DELAY } from '../../../src/sessions/sessionsModule.ts';
import { providerAt } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';
import { createTestWindow, recordAt, type TestWindow, type TestWindowOptions } from '../../support/testWindow.ts';

describe('The on-demand refresher', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;
  /** How often it was loaded, or failed to load. */
  let loads: number;
  /** Whether the files exist; an update can remove them. */
  let areFilesThere: boolean;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    server.onToken(rotatingTokens());
    loads = 0;
    areFilesThere = true;
    open();
  });

  afterEach(async () => {
    testWindow.sessions.dispose();
    await server.stop();
  });

  const open = (options: TestWindowOptions = {}): void => {
    const load = (): Promise<void> => {
      loads += 1;
      return areFilesThere ? Promise.resolve() : Promise.reject(new Error('Cannot find the module.'));
    };
    testWindow = createTestWindow(server.issuer, { ...options, load });
    server.date = () => testWindow.clock.now();
  };
  /** Starts the window with a stored session whose token is valid for a time in ms. */
  const startWithSession = async (left: number): Promise<void> => {
    const now = testWindow.clock.now();
    const record = recordAt(server.issuer, now, {
      signedInAt: now - HOUR,
      tokensRequestedAt: now - MINUTE,
      accessExpiresAt: now + left,
    });
    testWindow.store.secrets.set('session:s1', JSON.stringify(record));
    testWindow.sessions.start();
    await testWindow.clock.rest();
  };
  const tokensFor = async (...scopes: readonly string[]): Promise<string[]> =>
    (await testWindow.sessionManager.getUsableSessions('acme', scopes)).map(({ record }) => record.accessToken);
  const refreshes = (): number => server.requestsTo('/token').length;

  it("is loaded a few seconds after the start if it isn't needed before", async () => {
    await startWithSession(2 * HOUR);
    assert.deepEqual(await tokensFor('read'), ['access-1']);
    await testWindow.clock.pass(PRELOAD_DELAY - 1);
    assert.equal(loads, 0);
    await testWindow.clock.pass(1);
    assert.equal(loads, 1);
  });

  it('refreshes sessions when its files were replaced after it was loaded', async () => {
    await startWithSession(2 * HOUR);
    await testWindow.clock.pass(PRELOAD_DELAY);
    areFilesThere = false;
    await testWindow.clock.pass(2 * HOUR);
    assert.ok(refreshes() > 0);
    assert.deepEqual([await tokensFor('read'), loads], [[testWindow.record().accessToken], 1]);
    assert.notEqual(testWindow.record().accessToken, 'access-1');
  });

  it('is loaded within a second when a session is due at the start', async () => {
    await startWithSession(SECOND);
    await testWindow.clock.pass(SECOND);
    assert.deepEqual([loads, refreshes(), testWindow.record().accessToken], [1, 1, 'access-2']);
  });

  it('is loaded once when several callers need a token', async () => {
    await startWithSession(2 * HOUR);
    testWindow.clock.set(testWindow.clock.now() + 3 * HOUR);
    assert.deepEqual(await Promise.all([tokensFor('read'), tokensFor('read')]), [['access-2'], ['access-2']]);
    assert.deepEqual([loads, refreshes()], [1, 1]);
  });

  it("leaves a session unchanged when it can't be loaded, and refreshes it later when it can", async () => {
    areFilesThere = false;
    await startWithSession(2 * MINUTE);
    assert.deepEqual(await tokensFor('read'), ['access-1'], 'the current token still works');
    await testWindow.clock.pass(3 * MINUTE);
    await rejectsWith(tokensFor('read'), 'unexpected', 'unexpected');
    assert.equal(testWindow.record().ended, undefined);
    assert.match(testWindow.stored() ?? '', /"refreshToken":"refresh-1"/);
    areFilesThere = true;
    await testWindow.clock.pass(MINUTE);
    assert.deepEqual([await tokensFor('read'), refreshes()], [['access-2'], 1]);
    assert.equal(testWindow.liveSessions.get('s1')?.failure, undefined);
  });

  it("isn't loaded again and again when it can't be loaded", async () => {
    areFilesThere = false;
    await startWithSession(SECOND);
    await testWindow.clock.pass(HOUR);
    assert.ok(loads <= 62, `${loads} times in an hour`);
  });

  it("signs out of a session here when it can't be loaded, and reports that the server wasn't notified", async () => {
    areFilesThere = false;
    await startWithSession(2 * HOUR);
    const { atServer, page } = await testWindow.sessionManager.signOut('s1');
    assert.deepEqual([testWindow.liveSessions.all(), testWindow.stored()], [[], undefined]);
    await assert.rejects(atServer);
    assert.equal(await page, undefined);
  });

  it("notifies the server of a sign-out when it wasn't loaded before", async () => {
    await startWithSession(2 * HOUR);
    const { atServer } = await testWindow.sessionManager.signOut('s1');
    assert.deepEqual([await atServer, loads], ['revoked', 1]);
    assert.ok(server.requestsTo('/revoke').length > 0);
  });

  describe('with idle sign-out', () => {
    const idleTimeouts = new Map([['acme', HOUR]]);

    it('is loaded before a session is listed', async () => {
      open({ idleTimeouts });
      await startWithSession(2 * HOUR);
      assert.deepEqual([testWindow.sessionManager.getActive('acme').length, loads], [1, 1]);
    });

    it("lists no session and rejects callers when it can't be loaded, and lists it when it can", async () => {
      open({ idleTimeouts });
      areFilesThere = false;
      await startWithSession(2 * HOUR);
      assert.deepEqual(testWindow.sessionManager.getActive('acme'), []);
      await assert.rejects(tokensFor('read'));
      areFilesThere = true;
      assert.deepEqual(await tokensFor('read'), ['access-1']);
    });

    it('is loaded when an idle timeout is set, and blocks the session until then', async () => {
      const limits = new Map<string, number>();
      open({ idleTimeouts: limits });
      await startWithSession(2 * HOUR);
      assert.deepEqual([testWindow.sessionManager.getActive('acme').length, loads], [1, 0]);
      limits.set('acme', HOUR);
      assert.deepEqual(testWindow.sessionManager.getActive('acme'), []);
      assert.deepEqual([await tokensFor('read'), loads], [['access-1'], 1]);
    });

    it("isn't loaded when no idle timeout is set for the provider", async () => {
      open({ idleTimeouts: new Map(), providers: [providerAt(server.issuer)] });
      await startWithSession(2 * HOUR);
      assert.deepEqual([testWindow.sessionManager.getActive('acme').length, loads], [1, 0]);
    });
  });
});
