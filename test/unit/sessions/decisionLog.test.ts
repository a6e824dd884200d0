// The story that the log tells: each decision with its reason and its times, and each once.
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
  const told = (words: string): string[] => testWindow.lines.filter((line) => line.includes(words));
  const inMs = (ms: number): string => formatTimestamp(testWindow.clock.now() + ms);

  describe('of what a caller gets', () => {
    it('says how much is left of a token in hand and how much is wanted, once for each token', async () => {
      await live();
      await ask();
      await testWindow.clock.pass(MINUTE);
      await ask();
      assert.deepEqual(told(': a caller '), [
        `${SESSION}: a caller gets the token in hand: the token works for 300 s more (expires_in), 60 s are needed, has a refresh token.`,
      ]);
    });

    it('tells a token that is past its time from one that has too little left', async () => {
      server.onToken('drop');
      await live();
      await testWindow.clock.pass(4 * MINUTE + 30 * SECOND);
      await ask();
      assert.deepEqual(told(': a caller needs'), [
        `${SESSION}: a caller needs a refresh: the token works for 30 s more (expires_in), 60 s are needed, has a refresh token.`,
      ]);
      await live({ expirySource: 'token' });
      await testWindow.clock.pass(5 * MINUTE + 5 * SECOND);
      await ask();
      assert.match(told(': a caller needs')[0] ?? '', /the token expired 5 s ago \(token\)/);
    });

    it('tells one whose expiry was never said from both', async () => {
      await live({ accessExpiresAt: undefined, expirySource: 'unknown' });
      await ask();
      assert.deepEqual(told(': a caller '), [
        `${SESSION}: a caller gets the token in hand: the server never said when the token expires, has a refresh token.`,
      ]);
    });

    it('says that there is no refresh token', async () => {
      await live({ refreshToken: undefined });
      await ask();
      assert.match(told('a caller gets')[0] ?? '', /no refresh token\.$/);
    });

    it('says what comes after a failure, and when it is tried again, once', async () => {
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
      const [needs = '', gets = '', refused = '', ...rest] = told(': a caller ');
      assert.ok(needs.startsWith(`${SESSION}: a caller needs a refresh: `), needs);
      assert.ok(
        gets.startsWith(`${SESSION}: a caller gets the token in hand ${failed} ${at}: the token works for `),
        gets,
      );
      assert.ok(
        refused.startsWith(`${SESSION}: a caller is refused ${failed} ${at}: the token expired 9 s ago`),
        refused,
      );
      assert.deepEqual(rest, []);
    });

    it('says that no session serves, once for each list of scopes', async () => {
      await live();
      for (const scopes of [['write'], ['write'], ['other\n[x](command:y)']]) {
        await testWindow.sessionManager.getUsableSessions('acme', scopes);
      }
      assert.deepEqual(
        told('No session at'),
        ['write', 'other x(command:y)'].map(
          (wanted) => `No session at acme serves a caller that wants "${wanted}"; it has 1.`,
        ),
      );
    });
  });

  describe('of what is planned', () => {
    const planned = async (more: Partial<SessionRecord>, settings?: Partial<LifetimeSettings>): Promise<string> => {
      await live(more, settings);
      testWindow.scheduler.tick();
      await testWindow.clock.pass(2 * MINUTE);
      const lines = testWindow.lines.filter((line) => /next refresh at|no refresh is planned|is over/.test(line));
      assert.equal(lines.length, 1, lines.join('\n'));
      return lines[0] ?? '';
    };

    it('says when the next renewal is, and because of what', async () => {
      const now = testWindow.clock.now();
      for (const [because, more, settings] of [
        ['access expiry', { accessExpiresAt: now + HOUR }, {}],
        ['session end', { accessExpiresAt: now + 10 * HOUR, sessionEndsAt: now + HOUR }, {}],
        ['refresh interval', { accessExpiresAt: now + HOUR }, { refreshInterval: 20 * MINUTE }],
      ] as const) {
        assert.match(
          await planned(more, settings),
          new RegExp(
            `^Session s1 at acme \\(generation 1\\): next refresh at [0-9TZ:.-]+, for its ${because}; the token works for \\d+ s more \\(expires_in\\), has a refresh token\\.$`,
          ),
        );
      }
    });

    it('says why none is', async () => {
      assert.equal(
        await planned({ refreshToken: undefined }),
        `${SESSION}: no refresh is planned; the token works for 300 s more (expires_in), no refresh token.`,
      );
      const never = { accessExpiresAt: undefined, expirySource: 'unknown' } as const;
      assert.equal(
        await planned(never, { refreshInterval: 0 }),
        `${SESSION}: no refresh is planned; the server never said when the token expires, has a refresh token.`,
      );
    });

    it('says when it is over by the passing of time', async () => {
      await live({ refreshToken: undefined });
      testWindow.scheduler.tick();
      await testWindow.clock.pass(HOUR);
      assert.equal(told('is over').length, 1);
      assert.match(
        told('is over')[0] ?? '',
        /: is over; the token expired 0 s ago \(expires_in\), no refresh token\.$/,
      );
    });

    it('says so to everybody who reads the log, at start and after each renewal', async () => {
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

    it('does not repeat itself at each tick', async () => {
      await live({ accessExpiresAt: undefined, expirySource: 'unknown' }, { refreshInterval: 0 });
      testWindow.scheduler.tick();
      await testWindow.clock.pass(MINUTE);
      const { length } = testWindow.lines;
      await testWindow.clock.pass(12 * HOUR);
      assert.equal(testWindow.lines.length, length, testWindow.lines.slice(length).join('\n'));
    });

    it('gives the reason of each renewal that starts by itself', async () => {
      server.onToken(rotatingTokens({ expires_in: 300 }));
      await live();
      testWindow.scheduler.tick();
      await testWindow.clock.pass(4 * MINUTE);
      assert.equal(told('refresh 2 starts (due for its access expiry)').length, 1, testWindow.lines.join('\n'));
    });

    it('names those whose times it does not trust, where the clock was set', async () => {
      await live({ refreshToken: undefined });
      testWindow.scheduler.tick();
      testWindow.clock.sleep(-HOUR);
      await testWindow.clock.pass(MINUTE);
      assert.equal(
        told(`${SESSION}: its times aren't trusted until it's refreshed.`).length,
        1,
        testWindow.lines.join('\n'),
      );
    });
  });

  describe('of what has failed', () => {
    it('has the category, the code, the status, whether there is a refresh token, and what is done next and when', async () => {
      server.onToken({ status: 503, body: {} });
      await live();
      await assert.rejects(testWindow.tokenRefresher.refresh('s1', { reason: 'a test' }));
      assert.deepEqual(told('refresh failed'), [
        `${SESSION}: refresh failed 1×: server (http-503), HTTP 503; the token works for 300 s more (expires_in), has a refresh token; next try in 3 s, at ${inMs(2.5 * SECOND)}.`,
      ]);
    });

    it('says how long a session that has ended is still served', async () => {
      server.onToken({ status: 400, body: { error: 'invalid_grant' } });
      await live({ accessExpiresAt: testWindow.clock.now() + HOUR });
      await assert.rejects(testWindow.tokenRefresher.refresh('s1', { reason: 'a test' }));
      assert.deepEqual(told('has ended'), [
        `${SESSION} has ended: session-ended (invalid_grant), HTTP 400; has a refresh token, the session ended 0 s ago (invalid_grant), the token works for 300 s more. A new sign-in is needed.`,
      ]);
      await testWindow.clock.pass(10 * SECOND);
      await ask();
      assert.deepEqual(told(': a caller '), [
        `${SESSION}: a caller gets the token in hand: the session ended 10 s ago (invalid_grant), the token works for 290 s more, 60 s are needed, has a refresh token.`,
      ]);
    });
  });

  it('has a line for each request, without what was in it', async () => {
    server.onToken(rotatingTokens({ expires_in: 300 }));
    await live();
    await testWindow.tokenRefresher.refresh('s1', { reason: 'a test' });
    const { host } = new URL(server.issuer);
    const [discovery = '', token = ''] = told(host);
    assert.match(
      discovery,
      /^GET 127\.0\.0\.1:\d+\/\.well-known\/openid-configuration: 200, \d+ characters, \d+ ms\.$/,
    );
    assert.match(token, /^POST 127\.0\.0\.1:\d+\/token: 200, \d+ characters, \d+ ms\.$/);
    assert.equal(told('Provider acme has authorization_endpoint, token_endpoint').length, 1);
    assert.doesNotMatch(testWindow.lines.join('\n'), /access-\d|refresh-\d/);
  });
});
