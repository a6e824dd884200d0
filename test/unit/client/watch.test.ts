// The state of a session.
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { watch, type SessionState, type SessionWatcher } from '../../../client/src/index.ts';
import { sessionKeeperError, TestProvider } from '../../support/clientFixture.ts';
import { settle } from '../../support/fakeClock.ts';
import { editor } from '../../support/fakeEditor.ts';

describe('watch', () => {
  let provider: TestProvider;
  let watcher: SessionWatcher;
  let states: string[];

  const kindOf = (state: SessionState): string => state.kind;
  function start(): void {
    watcher = watch({ providerId: 'acme', scopes: ['read'] });
    watcher.onDidChange((state) => states.push(kindOf(state)));
  }
  async function changeSessions(id = 'acme'): Promise<void> {
    editor.onSessions.fire({ provider: { id } });
    await settle();
  }

  beforeEach(() => {
    editor.reset();
    states = [];
    provider = new TestProvider('acme');
    mock.timers.enable({ apis: ['setTimeout'] });
  });
  afterEach(() => {
    watcher.dispose();
    mock.timers.reset();
  });

  it("has the first state when it's ready, without an event", async () => {
    provider.signIn();
    start();
    assert.equal(watcher.state, undefined);
    const state = await watcher.ready;
    assert.deepEqual(state, { kind: 'signed-in', account: { id: 'alice', label: 'alice' } });
    assert.deepEqual([watcher.state, states], [state, []]);
    assert.deepEqual(
      editor.sessionRequests.map(({ options }) => options),
      [{ silent: true }],
    );
  });

  it('fires when the user signs in, signs out, or switches accounts, and not for a renewal or another provider', async () => {
    start();
    await watcher.ready;
    provider.signIn();
    await changeSessions('github');
    assert.deepEqual(states, []);
    await changeSessions();
    provider.renew();
    await changeSessions();
    provider.signIn({ account: { id: 'bob', label: 'bob' } });
    await changeSessions();
    provider.session = undefined;
    await changeSessions();
    assert.deepEqual(states, ['signed-in', 'signed-in', 'signed-out']);
  });

  it("checks when the token expires, and says why it can't be renewed, until it can be", async () => {
    provider.signIn({ expiresAfter: 60_000 });
    start();
    await watcher.ready;
    provider.error = sessionKeeperError('network');
    mock.timers.tick(59_999);
    await settle();
    assert.deepEqual(states, []);
    mock.timers.tick(1);
    await settle();
    assert.deepEqual(states, ['cannot-renew']);
    assert.deepEqual(watcher.state, { kind: 'cannot-renew', reason: provider.error });
    mock.timers.tick(30_000);
    await settle();
    assert.deepEqual(states, ['cannot-renew'], 'for the same reason');
    provider.error = sessionKeeperError('server');
    mock.timers.tick(30_000);
    await settle();
    provider.renew();
    mock.timers.tick(30_000);
    await settle();
    assert.deepEqual(states, ['cannot-renew', 'cannot-renew', 'signed-in']);
  });

  it("checks a session that can't be renewed when the window gets the focus", async () => {
    provider.error = sessionKeeperError('network');
    start();
    assert.equal(kindOf(await watcher.ready), 'cannot-renew');
    provider.signIn();
    editor.onState.fire({ focused: false, active: false });
    await settle();
    assert.deepEqual(states, []);
    editor.onState.fire({ focused: true, active: true });
    await settle();
    assert.deepEqual(states, ['signed-in']);
  });

  it('keeps the latest state if an earlier check ends later', async () => {
    start();
    await watcher.ready;
    const slow = Promise.withResolvers<undefined>();
    editor.providers.set('acme', {
      label: 'acme',
      provider: { getSessions: async () => (await slow.promise, []) },
    });
    const first = watcher.check();
    provider = new TestProvider('acme');
    provider.signIn();
    await watcher.check();
    slow.resolve(undefined);
    assert.equal(kindOf(await first), 'signed-out');
    assert.equal(watcher.state?.kind, 'signed-in');
    assert.deepEqual(states, ['signed-in']);
  });

  it("stops when it's disposed", async () => {
    provider.signIn({ expiresAfter: 60_000 });
    start();
    await watcher.ready;
    watcher.dispose();
    const { length } = editor.sessionRequests;
    provider.session = undefined;
    mock.timers.tick(60_000);
    await changeSessions();
    assert.deepEqual([states, editor.sessionRequests.length], [[], length]);
  });
});
