// The idle sign-out in a window without input: VS Code considers it active for about a minute after the last key press or
// click in it. Actions on the server's pages don't count.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import {
  configure,
  consumer,
  entry,
  eventually,
  control,
  scopes,
  type Consumer,
  type SessionWithExpiry,
} from './outside.ts';

/** The idle timeout, in ms; the setting is in minutes. */
const LIMIT = 6000;
/** How often, in ms, another extension requests the session. */
const PACE = 500;

describe('idle sign-out', () => {
  let other: Consumer;

  before(async function () {
    this.timeout(120_000);
    other = await consumer();
    await control({ user: { kind: 'signIn', account: 'demo' }, faults: [], policy: { accessTokenSeconds: 3600 } });
    await leaveNotification();
    // The setting is for all providers, and one of them turns it off.
    await configure('providers', [entry({ idleTimeout: 0 }), entry({ id: 'idler', label: 'Idler' })]);
    await configure('idleTimeout', 60);
    await eventually('the window is no longer active', () => !vscode.window.state.active, 100_000);
    await configure('idleTimeout', LIMIT / 60_000);
  });

  /** Leaves a notification open: about a session whose provider was removed. It must not keep the window active. */
  async function leaveNotification(): Promise<void> {
    await configure('providers', [entry({ idleTimeout: 0 }), entry({ id: 'removed', label: 'Removed' })]);
    await eventually('a user is signed in', async () => other.getSession('removed', scopes, { createIfNone: true }));
    // A notification that opens in an inactive window doesn't matter.
    await control({ key: 'Shift' });
    await eventually('the window is active', () => vscode.window.state.active);
    await configure('providers', [entry({ idleTimeout: 0 })]);
  }

  after(async () => {
    await configure('idleTimeout', undefined);
    await configure('callsCountAsActivity', undefined);
    await configure('providers', [entry()]);
  });

  const silently = async (id = 'idler'): Promise<SessionWithExpiry | undefined> =>
    other.getSession(id, scopes, { silent: true });
  const isActive = async ({ accessToken }: SessionWithExpiry): Promise<boolean | undefined> =>
    (await control({ token: accessToken })).isActive;
  const isListed = async (): Promise<boolean> => (await other.getAccounts('idler')).length > 0;
  const pause = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PACE));

  async function signIn(): Promise<SessionWithExpiry> {
    const session = await eventually('a user is signed in', async () =>
      other.getSession('idler', scopes, { createIfNone: true }),
    );
    assert.equal(await isActive(session), true);
    return session;
  }

  it('signs out, here and at the server, although another extension requests sessions in the background', async () => {
    const session = await signIn();
    const start = Date.now();
    let calls = 0;
    while ((await silently()) !== undefined) {
      calls += 1;
      assert.ok(Date.now() - start < 3 * LIMIT, 'signed out in time');
      await pause();
    }
    assert.ok(calls > LIMIT / PACE / 2, `${calls} calls`);
    assert.equal(await isListed(), false);
    await eventually('the tokens are revoked', async () => (await isActive(session)) === false);
    assert.equal(vscode.window.state.active, false);
  });

  it('keeps the session while another extension requests it if calls count as activity', async () => {
    await configure('callsCountAsActivity', true);
    const session = await signIn();
    const start = Date.now();
    let lastCall = start;
    while (Date.now() - start < 1.5 * LIMIT) {
      lastCall = Date.now();
      // Compared here, because a report must not contain a token.
      assert.ok((await silently())?.accessToken === session.accessToken);
      await pause();
    }
    assert.equal(await isActive(session), true);
    await eventually('no user is signed in', async () => !(await isListed()), 2 * LIMIT);
    await eventually('the tokens are revoked', async () => (await isActive(session)) === false);
    // Measured before the call, which can be slow on a busy machine. The uptime can have a resolution of a second.
    assert.ok(Date.now() - lastCall > LIMIT - 1000, 'signed out too early');
  });

  it('keeps the session when its provider has no idle timeout', async () => {
    assert.ok((await other.getAccounts('acme')).length > 0);
    assert.ok(await silently('acme'));
  });
});
