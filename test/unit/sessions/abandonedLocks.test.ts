import assert from 'node:assert/strict';
import { DAY, MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { providerAt } from '../../support/fixtures.ts';
import {
  createTestWindow,
  createTestWindowWithServer,
  seedSession,
  recordAt,
  type TestWindow,
} from '../../support/testWindow.ts';
import { rotatingTokens, type ScriptedServer } from '../../support/scriptedServer.ts';
import { headerOf } from '../../../src/storage/sessionFile.ts';
import { lockContent, sessionFile, setSessionFile } from '../../support/sharedFiles.ts';
import { Windows } from '../../support/windows.ts';

describe('A lock of another window', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer());
  });

  afterEach(async () => {
    await server.stop();
  });

  const signIn = (more: Partial<SessionRecord> = {}): Promise<unknown> =>
    seedSession(
      testWindow,
      recordAt(server.issuer, testWindow.clock.now(), { accessExpiresAt: testWindow.clock.now() + DAY, ...more }),
    );
  /** Makes another window hold the lock after it has sent the refresh token of a generation. */
  const hold = (token = 'ended', inFlight = 1): void => {
    const header = headerOf(sessionFile(testWindow.folder.files));
    assert.ok(header !== undefined);
    setSessionFile(testWindow.folder.files, { ...header, inFlight });
    testWindow.folder.files.set('s1.1.locked', lockContent(token));
  };
  /** Returns how many token requests follow a check. */
  const requestsAfterCheck = async (): Promise<number> => {
    await testWindow.sessions.onDemand.abandonedLocks.check();
    await testWindow.clock.pass(5 * SECOND);
    return server.requestsTo('/token').length;
  };

  it('is abandoned when that window has ended: its refresh is finished, once', async () => {
    await signIn();
    hold();
    assert.equal(await requestsAfterCheck(), 1);
    assert.equal(await requestsAfterCheck(), 1);
    assert.equal(testWindow.record().accessToken, 'access-2');
  });

  it("is waited for when that window is alive, or when that can't be determined", async () => {
    await signIn();
    for (const token of [(await testWindow.life.register()).token, 'elsewhere-1', '']) {
      hold(token);
      testWindow.folder.files.set('s1.1.locked', token === '' ? '{}' : lockContent(token));
      assert.equal(await requestsAfterCheck(), 0, token);
    }
    assert.deepEqual(
      testWindow.lines.filter((line) => line.includes('finishes')),
      [],
    );
  });

  it("doesn't matter for tokens that were refreshed since, or for a session that has ended", async () => {
    await signIn({ generation: 2 });
    hold();
    assert.equal(await requestsAfterCheck(), 0);
    await signIn({
      generation: 3,
      ended: { at: testWindow.clock.now(), category: 'session-ended', code: 'invalid_grant' },
    });
    hold('ended', 3);
    await requestsAfterCheck();
    assert.deepEqual(
      testWindow.lines.filter((line) => line.includes('finishes')),
      [],
    );
  });

  it('is left alone while this window refreshes the session itself', async () => {
    await signIn();
    testWindow.liveSessions.patch('s1', { refreshing: true });
    hold();
    assert.equal(await requestsAfterCheck(), 0);
  });

  it("is left alone when the session isn't one of a provider as configured", async () => {
    testWindow = createTestWindow(server.issuer, { providers: [providerAt(server.issuer, { clientId: 'other' })] });
    await signIn();
    hold();
    await requestsAfterCheck();
    assert.deepEqual(
      testWindow.lines.filter((line) => line.includes('finishes')),
      [],
    );
  });

  it('is no longer checked by a closed window', async () => {
    await signIn();
    const { token } = await testWindow.life.register();
    hold(token);
    await testWindow.sessions.onDemand.abandonedLocks.check();
    testWindow.sessions.dispose();
    testWindow.life.kill(token);
    await testWindow.clock.pass(MINUTE);
    assert.equal(await requestsAfterCheck(), 0);
  });

  it("is found within about a minute when folder changes aren't reported", async () => {
    const windows = new Windows(server);
    server.onToken(rotatingTokens());
    const first = windows.open();
    await windows.clock.rest();
    await seedSession(
      first,
      recordAt(server.issuer, windows.clock.now(), { accessExpiresAt: windows.clock.now() + DAY }),
    );
    const second = windows.open({ isBlind: true });
    await windows.clock.pass(5 * SECOND);
    // With the lock, and just before it sends.
    first.kill(2);
    first.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
    await windows.clock.pass(65 * SECOND);
    assert.equal(second.record().accessToken, 'access-2');
    await windows.closeAll();
  });
});
