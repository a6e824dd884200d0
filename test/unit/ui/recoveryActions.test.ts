import assert from 'node:assert/strict';
import { MINUTE, systemClock } from '../../../src/core/clock.ts';
import type { SignInMethod } from '../../../src/core/provider.ts';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { Settings } from '../../../src/host/settings.ts';
import {
  RecoveryActions,
  type ActionTarget,
  type RecoveryActionsDependencies,
} from '../../../src/ui/recoveryActions.ts';
import { editor } from '../../support/fakeEditor.ts';
import { transportWith } from '../../support/fixtures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';

describe('The recovery actions', () => {
  let server: ScriptedServer;
  let settings: Settings;
  let others: readonly SignInMethod[];
  let lastMethod: SignInMethod | undefined;
  let retries: number;
  let actions: RecoveryActions;

  const target = (hasSession: boolean): ActionTarget => ({
    providerId: 'acme',
    hasSession,
    signIn: () => Promise.resolve(),
    retry: () => Promise.resolve(void (retries += 1)),
  });
  const labels = async (
    hasSession: boolean,
    ...wanted: Parameters<RecoveryActions['getItems']>[0]
  ): Promise<string[]> => (await actions.getItems(wanted, target(hasSession))).map(({ label }) => label);

  beforeEach(async () => {
    editor.reset();
    server = await ScriptedServer.start();
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      { id: 'acme', label: 'Acme', issuer: server.issuer, clientId: 'editor' },
    ]);
    settings = new Settings(0);
    others = [];
    lastMethod = undefined;
    retries = 0;
    actions = new RecoveryActions({
      clock: systemClock,
      settings,
      transport: transportWith(),
      reportFailure: (error: unknown) => assert.fail(String(error)),
      recordSkew: () => {},
      otherMethods: () => Promise.resolve(others),
      getPendingRedirect: () => undefined,
      lastMethod: () => lastMethod,
    } as unknown as RecoveryActionsDependencies);
  });

  afterEach(async () => {
    settings.dispose();
    await server.stop();
  });

  it('sign in again only if there is a session', async () => {
    assert.deepEqual(await labels(true, 'sign-in', 'log'), ['Sign In Again', 'Show Log']);
    assert.deepEqual(await labels(false, 'sign-in', 'log'), ['Sign In', 'Show Log']);
  });

  it("name another sign-in method only if it's the only one", async () => {
    assert.deepEqual(await labels(false, 'other-method', 'settings'), ['Open Settings']);
    others = ['device'];
    assert.deepEqual(await labels(false, 'other-method'), ['Sign In with Device Code']);
    others = ['device', 'paste'];
    assert.deepEqual(await labels(false, 'other-method'), ['Use Another Sign-In Method']);
  });

  it('are about the redirect URI only if the last sign-in method has one', async () => {
    const offered = async (method: SignInMethod | undefined): Promise<string[]> => {
      lastMethod = method;
      return labels(false, 'copy-redirect', 'fixed-port');
    };
    assert.deepEqual(await offered(undefined), ['Copy Redirect URI', 'Use Fixed Port…']);
    assert.deepEqual(await offered('paste'), ['Copy Redirect URI', 'Use Fixed Port…']);
    assert.deepEqual(await offered('uri'), ['Copy Redirect URI']);
    assert.deepEqual(await offered('device'), []);
  });

  it("compare the clock with the server's, and then retry", async () => {
    server.date = () => Date.now() + 10.5 * MINUTE;
    editor.respond = ({ buttons: [first] }) => first;
    await actions.run('clock', target(true));
    await new Promise((resolve) => setImmediate(resolve));
    const [message] = editor.messages;
    assert.match(message?.text ?? '', /10 minutes behind Acme/u);
    assert.deepEqual([message?.buttons, retries], [['Retry Now'], 1]);
  });
});
