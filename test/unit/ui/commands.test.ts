import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { Failure } from '../../../src/core/failure.ts';
import type { Provider } from '../../../src/core/provider.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import type { SessionManager } from '../../../src/sessions/sessionManager.ts';
import { Commands, type CommandDependencies } from '../../../src/ui/commands.ts';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { Settings } from '../../../src/host/settings.ts';
import type { SignInHints } from '../../../src/auth/pendingSignIns.ts';
import { live, SAMPLE, SIGNED_IN_AT } from '../../support/coreSamples.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { editor, window } from '../../support/fakeEditor.ts';

describe('Sign Out', () => {
  let present: SessionRecord[];
  let unused: SessionRecord[];
  let signedOut: string[];
  let settings: Settings;

  beforeEach(() => {
    editor.reset();
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      { id: SAMPLE.providerId, label: 'Acme', issuer: SAMPLE.issuer, clientId: SAMPLE.clientId },
    ]);
    settings = new Settings(0);
    present = [SAMPLE];
    unused = [];
    signedOut = [];
  });

  afterEach(() => {
    settings.dispose();
  });

  const run = async (...values: readonly unknown[]): Promise<void> => {
    const handlers = new Commands({
      clock: new FakeClock(),
      settings,
      sessionManager: {
        getAll: () => present.map((record) => live(record)),
        getUnused: () => unused.map((record) => live(record)),
        providerOf: (record: SessionRecord) => (unused.includes(record) ? undefined : {}),
        signOutOfAccount: (id: string) => {
          signedOut.push(id);
          return Promise.resolve([{ atServer: Promise.resolve('revoked'), page: Promise.resolve(undefined) }]);
        },
      } as unknown as SessionManager,
      openSignOutPage: () => {},
    } as unknown as CommandDependencies).handlers();
    const signOut: (...all: readonly unknown[]) => unknown = handlers.signOut;
    await signOut(...values);
  };

  it('includes sessions whose provider is no longer configured', async () => {
    const gone = { ...SAMPLE, id: 'removed', providerId: 'gone', issuer: 'https://gone.example.com' };
    for (const [providerLabel, name] of [
      ['Gone & Co.', 'Gone & Co.'],
      [undefined, 'gone'],
    ] as const) {
      unused = [{ ...gone, providerLabel }];
      signedOut.length = 0;
      let row: { readonly label?: string; readonly detail?: string } | undefined;
      editor.pick = (items) => {
        row = items[1];
        return items[1];
      };
      await run();
      assert.deepEqual([row?.label, row?.detail], [name, `${name} (gone.example.com) is no longer configured.`]);
      assert.deepEqual(signedOut, ['removed']);
    }
  });

  it('lists sessions of an earlier configuration apart from those of the same account that are used', async () => {
    const old = { ...SAMPLE, id: 'old', clientId: 'another', accessExpiresAt: SAMPLE.signedInAt };
    unused = [old];
    for (const [index, id] of [SAMPLE.id, 'old'].entries()) {
      editor.pick = (items) => items[index];
      await run();
      assert.equal(signedOut.at(-1), id);
    }
  });

  it('asks in a dialog when there is only one session, whoever runs it', async () => {
    for (const values of [[], [SAMPLE.id], [{ force: true }]]) {
      await run(...values);
    }
    assert.deepEqual(signedOut, []);
    assert.deepEqual(
      new Set(editor.messages.map(({ text }) => text)),
      new Set(['Sign out of Acme (ada@example.com)?']),
    );
    assert.ok(editor.messages.every(({ buttons, isModal }) => isModal && buttons.join() === 'Sign Out'));
  });

  it('signs out when the user confirms it', async () => {
    editor.respond = ({ isModal }) => (isModal ? 'Sign Out' : undefined);
    await run();
    assert.deepEqual(signedOut, [SAMPLE.id]);
  });

  it('asks nothing more when the user has picked one of several', async () => {
    present = [SAMPLE, { ...SAMPLE, id: 's2', account: { id: 'person-2', label: 'Kim' } }];
    const pick = mock.method(window, 'showQuickPick', (items: readonly unknown[]) => Promise.resolve(items[1]));
    await run();
    pick.mock.restore();
    assert.deepEqual(signedOut, ['s2']);
    assert.ok(editor.messages.every(({ isModal }) => !isModal));
  });

  it('signs out of nothing when the user closes the list, and says so when there is no session', async () => {
    present = [SAMPLE, { ...SAMPLE, id: 's2', account: { id: 'person-2', label: 'Kim' } }];
    await run();
    present = [];
    await run();
    assert.deepEqual([signedOut, editor.messages.map(({ isModal }) => isModal)], [[], [false]]);
  });
});

