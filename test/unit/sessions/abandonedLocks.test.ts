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
  const hold = (sign = 'ended', generation = 1): void =>
    void testWindow.folder.files.set('s1.1.held', JSON.stringify({ sign, generation }));
  /** How many requests for tokens follow a check. */
  const requestsAfterCheck = async (): Promise<number> => {
    await testWindow.sessions.abandonedLocks.check();
    await testWindow.clock.pass(5 * SECOND);
    return server.requestsTo('/token').length;
  };

  it('is abandoned if that window has ended: its renewal is finished, once', async () => {
    await signIn();
    hold();
    assert.equal(await requestsAfterCheck(), 1);
    assert.equal(await requestsAfterCheck(), 1);
    assert.equal(testWindow.record().accessToken, 'access-2');
  });

  it('is waited for if that window lives, or if nobody can tell', async () => {
    await signIn();
    for (const sign of [(await testWindow.life.begin()).sign, 'elsewhere-1', 7]) {
      testWindow.folder.files.set('s1.1.held', JSON.stringify({ sign, generation: 1 }));
      assert.equal(await requestsAfterCheck(), 0, String(sign));
    }
    assert.deepEqual(
      testWindow.lines.filter((line) => line.includes('finishes')),
      [],
    );
  });

  it('doesn’t matter for tokens that were renewed since, or for a session that has ended', async () => {
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

  it('is left alone while this window renews the session itself', async () => {
    await signIn();
    testWindow.liveSessions.update('s1', { renewing: true });
    hold();
    assert.equal(await requestsAfterCheck(), 0);
  });

  it('is left alone if the session isn’t of a provider as it is configured', async () => {
    testWindow = createTestWindow(server.issuer, { providers: [providerAt(server.issuer, { clientId: 'other' })] });
    await signIn();
    hold();
    await requestsAfterCheck();
    assert.deepEqual(
      testWindow.lines.filter((line) => line.includes('finishes')),
      [],
    );
  });

  it('isn’t looked at any more by a window that is closed', async () => {
    await signIn();
    const { sign } = await testWindow.life.begin();
    hold(sign);
    await testWindow.sessions.abandonedLocks.check();
    testWindow.sessions.dispose();
    testWindow.life.kill(sign);
    await testWindow.clock.pass(MINUTE);
    assert.equal(await requestsAfterCheck(), 0);
  });

  it('is found within a minute or so where no change of the folder is told', async () => {
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
    first.kill(1);
    first.tokenRefresher.renew('s1', 'test').catch(() => {});
    await windows.clock.pass(65 * SECOND);
    assert.equal(second.record().accessToken, 'access-2');
    await windows.closeAll();
  });
});
