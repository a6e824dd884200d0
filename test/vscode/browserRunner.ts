import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { launchBrowser } from '../../tools/browser.ts';
import { startEditor, windowAddress } from '../../tools/editor.ts';
import { extensionId } from '../../tools/places.ts';
import { seatPerson, type Behavior } from '../../tools/person.ts';
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
}

/** An open window. */
export interface OpenWindow {
  /** The folder with its logs. */
  readonly logFolder: string;
  /** Fills in the open input box, without key presses: they count as activity, which the idle tests must not have. */
  type(text: string): Promise<void>;
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
}: SuiteWindow): Promise<OpenWindow> {
  const folder = join(dataDir, 'folder');
  await mkdir(folder, { recursive: true });
  const editor = await startEditor({ dataDir, environment, log });
  const browser = await launchBrowser({ log });
  const context = await browser.newContext();
  await seatPerson(context, behavior, reads);
  const page = await context.newPage();
  await page.goto(await windowAddress(editor, { folder, extensions, traced: [extensionId] }));
  return {
    logFolder: join(dataDir, 'data', 'logs'),
    type: (text) => page.locator(BOX).fill(text),
    close: async () => {
      await browser.close();
      await editor.stop();
    },
  };
}