describe('The commands for an account', () => {
  let settings: Settings;
  let commands: Commands;
  let present: SessionRecord[];
  /** The sign-ins that were asked for. */
  let asked: { readonly provider: string; readonly scopes: readonly string[]; readonly hints: SignInHints }[];
  let failures: string[];
  let renewed: string[];
  let signedOut: string[];
  /** What a sign-in leads to. */
  let respond: (scopes: readonly string[]) => SessionRecord;
  /** The outcome of a renewal. */
  let refresh: (id: string) => Promise<unknown>;

  beforeEach(() => {
    editor.reset();
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      { id: 'acme', issuer: SAMPLE.issuer, clientId: SAMPLE.clientId, scopes: ['openid', 'offline_access', 'mail'] },
    ]);
    settings = new Settings(0);
    present = [];
    asked = [];
    failures = [];
    const signIn = (provider: Provider, scopes: readonly string[], hints: SignInHints): Promise<SessionRecord> => {
      asked.push({ provider: provider.id, scopes, hints });
      return Promise.resolve().then(() => respond(scopes));
    };
    renewed = [];
    signedOut = [];
    respond = () => SAMPLE;
    refresh = () => Promise.resolve();
    commands = new Commands({
      clock: new FakeClock(SIGNED_IN_AT),
      settings,
      sessionManager: {
        getAll: () => present.map((record) => live(record)),
        getUnused: () => [],
        getActive: () => [],
        providerOf: ({ providerId }: SessionRecord) => settings.provider(providerId),
        signOutOfAccount: (id: string) => {
          signedOut.push(id);
          return Promise.resolve([]);
        },
      } as unknown as SessionManager,
      tokenRefresher: {
        refresh: (id: string) => {
          renewed.push(id);
          return refresh(id);
        },
      },
      openSignOutPage: () => {},
      signInController: { signIn, getPending: () => [] },
      notifications: () => ({
        reportFailure: (error: unknown) => failures.push(error instanceof Failure ? error.code : 'another error'),
        runUserInitiated: (_id: string, task: () => Promise<unknown>) => task(),
        notifiesEnd: () => true,
      }),
    } as unknown as CommandDependencies);
  });

  afterEach(() => {
    settings.dispose();
  });

  const ended = { at: SIGNED_IN_AT, category: 'session-ended', code: 'invalid_grant' };
  const dead = (id: string, more: Partial<SessionRecord> = {}): SessionRecord => ({
    ...SAMPLE,
    id,
    scopes: [id],
    ended,
    accessExpiresAt: SIGNED_IN_AT,
    ...more,
  });
  const texts = (): string[] => editor.messages.map(({ text }) => text);

  describe('sign in again', () => {
    it('for each session of the account that needs it, with its scopes, and show one message', async () => {
      present = [dead('one'), SAMPLE, dead('two'), dead('kim', { account: { id: 'account-2', label: 'Kim' } })];
      await commands.targetForSession(dead('two')).signIn();
      assert.deepEqual(
        asked.map(({ scopes }) => scopes),
        [['two'], ['one']],
      );
      assert.equal(texts().length, 1);
    });

    it('but not for a session that a sign-in has resumed in the meantime', async () => {
      present = [dead('one'), dead('two')];
      respond = () => {
        present = [dead('one', { ended: undefined, accessExpiresAt: SAMPLE.accessExpiresAt }), SAMPLE];
        return SAMPLE;
      };
      await commands.targetForSession(dead('two')).signIn();
      assert.equal(asked.length, 1);
    });

    it('stops if the user cancels, or signs in with another account', async () => {
      present = [dead('one'), dead('two')];
      respond = () => ({ ...SAMPLE, account: { id: 'account-2', label: 'Kim' } });
      await commands.targetForSession(dead('one')).signIn();
      assert.deepEqual([asked.length, texts()], [1, ['Signed in to id.example.com as Kim.']]);
      respond = () => {
        throw new Failure('canceled', 'canceled');
      };
      await commands.targetForSession(dead('one')).signIn();
      assert.deepEqual([asked.length, failures], [2, ['canceled']]);
    });
  });

  describe('renew', () => {
    it('all renewable sessions of the account, and show one message', async () => {
      present = [SAMPLE, { ...SAMPLE, id: 'two' }, dead('three')];
      await commands.renew(SAMPLE);
      assert.deepEqual([renewed, texts().length, failures], [[SAMPLE.id, 'two'], 1, []]);
    });

    it('and report a failure once', async () => {
      present = [SAMPLE, { ...SAMPLE, id: 'two' }];
      refresh = (id) => Promise.reject(new Failure('network', `offline-${id}`));
      await commands.renew(SAMPLE);
      assert.deepEqual([renewed.length, texts(), failures], [2, [], [`offline-${SAMPLE.id}`]]);
    });
  });

  it('show one item per account to sign out of, with its worst state, and sign out of the selected one', async () => {
    present = [SAMPLE, dead('two'), { ...SAMPLE, id: 'kim', account: { id: 'account-2', label: 'Kim' } }];
    let lines: (string | undefined)[] = [];
    editor.pick = (items) => {
      lines = items.map(({ description, detail }) => `${description}: ${detail}`);
      return items[0];
    };
    await commands.handlers().signOut();
    assert.deepEqual(lines, [`${SAMPLE.account.label}: Session ended`, 'Kim: Signed in']);
    assert.deepEqual(signedOut, ['two']);
  });

  it('are listed once per account, with the scopes if an action applies to some sessions only', async () => {
    present = [SAMPLE, dead('two')];
    let lines: string[] = [];
    editor.pick = (items) => {
      lines = items.map(({ label, detail = '' }) => `${label} ${detail}`.trim());
      return undefined;
    };
    await commands.handlers().showSessions();
    assert.deepEqual(lines.slice(0, 4), [
      'id.example.com: sign in again',
      '$(sync) Renew Now Signed in (scopes: openid profile)',
      '$(sign-in) Sign In Again Session ended (scopes: two)',
      '$(sign-out) Sign Out',
    ]);
    present = [SAMPLE, { ...SAMPLE, id: 'three', scopes: ['write'] }];
    await commands.handlers().showSessions();
    assert.deepEqual(lines.slice(0, 3), [
      'id.example.com: renews in 53 minutes',
      '$(sync) Renew Now',
      '$(sign-out) Sign Out',
    ]);
  });

  it('request the scopes of the session, not those of the entry, and the same account', async () => {
    const record = { ...SAMPLE, scopes: ['openid', 'calendar:read'] };
    present = [record];
    await commands.targetForSession(record).signIn();
    assert.deepEqual(asked, [
      { provider: 'acme', scopes: ['openid', 'calendar:read'], hints: { loginHint: SAMPLE.account.label } },
    ]);
    assert.equal(editor.messages.length, 1);
  });

  it('request the current scopes of the session, or the last known ones if it is gone', async () => {
    const record = { ...SAMPLE, scopes: ['openid'] };
    present = [{ ...record, scopes: ['openid', 'grown'] }];
    await commands.targetForSession(record).signIn();
    present = [];
    await commands.targetForSession(record).signIn();
    assert.deepEqual(
      asked.map(({ scopes }) => scopes),
      [['openid', 'grown'], ['openid']],
    );
  });

  it('request the scopes of the entry for a provider without a session', async () => {
    await commands.targetForProvider('acme').signIn();
    assert.deepEqual(
      asked.map(({ scopes, hints }) => [scopes, hints]),
      [[['openid', 'offline_access', 'mail'], {}]],
    );
  });

  it('report that the provider is no longer configured, without a sign-in', async () => {
    await commands.targetForSession({ ...SAMPLE, providerId: 'gone' }).signIn();
    assert.deepEqual([asked, failures], [[], ['provider-removed']]);
  });
});
