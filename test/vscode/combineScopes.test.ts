// Several extensions with one session per account, if the provider's entry combines scopes.
import assert from 'node:assert/strict';
import type * as vscode from 'vscode';
import { configure, consumer, entry, eventually, control, type Consumer, type SessionWithExpiry } from './outside.ts';

describe('an account of an entry that combines scopes', () => {
  let other: Consumer;
  const READ = ['openid', 'notes.read'];
  const WRITE = ['openid', 'notes.write'];

  before(async () => {
    other = await consumer();
    await control({ user: { kind: 'signIn', account: 'demo' } });
    const scopes = ['openid', 'profile', 'offline_access'];
    await configure('providers', [entry({ id: 'shared', label: 'Shared', scopes, combineScopes: true })]);
    await signIn('demo', READ);
  });

  after(async () => {
    await configure('providers', [entry()]);
  });

  const silently = async (
    wanted: readonly string[],
    account?: vscode.AuthenticationSessionAccountInformation,
  ): Promise<SessionWithExpiry | undefined> =>
    other.getSession('shared', wanted, { silent: true, ...(account === undefined ? {} : { account }) });
  const named = async (label: string): Promise<vscode.AuthenticationSessionAccountInformation> => {
    const account = (await other.getAccounts('shared')).find((one) => one.label === label);
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
    const known = (await other.getAccounts('shared')).find((one) => one.label === label);
    const session = await eventually('the provider is there', async () =>
      other.getSession('shared', wanted, { createIfNone: true, account: known ?? { id: label, label } }),
    );
    assert.equal(session.account.label, label);
    return session;
  }

  it('gets more scopes, and keeps the existing ones, when an extension requests more', async () => {
    const before = await silently(READ, await named('demo'));
    let after: SessionWithExpiry | undefined;
    const requests = await requestsOf(async () => {
      after = await signIn('demo', WRITE);
    });
    assert.deepEqual(
      requests.map(({ login_hint: hint, scope }) => [hint, scope?.split(' ').sort().join(' ')]),
      [['demo', 'notes.read notes.write offline_access openid profile']],
    );
    assert.deepEqual([after?.id, after?.scopes, after?.account], [before?.id, WRITE, before?.account]);
  });

  it('serves callers that request some of the scopes without a request to the server', async () => {
    const account = await named('demo');
    const wide = await silently(WRITE, account);
    const requests = await requestsOf(async () => {
      for (const wanted of [['openid'], READ, ['notes.write', 'notes.read'], ['notes.read']]) {
        const session = await silently(wanted, account);
        assert.deepEqual([session?.id, session?.scopes], [wide?.id, wanted]);
        // Compared here, because a report must not contain a token.
        assert.ok(session?.accessToken === wide?.accessToken);
      }
    });
    assert.deepEqual(requests, []);
  });

  it('requests only the new scopes if the server rejects the existing ones, which are kept until they expire', async () => {
    const account = await named('demo');
    const before = await silently(READ, account);
    await control({ policy: { refusedScopes: ['notes.read'] } });
    const wanted = ['openid', 'notes.delete'];
    let session: SessionWithExpiry | undefined;
    const requests = await requestsOf(async () => {
      session = await signIn('demo', wanted);
    });
    await control({ policy: { refusedScopes: [] } });
    assert.deepEqual(
      requests.map(({ scope }) => scope?.includes('notes.read')),
      [true, false],
    );
    assert.ok(session !== undefined && session.id !== before?.id);
    assert.equal((await silently(wanted, account))?.id, session.id);
    assert.ok((await silently(READ, account))?.accessToken === before?.accessToken);
    assert.deepEqual(
      (await other.getAccounts('shared')).map(({ label }) => label),
      ['demo'],
    );
  });
});
