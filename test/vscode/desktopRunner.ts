import { downloadAndUnzipVSCode } from '@vscode/test-electron';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { _electron } from 'playwright-core';
import { launchBrowser } from '../../tools/browser.ts';
import { writeSettings } from '../../tools/editor.ts';
import { ignoresExtensionLogLevels, minimumVersion } from '../../tools/editorVersions.ts';
import { extensionId } from '../../tools/places.ts';
import { allowDialogs, simulateUser } from '../../tools/simulatedUser.ts';
import { BOX, type OpenWindow, type SuiteWindow } from './browserRunner.ts';

/**
 * Opens a desktop VS Code, downloaded if needed, with a simulated user. Pages for the system's browser are opened in a
 * headless browser instead, which the user controls.
 */
export async function openOnDesktop({
  dataDir,
  extensions,
  environment,
  behavior,
  reads,
  log,
}: SuiteWindow): Promise<OpenWindow> {
  const wanted = process.env['SESSION_KEEPER_VSCODE'] ?? 'stable';
  const version = wanted === 'minimum' ? minimumVersion.replace(/\d+$/u, '0') : wanted;
  const executablePath = await downloadAndUnzipVSCode(version);
  const folder = join(dataDir, 'folder');
  await mkdir(folder, { recursive: true });
  await writeSettings(join(dataDir, 'User'), { 'window.dialogStyle': 'custom' });
  const browser = await launchBrowser({ log });
  const context = await browser.newContext();
  await simulateUser(context, behavior, reads);
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  const app = await _electron.launch({
    executablePath,
    env: { ...inherited, ...environment },
    args: [
      folder,
      ...extensions.map((path) => `--extensionDevelopmentPath=${path}`),
      `--user-data-dir=${dataDir}`,
      `--log=${extensionId}:trace`,
      ...(ignoresExtensionLogLevels(version) ? ['--log=trace'] : []),
      '--enable-smoke-test-driver',
      '--disable-workspace-trust',
      '--disable-updates',
      '--disable-telemetry',
      '--skip-welcome',
      '--skip-release-notes',
      '--password-store=basic',
      '--no-sandbox',
    ],
  });
  await app.evaluate(({ shell }: { shell: { openExternal: (address: string) => Promise<void> } }) => {
    const opened: string[] = [];
    Object.assign(globalThis, { opened });
    shell.openExternal = (address) => {
      opened.push(address);
      return Promise.resolve();
    };
  });
  const window = await app.firstWindow();
  await window.evaluate(allowDialogs);
  const looking = setInterval(() => {
    void app
      .evaluate(() => (globalThis as { opened?: string[] }).opened?.splice(0) ?? [])
      .then(async (addresses) => {
        for (const address of addresses) {
          await (await context.newPage()).goto(address);
        }
      })
      .catch(() => {
        // The window is closing.
      });
  }, 200);
  return {
    logFolder: join(dataDir, 'logs'),
    type: (text) => window.locator(BOX).fill(text),
    press: (key) => window.keyboard.press(key),
    close: async () => {
      clearInterval(looking);
      await app.close();
      await browser.close();
    },
  };
}
