import assert from 'node:assert/strict';
import { DAY, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import {
  createTestWindow,
  grantFor,
  createTestWindowWithServer,
  seedSession,
  recordAt,
  type TestWindow,
} from '../../support/testWindow.ts';
import { providerAt } from '../../support/fixtures.ts';
import type { ScriptedServer } from '../../support/scriptedServer.ts';

describe('History', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer());
  });

  afterEach(async () => {
    await server.stop();
  });

  const kinds = (one = testWindow): string[] => one.sessions.onDemand.history.all().map(({ kind }) => kind);
  const again = (): TestWindow =>
    createTestWindow(server.issuer, { store: testWindow.store, folder: testWindow.folder, clock: testWindow.clock });

  it('has a sign-in, a refresh and a sign-out, once each', async () => {
    const { id } = await testWindow.sessionManager.addSession(
      grantFor(providerAt(server.issuer), testWindow.clock.now()),
    );
    await testWindow.clock.pass(SECOND);
    await testWindow.tokenRefresher.refresh(id, { reason: 'test' });
    await testWindow.sessionManager.signOut(id);
    assert.deepEqual(kinds(), ['signed-in', 'refreshed', 'removed']);
    assert.deepEqual(testWindow.sessions.onDemand.history.all()[1], {
      at: testWindow.clock.now(),
      session: 'new-1',
      providerId: 'acme',
      generation: 2,
      kind: 'refreshed',
      reason: undefined,
    });
  });

  it('distinguishes a loaded session, a new sign-in, and a repeated sign-in of the same account', async () => {
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now() - DAY));
    assert.deepEqual(kinds(), ['read']);
    await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), testWindow.clock.now()));
    assert.deepEqual(kinds(), ['read', 'signed-in']);
  });

  it('shows refreshes of another window as adopted', async () => {
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now() - MINUTE));
    const other = again();
    await other.sessionManager.ready();
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    await other.crossWindowSync.syncAll();
    assert.deepEqual(kinds(other), ['read', 'adopted']);
  });

  it('has the category and code of failures and verdicts, without server text', async () => {
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now() - MINUTE));
    server.onToken({ status: 503, body: 'SECRET words' });
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
    server.onToken({ status: 400, body: { error: 'invalid_grant', error_description: 'SECRET words' } });
    await testWindow.clock.pass(MINUTE);
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
    assert.deepEqual(
      testWindow.sessions.onDemand.history
        .all()
        .slice(1)
        .map(({ kind, reason }) => [kind, reason]),
      [
        ['refresh-failed', { category: 'server', code: 'http-503' }],
        ['ended', { category: 'session-ended', code: 'invalid_grant' }],
      ],
    );
    assert.doesNotMatch(JSON.stringify(testWindow.sessions.onDemand.history.all()), /SECRET|refresh-1|access-1/);
  });

  it("shows that tokens couldn't be stored", async () => {
    testWindow.store.failing.add('store');
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now() - MINUTE));
    assert.deepEqual(kinds(), ['read', 'not-stored']);
  });

  it('keeps the last twenty events', async () => {
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now() - MINUTE));
    for (let number = 1; number <= 30; number += 1) {
      testWindow.liveSessions.patch('s1', { failure: new Failure('network', `code-${number}`), failedAt: number });
    }
    const events = testWindow.sessions.onDemand.history.all();
    assert.deepEqual([events.length, events[0]?.reason?.code, events[19]?.reason?.code], [20, 'code-11', 'code-30']);
  });
});
