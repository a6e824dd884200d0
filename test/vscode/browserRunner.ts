import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launchBrowser } from '../../tools/browser.ts';
import { startEditor, windowAddress, type EditorOptions } from '../../tools/editor.ts';
import { certificateVariable, testHostName } from '../../tools/hostName.ts';
import { extensionId, root } from '../../tools/places.ts';
import { simulateUser, type Behavior } from '../../tools/simulatedUser.ts';
import type { Log } from '../../tools/progress.ts';

/** The options of a window in which a suite runs. */
export interface SuiteWindow {
  readonly dataDir: string;
  readonly extensions: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly behavior: () => Behavior;
  /** Called with the heading of the final page of each user action. */
  readonly reads: (heading: string) => void;
  readonly log: Log;
  /** The certificate of the identity servers in PEM; absent if they're served over plain http. */
  readonly certificate?: string | undefined;
}

/** An open window. */
export interface OpenWindow {
  /** The folder with its logs. */
  readonly logFolder: string;
  /** Fills in the open input box, without key presses: they count as activity, which the idle tests must not have. */
  type(text: string): Promise<void>;
  press(key: string): Promise<void>;
  close(): Promise<void>;
}

/** The input of the box that VS Code shows. */
export const BOX = '.quick-input-widget .quick-input-box input';

/** Opens VS Code in a headless browser, with a simulated user. */
export async function openInBrowser({
  dataDir,
  extensions,
  environment,
  behavior,
  reads,
  log,
  certificate,
}: SuiteWindow): Promise<OpenWindow> {
  const folder = join(dataDir, 'folder');
  await mkdir(folder, { recursive: true });
  const usesHostName = certificate !== undefined;
  const hostName = usesHostName ? await hostNameOptions(dataDir, certificate) : {};
  const editor = await startEditor({
    dataDir,
    log,
    ...hostName,
    environment: { ...environment, ...hostName.environment },
  });
  const elsewhere = usesHostName ? new URL(`https://${testHostName}`) : undefined;
  const browser = await launchBrowser({ elsewhere, log });
  const context = await browser.newContext({ ignoreHTTPSErrors: usesHostName });
  await simulateUser(context, behavior, reads);
  const page = await context.newPage();
  await page.goto(await windowAddress(editor, { folder, extensions, traced: [extensionId] }));
  return {
    logFolder: join(dataDir, 'data', 'logs'),
    type: (text) => page.locator(BOX).fill(text),
    press: (key) => page.keyboard.press(key),
    close: async () => {
      await browser.close();
      await editor.stop();
    },
  };
}

/** The options of an editor that resolves the host name of the servers and trusts their certificate. */
async function hostNameOptions(
  dataDir: string,
  certificate: string,
): Promise<Pick<EditorOptions, 'environment' | 'preloads' | 'settings'>> {
  const file = join(dataDir, 'certificate.pem');
  await writeFile(file, certificate);
  return {
    environment: { [certificateVariable]: file },
    preloads: [join(root, 'tools', 'hostNamePreload.ts')],
    // Otherwise, VS Code replaces the certificates that Node trusts.
    settings: { 'http.systemCertificates': false },
  };
}
