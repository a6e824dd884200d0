import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { silentLog, type Log } from '../../../src/core/log.ts';
import { waitForTokens } from '../../../src/flows/deviceFlow.ts';
import { requestDeviceCode, type DeviceCode } from '../../../src/protocol/device.ts';
import type { ServerContext } from '../../../src/protocol/discovery.ts';
import type { Tokens } from '../../../src/protocol/tokens.ts';
import type { Transport } from '../../../src/protocol/transport.ts';
import { GOOD_TOKENS, discovered, transportWith } from '../../support/fixtures.ts';
import { settle } from '../../support/fakeClock.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { ScriptedServer, htmlPage, type Script, type SeenRequest } from '../../support/scriptedServer.ts';

const CODES: Readonly<Record<string, unknown>> = {
  device_code: 'device-code-of-this-test-0123456789',
  user_code: 'WDJB-MJHT',
  verification_uri: 'http://127.0.0.1/device',
  verification_uri_complete: 'http://127.0.0.1/device?user_code=WDJB-MJHT',
  expires_in: 900,
};
const PENDING: Script = { status: 400, body: { error: 'authorization_pending' } };
const SLOWER: Script = { status: 400, body: { error: 'slow_down' } };
const GOOD: Script = { body: GOOD_TOKENS };

