import assert from 'node:assert/strict';
import { Settings } from '../../../src/host/settings.ts';
import { NOTIFICATION_KINDS, PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { registerNotificationLinks } from '../../../src/ui/dismissibleNotification.ts';
import type { IdleNotifications } from '../../../src/ui/idleNotifications.ts';
import { NotificationCenter, type NotificationDependencies } from '../../../src/ui/notificationCenter.ts';
import {
  RecoveryActions,
  type ActionTarget,
  type RecoveryActionsDependencies,
} from '../../../src/ui/recoveryActions.ts';
import { getTlsNotifications, watchTlsVerification } from '../../../src/ui/tlsNotification.ts';
import { settle } from '../../support/fakeClock.ts';
import { editor } from '../../support/fakeEditor.ts';
import { createTestWindow, type TestWindow } from '../../support/testWindow.ts';

const STRICT = 'http.proxyStrictSSL';
const ISSUER = 'https://id.example.com';

describe("The notification that certificates aren't verified", () => {
  let settings: Settings;
  let env: Record<string, string>;
  let testWindow: TestWindow;
  let disposables: { dispose(): unknown }[];
  let windows: { dispose(): unknown }[];

  beforeEach(() => {
    editor.reset();
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [{ id: 'acme', issuer: ISSUER, clientId: 'editor' }]);
    settings = new Settings(0);
    env = {};
    testWindow = createTestWindow(ISSUER);
    disposables = [settings, registerNotificationLinks()];
    windows = [];
  });

  afterEach(() => {
    closeAll();
    disposables.forEach((one) => one.dispose());
  });

  /** Opens a window, which shows its notifications. All windows share the folder. */
  const open = async (): Promise<NotificationCenter> => {
    const { clock, folder, sessionManager } = testWindow;
    const { notificationClaims } = createTestWindow(ISSUER, { clock, folder }).sessions;
    const dependencies = { env, settings, notificationClaims };
    const center = new NotificationCenter({
      clock,
      sessionManager,
      notificationClaims,
      settings,
      idleNotifications: { getNotifications: () => [] } as unknown as IdleNotifications,
      getOtherNotifications: () => getTlsNotifications(dependencies),
    } as unknown as NotificationDependencies);
    windows.push(
      center,
      watchTlsVerification(dependencies, () => center.update()),
    );
    await settle();
    center.update();
    await settle();
    return center;
  };
  const closeAll = (): void => windows.splice(0).forEach((one) => one.dispose());
  const titles = (): string[] => editor.progress.map(({ title }) => title.replace(/ \[.*$/u, ''));
  const follow = async (label: string): Promise<void> => {
    const [, command = '', values = '[]'] =
      new RegExp(`\\[${label.replaceAll(' ', '\u00A0')}\\]\\(command:([\\w.]+)\\?([^)]+)\\)`).exec(
        editor.progress.at(-1)?.title ?? '',
      ) ?? [];
    editor.commands.get(command)?.(...(JSON.parse(decodeURIComponent(values)) as unknown[]));
    await settle();
  };
  const BY_SETTING =
    'TLS certificates aren\'t verified because "http.proxyStrictSSL" is off. Others on your network could read your tokens.';
  const BY_ENVIRONMENT =
    "TLS certificates aren't verified because NODE_TLS_REJECT_UNAUTHORIZED is 0. Others on your network could read your tokens. Remove the variable and restart VS Code.";

  it('is shown once in all windows if the setting is off, and opens the setting', async () => {
    editor.configure(STRICT, false);
    const first = await open();
    await open();
    first.update();
    await open();
    assert.deepEqual(titles(), [BY_SETTING]);
    assert.equal(editor.progress[0]?.button, 'Open Settings');
    editor.progress[0].press();
    await settle();
    assert.deepEqual(editor.executed, [['workbench.action.openSettings', `@id:${STRICT}`]]);
    first.update();
    await settle();
    assert.deepEqual(titles(), [BY_SETTING]);
  });

  it('is shown once if the environment turns off verification, whatever the setting', async () => {
    env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    editor.configure(STRICT, false);
    await open();
    await open();
    assert.deepEqual(titles(), [BY_ENVIRONMENT]);
  });

  for (const [name, prepare] of [
    ['nothing turns off verification', () => {}],
    ['the setting is on', () => editor.configure(STRICT, true)],
    ["the setting isn't a boolean", () => editor.configure(STRICT, 'false')],
    ['the variable has another value', () => (env['NODE_TLS_REJECT_UNAUTHORIZED'] = '1')],
    ['the variable is empty', () => (env['NODE_TLS_REJECT_UNAUTHORIZED'] = '')],
    [
      'there is no provider',
      () => {
        editor.configure(STRICT, false);
        editor.configure(`${PREFIX}.${SETTINGS.providers}`, []);
      },
    ],
  ] as const) {
    it(`isn't shown if ${name}`, async () => {
      prepare();
      await open();
      assert.deepEqual(titles(), []);
    });
  }

  it('is shown when the setting is turned off while a window is open, and closed when it is turned on', async () => {
    await open();
    editor.configure(STRICT, false);
    await settle();
    assert.deepEqual(titles(), [BY_SETTING]);
    editor.configure(STRICT, true);
    await settle();
    editor.configure(STRICT, false);
    await settle();
    assert.deepEqual(titles(), [BY_SETTING, BY_SETTING], 'it was turned off a second time');
  });

  it('is shown again if certificates were verified in the meantime, in any window', async () => {
    editor.configure(STRICT, false);
    await open();
    closeAll();
    editor.configure(STRICT, true);
    await open();
    closeAll();
    editor.configure(STRICT, false);
    await open();
    assert.deepEqual(titles(), [BY_SETTING, BY_SETTING]);
  });

  it('can be dismissed, and muted', async () => {
    editor.configure(STRICT, false);
    const first = await open();
    await follow('Dismiss');
    first.update();
    await settle();
    assert.equal(titles().length, 1);
    editor.configure(STRICT, true);
    editor.configure(STRICT, false);
    await settle();
    await follow("Don't Show Again");
    assert.deepEqual(editor.settings.get(`${PREFIX}.${SETTINGS.mutedNotifications}`), ['tls']);
    assert.ok(NOTIFICATION_KINDS.includes('tls'));
    editor.configure(STRICT, true);
    editor.configure(STRICT, false);
    await open();
    assert.equal(titles().length, 2);
  });

  it('is shown only in the focused window', async () => {
    editor.configure(STRICT, false);
    editor.focus(false);
    const center = await open();
    assert.deepEqual(titles(), []);
    editor.focus(true);
    center.update();
    await settle();
    assert.deepEqual(titles(), [BY_SETTING]);
  });
});

describe('Open Certificate Settings', () => {
  const run = async (): Promise<unknown> => {
    editor.executed.length = 0;
    await new RecoveryActions({} as RecoveryActionsDependencies).run('certificate-settings', {
      providerId: 'acme',
    } as ActionTarget);
    return editor.executed[0]?.[1];
  };

  beforeEach(() => {
    editor.reset();
  });

  it("doesn't include the setting for verification if that is on", async () => {
    for (const value of [undefined, true, 'false', 0]) {
      editor.settings.set(STRICT, value);
      assert.equal(await run(), '@id:http.systemCertificates');
    }
  });

  it('includes the setting for verification if that is off', async () => {
    editor.settings.set(STRICT, false);
    assert.equal(await run(), `@id:${STRICT},http.systemCertificates`);
  });
});
