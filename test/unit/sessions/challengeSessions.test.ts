import assert from 'node:assert/strict';
import { parseRequirements, type ChallengeRequirements } from '../../../src/core/challenge.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { ChallengeSessions } from '../../../src/sessions/challengeSessions.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeProcessLiveness } from '../../support/fakeStore.ts';
import {
  createTestWindow,
  createTestWindowWithServer,
  seedSession,
  recordAt,
  type TestWindow,
} from '../../support/testWindow.ts';
import { rotatingTokens, type ScriptedServer } from '../../support/scriptedServer.ts';

describe("A resource server's challenge", () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;
  let challengeSessions: ChallengeSessions;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer());
    challengeSessions = new ChallengeSessions({
      clock: testWindow.clock,
      sessionManager: testWindow.sessionManager,
      tokenRefresher: testWindow.tokenRefresher,
    });
  });

  afterEach(async () => {
    await server.stop();
  });

  const now = (): number => testWindow.clock.now();
  const demand = (
    params: Readonly<Record<string, string>>,
    fallbackScopes: readonly string[] = ['read'],
  ): ChallengeRequirements => parseRequirements({ challenges: [{ scheme: 'Bearer', params }], fallbackScopes });
  const refused = demand({ error: 'invalid_token' });
  const tokens = async (wanted: ChallengeRequirements, account?: string): Promise<string[]> =>
    (await challengeSessions.find('acme', wanted, account)).map(({ record }) => record.accessToken);
  const renewals = (): number => server.requestsTo('/token').length;
  /** A session whose token has been valid for an hour and is for four more. */
  const settled = (more: Partial<SessionRecord> = {}): Promise<SessionRecord> =>
    seedSession(
      testWindow,
      recordAt(server.issuer, now(), {
        tokensRequestedAt: now() - HOUR,
        signedInAt: now() - HOUR,
        accessExpiresAt: now() + 4 * HOUR,
        ...more,
      }),
    );
  const claims = (value: unknown): ChallengeRequirements =>
    demand({ error: 'insufficient_claims', claims: Buffer.from(JSON.stringify(value)).toString('base64') });

  it('gets the same result as a request for scopes when it contains only scopes, without a refresh', async () => {
    await settled();
    assert.deepEqual(await tokens(demand({})), ['access-1']);
    assert.deepEqual(await tokens(demand({ error: 'insufficient_scope', scope: 'write' })), []);
    assert.equal(renewals(), 0);
  });

  describe('right after the start, before the stored sessions are read', () => {
    const started = async (): Promise<[TestWindow, ChallengeSessions]> => {
      await settled();
      const { clock, folder, store } = testWindow;
      const next = createTestWindow(server.issuer, { clock, folder, store, life: new FakeProcessLiveness() });
      return [
        next,
        new ChallengeSessions({ clock, sessionManager: next.sessionManager, tokenRefresher: next.tokenRefresher }),
      ];
    };

    it('is met when it contains scopes', async () => {
      const [, early] = await started();
      assert.deepEqual(
        (await early.find('acme', demand({}))).map(({ record }) => record.accessToken),
        ['access-1'],
      );
      assert.equal(renewals(), 0);
    });

    it('is met with another token when it rejects the stored one', async () => {
      const [next, early] = await started();
      assert.deepEqual(
        (await early.find('acme', refused)).map(({ record }) => record.accessToken),
        ['access-2'],
      );
      assert.deepEqual([renewals(), next.record().generation], [1, 2]);
    });
  });

  describe('that rejects the token', () => {
    it('is met with another token', async () => {
      await settled();
      assert.deepEqual(await tokens(refused), ['access-2']);
      assert.equal(testWindow.record().generation, 2);
    });

    it('causes one refresh for callers that use the old token one after another', async () => {
      await settled();
      for (let caller = 0; caller < 5; caller += 1) {
        assert.deepEqual(await tokens(refused), ['access-2']);
      }
      assert.equal(renewals(), 1);
    });

    it('causes one refresh for a hundred concurrent callers', async () => {
      await settled();
      await Promise.all(Array.from({ length: 100 }, () => tokens(refused)));
      assert.equal(renewals(), 1);
    });

    it('fails instead of causing repeated refreshes when the new token is rejected as well', async () => {
      await settled();
      await tokens(refused);
      for (let time = 0; time < 3; time += 1) {
        await testWindow.clock.pass(11 * SECOND);
        await rejectsWith(tokens(refused), 'token-rejected', 'token-rejected-again');
      }
      assert.equal(renewals(), 1);
    });

    it("fails in every window, so that two of them don't refresh in turn forever", async () => {
      const { clock, folder, store } = testWindow;
      const other = createTestWindow(server.issuer, { clock, folder, store, life: new FakeProcessLiveness() });
      await settled();
      testWindow.sessions.start();
      other.sessions.start();
      await other.sessionManager.ready();
      const elsewhere = new ChallengeSessions({
        clock,
        sessionManager: other.sessionManager,
        tokenRefresher: other.tokenRefresher,
      });
      server.onToken(rotatingTokens({ expires_in: (4 * HOUR) / SECOND }));
      await tokens(refused);
      for (let time = 0; time < 5; time += 1) {
        await clock.pass(11 * SECOND);
        await rejectsWith(elsewhere.find('acme', refused), 'token-rejected', 'token-rejected-again');
        await rejectsWith(tokens(refused), 'token-rejected', 'token-rejected-again');
      }
      assert.deepEqual([renewals(), other.record().generation], [1, 2]);
      testWindow.sessions.dispose();
      other.sessions.dispose();
    });

    it('is met again when the replacement token has worked for a long time', async () => {
      await settled();
      server.onToken(rotatingTokens({ expires_in: (4 * HOUR) / SECOND }));
      await tokens(refused);
      await testWindow.clock.pass(HOUR);
      assert.deepEqual(await tokens(refused), ['access-3']);
    });

    it('is met again after the token was refreshed for another reason', async () => {
      await settled();
      await tokens(refused);
      await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
      await testWindow.clock.pass(11 * SECOND);
      assert.deepEqual(await tokens(refused), ['access-4']);
    });

    it('gets no session when the server ends it during the refresh, although other callers keep the current token', async () => {
      await settled();
      server.onToken({ status: 400, body: { error: 'invalid_grant' } });
      assert.deepEqual(await tokens(refused), []);
      assert.deepEqual((await testWindow.sessionManager.getUsableSessions('acme', ['read'])).length, 1);
    });

    it('gets no session when there is no refresh token, so that the user signs in', async () => {
      await settled({ refreshToken: undefined });
      assert.deepEqual(await tokens(refused), []);
    });

    it("rejects with the cause when the server can't be reached, without requiring a sign-in", async () => {
      await settled();
      server.onToken({ status: 503, body: 'down' });
      await rejectsWith(tokens(refused), 'server');
    });

    it("is met for its account, and for the other accounts when one can't be refreshed", async () => {
      await settled();
      await settled({
        id: 's2',
        account: { id: 'person-2', label: 'Kim' },
        accessToken: 'kim-1',
        refreshToken: 'refresh-kim',
      });
      server.onToken(({ parameters }) =>
        parameters.get('refresh_token') === 'refresh-kim'
          ? { status: 503, body: 'down' }
          : { body: { access_token: 'sam-2', token_type: 'Bearer', expires_in: 300 } },
      );
      assert.deepEqual(await tokens(refused, 'person-1'), ['sam-2']);
      assert.equal(renewals(), 1);
      await testWindow.clock.pass(11 * SECOND);
      await rejectsWith(tokens(refused, 'person-2'), 'server');
    });
  });

  describe('that requires a stronger or newer sign-in', () => {
    it('is met only by the session that has it, without a refresh', async () => {
      await settled({ acr: 'mfa', authenticatedAt: now() - 2 * MINUTE });
      assert.deepEqual(await tokens(demand({ error: 'insufficient_user_authentication', acr_values: 'mfa' })), [
        'access-1',
      ]);
      assert.deepEqual(await tokens(demand({ error: 'insufficient_user_authentication', acr_values: 'phr' })), []);
      assert.deepEqual(await tokens(demand({ error: 'insufficient_user_authentication', max_age: '120' })), [
        'access-1',
      ]);
      await testWindow.clock.pass(31 * SECOND);
      assert.deepEqual(await tokens(demand({ error: 'insufficient_user_authentication', max_age: '120' })), []);
      assert.equal(renewals(), 0);
    });

    it("knows how the user signed in after a refresh that doesn't specify it", async () => {
      await settled({ acr: 'mfa', authenticatedAt: now() });
      await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
      assert.deepEqual(await tokens(demand({ acr_values: 'mfa', max_age: '60' })), ['access-2']);
    });
  });

  describe('with claims', () => {
    it('is met by a refresh when they only require a newer token', async () => {
      await settled();
      const later = claims({ access_token: { nbf: { essential: true, value: String(Math.floor(now() / SECOND)) } } });
      assert.deepEqual([await tokens(later), await tokens(later), renewals()], [['access-2'], ['access-2'], 1]);
    });

    it("is met immediately when the token is new enough by the server's clock", async () => {
      await settled({ skew: 5 * MINUTE });
      const seconds = Math.floor((now() - HOUR + 5 * MINUTE) / SECOND);
      assert.deepEqual(await tokens(claims({ access_token: { nbf: { value: String(seconds) } } })), ['access-1']);
      assert.equal(renewals(), 0);
    });

    it("gets no session when a refresh wasn't enough, so that the user signs in", async () => {
      await settled();
      const tomorrow = claims({ access_token: { nbf: { value: String(Math.floor((now() + 24 * HOUR) / SECOND)) } } });
      await tokens(tomorrow);
      await testWindow.clock.pass(11 * SECOND);
      assert.deepEqual([await tokens(tomorrow), renewals()], [[], 1]);
    });

    it('gets no session until a sign-in has requested them, and then meets the same challenge shortly after', async () => {
      const record = await settled({ signedInAt: now() });
      const stronger = claims({ access_token: { acrs: { value: 'c1' } } });
      assert.deepEqual(await tokens(stronger), []);
      challengeSessions.recordAnswered(record, stronger);
      assert.deepEqual(await tokens(stronger), ['access-1']);
      assert.deepEqual(await tokens(claims({ access_token: { acrs: { value: 'c2' } } })), []);
      await testWindow.clock.pass(MINUTE);
      assert.deepEqual(await tokens(stronger), []);
      assert.equal(renewals(), 0);
    });
  });
});