describe('The device grant', () => {
  let scripted: ScriptedServer;
  let clock: ManualAsyncClock;
  let transport: Transport;
  let server: ServerContext;
  let caller: AbortController;
  let lines: string[];

  beforeEach(async () => {
    scripted = await ScriptedServer.start();
    scripted.metadata['device_authorization_endpoint'] = `${scripted.issuer}/device/code`;
    clock = new ManualAsyncClock();
    lines = [];
    const tell = (line: string): void => void lines.push(line);
    const log: Log = { ...silentLog, trace: tell, debug: tell, info: tell, warn: tell, error: tell };
    let underWay = 0;
    const plain = transportWith(clock, 30 * SECOND, log);
    clock.busy = () => underWay > 0;
    transport = {
      ...plain,
      fetch: async (...arguments_) => {
        underWay += 1;
        try {
          return await fetch(...arguments_);
        } finally {
          underWay -= 1;
        }
      },
    };
    scripted.date = () => clock.now();
    server = await discovered(scripted.issuer, {}, transport);
    caller = new AbortController();
  });

  afterEach(async () => {
    await scripted.stop();
  });

  const ask = (more: Readonly<Record<string, unknown>> = {}, scopes = ['read', 'write']): Promise<DeviceCode> => {
    scripted.on('/device/code', {
      body: Object.fromEntries(Object.entries({ ...CODES, ...more }).filter(([, value]) => value !== undefined)),
    });
    return requestDeviceCode(server, scopes, transport, caller.signal);
  };
  const start = async (
    more: Readonly<Record<string, unknown>> = {},
    scopes = ['read'],
  ): Promise<{ readonly result: Promise<Tokens> }> => {
    const code = await ask(more, scopes);
    const result = waitForTokens(server, code, scopes, { clock, transport, log: transport.log }, caller.signal);
    result.catch(() => {});
    return { result };
  };
  /** Answers token requests one after the other, repeating the last answer. Returns the time of each request, in s from now. */
  const answers = (...scripts: readonly Script[]): number[] => {
    const from = clock.now();
    const times: number[] = [];
    scripted.onToken(() => {
      times.push((clock.now() - from) / SECOND);
      return scripts[Math.min(times.length, scripts.length) - 1] ?? 'hang';
    });
    return times;
  };

  describe('requests codes', () => {
    it('with the client ID and the scopes, and returns them', async () => {
      const before = clock.now();
      const code = await ask();
      assert.deepEqual(code, {
        deviceCode: CODES['device_code'],
        userCode: 'WDJB-MJHT',
        verificationUri: CODES['verification_uri'],
        verificationUriComplete: CODES['verification_uri_complete'],
        interval: 5 * SECOND,
        expiresAt: before + 15 * MINUTE,
      });
      const [request] = scripted.requestsTo('/device/code');
      assert.deepEqual(
        [request?.parameters.get('client_id'), request?.parameters.get('scope')],
        ['editor', 'read write'],
      );
    });

    it('with the parameters of the entry, and the resource', async () => {
      scripted.on('/device/code', { body: CODES });
      const provider = {
        authorizationParameters: { audience: 'https://api.example.com', scope: 'evil', client_id: 'evil' },
        resource: ['urn:example:x'],
      };
      await requestDeviceCode(
        await discovered(scripted.issuer, provider, transport),
        ['read'],
        transport,
        caller.signal,
      );
      const [request] = scripted.requestsTo('/device/code');
      assert.deepEqual(Object.fromEntries(request?.parameters ?? []), {
        audience: 'https://api.example.com',
        client_id: 'editor',
        resource: 'urn:example:x',
        scope: 'read',
      });
    });

    it('and uses the interval of the server, which is at least a second', async () => {
      assert.equal((await ask({ interval: 7 })).interval, 7 * SECOND);
      assert.equal((await ask({ interval: '7' })).interval, 7 * SECOND);
      assert.equal((await ask({ interval: 0.01 })).interval, SECOND);
    });

    it('and uses an interval of 5 s when an optional member is invalid', async () => {
      for (const interval of [0, -1, null, 'soon']) {
        const code = await ask({ interval, verification_uri_complete: null });
        assert.deepEqual([code.interval, code.verificationUriComplete], [5 * SECOND, undefined]);
      }
    });

    it('and accepts a lifetime in a string, and a URL under its other name', async () => {
      const code = await ask({
        expires_in: '300',
        verification_uri: undefined,
        verification_url: 'https://example.com/device',
      });
      assert.deepEqual(
        [code.expiresAt - clock.now(), code.verificationUri],
        [5 * MINUTE, 'https://example.com/device'],
      );
    });

    it('and ignores a complete URL that is invalid or unsafe to open', async () => {
      for (const address of ['http://example.com/?c=1', 'command:workbench.action.quit', 'vscode://x', 'no address']) {
        assert.equal((await ask({ verification_uri_complete: address })).verificationUriComplete, undefined, address);
      }
    });

    it('and rejects a URL that must not be opened', async () => {
      for (const address of ['http://example.com/device', 'command:workbench.action.quit', 'file:///etc/passwd']) {
        await rejectsWith(ask({ verification_uri: address }), 'insecure', 'http-endpoint');
      }
      await rejectsWith(ask({ verification_uri: 'example.com' }), 'invalid-response', 'bad-device-code');
    });

    it("and rejects a code that can't be displayed unchanged", async () => {
      for (const code of [' ', 'A\u202EB', '[x](command:y)', 'x'.repeat(101)]) {
        await rejectsWith(ask({ user_code: code }), 'invalid-response', 'bad-device-code');
      }
      for (const missing of ['device_code', 'user_code', 'verification_uri', 'expires_in']) {
        await rejectsWith(ask({ [missing]: undefined }), 'invalid-response', 'OAUTH_INVALID_RESPONSE');
      }
    });

    it("and reports that the client isn't allowed to", async () => {
      scripted.on('/device/code', {
        status: 400,
        body: { error: 'unauthorized_client', error_description: 'Not this way.' },
      });
      await rejectsWith(
        requestDeviceCode(server, ['read'], transport, caller.signal),
        'client-not-allowed',
        'unauthorized_client',
      );
      scripted.on('/device/code', { body: { error: 'device_flow_disabled' } });
      await rejectsWith(
        requestDeviceCode(server, ['read'], transport, caller.signal),
        'client-not-allowed',
        'device_flow_disabled',
      );
    });
  });

  describe('waits for the user', () => {
    it('and polls at the interval, for the first time after one interval', async () => {
      const times = answers(PENDING, PENDING, GOOD);
      const { result } = await start();
      await clock.pass(15 * SECOND);
      assert.equal((await result).accessToken, 'access-1');
      assert.deepEqual(times, [5, 10, 15]);
      const [request] = scripted.requestsTo('/token');
      assert.equal(request?.parameters.get('grant_type'), 'urn:ietf:params:oauth:grant-type:device_code');
      assert.equal(request.parameters.get('device_code'), CODES['device_code']);
    });

    it('and permanently adds 5 s to the interval after each slow_down', async () => {
      const times = answers(SLOWER, PENDING, SLOWER, PENDING, PENDING);
      const { result } = await start();
      await clock.pass(65 * SECOND);
      assert.deepEqual(times, [5, 15, 25, 40, 55]);
      caller.abort(new Failure('canceled', 'canceled'));
      await rejectsWith(result, 'canceled');
    });

    it('and keeps polling after network failures, at increasing intervals until the network is back', async () => {
      const times = answers('drop', 'drop', 'drop', PENDING, PENDING, GOOD);
      const { result } = await start();
      await clock.pass(200 * SECOND);
      assert.equal((await result).accessToken, 'access-1');
      assert.deepEqual(times, [5, 15, 35, 75, 80, 85]);
    });

    it('and keeps polling after server failures and rate limiting', async () => {
      const times = answers(
        { status: 503, headers: { 'Retry-After': '42' } },
        { status: 429, body: { error: 'slow_down' } },
        GOOD,
      );
      const { result } = await start();
      await clock.pass(100 * SECOND);
      await result;
      assert.deepEqual(times, [5, 47, 67]);
    });

    it('and waits no longer than a minute between requests', async () => {
      const times = answers('drop');
      const { result } = await start();
      await clock.pass(14 * MINUTE);
      const gaps = times.map((time, index) => time - (times[index - 1] ?? 0));
      assert.equal(Math.max(...gaps), 60);
      assert.ok(times.length > 12);
      caller.abort(new Failure('canceled', 'canceled'));
      await rejectsWith(result, 'canceled');
    });

    it('until the code expires, which only the server determines', async () => {
      const times = answers(PENDING);
      const { result } = await start({ expires_in: 1800, interval: 70 });
      await clock.pass(30 * MINUTE - 1);
      assert.equal(await Promise.race([result.catch(() => 'over'), settle().then(() => 'waits')]), 'waits');
      await clock.pass(1);
      await rejectsWith(result, 'code-expired', 'code-expired');
      assert.equal(times.length, 25);
    });

    it('but no longer than an hour, whatever the server specifies', async () => {
      answers(PENDING);
      const { result } = await start({ expires_in: 1e7, interval: 70 });
      await clock.pass(HOUR + SECOND);
      await rejectsWith(result, 'code-expired', 'code-expired');
    });

    it("and doesn't poll for a code that expired during sleep", async () => {
      const times = answers(PENDING);
      const { result } = await start();
      await clock.pass(7 * SECOND);
      clock.sleep(20 * MINUTE);
      await clock.pass(5 * SECOND);
      await rejectsWith(result, 'code-expired', 'code-expired');
      assert.deepEqual(times.length, 1);
    });

    const verdicts: readonly (readonly [string, Parameters<typeof rejectsWith>[1]])[] = [
      ['access_denied', 'denied'],
      ['authorization_declined', 'denied'],
      ['expired_token', 'code-expired'],
      ['incorrect_device_code', 'code-expired'],
      ['bad_verification_code', 'code-expired'],
      ['invalid_grant', 'code-expired'],
      ['invalid_client', 'client-rejected'],
    ];
    for (const [error, category] of verdicts) {
      it(`and ends immediately on "${error}"`, async () => {
        const times = answers({ status: 400, body: { error } });
        const { result } = await start();
        await clock.pass(30 * SECOND);
        await rejectsWith(result, category, error);
        assert.equal(times.length, 1);
      });
    }

    it('and recognizes an error with status 200', async () => {
      const times = answers({ body: { error: 'authorization_pending' } }, GOOD);
      const { result } = await start();
      await clock.pass(10 * SECOND);
      await result;
      assert.equal(times.length, 2);
    });

    it('and ends immediately when it gets an HTML page', async () => {
      answers(htmlPage);
      const { result } = await start();
      await clock.pass(5 * SECOND);
      await rejectsWith(result, 'unexpected-html', 'not-json');
    });

    it("and ends with the reason when it's canceled, and leaves no timer behind", async () => {
      const times = answers(PENDING);
      const { result } = await start();
      await clock.pass(6 * SECOND);
      caller.abort(new Failure('canceled', 'enough'));
      await rejectsWith(result, 'canceled', 'enough');
      const { fired } = clock;
      await clock.pass(10 * MINUTE);
      assert.deepEqual([clock.fired, times.length], [fired, 1]);
    });

    it('and ends with the reason during a request, too', async () => {
      answers('hang');
      const { result } = await start();
      clock.busy = () => false;
      await clock.pass(5 * SECOND);
      await scripted.waitFor('/token');
      caller.abort(new Failure('canceled', 'enough'));
      await rejectsWith(result, 'canceled', 'enough');
    });
  });

  describe('checks the ID token', () => {
    const good = { aud: 'editor' };
    const attempt = async (make: () => Promise<unknown>): Promise<Tokens> => {
      const idToken = await make();
      answers({ body: { ...GOOD_TOKENS, id_token: idToken } });
      const { result } = await start({}, ['openid']);
      await clock.pass(5 * SECOND);
      return result;
    };

    it('and accepts a valid one', async () => {
      assert.equal((await attempt(() => scripted.idToken(good))).claims?.sub, 'person-1');
    });

    const bad: readonly (readonly [string, Record<string, unknown>])[] = [
      ['for another client', { aud: 'other' }],
      ['of another issuer', { ...good, iss: 'https://other.example.com' }],
    ];
    for (const [what, claims] of bad) {
      it(`and rejects one ${what}`, async () => {
        await rejectsWith(
          attempt(() => scripted.idToken(claims)),
          'untrusted-response',
        );
      });
    }

    it("and rejects one that isn't signed by the server", async () => {
      await rejectsWith(
        attempt(() => scripted.idToken(good, 'RS256', 'unknown')),
        'untrusted-response',
      );
    });

    it('and requires one when "openid" was requested', async () => {
      await rejectsWith(
        attempt(() => Promise.resolve(undefined)),
        'invalid-response',
        'OAUTH_INVALID_RESPONSE',
      );
    });
  });

  it('leaves no code in the log or in a failure, even when the server repeats it', async () => {
    const quote = ({ parameters }: SeenRequest): Script => ({
      status: 400,
      body: { error: 'invalid_client', error_description: `No ${parameters.get('device_code') ?? ''}` },
    });
    scripted.onToken(quote);
    // So short that nothing recognizes it as a token.
    const { result } = await start({ device_code: 'open-sesame' });
    await clock.pass(5 * SECOND);
    const failure = await rejectsWith(result, 'client-rejected');
    const text = [...lines, failure.message, failure.detail].join('\n');
    assert.ok(lines.length > 2);
    for (const secret of ['sesame', 'WDJB']) {
      assert.ok(!text.includes(secret));
    }
  });
});
