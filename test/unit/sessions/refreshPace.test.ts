// At least five seconds between two token requests for a session, regardless of who requests it.
import assert from 'node:assert/strict';
import { parseRequirements } from '../../../src/core/challenge.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure, toFailure } from '../../../src/core/failure.ts';
import type { Category } from '../../../src/core/failurePolicies.ts';
import { ChallengeSessions } from '../../../src/sessions/challengeSessions.ts';
import { Commands, type CommandDependencies } from '../../../src/ui/commands.ts';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { Settings } from '../../../src/host/settings.ts';
import { editor } from '../../support/fakeEditor.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeProcessLiveness } from '../../support/fakeStore.ts';
import { rotatingTokens, type Scripted, type ScriptedServer } from '../../support/scriptedServer.ts';
import {
  createTestWindow,
  createTestWindowWithServer,
  recordAt,
  seedSession,
  type TestWindow,
} from '../../support/testWindow.ts';

describe('The pace of refreshes', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;
  let settings: Settings;
  let failures: string[];

  beforeEach(async () => {
    editor.reset();
    ({ testWindow, server } = await createTestWindowWithServer());
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      { id: 'acme', label: 'Acme', issuer: server.issuer, clientId: 'editor', scopes: ['read'] },
    ]);
    settings = new Settings(0);
    failures = [];
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
  });

  afterEach(async () => {
    settings.dispose();
    await server.stop();
  });

  const requests = (): number => server.requestsTo('/token').length;

  /** Runs the command that renews the only session. */
  const renewNow = async ({ clock, sessionManager, tokenRefresher }: TestWindow = testWindow): Promise<void> => {
    const commands = new Commands({
      clock,
      sessionManager,
      tokenRefresher,
      settings,
      notifications: () => ({
        runUserInitiated: (_id: string, task: () => Promise<unknown>) => task(),
        notifiesEnd: () => false,
        reportFailure: (error: unknown) => failures.push(toFailure(error).category),
      }),
    } as unknown as CommandDependencies);
    await commands.handlers().renewNow();
  };
  const call = async (window = testWindow): Promise<string[]> =>
    (await window.sessionManager.getUsableSessions('acme', ['read'])).map(({ record }) => record.accessToken);
  const openOther = async (): Promise<TestWindow> => {
    const { clock, folder, store } = testWindow;
    const other = createTestWindow(server.issuer, { clock, folder, store, life: new FakeProcessLiveness() });
    await other.sessionManager.ready();
    return other;
  };

  it('sends one request in five seconds when the renew command runs repeatedly', async () => {
    for (let time = 0; time < 40; time += 1) {
      await renewNow();
    }
    assert.equal(requests(), 1);
    assert.deepEqual(new Set(editor.messages.map(({ text }) => text)).size, 1, "each reports that it's renewed");
    await testWindow.clock.pass(5 * SECOND - 1);
    await renewNow();
    assert.equal(requests(), 1);
    await testWindow.clock.pass(1);
    await Promise.all(Array.from({ length: 40 }, () => renewNow()));
    assert.equal(requests(), 2);
    assert.deepEqual(failures, []);
  });

  it('renews immediately when the user has just signed in', async () => {
    await renewNow();
    assert.deepEqual([requests(), testWindow.record().accessToken], [1, 'access-2']);
  });

  for (const expiresIn of [0.001, 1, 3]) {
    it(`gives callers the current token when its lifetime is ${expiresIn} s`, async () => {
      server.onToken(rotatingTokens({ expires_in: expiresIn }));
      await testWindow.clock.pass(6 * MINUTE);
      for (let time = 0; time < 20; time += 1) {
        assert.deepEqual(await call(), ['access-2']);
        await testWindow.clock.pass(200);
      }
      assert.equal(requests(), 1);
      await testWindow.clock.pass(SECOND);
      assert.deepEqual(await call(), ['access-3']);
      await renewNow();
      assert.equal(requests(), 2);
    });

    it(`gives callers in another window the same token when its lifetime is ${expiresIn} s`, async () => {
      server.onToken(rotatingTokens({ expires_in: expiresIn }));
      await testWindow.clock.pass(6 * MINUTE);
      const other = await openOther();
      assert.deepEqual([await call(), await call(other), await call(), await call(other)], Array(4).fill(['access-2']));
      await renewNow(other);
      assert.equal(requests(), 1);
    });
  }

  const refusals: readonly (readonly [name: string, script: Scripted, category: Category, requests: number])[] = [
    ['is unavailable', { status: 503 }, 'server', 1],
    ['rejects the client', { status: 401, body: { error: 'invalid_client' } }, 'client-rejected', 1],
    ['gives no reason', { status: 400 }, 'refresh-rejected', 1],
    ['drops the connection', 'drop', 'network', 2],
  ];
  for (const [name, script, category, count] of refusals) {
    it(`reports the same failure without another request when the server ${name}`, async () => {
      await testWindow.clock.pass(6 * MINUTE);
      server.onToken(script);
      for (let time = 0; time < 40; time += 1) {
        await rejectsWith(call(), category);
      }
      assert.equal(requests(), count);
      assert.equal(testWindow.liveSessions.get('s1')?.failures, 1);
      // The user may have fixed it, and needn't wait.
      server.onToken(rotatingTokens());
      await renewNow();
      assert.equal(testWindow.liveSessions.get('s1')?.failure, undefined);
      assert.equal(requests(), count + 1);
    });
  }

  it('sends a request again immediately when only this window had failed, for example its keyring', async () => {
    testWindow.liveSessions.patch('s1', {
      failure: new Failure('lock-timeout', 'lock-timeout'),
      failedAt: testWindow.clock.now(),
    });
    await renewNow();
    assert.equal(requests(), 1);
  });

  it('ignores a failure from before the clock was set back', async () => {
    server.onToken({ status: 503 });
    await renewNow();
    server.onToken(rotatingTokens());
    testWindow.liveSessions.patch('s1', { failedAt: testWindow.clock.now() + HOUR });
    await renewNow();
    assert.equal(requests(), 2);
  });

  describe('after a resource server has rejected the token', () => {
    const find = async (params: Readonly<Record<string, string>>): Promise<string[]> => {
      const { clock, sessionManager, tokenRefresher } = testWindow;
      const requirements = parseRequirements({ challenges: [{ scheme: 'Bearer', params }], fallbackScopes: ['read'] });
      const found = await new ChallengeSessions({ clock, sessionManager, tokenRefresher }).find('acme', requirements);
      return found.map(({ record }) => record.accessToken);
    };
    const rejected = { error: 'invalid_token' };

    it("doesn't apply to a token that is revoked although it's new", async () => {
      await renewNow();
      await testWindow.clock.pass(2 * SECOND);
      const notBefore = Math.floor(testWindow.clock.now() / SECOND);
      const claims = { access_token: { nbf: { essential: true, value: String(notBefore) } } };
      const revoked = {
        error: 'insufficient_claims',
        claims: Buffer.from(JSON.stringify(claims)).toString('base64'),
      };
      assert.deepEqual(await find(revoked), ['access-3']);
      for (let time = 0; time < 20; time += 1) {
        await find(revoked);
      }
      assert.equal(requests(), 2);
    });

    it('applies when the refresh has just failed', async () => {
      await testWindow.clock.pass(2 * MINUTE);
      server.onToken({ status: 503 });
      for (let time = 0; time < 20; time += 1) {
        await rejectsWith(find(rejected), 'server');
      }
      assert.equal(requests(), 1);
      server.onToken(rotatingTokens());
      await testWindow.clock.pass(5 * SECOND);
      assert.deepEqual(await find(rejected), ['access-2']);
    });
  });
});
