// The browser and the editors of this process. Starting them takes several seconds, so each description reuses those of the
// previous one, with a new browser context and without stored data.
import { rmSync } from 'node:fs';
import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../../tools/browser.ts';
import { installExtensions, startEditor, type Editor } from '../../tools/editor.ts';
import { logsIn } from '../../tools/leaks.ts';
import { printLog } from '../../tools/progress.ts';
import { packages } from './packages.ts';

/** The timeout, in ms, for the extension hosts of an editor to exit after its windows were closed. */
const END_LIMIT = 20_000;
const END_POLL = 50;

const started = new Map<string, Editor>();
const unused: Editor[] = [];
/** Those with additional extensions or an organization's settings, which no other description uses. */
const special = new Set<Editor>();
let browser: Promise<Browser> | undefined;

/** Returns the browser that the descriptions of this process share. */
export async function sharedBrowser(): Promise<Browser> {
  if (browser !== undefined && !(await browser).isConnected()) {
    browser = undefined;
  }
  browser ??= launchBrowser({ log: printLog });
  return browser;
}

/**
 * Returns an editor with both extensions installed, without settings, sessions or logs: a used one, or else a new one.
 * @param additional the package files of other extensions to install; such an editor is always a new one.
 * @param managedSettings what the organization's file contains; such an editor is always a new one, too.
 */
export async function takeEditor(additional: readonly string[] = [], managedSettings?: string): Promise<Editor> {
  if (additional.length === 0 && managedSettings === undefined) {
    return unused.pop() ?? (await newEditor([]));
  }
  const editor = await newEditor(additional, managedSettings);
  special.add(editor);
  return editor;
}

/** Takes an editor back whose windows are closed. One that can't be used again is stopped. */
export async function returnEditor(editor: Editor): Promise<void> {
  if (special.delete(editor) || !(await hasNoExtensionHosts(editor))) {
    await stop(editor);
    return;
  }
  const data = join(editor.dataDir, 'data');
  await rm(join(data, 'User'), { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  const logs = await readdir(join(data, 'logs'), { recursive: true, withFileTypes: true });
  for (const log of logs.filter((entry) => entry.isFile())) {
    await truncate(join(log.parentPath, log.name));
  }
  unused.push(editor);
}

/** Stops all editors and closes the browser. */
export async function closeEditors(): Promise<void> {
  await (await browser)?.close();
  browser = undefined;
  await Promise.all([...started.values()].map(stop));
}

async function newEditor(additional: readonly string[], managedSettings?: string): Promise<Editor> {
  if (started.size === 0) {
    // A mocha worker exits without running hooks after its last file.
    process.once('exit', () => {
      for (const folder of started.keys()) {
        rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      }
    });
  }
  // The name is short because VS Code keeps sockets below it, and their paths are limited to 103 characters.
  const dataDir = await mkdtemp(join(tmpdir(), 'sk-'));
  await installExtensions([...(await packages()), ...additional], { dataDir, log: printLog });
  const editor = await startEditor({ dataDir, smokeTestDriver: false, managedSettings, log: printLog });
  started.set(dataDir, editor);
  return editor;
}

async function stop(editor: Editor): Promise<void> {
  await editor.stop();
  await rm(editor.dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  started.delete(editor.dataDir);
}

/** Waits until VS Code's server has logged the end of each extension host that it has started. Returns whether it has. */
async function hasNoExtensionHosts({ dataDir }: Editor): Promise<boolean> {
  for (const end = Date.now() + END_LIMIT; Date.now() < end;) {
    const logs = await logsIn(join(dataDir, 'data', 'logs'));
    const log = logs.map(({ text }) => text).join('\n');
    const count = (event: RegExp): number => [...log.matchAll(event)].length;
    if (count(/<\d+> Launched Extension Host Process/g) === count(/<\d+> Extension Host Process exited/g)) {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, END_POLL));
  }
  return false;
}
