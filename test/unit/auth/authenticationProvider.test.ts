import assert from 'node:assert/strict';
import { SECOND } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { Settings } from '../../../src/host/settings.ts';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { OidcAuthenticationProvider, type ProviderDependencies } from '../../../src/auth/authenticationProvider.ts';
import { providerAt } from '../../support/fixtures.ts';
import { editor } from '../../support/fakeEditor.ts';
import { FakeStore } from '../../support/fakeStore.ts';
import { createTestWindow, seedSession, recordAt, type TestWindow } from '../../support/testWindow.ts';

/** A keyring that doesn't respond until it is opened. */
class HangingStore extends FakeStore {
  /** Lets all pending and future requests through. */
  open: () => void = () => {};
  readonly #opened = new Promise<void>((resolve) => (this.open = resolve));

  override async get(key: string): Promise<string | undefined> {
    await this.#opened;
    return super.get(key);
  }

  override async keys(): Promise<string[]> {
    await this.#opened;
    return super.keys();
  }
}

describe('the Accounts menu', () => {
  const provider = providerAt('https://id.example.com');
  let store: HangingStore;
  let testWindow: TestWindow;
  let contract: OidcAuthenticationProvider;
  let completed: number[];

  beforeEach(async () => {
    editor.reset();
    completed = [];
    store = new HangingStore();
    const before = createTestWindow(provider.issuer);
    await seedSession(before, recordAt(provider.issuer, before.clock.now()));
    before.store.secrets.forEach((value, key) => store.secrets.set(key, value));
    testWindow = createTestWindow(provider.issuer, { clock: before.clock, folder: before.folder, store });
    contract = new OidcAuthenticationProvider('acme', provider, {
      clock: testWindow.clock,
      log: silentLog,
      sessionManager: testWindow.sessionManager,
      onCall: () => {},
      onDemand: {
        load: () =>
          Promise.resolve({
            sessionRequests: {
              completeSignOut: (_name: string, all: readonly unknown[]) => completed.push(all.length),
            },
          }),
      },
    } as unknown as ProviderDependencies);
  });

  afterEach(() => {
    contract.dispose();
    store.open();
  });

  /** Requests sessions as the menu does, and records the answer. */
  const ask = (): { answer?: readonly unknown[] } => {
    const asked: { answer?: readonly unknown[] } = {};
    void contract.getSessions(undefined).then((answer) => (asked.answer = answer.map(({ id }) => id)));
    return asked;
  };

  it('is answered within a second although the keyring hangs, each time it is opened', async () => {
    for (let time = 0; time < 3; time += 1) {
      const asked = ask();
      await testWindow.clock.pass(SECOND - 1);
      assert.equal(asked.answer, undefined, 'the sessions may still arrive');
      await testWindow.clock.pass(1);
      assert.deepEqual(asked.answer, []);
    }
  });

  it('signs out of all sessions of an account, including ended ones, and completes the sign-out once, although VS Code calls it for each', async () => {
    store.open();
    await testWindow.sessionManager.ready();
    const now = testWindow.clock.now();
    const ended = { at: now, category: 'session-ended', code: 'invalid_grant' };
    for (const more of [
      { id: 's2', scopes: ['read', 'write'] },
      { id: 's3', scopes: ['admin'], ended, accessExpiresAt: now },
      { id: 's4', account: { id: 'person-2', label: 'Kim' } },
    ]) {
      await seedSession(testWindow, recordAt(provider.issuer, now, more));
    }
    const sessions = await contract.getSessions(undefined);
    assert.deepEqual(
      sessions.map(({ id, account }) => `${id} ${account.label}`),
      ['s1 Sam', 's2 Sam', 's4 Kim'],
      'all of them, each with its account',
    );
    for (const { id } of sessions.filter(({ account }) => account.label === 'Sam')) {
      await contract.removeSession(id);
    }
    await testWindow.clock.rest();
    assert.deepEqual(
      testWindow.liveSessions.all().map(({ record }) => record.id),
      ['s4'],
    );
    assert.deepEqual(completed, [3, 0], 'a sign-out of nothing shows nothing');
  });

  it('echoes the scopes of the request, or the requested scopes of each session without any', async () => {
    store.open();
    await testWindow.sessionManager.ready();
    const now = testWindow.clock.now();
    const more = { id: 's2', scopes: ['openid', 'write'], granted: ['write', 'more'] };
    await seedSession(testWindow, recordAt(provider.issuer, now, more));
    const [session] = await contract.getSessions(['write', 'openid']);
    assert.deepEqual([session?.id, session?.scopes], ['s2', ['write', 'openid']]);
    assert.deepEqual(
      (await contract.getSessions(undefined)).map(({ scopes }) => scopes),
      [['read'], ['openid', 'write']],
    );
  });

  it('is answered with the sessions as soon as the keyring returns them', async () => {
    const asked = ask();
    await testWindow.clock.pass(SECOND / 2);
    store.open();
    await testWindow.clock.pass(SECOND / 4);
    assert.deepEqual(asked.answer, ['s1']);
  });
});

describe('user activity', () => {
  const constraint = { challenges: [], fallbackScopes: ['read'] };
  const requests: readonly (readonly [
    name: string,
    isInteractive: boolean,
    request: (contract: OidcAuthenticationProvider) => Promise<unknown>,
  ])[] = [
    ['a request for sessions', false, (contract) => contract.getSessions(['read'])],
    ['a request for sessions without scopes', false, (contract) => contract.getSessions([])],
    ['a challenge', false, (contract) => contract.getSessionsFromChallenges(constraint)],
    ['a request to sign in', true, (contract) => contract.createSession(['read'])],
    ['a request to sign in for a challenge', true, (contract) => contract.createSessionFromChallenges(constraint)],
  ];
  let settings: Settings;
  let counted: number;
  let contract: OidcAuthenticationProvider;

  beforeEach(() => {
    editor.reset();
    settings = new Settings(0);
    counted = 0;
    const provider = providerAt('https://id.example.com');
    const { clock, sessionManager } = createTestWindow(provider.issuer);
    contract = new OidcAuthenticationProvider('acme', provider, {
      clock,
      log: silentLog,
      sessionManager,
      onDemand: { value: undefined, load: () => Promise.reject(new Error('not loaded')) },
      onCall: (isInteractive) => (counted += settings.countsAsActivity(isInteractive) ? 1 : 0),
    });
  });

  afterEach(() => {
    contract.dispose();
    settings.dispose();
  });

  for (const [name, isInteractive, request] of requests) {
    it(`${isInteractive ? 'includes' : "doesn't include"} ${name} by default`, async () => {
      await request(contract).catch(() => {});
      assert.equal(counted, isInteractive ? 1 : 0);
    });

    it(`includes ${name} when all calls count`, async () => {
      editor.configure(`${PREFIX}.${SETTINGS.callsCountAsActivity}`, true);
      await request(contract).catch(() => {});
      assert.equal(counted, 1);
    });
  }

  it("doesn't include every call when the setting isn't a boolean", async () => {
    for (const value of ['true', 1, null, {}, undefined]) {
      editor.configure(`${PREFIX}.${SETTINGS.callsCountAsActivity}`, value);
      await contract.getSessions(['read']);
    }
    assert.equal(counted, 0);
  });
});
