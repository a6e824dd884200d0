import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';

import { windowAddress } from '../../tools/editor.ts';
import type { Editor } from '../../tools/editor.ts';
import { simulateUser } from '../../tools/simulatedUser.ts';
import { outcomeFile, taskFile } from './task.ts';
import type { Outcome, Task, Times } from './task.ts';

/** The configuration of a window. */
export interface WindowConfiguration {
  readonly editor: Editor;
  readonly browser: Browser;
  /** The absolute paths of the extensions to load, including the measuring one. */
  readonly extensions: readonly string[];
  /** The folder for the task and its outcome, which the environment passes to the extension host. */
  readonly folder: string;
}

/** How long one window may take. */
const limitMilliseconds = 100_000;

/**
 * Opens a new window, which has its own extension host process, and measures in it.
 *
 * @param configuration the configuration of the window
 * @param task what to measure
 * @returns the times
 * @throws Error if measuring fails or takes too long
 */
export async function measureInWindow(configuration: WindowConfiguration, task: Task): Promise<Times> {
  const { browser, editor, extensions, folder } = configuration;
  await mkdir(folder, { recursive: true });
  await rm(join(folder, outcomeFile), { force: true });
  await writeFile(join(folder, taskFile), JSON.stringify(task));
  const context = await browser.newContext();
  try {
    await simulateUser(context, () => ({ kind: 'signIn', account: 'demo' }));
    const page = await context.newPage();
    await page.goto(await windowAddress(editor, { folder, extensions }));
    const outcome = await outcomeIn(folder);
    if ('failed' in outcome) {
      throw new Error(`Measuring failed in the extension host: ${outcome.failed}`);
    }
    return outcome.times;
  } finally {
    await context.close();
  }
}

async function outcomeIn(folder: string): Promise<Outcome> {
  const until = Date.now() + limitMilliseconds;
  for (;;) {
    const text = await readFile(join(folder, outcomeFile), 'utf8').catch(() => undefined);
    if (text !== undefined) {
      return JSON.parse(text) as Outcome;
    }
    if (Date.now() > until) {
      throw new Error(`The window hasn't responded for ${limitMilliseconds / 1000} seconds.`);
    }
    await delay(100);
  }
}
