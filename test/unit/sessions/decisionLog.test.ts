// The decision log: each decision with its reason and times, logged once.
import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { LifetimeSettings } from '../../../src/core/lifetime.ts';
import { formatTimestamp } from '../../../src/core/log.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { createTestWindow, seedSession, recordAt, type TestWindow } from '../../support/testWindow.ts';
import { rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';

const SESSION = 'Session s1 at acme (generation 1)';

describe('The log', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    testWindow = createTestWindow(server.issuer);
  });

  afterEach(async () => {
    testWindow.scheduler.dispose();
    await server.stop();
  });

  const live = async (more: Partial<SessionRecord> = {}, settings?: Partial<LifetimeSettings>): Promise<void> => {
    testWindow = createTestWindow(server.issuer, settings === undefined ? {} : { settings });
    server.date = () => testWindow.clock.now();
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now(), more));
  };
  const ask = (): Promise<unknown> => testWindow.sessionManager.getUsableSessions('acme', ['read']).catch(() => {});
  const linesWith = (words: string): string[] => testWindow.lines.filter((line) => line.includes(words));
  const inMs = (ms: number): string => formatTimestamp(testWindow.clock.now() + ms);

  describe('of what callers get', () => {
    it('has the remaining and the required validity of the current token, once for each token', async () => {
      await live();
      await ask();
      await testWindow.clock.pass(MINUTE);
      await ask();
      assert.deepEqual(linesWith(': a caller '), [
        `${SESSION}: a caller gets the current token: the token is valid for 300 s (expires_in), 60 s required, has a refresh token.`,
      ]);
    });

    it('distinguishes an expired token from one that expires too soon', async () => {
      server.onToken('drop');
      await live();
      await testWindow.clock.pass(4 * MINUTE + 30 * SECOND);
      await ask();
      assert.deepEqual(linesWith(': a caller needs'), [
        `${SESSION}: a caller needs a refresh: the token is valid for 30 s (expires_in), 60 s required, has a refresh token.`,
      ]);
      await live({ expirySource: 'token' });
      await testWindow.clock.pass(5 * MINUTE + 5 * SECOND);
      await ask();
      assert.match(linesWith(': a caller needs')[0] ?? '', /the token expired 5 s ago \(token\)/);
    });

    it('distinguishes a token with unknown expiry from both', async () => {
      await live({ accessExpiresAt: undefined, expirySource: 'unknown' });
      await ask();
      assert.deepEqual(linesWith(': a caller '), [
        `${SESSION}: a caller gets the current token: token expiry not specified by the server, has a refresh token.`,
      ]);
    });

    it('shows that there is no refresh token', async () => {
      await live({ refreshToken: undefined });
      await ask();
      assert.match(linesWith('a caller gets')[0] ?? '', /no refresh token\.$/);
    });

    it('has what callers get after a failure and the next attempt, once', async () => {
      server.onToken({ status: 429, headers: { 'retry-after': '40' }, body: {} });
      await live({
        accessExpiresAt: testWindow.clock.now() + 10 * SECOND,
        tokensRequestedAt: testWindow.clock.now() - 50 * SECOND,
      });
      await testWindow.clock.pass(9 * SECOND);
      await ask();
      await ask();
      const at = inMs(40 * SECOND);
      await testWindow.clock.pass(10 * SECOND);
      await ask();
      await ask();
      const failed = 'after rate-limited (http-429), HTTP 429, next attempt at';
      const [needs = '', served = '', refused = '', ...rest] = linesWith(': a caller ');
      assert.ok(needs.startsWith(`${SESSION}: a caller needs a refresh: `), needs);
      assert.ok(
        served.startsWith(`${SESSION}: a caller gets the current token ${failed} ${at}: the token is valid for `),
        served,
      );
      assert.ok(
        refused.startsWith(`${SESSION}: a caller is refused ${failed} ${at}: the token expired 9 s ago`),
        refused,
      );
      assert.deepEqual(rest, []);
    });

    it('shows that no session matches, once for each list of scopes', async () => {
      await live();
      for (const scopes of [['write'], ['write'], ['other\n[x](command:y)']]) {
        await testWindow.sessionManager.getUsableSessions('acme', scopes);
      }
      assert.deepEqual(
        linesWith('No session at'),
        ['write', 'other x(command:y)'].map(
          (wanted) => `No session at acme has the requested scopes "${wanted}"; sessions: 1.`,
        ),
      );
    });
  });

  describe('of scheduled refreshes', () => {
    const planned = async (more: Partial<SessionRecord>, settings?: Partial<LifetimeSettings>): Promise<string> => {
      await live(more, settings);
      testWindow.scheduler.tick();
      await testWindow.clock.pass(2 * MINUTE);
      const lines = testWindow.lines.filter((line) => /next refresh at|no refresh scheduled|is over/.test(line));
      assert.equal(lines.length, 1, lines.join('\n'));
      return lines[0] ?? '';
    };

    it('has the time of the next refresh and its reason', async () => {
      const now = testWindow.clock.now();
      for (const [because, more, settings] of [
        ['access expiry', { accessExpiresAt: now + HOUR }, {}],
        ['session end', { accessExpiresAt: now + 10 * HOUR, sessionEndsAt: now + HOUR }, {}],
        ['refresh interval', { accessExpiresAt: now + HOUR }, { refreshInterval: 20 * MINUTE }],
      ] as const) {
        assert.match(
          await planned(more, settings),
          new RegExp(
            `^Session s1 at acme \\(generation 1\\): next refresh at [0-9TZ:.-]+, for its ${because}; the token is valid for \\d+ s \\(expires_in\\), has a refresh token\\.$`,
          ),
        );
      }
    });

    it('has the reason why none is scheduled', async () => {
      assert.equal(
        await planned({ refreshToken: undefined }),
        `${SESSION}: no refresh scheduled; the token is valid for 300 s (expires_in), no refresh token.`,
      );
      const never = { accessExpiresAt: undefined, expirySource: 'unknown' } as const;
      assert.equal(
        await planned(never, { refreshInterval: 0 }),
        `${SESSION}: no refresh scheduled; token expiry not specified by the server, has a refresh token.`,
      );
    });

    it('shows when a session ends by expiry', async () => {
      await live({ refreshToken: undefined });
      testWindow.scheduler.tick();
      await testWindow.clock.pass(HOUR);
      assert.equal(linesWith('is over').length, 1);
      assert.match(
        linesWith('is over')[0] ?? '',
        /: is over; the token expired 0 s ago \(expires_in\), no refresh token\.$/,
      );
    });

    it('has the plan at start and after each refresh', async () => {
      server.onToken(rotatingTokens({ expires_in: undefined }));
      const plans = (): { generation: number; at: number }[] =>
        testWindow.infos.flatMap((line) => {
          const [found, generation, at = ''] =
            /\(generation (\d+)\): next refresh at ([0-9TZ:.-]+), for its refresh interval;/.exec(line) ?? [];
          return found === undefined ? [] : [{ generation: Number(generation), at: Date.parse(at) }];
        });
      await live({ accessExpiresAt: undefined, expirySource: 'unknown' }, { refreshInterval: 12 * HOUR });
      const start = testWindow.clock.now();
      testWindow.scheduler.tick();
      await testWindow.clock.rest();
      const [first] = plans();
      assert.ok(first?.generation === 1 && first.at <= start + 12 * HOUR && first.at > start + 11 * HOUR);
      await testWindow.clock.pass(13 * HOUR);
      const { generation, tokensRequestedAt } = testWindow.record();
      assert.deepEqual([generation, tokensRequestedAt], [2, first.at]);
      assert.deepEqual(
        plans().map((plan) => plan.generation),
        [1, 2],
      );
    });

    it("doesn't repeat itself at each tick", async () => {
      await live({ accessExpiresAt: undefined, expirySource: 'unknown' }, { refreshInterval: 0 });
      testWindow.scheduler.tick();
      await testWindow.clock.pass(MINUTE);
      const { length } = testWindow.lines;
      await testWindow.clock.pass(12 * HOUR);
      assert.equal(testWindow.lines.length, length, testWindow.lines.slice(length).join('\n'));
    });

    it('has the reason of each automatic refresh', async () => {
      server.onToken(rotatingTokens({ expires_in: 300 }));
      await live();
      testWindow.scheduler.tick();
      await testWindow.clock.pass(4 * MINUTE);
      assert.equal(
        linesWith('refreshing to generation 2 (due for its access expiry)').length,
        1,
        testWindow.lines.join('\n'),
      );
    });

    it("has the sessions whose times aren't trusted after a clock change", async () => {
      await live({ refreshToken: undefined });
      testWindow.scheduler.tick();
      testWindow.clock.sleep(-HOUR);
      await testWindow.clock.pass(MINUTE);
      assert.equal(
        linesWith(`${SESSION}: its times are ignored until it's refreshed.`).length,
        1,
        testWindow.lines.join('\n'),
      );
    });
  });

  describe('of failures', () => {
    it('has the category, the code, the status, whether there is a refresh token, and the next attempt', async () => {
      server.onToken({ status: 503, body: {} });
      await live();
      await assert.rejects(testWindow.tokenRefresher.refresh('s1', { reason: 'a test' }));
      assert.deepEqual(linesWith('refresh failed'), [
        `${SESSION}: refresh failed 1×: server (http-503), HTTP 503; the token is valid for 300 s (expires_in), has a refresh token; next attempt in 3 s, at ${inMs(2.5 * SECOND)}.`,
      ]);
    });

    it('shows how long an ended session is still returned', async () => {
      server.onToken({ status: 400, body: { error: 'invalid_grant' } });
      await live({ accessExpiresAt: testWindow.clock.now() + HOUR });
      await assert.rejects(testWindow.tokenRefresher.refresh('s1', { reason: 'a test' }));
      assert.deepEqual(linesWith('has ended'), [
        `${SESSION} has ended: session-ended (invalid_grant), HTTP 400; has a refresh token, the session ended 0 s ago (invalid_grant), the token is valid for 300 s. Sign-in required.`,
      ]);
      await testWindow.clock.pass(10 * SECOND);
      await ask();
      assert.deepEqual(linesWith(': a caller '), [
        `${SESSION}: a caller gets the current token: the session ended 10 s ago (invalid_grant), the token is valid for 290 s, 60 s required, has a refresh token.`,
      ]);
    });
  });

  it('has a line for each request, without its content', async () => {
    server.onToken(rotatingTokens({ expires_in: 300 }));
    await live();
    await testWindow.tokenRefresher.refresh('s1', { reason: 'a test' });
    const { host } = new URL(server.issuer);
    const [discovery = '', token = ''] = linesWith(host);
    assert.match(
      discovery,
      /^GET 127\.0\.0\.1:\d+\/\.well-known\/openid-configuration: 200, \d+ characters, \d+ ms\.$/,
    );
    assert.match(token, /^POST 127\.0\.0\.1:\d+\/token: 200, \d+ characters, \d+ ms\.$/);
    assert.equal(linesWith('Provider acme has authorization_endpoint, token_endpoint').length, 1);
    assert.doesNotMatch(testWindow.lines.join('\n'), /access-\d|refresh-\d/);
  });
});
