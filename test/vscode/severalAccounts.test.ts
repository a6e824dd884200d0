// Several accounts, each with several sets of scopes, and the sessions that another extension gets.
import assert from 'node:assert/strict';
import type * as vscode from 'vscode';
import {
  configure,
  consumer,
  entry,
  eventually,
  control,
  signOut,
  type Consumer,
  type SessionWithExpiry,
} from './outside.ts';

describe('several accounts with several sets of scopes', () => {
  let other: Consumer;
  const READ = ['openid', 'notes.read'];
  const WRITE = ['openid', 'notes.write'];

  before(async () => {
    other = await consumer();
    await control({ user: { kind: 'signIn', account: 'demo' } });
    await configure('providers', [pool()]);
  });

  after(async () => {
    await configure('providers', [entry()]);
  });

  const pool = (more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> =>
    entry({ id: 'pool', label: 'Pool', scopes: ['openid', 'profile', 'offline_access'], ...more });
  const silently = async (
    wanted: readonly string[],
    account?: vscode.AuthenticationSessionAccountInformation,
  ): Promise<SessionWithExpiry | undefined> =>
    other.getSession('pool', wanted, { silent: true, ...(account === undefined ? {} : { account }) });
  const labels = async (): Promise<string[]> => (await other.getAccounts('pool')).map(({ label }) => label).sort();
  const named = async (label: string): Promise<vscode.AuthenticationSessionAccountInformation> => {
    const account = (await other.getAccounts('pool')).find((one) => one.label === label);
    assert.ok(account, `${label} is signed in`);
    return account;
  };
  /** Returns the authorization requests that an action leads to. */
  async function requestsOf(act: () => Promise<unknown>): Promise<Readonly<Record<string, string>>[]> {
    const { length } = (await control()).journal;
    await act();
    return (await control()).journal
      .slice(length)
      .filter(({ path }) => path === '/auth')
      .map(({ parameters }) => parameters);
  }
  async function signIn(label: string, wanted: readonly string[]): Promise<SessionWithExpiry> {
    await control({ user: { kind: 'signIn', account: label } });
    const known = (await other.getAccounts('pool')).find((one) => one.label === label);
    const session = await eventually('the provider is there', async () =>
      other.getSession('pool', wanted, { createIfNone: true, account: known ?? { id: label, label } }),
    );
    assert.equal(session.account.label, label);
    return session;
  }

  it('sign in when an extension requests each of them', async () => {
    const [demo, second] = [await signIn('demo', READ), await signIn('second', READ)];
    assert.notEqual(demo.id, second.id);
    assert.deepEqual(await labels(), ['demo', 'second']);
  });

  it('get an additional session when an extension requests more scopes, and keep the existing one', async () => {
    const before = await silently(READ, await named('demo'));
    let after: SessionWithExpiry | undefined;
    const requests = await requestsOf(async () => {
      after = await signIn('demo', WRITE);
    });
    assert.deepEqual(
      requests.map(({ login_hint: hint, scope }) => [hint, scope?.split(' ').sort().join(' ')]),
      [['demo', 'notes.write offline_access openid profile']],
    );
    assert.deepEqual([after?.scopes, after?.account], [WRITE, before?.account]);
    assert.notEqual(after?.id, before?.id);
    const kept = await silently(READ, before?.account);
    assert.equal(kept?.id, before?.id);
    assert.ok(kept?.accessToken === before?.accessToken);
    assert.equal((await control({ token: kept?.accessToken ?? '' })).isActive, true);
    assert.deepEqual(await labels(), ['demo', 'second']);
  });

  it('serve only callers that request scopes with a session, without a request to the server', async () => {
    const account = await named('demo');
    const [read, write] = [await silently(READ, account), await silently(WRITE, account)];
    const requests = await requestsOf(async () => {
      for (const [wanted, expected] of [
        [['notes.read'], read],
        [['profile', 'notes.write', 'openid'], write],
        [['openid'], undefined],
        [[], undefined],
        [['notes.write', 'notes.read'], undefined],
      ] as const) {
        const session = await silently(wanted, account);
        assert.deepEqual([session?.id, session?.scopes], [expected?.id, expected && wanted]);
        // Compared here, because a report must not contain a token.
        assert.ok(session?.accessToken === expected?.accessToken);
      }
    });
    assert.deepEqual(requests, []);
  });

  it("don't serve a caller if only the other account has the scopes", async () => {
    const account = await named('second');
    assert.equal(await silently(WRITE, account), undefined);
    const mail = ['openid', 'email'];
    const { id } = await signIn('second', mail);
    assert.equal((await silently(mail, account))?.id, id);
    assert.ok(((await silently(READ, account))?.id ?? id) !== id);
    assert.equal(await silently(mail, await named('demo')), undefined);
  });

  it('serve a caller that specifies no account with the last selected one', async () => {
    assert.equal((await silently(READ))?.account.label, 'second');
    assert.equal((await silently(READ, await named('demo')))?.account.label, 'demo');
  });

  it("don't change when the other account signs out of all its sessions", async () => {
    const account = await named('second');
    const before = await silently(READ, account);
    const demo = await named('demo');
    const gone = [await silently(READ, demo), await silently(WRITE, demo)];
    // The first item is the account that signed in first.
    await signOut();
    assert.deepEqual(await labels(), ['second']);
    for (const session of gone) {
      assert.ok(session !== undefined);
      assert.equal((await control({ token: session.accessToken })).isActive, false);
    }
    assert.equal(await silently(WRITE), undefined);
    const after = await silently(READ, account);
    assert.ok(after?.accessToken === before?.accessToken);
    assert.equal((await control({ token: after?.accessToken ?? '' })).isActive, true);
  });

  it('are sent to the server as a login hint if there is only one and the caller specifies none', async () => {
    await control({ user: { kind: 'signIn', account: 'second' } });
    const before = await silently(READ);
    const requests = await requestsOf(async () => {
      const session = await other.getSession('pool', WRITE, { createIfNone: true });
      assert.equal(session?.account.label, 'second');
      assert.notEqual(session.id, before?.id);
    });
    assert.deepEqual(
      requests.map(({ login_hint: hint }) => hint),
      ['second'],
    );
  });

  it('become two when the user signs in with an account other than the requested one', async () => {
    await configure('providers', [pool({ authorizationParameters: { prompt: 'login' } })]);
    await control({ user: { kind: 'signIn', account: 'demo' } });
    const before = await silently(READ, await named('second'));
    const session = await other.getSession('pool', ['openid', 'notes.share'], { createIfNone: true });
    assert.equal(session?.account.label, 'demo');
    assert.deepEqual(await labels(), ['demo', 'second']);
    const after = await silently(READ, await named('second'));
    assert.equal(after?.id, before?.id);
    assert.ok(after?.accessToken === before?.accessToken);
  });

  it('make VS Code ask when the user signs in with an account other than the one the caller specified', async () => {
    const account = await named('second');
    const before = await silently(READ, account);
    const wanted = ['openid', 'notes.share'];
    const session = await other.getSession('pool', wanted, { createIfNone: true, account });
    assert.equal(session?.account.label, 'demo');
    assert.equal(await silently(wanted, account), undefined);
    assert.ok((await silently(READ, account))?.accessToken === before?.accessToken);
  });
});
