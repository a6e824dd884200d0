// The tokens of sign-ins that fail after the token response has arrived.
import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import type { Provider, SignInMethod } from '../../../src/core/provider.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeFolder } from '../../support/fakeStore.ts';
import { GOOD_TOKENS, providerAt } from '../../support/fixtures.ts';
import { ScriptedServer, type Scripted } from '../../support/scriptedServer.ts';
import { SignInFixture } from '../../support/signInFixture.ts';
import { createTestWindow, recordAt, seedSession, type TestWindow } from '../../support/testWindow.ts';

const BOTH = ['refresh-1', 'access-1'];

describe('The tokens of a sign-in that fails', () => {
  let server: ScriptedServer;
  let other: ScriptedServer;
  let provider: Provider;
  let testWindow: TestWindow;
  let desk: SignInFixture;
  let caller: AbortController;
  /** The nonce of the authorization request. */
  let nonce: string;

  beforeEach(async () => {
    [server, other] = await Promise.all([ScriptedServer.start(), ScriptedServer.start()]);
    open();
    server.onToken({ body: GOOD_TOKENS });
  });

  afterEach(async () => {
    testWindow.sessions.dispose();
    caller.abort();
    await Promise.all([server.stop(), other.stop()]);
  });

  const open = (entry: Partial<Provider> = {}): void => {
    provider = providerAt(server.issuer, entry);
    testWindow = createTestWindow(server.issuer, { providers: [provider] });
    server.date = () => testWindow.clock.now();
    testWindow.sessions.start();
    desk = new SignInFixture(new FakeFolder(), testWindow);
    caller = new AbortController();
  };

  const revoked = (at = server): (string | null)[] =>
    at.requestsTo('/revoke').map(({ parameters }) => parameters.get('token'));

  /** Signs in through the browser, which answers at once. */
  const signIn = async (
    scopes: readonly string[] = ['read'],
    addSession = (): Promise<unknown> => Promise.resolve(),
    method: SignInMethod = 'loopback',
  ): Promise<void> => {
    const signingIn = desk.signInService.signIn(
      { provider, scopes, method, deadline: 5 * MINUTE, signal: caller.signal },
      addSession,
    );
    signingIn.catch(() => {});
    if (method === 'loopback') {
      const { searchParams } = new URL(await desk.address());
      nonce = searchParams.get('nonce') ?? '';
      const callback = new URL(searchParams.get('redirect_uri') ?? '');
      callback.search = new URLSearchParams({ code: 'code-1', state: searchParams.get('state') ?? '' }).toString();
      fetch(callback).catch(() => {});
    } else {
      const state = { isOver: false };
      signingIn.then(
        () => (state.isOver = true),
        () => (state.isOver = true),
      );
      while (!state.isOver) {
        await testWindow.clock.pass(SECOND);
      }
    }
    await signingIn;
  };
  const signInWithIdToken = (claims: Readonly<Record<string, unknown>> = {}): Promise<void> => {
    server.onToken(async () => ({
      body: { ...GOOD_TOKENS, id_token: await server.idToken({ aud: 'editor', nonce, ...claims }) },
    }));
    return signIn(['openid'], () => Promise.reject(new Failure('storage', 'secret-store')));
  };
  const settle = (time = SECOND): Promise<void> => testWindow.clock.pass(time);

  it('are revoked when it is canceled after they arrived', async () => {
    const canceled = new Failure('canceled', 'enough');
    await rejectsWith(
      signIn(['read'], () => Promise.reject(canceled)),
      'canceled',
    );
    await settle();
    assert.deepEqual(revoked(), BOTH);
  });

  it("are revoked when the entry doesn't allow the account, and no session is added", async () => {
    open({ allowedAccounts: { hd: ['example.com'] } });
    const addSession = (): Promise<never> => Promise.reject(new Error('added'));
    server.onToken(async () => ({
      body: { ...GOOD_TOKENS, id_token: await server.idToken({ aud: 'editor', nonce, hd: 'other.example' }) },
    }));
    await rejectsWith(signIn(['openid'], addSession), 'account-not-allowed');
    await settle();
    assert.deepEqual(revoked(), BOTH);
    server.onToken(async () => ({
      body: { ...GOOD_TOKENS, id_token: await server.idToken({ aud: 'editor', nonce, hd: 'example.com' }) },
    }));
    await signIn(['openid']);
  });

  it('are revoked when it is canceled while the account is determined', async () => {
    server.metadata['userinfo_endpoint'] = `${server.issuer}/userinfo`;
    server.on('/userinfo', 'hang');
    const result = signIn();
    await server.waitFor('/userinfo');
    caller.abort(new Failure('canceled', 'enough'));
    await rejectsWith(result, 'canceled');
    await settle();
    assert.deepEqual(revoked(), BOTH);
  });

  it('are revoked later when the server cannot be reached, also after a restart', async () => {
    server.on('/revoke', 'drop');
    await rejectsWith(
      signIn(['read'], () => Promise.reject(new Failure('storage', 'secret-store'))),
      'storage',
    );
    await settle();
    const { clock, folder, life, store } = testWindow;
    testWindow.sessions.dispose();
    server.on('/revoke', { status: 200 });
    testWindow = createTestWindow(server.issuer, { clock, folder, life, store, providers: [provider] });
    testWindow.sessions.start();
    await settle(MINUTE);
    assert.deepEqual(revoked().slice(-2), BOTH);
    const count = revoked().length;
    await settle(HOUR);
    assert.equal(revoked().length, count);
  });

  it('are not revoked later when the next sign-in may be of the same grant', async () => {
    server.on('/revoke', 'drop');
    await rejectsWith(
      signIn(['read'], () => Promise.reject(new Failure('storage', 'secret-store'))),
      'storage',
    );
    await settle();
    await seedSession(testWindow, record({ account: { id: 'acme', label: 'Acme' }, refreshToken: 'refresh-2' }));
    const before = revoked().length;
    server.on('/revoke', { status: 200 });
    await settle(HOUR);
    assert.equal(revoked().length, before);
    assert.deepEqual(
      [...testWindow.folder.files.keys()].filter((name) => name.endsWith('.revocation')),
      [],
    );
  });

  for (const type of ['Bearer', undefined, 'mac']) {
    it(`are revoked when an entry with DPoP rejects the token type ${String(type)}`, async () => {
      open({ dpop: true });
      server.onToken({ body: { ...GOOD_TOKENS, token_type: type } });
      await rejectsWith(signIn(), 'unsupported-server', 'token-type');
      await settle();
      assert.deepEqual(revoked(), BOTH);
    });
  }

  it('are revoked when a code was entered on another device', async () => {
    open({ dpop: true });
    server.metadata['device_authorization_endpoint'] = `${server.issuer}/device`;
    server.on('/device', {
      body: { device_code: 'device-1', user_code: 'ABCD', verification_uri: `${server.issuer}/go`, expires_in: 300 },
    });
    await rejectsWith(signIn(['read'], undefined, 'device'), 'unsupported-server', 'token-type');
    await settle();
    assert.deepEqual(revoked(), BOTH);
  });

  for (const [title, claims] of [
    ['has another nonce', { nonce: 'other' }],
    ['is for another client', { aud: 'other' }],
    ['has expired', { exp: 1 }],
    ['is from another issuer', { iss: 'https://other.example.com' }],
  ] as const) {
    it(`are revoked when the ID token ${title}`, async () => {
      await assert.rejects(signInWithIdToken(claims));
      await settle();
      assert.deepEqual([revoked(), desk.unused.length], [BOTH, 1]);
    });
  }

  it('are revoked when the ID token has an invalid signature', async () => {
    server.onToken(async () => {
      const idToken = await server.idToken({ aud: 'editor', nonce });
      return { body: { ...GOOD_TOKENS, id_token: `${idToken.slice(0, -8)}AAAAAAAA` } };
    });
    await assert.rejects(signIn(['openid']));
    await settle();
    assert.deepEqual(revoked(), BOTH);
  });

  it('are revoked when the access token belongs to another user than the ID token', async () => {
    server.metadata['userinfo_endpoint'] = `${server.issuer}/userinfo`;
    const userInfo: Readonly<Record<string, unknown>> = { sub: 'person-2', name: 'Robin' };
    server.on('/userinfo', { body: userInfo });
    await rejectsWith(signInWithIdToken(), 'untrusted-response', 'wrong-subject');
    await settle();
    assert.deepEqual(revoked(), BOTH);
  });

  it('are revoked as far as they can be read when the response is truncated', async () => {
    server.onToken({
      headers: { 'content-type': 'application/json' },
      body: '{"refresh_token":"refresh-1","token_type":"Bearer","access_tok',
    });
    await assert.rejects(signIn());
    await settle();
    assert.deepEqual(revoked(), ['refresh-1']);
  });

  it('are revoked when the provider was removed during the sign-in', async () => {
    await rejectsWith(
      signIn(['read'], () => Promise.reject(new Failure('not-configured', 'provider-removed'))),
      'not-configured',
    );
    await settle();
    assert.deepEqual(revoked(), BOTH);
  });

  it('are not revoked when the sign-in succeeds, or fails before they arrive', async () => {
    await signIn();
    server.onToken({ status: 400, body: { error: 'invalid_grant', ...GOOD_TOKENS } });
    await assert.rejects(signIn());
    await settle();
    assert.deepEqual([revoked(), desk.unused], [[], []]);
  });

  describe('at a server whose revocation endpoint is at another origin', () => {
    beforeEach(() => {
      server.metadata['revocation_endpoint'] = `${other.issuer}/revoke`;
    });

    it('are revoked there when the ID token proves the issuer', async () => {
      await rejectsWith(signInWithIdToken({ name: 'Sam' }), 'storage');
      await settle();
      assert.deepEqual([revoked(other), revoked()], [BOTH, []]);
    });

    it('are not sent there when the ID token is from another issuer', async () => {
      await assert.rejects(signInWithIdToken({ iss: other.issuer }));
      await settle(HOUR);
      assert.deepEqual([revoked(other), revoked()], [[], []]);
    });

    it('are not sent there when no ID token proves the issuer', async () => {
      await rejectsWith(
        signIn(['read'], () => Promise.reject(new Failure('storage', 'secret-store'))),
        'storage',
      );
      await settle(HOUR);
      assert.deepEqual([revoked(other), revoked()], [[], []]);
    });

    it('are not sent there when the metadata have changed since the sign-in', async () => {
      server.metadata['revocation_endpoint'] = `${server.issuer}/revoke`;
      server.on('/revoke', 'drop');
      await rejectsWith(signInWithIdToken({ name: 'Sam' }), 'storage');
      server.metadata['revocation_endpoint'] = `${other.issuer}/revoke`;
      await settle(2 * HOUR);
      assert.deepEqual(revoked(other), []);
    });
  });

  const record = (more: Partial<SessionRecord>): SessionRecord =>
    recordAt(server.issuer, testWindow.clock.now(), { accessExpiresAt: testWindow.clock.now() + 24 * HOUR, ...more });

  for (const [title, more, scripted, expected] of [
    ['not revoked when a session of the same account may be of the same grant', {}, undefined, []],
    ['revoked when the only session is of another account', { account: { id: 'x', label: 'X' } }, undefined, BOTH],
    [
      'revoked when the session of the account has ended',
      { ended: { at: 1, category: 'x', code: 'x' } },
      undefined,
      BOTH,
    ],
    [
      'not revoked when the account is not known and there is a session',
      { account: { id: 'x', label: 'X' } },
      { body: { ...GOOD_TOKENS, token_type: 'mac' } },
      [],
    ],
  ] as const) {
    it(`are ${title}`, async () => {
      await seedSession(testWindow, record({ account: { id: 'acme', label: 'Acme' }, ...more }));
      if (scripted !== undefined) {
        server.onToken(scripted satisfies Scripted);
      }
      await assert.rejects(signIn(['read'], () => Promise.reject(new Failure('storage', 'secret-store'))));
      await settle();
      assert.deepEqual(revoked(), expected);
    });
  }

  it('leave no token in the log or in the open', async () => {
    open({ dpop: true });
    server.on('/revoke', 'drop');
    await assert.rejects(signIn());
    await settle();
    const texts = [...testWindow.lines, ...desk.lines, ...testWindow.folder.files.values()].join('\n');
    assert.match(texts, /its tokens aren't used\. They are revoked\./);
    assert.doesNotMatch(texts, /refresh-1|access-1/);
  });
});
