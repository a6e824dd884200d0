import assert from 'node:assert/strict';
import { providerAt } from '../../support/fixtures.ts';
import { settle } from '../../support/fakeClock.ts';
import { rejectsWith } from '../../support/failures.ts';
import {
  createTestWindow,
  grantFor,
  createTestWindowWithServer,
  seedSession,
  recordAt,
  type TestWindow,
} from '../../support/testWindow.ts';
import { rotatingTokens, type ScriptedServer, type Script } from '../../support/scriptedServer.ts';
import { hasTombstone, sessionFileName } from '../../support/sharedFiles.ts';

describe('The token refresher with sign-ins and sign-outs', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer());
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
  });

  afterEach(async () => {
    await server.stop();
  });

  describe('when the user signs out during a refresh', () => {
    const heldToken = (more: Readonly<Record<string, unknown>> = {}): (() => void) => {
      let go = (): void => {};
      const gate = new Promise<void>((resolve) => {
        go = resolve;
      });
      const rotate = rotatingTokens(more);
      server.onToken(async (request) => {
        await gate;
        return rotate(request);
      });
      return () => go();
    };

    /** Signs out while new tokens are requested from the server, which sends them afterwards. */
    const signOutDuringRenewal = async (): Promise<void> => {
      const release = heldToken();
      const renewal = rejectsWith(
        testWindow.tokenRefresher.refresh('s1', { reason: 'test' }),
        'signed-out',
        'signed-out',
      );
      await server.waitFor('/token');
      await testWindow.sessionManager.signOut('s1');
      release();
      await renewal;
    };

    /**
     * Returns the remains of the session: its secret, its files except the tombstone and the released locks, and texts
     * with a token.
     */
    const leftovers = (): string[] => {
      const { files } = testWindow.folder;
      const isOnPurpose = (name: string): boolean =>
        (name === sessionFileName(files) && hasTombstone(files)) || /^s1\.\d+\.released$/.test(name);
      const texts = [
        ...testWindow.store.secrets,
        ...[...testWindow.folder.files].filter(([name]) => !isOnPurpose(name)),
      ];
      return texts
        .filter(([name, text]) => name.includes('s1') || /access-\d|refresh-\d/.test(text))
        .map(([name]) => name);
    };

    const otherWindow = async (): Promise<TestWindow> => {
      const other = createTestWindow(server.issuer, {
        store: testWindow.store,
        folder: testWindow.folder,
        clock: testWindow.clock,
        life: testWindow.life,
      });
      await other.sessionManager.ready();
      return other;
    };

    const revoked = (): (string | null)[] =>
      server.requestsTo('/revoke').map(({ parameters }) => parameters.get('token'));

    it('revokes the new tokens and never stores them', async () => {
      await signOutDuringRenewal();
      assert.ok(revoked().includes('refresh-2'));
      assert.doesNotMatch(JSON.stringify(testWindow.store.history), /refresh-2|access-2/);
      assert.deepEqual([testWindow.liveSessions.all(), leftovers()], [[], []]);
    });

    it('revokes the new access token too, which outlives its refresh token at many servers', async () => {
      await signOutDuringRenewal();
      assert.ok(revoked().includes('access-2'), revoked().join());
    });

    it('revokes the new refresh token of a response that has nothing else of use', async () => {
      const release = heldToken({ access_token: null });
      const renewal = rejectsWith(
        testWindow.tokenRefresher.refresh('s1', { reason: 'test' }),
        'signed-out',
        'signed-out',
      );
      await server.waitFor('/token');
      await testWindow.sessionManager.signOut('s1');
      release();
      await renewal;
      assert.ok(revoked().includes('refresh-2'), revoked().join());
    });

    it('also does so when that was in another window', async () => {
      const other = await otherWindow();
      const release = heldToken();
      const renewal = rejectsWith(
        testWindow.tokenRefresher.refresh('s1', { reason: 'test' }),
        'signed-out',
        'signed-out',
      );
      await server.waitFor('/token');
      await other.sessionManager.signOut('s1');
      release();
      await renewal;
      assert.ok(revoked().includes('refresh-2') && revoked().includes('access-2'), revoked().join());
      assert.doesNotMatch(JSON.stringify(testWindow.store.history), /refresh-2|access-2/);
      assert.deepEqual([testWindow.liveSessions.all(), leftovers()], [[], []]);
    });

    it('leaves nothing behind when the new tokens are being stored', async () => {
      let release = (): void => {};
      testWindow.store.beforeStore = () =>
        new Promise((resolve) => {
          release = resolve;
        });
      const renewal = testWindow.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
      while (!testWindow.store.history.some(({ value }) => value.includes('refresh-2'))) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      // The store processes its calls in order, as VS Code's does, so this deletion follows that write.
      const deleting = testWindow.store.delete.bind(testWindow.store);
      testWindow.store.delete = async (key) => {
        testWindow.store.beforeStore = () => Promise.resolve();
        release();
        await new Promise((resolve) => setImmediate(resolve));
        await deleting(key);
      };
      await testWindow.sessionManager.signOut('s1');
      await renewal;
      assert.deepEqual([testWindow.liveSessions.all(), leftovers()], [[], []]);
    });

    it('leaves no lock behind either', async () => {
      await signOutDuringRenewal();
      await testWindow.clock.rest();
      assert.deepEqual([testWindow.folder.files.size, hasTombstone(testWindow.folder.files)], [1, true]);
    });
  });

  const lateVerdicts: Readonly<Record<string, Script>> = {
    end: { status: 400, body: { error: 'invalid_grant' } },
    replace: {
      body: { access_token: 'access-old', refresh_token: 'refresh-old', token_type: 'Bearer', expires_in: 300 },
    },
  };
  for (const [what, verdict] of Object.entries(lateVerdicts)) {
    it(`doesn't let a pending refresh ${what} a new sign-in of the same account`, async () => {
      let release = (): void => {};
      const gate = new Promise<void>((resolve) => {
        release = resolve;
      });
      server.onToken(async () => {
        await gate;
        return verdict;
      });
      const renewal = testWindow.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
      await server.waitFor('/token');
      const admission = testWindow.sessionManager.addSession(
        grantFor(providerAt(server.issuer), testWindow.clock.now(), {
          accessToken: 'access-new',
          refreshToken: 'refresh-new',
        }),
      );
      await settle();
      release();
      await Promise.all([renewal, admission]);
      const { accessToken, refreshToken, ended } = testWindow.record();
      assert.deepEqual([accessToken, refreshToken, ended], ['access-new', 'refresh-new', undefined]);
      assert.match(testWindow.stored() ?? '', /access-new/);
    });
  }
});
