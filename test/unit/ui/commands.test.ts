import assert from 'node:assert/strict';
import { Failure } from '../../../src/core/failure.ts';
import type { Provider } from '../../../src/core/provider.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import type { SessionManager } from '../../../src/sessions/sessionManager.ts';
import { Commands, type CommandDependencies } from '../../../src/ui/commands.ts';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { Settings } from '../../../src/host/settings.ts';
import type { SignInHints } from '../../../src/auth/pendingSignIns.ts';
import { live, SAMPLE } from '../../support/coreSamples.ts';
import { editor } from '../../support/fakeEditor.ts';

describe('Sign In Again', () => {
  let settings: Settings;
  let commands: Commands;
  let present: SessionRecord[];
  /** The sign-ins that were asked for. */
  let asked: { readonly provider: string; readonly scopes: readonly string[]; readonly hints: SignInHints }[];
  let failures: string[];

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
      return Promise.resolve(SAMPLE);
    };
    commands = new Commands({
      settings,
      sessionManager: {
        getAll: () => present.map((record) => live(record)),
        getActive: () => [],
      } as unknown as SessionManager,
      signInController: { signIn, waiting: () => [] },
      notifications: () => ({
        reportFailure: (error: unknown) => failures.push(error instanceof Failure ? error.code : 'another error'),
      }),
    } as unknown as CommandDependencies);
  });

  afterEach(() => {
    settings.dispose();
  });

  it('asks for the scopes of the session itself, not for those of the entry, and for the same account', async () => {
    const record = { ...SAMPLE, scopes: ['openid', 'calendar:read'] };
    present = [record];
    await commands.targetForSession(record).signIn();
    assert.deepEqual(asked, [
      { provider: 'acme', scopes: ['openid', 'calendar:read'], hints: { loginHint: SAMPLE.account.label } },
    ]);
    assert.equal(editor.messages.length, 1);
  });

  it('asks for those that the session has by now, and for the last known ones where it is gone', async () => {
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

  it('asks for what the entry says where it is about a provider and no session', async () => {
    await commands.targetForProvider('acme').signIn();
    assert.deepEqual(
      asked.map(({ scopes, hints }) => [scopes, hints]),
      [[['openid', 'offline_access', 'mail'], {}]],
    );
  });

  it('says so where the provider is configured no more, and starts nothing', async () => {
    await commands.targetForSession({ ...SAMPLE, providerId: 'gone' }).signIn();
    assert.deepEqual([asked, failures], [[], ['provider-removed']]);
  });
});
