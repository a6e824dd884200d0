// The contract of the authentication provider, through VS Code's API as a second extension calls it.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import {
  configure,
  consumer,
  entry,
  eventually,
  issuer,
  control,
  scopes,
  tokenRequests,
  signOut,
  type Consumer,
  type SessionWithExpiry,
} from './outside.ts';

describe('the authentication provider', () => {
  let other: Consumer;

  before(async () => {
    other = await consumer();
  });

  const silently = (
    wanted: readonly string[] = scopes,
    more: vscode.AuthenticationGetSessionOptions = {},
  ): Thenable<SessionWithExpiry | undefined> => other.getSession('acme', wanted, { silent: true, ...more });

  async function signedIn(): Promise<SessionWithExpiry> {
    const session = await silently();
    assert.ok(session, 'a user is signed in');
    return session;
  }

  const whoAmI = async ({ accessToken }: SessionWithExpiry): Promise<Response> =>
    fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${accessToken}` } });

  describe('when no provider is configured', () => {
    it('is registered under its default ID, without a session', async () => {
      assert.equal(await other.getSession('oidc', scopes, { silent: true }), undefined);
      assert.deepEqual(await other.getAccounts('oidc'), []);
    });

    it('rejects with a message about adding a provider when a session is requested', async () => {
      await assert.rejects(
        async () => other.getSession('oidc', scopes, { createIfNone: true }),
        /No providers are configured/,
      );
    });
  });

  describe('when an entry was added while VS Code runs', () => {
    before(async () => {
      await configure('providers', [entry()]);
    });

    it('returns no session, without a request to the server, before a sign-in', async () => {
      const { journal } = await control();
      assert.equal(await eventually('the provider is registered', async () => (await silently()) ?? 'none'), 'none');
      assert.equal((await control()).journal.length, journal.length);
    });

    it('rejects with a message when the user denies access', async () => {
      await control({ user: { kind: 'deny', account: 'demo' } });
      await assert.rejects(async () => other.getSession('acme', scopes, { createIfNone: true }), {
        name: 'SessionKeeper.denied',
        message: /access was denied/,
      });
      assert.equal(await silently(), undefined);
    });

    it('rejects when a sign-in times out', async () => {
      await control({ user: { kind: 'ignore' } });
      await configure('signInTimeout', 0.1);
      await assert.rejects(async () => other.getSession('acme', scopes, { createIfNone: true }), {
        name: 'SessionKeeper.sign-in-timeout',
        message: /Sign-in to Acme timed out/,
      });
      await configure('signInTimeout', undefined);
    });

    it('ends a pending sign-in when another one starts', async () => {
      const { length } = (await control({ user: { kind: 'ignore' } })).journal;
      const waiting = other.getSession('acme', scopes, { createIfNone: true });
      await eventually('the first page is open', async () =>
        (await control()).journal.slice(length).some(({ path }) => path.startsWith('/interaction/')),
      );
      await control({ user: { kind: 'signIn', account: 'demo' } });
      await vscode.commands.executeCommand('sessionKeeper.signIn');
      const session = await waiting;
      assert.equal(session?.account.label, 'demo');
    });
  });

  /** Renews by command, whatever the outcome: at most once in five seconds. A renewal already in progress doesn't count. */
  async function renewal(): Promise<void> {
    const { length } = await tokenRequests('refresh_token');
    await eventually('a renewal was requested', async () => {
      await vscode.commands.executeCommand('sessionKeeper.renewNow');
      return (await tokenRequests('refresh_token')).length > length;
    });
  }

  describe('when a user is signed in', () => {
    it('returns a token that works at the server', async () => {
      const answer = await whoAmI(await signedIn());
      assert.equal(answer.status, 200);
      assert.equal(((await answer.json()) as { sub: string }).sub, 'account-1001');
    });

    it('returns how long the token is valid, in ms from now', async () => {
      const { expiresAfter } = await signedIn();
      assert.ok(expiresAfter !== undefined && Number.isInteger(expiresAfter));
      assert.ok(expiresAfter > 3_500_000 && expiresAfter <= 3_600_000, `${expiresAfter} ms`);
    });

    it('returns the scopes in the order of the request', async () => {
      const wanted = ['email', 'openid'];
      assert.deepEqual((await silently(wanted))?.scopes, wanted);
      assert.deepEqual((await signedIn()).scopes, scopes);
    });

    it('returns no session when it has none with the scopes', async () => {
      assert.equal(await silently(['openid', 'notes.write']), undefined);
    });

    it('sends no request to the server for a hundred calls', async () => {
      const { length } = (await control()).journal;
      await Promise.all(Array.from({ length: 100 }, () => silently()));
      assert.equal((await control()).journal.length, length);
    });

    it('keeps ID and account, fires a change and returns another token when the session is renewed', async () => {
      const before = await signedIn();
      const { length } = await tokenRequests('refresh_token');
      const changed = new Promise<string>((resolve) => {
        const listening = other.onDidChangeSessions(({ provider }) => {
          listening.dispose();
          resolve(provider.id);
        });
      });
      await vscode.commands.executeCommand('sessionKeeper.renewNow');
      assert.equal(await changed, 'acme');
      const after = await signedIn();
      assert.equal(after.id, before.id);
      assert.deepEqual(after.account, before.account);
      assert.notEqual(after.accessToken, before.accessToken);
      assert.equal((await whoAmI(after)).status, 200);
      assert.equal((await tokenRequests('refresh_token')).length, length + 1);
    });

    it('sends no refresh token twice when the server rotates them', async () => {
      await renewal();
      const sent = (await tokenRequests('refresh_token')).map(({ refreshTokenHash }) => refreshTokenHash);
      assert.equal(new Set(sent).size, sent.length);
      assert.ok(sent.length >= 2);
    });

    it('keeps session and token when the server fails, and renews when it works again', async () => {
      const before = await signedIn();
      await control({
        faults: [{ path: '/token', grantType: 'refresh_token', action: { kind: 'answer', status: 503, body: 'down' } }],
      });
      await renewal();
      assert.equal((await signedIn()).accessToken, before.accessToken);
      await control({ faults: [] });
      const after = await eventually('the renewal is made up for', async () => {
        const session = await signedIn();
        return session.accessToken !== before.accessToken && session;
      });
      assert.equal(after.id, before.id);
    });

    it('stores the new refresh token when the rest of the response is invalid', async () => {
      const before = await signedIn();
      await control({
        faults: [
          {
            path: '/token',
            grantType: 'refresh_token',
            times: 1,
            action: { kind: 'set', fields: { token_type: 'mac' } },
          },
        ],
      });
      await renewal();
      assert.equal((await signedIn()).accessToken, before.accessToken);
      await control({ faults: [] });
      await renewal();
      assert.notEqual((await signedIn()).accessToken, before.accessToken);
    });
  });

  describe('when tokens are short-lived', () => {
    before(async () => {
      await control({ policy: { accessTokenSeconds: 6 } });
      await renewal();
    });

    it('renews before the token expires, without a caller', async () => {
      const { length } = await tokenRequests('refresh_token');
      await eventually('an automatic renewal', async () => (await tokenRequests('refresh_token')).length > length);
      const { accessToken } = await signedIn();
      assert.equal((await control({ token: accessToken })).isActive, true);
    });

    it('rejects with the cause, and keeps the account, when the token has expired and the server is down', async () => {
      await control({ faults: [{ path: '/token', action: { kind: 'answer', status: 503, body: 'down' } }] });
      const refused = await eventually(
        'the token has expired',
        async () =>
          Promise.resolve(silently()).then(
            () => undefined,
            (error: unknown) => error,
          ),
        15_000,
      );
      assert.ok(refused instanceof Error);
      assert.match(refused.message, /Acme is temporarily unavailable/);
      // VS Code passes only the name and the message of an error: callers switch on the name.
      assert.equal(refused.name, 'SessionKeeper.server');
      assert.deepEqual(
        (await other.getAccounts('acme')).map(({ label }) => label),
        ['demo'],
      );
    });

    it('renews within seconds when the server is back', async () => {
      await control({ faults: [], policy: { accessTokenSeconds: 3600 } });
      const session = await eventually(
        'a token that works',
        async () => Promise.resolve(silently()).catch(() => undefined),
        15_000,
      );
      assert.equal((await whoAmI(session)).status, 200);
    });
  });

  describe('when several accounts are signed in', () => {
    it('sends the account as a login hint when a second one signs in', async () => {
      await control({ user: { kind: 'signIn', account: 'second' } });
      const account = { id: 'second', label: 'second' };
      const session = await other.getSession('acme', scopes, { forceNewSession: true, account });
      assert.equal(session?.account.label, 'second');
      const { journal } = await control();
      assert.ok(journal.some(({ path, parameters }) => path === '/auth' && parameters['login_hint'] === 'second'));
      assert.deepEqual((await other.getAccounts('acme')).map(({ label }) => label).sort(), ['demo', 'second']);
    });

    it('returns the session of the account that the caller specifies', async () => {
      for (const account of await other.getAccounts('acme')) {
        assert.equal((await silently(scopes, { account }))?.account.id, account.id);
      }
    });

    it("keeps the session's ID when the account signs in again", async () => {
      const accounts = await other.getAccounts('acme');
      const account = accounts.find(({ label }) => label === 'second');
      assert.ok(account);
      const before = await silently(scopes, { account });
      const again = await other.getSession('acme', scopes, { forceNewSession: true, account });
      assert.equal(again?.id, before?.id);
      assert.notEqual(again?.accessToken, before?.accessToken);
      assert.equal((await other.getAccounts('acme')).length, 2);
    });
  });

  describe('when the settings change', () => {
    /** Returns the session. VS Code rejects a request that it's processing while the provider gets another label. */
    const whileRegistering = (): Promise<SessionWithExpiry | undefined> =>
      Promise.resolve(silently()).catch((error: unknown) => {
        assert.match(String(error), /is currently registered/u);
        return undefined;
      });

    it("doesn't use the session of another client, and uses it again when the settings are restored", async () => {
      await configure('providers', [entry({ clientId: 'another-client' })]);
      await eventually('no session', async () =>
        Promise.resolve(silently()).then(
          (session) => session === undefined,
          () => false,
        ),
      );
      await configure('providers', [entry({ label: 'Acme Works' })]);
      await eventually('the session is back', whileRegistering);
      assert.deepEqual((await other.getAccounts('acme')).map(({ label }) => label).sort(), ['demo', 'second']);
    });

    it('returns the session when other entries are invalid', async () => {
      await configure('providers', [
        { id: 'broken' },
        7,
        entry(),
        entry({ label: 'Twice' }),
        { id: 'github', issuer, clientId: 'x' },
      ]);
      const session = await eventually('the session is there', whileRegistering);
      assert.equal((await whoAmI(session)).status, 200);
    });

    it("returns no session while the setting isn't an array", async () => {
      await configure('providers', 'nonsense');
      await configure('providers', [entry()]);
      assert.ok(await eventually('the session is back', whileRegistering));
    });
  });

  describe('when the user signs out', () => {
    it('removes the session here and at the server', async () => {
      await configure('providers', [entry({ id: 'solo', label: 'Solo' })]);
      await control({ user: { kind: 'signIn', account: 'demo' } });
      const session = await eventually('a session at a provider of its own', async () =>
        other.getSession('solo', scopes, { createIfNone: true }),
      );
      assert.equal((await control({ token: session.accessToken })).isActive, true);
      await signOut();
      assert.equal(await other.getSession('solo', scopes, { silent: true }), undefined);
      assert.deepEqual(await other.getAccounts('solo'), []);
      assert.equal((await control({ token: session.accessToken })).isActive, false);
    });
  });

  describe('when the server ends the session', () => {
    it('returns no session after the last token has expired, until the user signs in again', async () => {
      await control({ policy: { accessTokenSeconds: 6 } });
      const before = await other.getSession('solo', scopes, { createIfNone: true });
      await control({ revokeEverything: true, policy: { accessTokenSeconds: 3600 } });
      await eventually(
        'no session',
        async () => (await other.getSession('solo', scopes, { silent: true })) === undefined,
        15_000,
      );
      assert.deepEqual(await other.getAccounts('solo'), []);
      const { length } = await tokenRequests('refresh_token');
      const after = await other.getSession('solo', scopes, { createIfNone: true });
      assert.equal(after?.id, before?.id);
      assert.equal((await tokenRequests('refresh_token')).length, length);
    });
  });
});
