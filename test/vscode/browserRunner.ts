import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { launchBrowser } from '../../tools/browser.ts';
import { startEditor, windowAddress } from '../../tools/editor.ts';
import { extensionId } from '../../tools/places.ts';
import { seatPerson, type Behavior } from '../../tools/person.ts';
import type { Log } from '../../tools/progress.ts';

/** What a window in which a suite runs needs. */
export interface SuiteWindow {
  readonly dataDir: string;
  readonly extensions: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly behavior: () => Behavior;
  /** Is told the heading of each page on which what the person does ends. */
  readonly reads: (heading: string) => void;
  readonly log: Log;
}

/** A window that is open. */
export interface OpenWindow {
  /** Where its logs are. */
  readonly logFolder: string;
  /** Types into the box that is open, without a key: keys count as activity, for which the tests of idle time wait to cease. */
  type(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Where one types into the box that VS Code shows. */
export const BOX = '.quick-input-widget .quick-input-box input';

/** Opens VS Code in a browser without a window, with a person before it. */
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
