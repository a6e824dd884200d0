import assert from 'node:assert/strict';
import { SECOND } from '../../../src/core/clock.ts';
import { rejectsWith } from '../../support/failures.ts';
import {
  createTestWindow,
  createTestWindowWithServer,
  seedSession,
  recordAt,
  type TestWindow,
} from '../../support/testWindow.ts';
import {
  closedIssuer,
  htmlPage,
  rotatingTokens,
  type ScriptedServer,
  type Script,
  type Scripted,
} from '../../support/scriptedServer.ts';
import { headerOf } from '../../../src/storage/sessionFile.ts';
import { lockContent, sessionFile, setSessionFile } from '../../support/sharedFiles.ts';

describe('The token refresher when a response is lost', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer());
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
  });

  afterEach(async () => {
    await server.stop();
  });

  const INVALID: Script = { status: 400, body: { error: 'invalid_grant' } };
  /** The refresh tokens that have arrived at the server, oldest first. */
  const sent = (): (string | null)[] =>
    server.requestsTo('/token').map(({ parameters }) => parameters.get('refresh_token'));
  /** Makes the server do these things in turn, and then repeat the last one. */
  const script = (...steps: readonly Scripted[]): void => {
    let step = -1;
    server.onToken((request) => {
      step = Math.min(step + 1, steps.length - 1);
      const next = steps[step] ?? 'drop';
      return typeof next === 'function' ? next(request) : next;
    });
  };
  const renew = (): Promise<unknown> => testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
  const wasSentOnceMore = (): boolean =>
    testWindow.lines.some((line) => line.includes('Sending the same token once more'));

  it('sends the same token once more immediately, and gets the response again within a grace period', async () => {
    script('drop', rotatingTokens());
    await renew();
    assert.deepEqual(sent(), ['refresh-1', 'refresh-1']);
    const { failures, failure, record } = testWindow.liveSessions.get('s1') ?? {};
    assert.deepEqual([failures, failure, record?.accessToken, record?.generation], [0, undefined, 'access-2', 2]);
    assert.ok(wasSentOnceMore());
  });

  for (const [what, body] of [
    ['cut off', '{"access_token":"acc'],
    ['empty', ''],
  ] as const) {
    it(`treats a response that is ${what} in transit as lost: the server has completed its part`, async () => {
      script({ headers: { 'Content-Type': 'application/json' }, body }, rotatingTokens());
      await renew();
      assert.deepEqual([sent(), testWindow.record().accessToken], [['refresh-1', 'refresh-1'], 'access-2']);
      assert.ok(wasSentOnceMore());
    });
  }

  it('reports a lost response when the server rejects the token as used after a truncated response', async () => {
    script({ headers: { 'Content-Type': 'application/json' }, body: '{"access_token":"acc' }, INVALID);
    await rejectsWith(renew(), 'refresh-response-lost', 'refresh-response-lost');
  });

  it('keeps the session when responses are truncated repeatedly', async () => {
    script({ headers: { 'Content-Type': 'application/json' }, body: '{"access_token":"acc' });
    await rejectsWith(renew(), 'invalid-response', 'truncated');
    await rejectsWith(renew(), 'invalid-response', 'truncated');
    assert.deepEqual(
      [sent(), testWindow.record().refreshToken, testWindow.record().ended],
      [Array(3).fill('refresh-1'), 'refresh-1', undefined],
    );
  });

  it('does that only once in a row, no matter how often it fails', async () => {
    script('drop');
    for (let time = 0; time < 4; time += 1) {
      await rejectsWith(renew(), 'network');
    }
    assert.deepEqual(sent(), Array(5).fill('refresh-1'));
    assert.equal(testWindow.liveSessions.get('s1')?.failures, 4, 'the first two are one failure');
  });

  it('does it again for the next token, after a successful refresh', async () => {
    const rotate = rotatingTokens();
    script('drop', rotate, 'drop', rotate);
    await renew();
    await renew();
    assert.deepEqual(sent(), ['refresh-1', 'refresh-1', 'refresh-2', 'refresh-2']);
    assert.equal(testWindow.record().accessToken, 'access-3');
  });

  for (const [what, answer] of [
    ["reports that it's unavailable", { status: 503 }],
    ['requests a wait', { status: 429 }],
    ["doesn't know the client", { status: 401, body: { error: 'invalid_client' } }],
    ['reports an invalid grant', INVALID],
    ['sends an invalid response', { headers: { 'Content-Type': 'application/json' }, body: 'null' }],
    ["isn't reached, because a page responds in its place", htmlPage],
  ] as const) {
    it(`sends nothing twice when the server ${what}: that is a response`, async () => {
      script(answer);
      await assert.rejects(renew());
      assert.equal(sent().length, 1);
    });
  }

  it('has lost nothing when there never was a connection', async () => {
    server.metadata['token_endpoint'] = `${await closedIssuer()}/token`;
    await rejectsWith(renew(), 'network', 'ECONNREFUSED');
    assert.equal(wasSentOnceMore(), false);
    assert.deepEqual(
      [...testWindow.folder.files.keys()].filter((name) => name.endsWith('.lost')),
      [],
    );
  });

  it("doesn't send it once more when another window may already have a newer one because there is no shared lock", async () => {
    testWindow.folder.failing = 'writing';
    script('drop');
    const renewal = rejectsWith(renew(), 'network');
    // Acquiring a lock is attempted for this long.
    await testWindow.clock.pass(5 * SECOND);
    await renewal;
    assert.deepEqual([sent().length, testWindow.alone], [1, 1]);
  });

  describe('and the server rejects the token as used', () => {
    it('reports the lost response rather than a revoked session', async () => {
      script('drop', INVALID);
      const failure = await rejectsWith(renew(), 'refresh-response-lost', 'refresh-response-lost');
      assert.equal(failure.status, 400);
      assert.deepEqual(
        [testWindow.record().ended?.code, testWindow.liveSessions.get('s1')?.failure?.code],
        ['refresh-response-lost', 'refresh-response-lost'],
      );
    });

    for (const [error, error_description] of [
      ['bad_refresh_token', 'expired'],
      ['invalid_request', 'Errors.OIDCSession.RefreshTokenInvalid'],
    ] as const) {
      it(`reports it for each error name that servers use: ${error}`, async () => {
        script('drop', { status: error === 'bad_refresh_token' ? 200 : 400, body: { error, error_description } });
        await rejectsWith(renew(), 'refresh-response-lost', 'refresh-response-lost');
      });
    }

    it('reports it at a later attempt as well, in any window', async () => {
      script('drop', 'drop', INVALID);
      await rejectsWith(renew(), 'network');
      await testWindow.clock.pass(10 * SECOND);
      const other = createTestWindow(server.issuer, {
        store: testWindow.store,
        folder: testWindow.folder,
        clock: testWindow.clock,
        life: testWindow.life,
      });
      await other.sessionManager.ready();
      await rejectsWith(
        other.tokenRefresher.refresh('s1', { reason: 'test' }),
        'refresh-response-lost',
        'refresh-response-lost',
      );
      assert.equal(sent().length, 3);
    });

    /** Simulates a window that has sent the refresh token of a generation and has ended. */
    const endInFlight = (inFlight: number): void => {
      const header = headerOf(sessionFile(testWindow.folder.files));
      assert.ok(header !== undefined);
      setSessionFile(testWindow.folder.files, { ...header, inFlight });
      testWindow.folder.files.set('s1.1.locked', lockContent('ended'));
    };

    it('reports it for a window that ended with a pending request', async () => {
      endInFlight(1);
      script(INVALID);
      await rejectsWith(renew(), 'refresh-response-lost', 'refresh-response-lost');
    });

    it('reports the actual reason when the lost response was that for an older token', async () => {
      endInFlight(7);
      script(INVALID);
      await rejectsWith(renew(), 'session-ended', 'invalid_grant');
    });

    it('reports the actual reason when the window that ended had stored the response: that token is another one', async () => {
      endInFlight(1);
      await testWindow.secretStorage.write(
        recordAt(server.issuer, testWindow.clock.now(), {
          generation: 2,
          isComplete: false,
          refreshToken: 'refresh-2',
        }),
      );
      script(INVALID);
      await rejectsWith(renew(), 'session-ended', 'invalid_grant');
      assert.deepEqual(sent(), ['refresh-2']);
    });

    it('reports the actual reason when nothing was lost', async () => {
      script(INVALID);
      await rejectsWith(renew(), 'session-ended', 'invalid_grant');
    });
  });
});
