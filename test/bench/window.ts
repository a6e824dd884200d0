import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';

import { windowAddress } from '../../tools/editor.ts';
import type { Editor } from '../../tools/editor.ts';
import { seatPerson } from '../../tools/person.ts';
import { outcomeFile, taskFile } from './task.ts';
import type { Outcome, Task, Times } from './task.ts';

/** Where and with what a window opens. */
export interface Stage {
  readonly editor: Editor;
  readonly browser: Browser;
  /** The absolute paths of the extensions to load, the measuring one among them. */
  readonly extensions: readonly string[];
  /** The folder for the task and its outcome; the extension host knows it by its environment. */
  readonly folder: string;
}

/** How long one window may take. */
const limitMilliseconds = 100_000;

/**
 * Opens a new window, which has an extension host process of its own, and measures in it.
 *
 * @param stage where and with what
 * @param task what to measure
 * @returns the times
 * @throws Error if the measuring fails or takes too long
 */
export async function measureInWindow(stage: Stage, task: Task): Promise<Times> {
  const { browser, editor, extensions, folder } = stage;
  await mkdir(folder, { recursive: true });
  await rm(join(folder, outcomeFile), { force: true });
  await writeFile(join(folder, taskFile), JSON.stringify(task));
  const context = await browser.newContext();
  try {
    await seatPerson(context, () => ({ kind: 'signIn', account: 'demo' }));
    const page = await context.newPage();
    await page.goto(await windowAddress(editor, { folder, extensions }));
    const outcome = await outcomeIn(folder);
    if ('failed' in outcome) {
      throw new Error(`The measuring failed in the extension host: ${outcome.failed}`);
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
      throw new Error(`The window has said nothing for ${limitMilliseconds / 1000} seconds.`);
    }
    await delay(100);
  }
}
