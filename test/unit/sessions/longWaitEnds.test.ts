// A refresh waits for its response while the session, the sign-in, the window or the wait ends.
import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { providerAt } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeProcessLiveness } from '../../support/fakeStore.ts';
import { grantFor, seedSession, recordAt } from '../../support/testWindow.ts';
import { rotatingTokens, ScriptedServer, type Script } from '../../support/scriptedServer.ts';
import { Windows, type Window } from '../../support/windows.ts';

describe('A refresh that waits for its response', () => {
  let server: ScriptedServer;
  let windows: Windows;
  let isStalling = true;
  let rotate = rotatingTokens();
  /** Releases what the server holds back. */
  let respond: (then?: Script) => void = () => {};

  beforeEach(async () => {
    server = await ScriptedServer.start();
    windows = new Windows(server);
    isStalling = true;
    rotate = rotatingTokens();
  });

  afterEach(async () => {
    respond('drop');
    await windows.closeAll();
    await server.stop();
  });

  const sent = (): (string | null)[] =>
    server.requestsTo('/token').map(({ parameters }) => parameters.get('refresh_token'));
  /** Opens windows with a session whose token is valid for 5 minutes. */
  const open = async (count: number): Promise<readonly [Window, ...Window[]]> => {
    const awaitsRequest = (): boolean => !isStalling;
    const first = windows.open({ awaitsRequest });
    await windows.clock.rest();
    await seedSession(first, recordAt(server.issuer, windows.clock.now()));
    const others = Array.from({ length: count - 1 }, () => windows.open({ awaitsRequest }));
    await windows.clock.rest();
    return [first, ...others];
  };
  /** Sends a refresh from a window, whose response the server holds back, and lets some time pass. */
  const stall = async (window: Window, time: number): Promise<void> => {
    server.onToken(async (request) => {
      const answer = rotate(request);
      return isStalling ? new Promise<Script>((resolve) => (respond = (then = answer) => resolve(then))) : answer;
    });
    window.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
    await server.waitFor('/token', server.requestsTo('/token').length + 1);
    await windows.clock.pass(time);
  };
  const end = async (window: Window, then?: Script): Promise<void> => {
    isStalling = false;
    respond(then);
    await window.tokenRefresher.whenIdle();
    await windows.clock.pass(SECOND);
  };

  it("isn't sent again when its connection breaks after a sign-out", async () => {
    const [first] = await open(1);
    await stall(first, 40 * SECOND);
    await first.sessionManager.signOut('s1');
    await end(first, 'drop');
    assert.deepEqual([sent(), first.liveSessions.all()], [['refresh-1'], []]);
  });

  it("isn't sent again when its connection breaks after a sign-out in another window", async () => {
    const [first, second] = await open(2);
    assert.ok(second);
    await stall(first, 40 * SECOND);
    await second.sessionManager.signOut('s1');
    await end(first, 'drop');
    assert.deepEqual([sent(), first.liveSessions.all()], [['refresh-1'], []]);
  });

  for (const where of ['the same window', 'another window']) {
    it(`isn't sent again when its connection breaks after a new sign-in in ${where}`, async () => {
      const [first, second] = await open(2);
      assert.ok(second);
      await stall(first, 40 * SECOND);
      const { sessionManager } = where === 'another window' ? second : first;
      const provider = providerAt(server.issuer, { scopes: ['read'] });
      const admitted = sessionManager.addSession(
        grantFor(provider, windows.clock.now(), { accessToken: 'access-new', refreshToken: 'refresh-new' }),
      );
      await windows.clock.pass(5 * SECOND);
      await admitted;
      await end(first, 'drop');
      assert.deepEqual(sent(), ['refresh-1']);
      for (const window of windows.all) {
        assert.deepEqual(
          [window.record().accessToken, window.record().refreshToken, window.liveSessions.get('s1')?.failure],
          ['access-new', 'refresh-new', undefined],
        );
      }
    });
  }

  it("isn't sent again when its connection breaks after its provider was removed from the settings, and the session stays", async () => {
    const providers = [providerAt(server.issuer)];
    const first = windows.open({ providers, awaitsRequest: () => !isStalling });
    await windows.clock.rest();
    await seedSession(first, recordAt(server.issuer, windows.clock.now()));
    await stall(first, 40 * SECOND);
    providers.pop();
    await end(first, 'drop');
    assert.deepEqual([sent(), first.record().refreshToken], [['refresh-1'], 'refresh-1']);
  });

  it('ignores the tokens of a late response after a new sign-in in another window', async () => {
    const [first, second] = await open(2);
    assert.ok(second);
    await stall(first, 40 * SECOND);
    const admitted = second.sessionManager.addSession(
      grantFor(providerAt(server.issuer, { scopes: ['read'] }), windows.clock.now(), {
        accessToken: 'access-new',
        refreshToken: 'refresh-new',
      }),
    );
    await windows.clock.pass(5 * SECOND);
    await admitted;
    await end(first, {
      body: { access_token: 'access-late', refresh_token: 'refresh-late', token_type: 'Bearer', expires_in: 300 },
    });
    assert.deepEqual(
      windows.all.map((window) => window.record().refreshToken),
      ['refresh-new', 'refresh-new'],
    );
  });

  it('is recorded with the deadline of its response, but not after a response in time', async () => {
    const [first, second] = await open(2);
    assert.ok(second);
    await stall(first, 5 * SECOND);
    const sentAt = windows.clock.now() - 5 * SECOND;
    await windows.clock.pass(20 * SECOND);
    for (const window of windows.all) {
      assert.equal(window.liveSessions.get('s1')?.nextAttemptAt, sentAt + 2 * MINUTE);
    }
    await end(first);
    await first.tokenRefresher.refresh('s1', { reason: 'test' });
    await windows.clock.pass(MINUTE);
    for (const window of windows.all) {
      assert.deepEqual([window.liveSessions.get('s1')?.failure, window.record().accessToken], [undefined, 'access-3']);
    }
  });

  it("isn't recorded with the session of a new sign-in", async () => {
    const [first] = await open(1);
    await stall(first, 10 * SECOND);
    await first.sessionManager.addSession(
      grantFor(providerAt(server.issuer, { scopes: ['read'] }), windows.clock.now(), {
        accessToken: 'access-new',
        refreshToken: 'refresh-new',
      }),
    );
    await windows.clock.pass(30 * SECOND);
    assert.deepEqual(
      [first.liveSessions.get('s1')?.failure, (await first.sessionStore.header('s1'))?.lastFailure],
      [undefined, undefined],
    );
    await end(first);
    assert.equal(first.record().refreshToken, 'refresh-new');
  });

  it('lets callers wait again once its response arrives, and during its second request', async () => {
    const [first] = await open(1);
    await stall(first, 40 * SECOND);
    await rejectsWith(first.tokenRefresher.refresh('s1', { reason: 'test' }), 'network', 'deadline');
    respond('drop');
    await server.waitFor('/token', 2);
    const joined = first.tokenRefresher.refresh('s1', { reason: 'test' }).then(({ accessToken }) => accessToken);
    await windows.clock.pass(SECOND);
    rotate = rotatingTokens();
    isStalling = false;
    respond({ body: { access_token: 'access-2', refresh_token: 'refresh-2', token_type: 'Bearer', expires_in: 300 } });
    await first.tokenRefresher.whenIdle();
    assert.equal(await joined, 'access-2');
  });

  it('lets callers wait again while its late response is being stored', async () => {
    const [first] = await open(1);
    await stall(first, 40 * SECOND);
    let store = (): void => {};
    windows.store.beforeStore = () => new Promise<void>((resolve) => (store = resolve));
    isStalling = false;
    respond();
    while (first.record().refreshToken === 'refresh-1') {
      await windows.clock.pass(0);
    }
    const joined = first.tokenRefresher.refresh('s1', { reason: 'test' }).then(({ accessToken }) => accessToken);
    await windows.clock.pass(0);
    windows.store.beforeStore = () => Promise.resolve();
    store();
    await first.tokenRefresher.whenIdle();
    assert.equal(await joined, 'access-2');
  });

  it('revokes the tokens of a late response after a sign-out', async () => {
    const [first] = await open(1);
    await stall(first, 40 * SECOND);
    await first.sessionManager.signOut('s1');
    await end(first, {
      body: { access_token: 'access-late', refresh_token: 'refresh-late', token_type: 'Bearer', expires_in: 300 },
    });
    assert.ok(server.requestsTo('/revoke').some(({ parameters }) => parameters.get('token') === 'refresh-late'));
    assert.deepEqual(first.liveSessions.all(), []);
  });

  it("doesn't cause callers to be refused once its window has ended and another one sends a request", async () => {
    const [first, second, third] = await open(3);
    assert.ok(second && third);
    await stall(first, 30 * SECOND);
    assert.ok(((await third.sessionStore.header('s1'))?.lastFailure?.listensUntil ?? 0) > windows.clock.now());
    // A server with a grace period accepts the token once more.
    rotate = rotatingTokens();
    first.kill();
    while (sent().length < 2) {
      await windows.clock.pass(SECOND);
    }
    const returned = third.tokenRefresher
      .refresh('s1', { reason: 'a caller needs it' })
      .then(({ accessToken }) => accessToken, String);
    await windows.clock.pass(2 * SECOND);
    isStalling = false;
    respond();
    await second.tokenRefresher.whenIdle();
    await windows.clock.pass(2 * SECOND);
    assert.equal(await returned, 'access-2');
  });

  it("isn't sent by another window that can't check the first one, as long as that one may be waiting", async () => {
    const elsewhere = new FakeProcessLiveness();
    elsewhere.register = () => Promise.resolve({ token: 'elsewhere-1', name: 'process 1', dispose: () => {} });
    const first = windows.open({ life: elsewhere, awaitsRequest: () => false });
    await windows.clock.rest();
    await seedSession(
      first,
      recordAt(server.issuer, windows.clock.now(), { accessExpiresAt: windows.clock.now() + 30 * SECOND }),
    );
    const second = windows.open({ awaitsRequest: () => false });
    await windows.clock.rest();
    await stall(first, SECOND);
    for (let passed = SECOND; passed < 235 * SECOND; passed += SECOND) {
      second.tokenRefresher.refresh('s1', { reason: 'a caller needs it' }).catch(() => {});
      await windows.clock.pass(SECOND);
    }
    // The first window sends it the second time, after two minutes.
    assert.deepEqual(sent(), ['refresh-1', 'refresh-1']);
    assert.deepEqual(
      second.lines.filter((line) => line.includes('starts')),
      [],
    );
  });

  it("leaves no record that it's waiting once it has failed, no matter how slow the folder is", async () => {
    const [first, second] = await open(2);
    assert.ok(second);
    await stall(first, 15 * SECOND);
    // Recording the wait takes longer than the response.
    const write = windows.folder.write.bind(windows.folder);
    let isFirst = true;
    windows.folder.write = async (name, text) => {
      if (name === 's1.try' && isFirst) {
        isFirst = false;
        await new Promise<void>((resolve) => windows.clock.after(3 * SECOND, resolve));
      }
      return write(name, text);
    };
    await windows.clock.pass(6 * SECOND);
    isStalling = false;
    respond({ status: 404 });
    await windows.clock.pass(5 * SECOND);
    const failed = (await second.sessionStore.header('s1'))?.lastFailure;
    assert.deepEqual([failed?.code, failed?.listensUntil], ['http-404', undefined]);
  });

  it('remembers that the server has rejected it before', async () => {
    const [first, second] = await open(2);
    assert.ok(second);
    server.onToken({ status: 400 });
    await rejectsWith(first.tokenRefresher.refresh('s1', { reason: 'test' }), 'refresh-rejected');
    const { rejectedAt } = (await first.sessionStore.header('s1'))?.lastFailure ?? {};
    assert.ok(rejectedAt);
    await stall(first, 40 * SECOND);
    assert.deepEqual(
      [(await second.sessionStore.header('s1'))?.lastFailure?.rejectedAt, second.liveSessions.get('s1')?.rejectedAt],
      [rejectedAt, rejectedAt],
    );
    await end(first, { status: 400 });
    assert.equal(first.liveSessions.get('s1')?.failure?.category, 'refresh-rejected-again');
  });

  for (const by of [-10 * MINUTE, -HOUR, -DAY, HOUR, DAY]) {
    it(`delays no window for long when the clock is set by ${by / MINUTE} minutes meanwhile: they get the response when it arrives`, async () => {
      const [first] = await open(3);
      await stall(first, 40 * SECOND);
      windows.leap(by);
      await windows.clock.pass(30 * SECOND);
      assert.deepEqual(sent(), ['refresh-1']);
      await end(first);
      await windows.clock.pass(2 * MINUTE);
      assert.equal(new Set(sent()).size, sent().length, 'a token was sent twice');
      for (const window of windows.all) {
        assert.ok(window.record().generation > 1);
        assert.deepEqual([window.liveSessions.get('s1')?.failure, window.record().ended], [undefined, undefined]);
      }
    });
  }
});
