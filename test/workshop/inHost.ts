import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'node:util';

import { launchBrowser } from './browser.ts';
import { startEditor, windowAddress } from './editor.ts';
import type { EditorSettings } from './editor.ts';
import { printLog } from './progress.ts';
import type { Log } from './progress.ts';

/** What to run inside an extension host. VS Code refuses to show dialogs to such a module; test/vscode runs otherwise. */
export interface InHostOptions {
  /** The absolute paths of the extensions to load. */
  readonly extensions: readonly string[];
  /** The absolute path of the module whose `run()` is the suite. */
  readonly tests: string;
  /** The folder for settings and storage; without it, a temporary one that is removed afterwards. */
  readonly dataDir?: string;
  /** The absolute path of the folder to open; an empty one in the data folder by default. */
  readonly folder?: string;
  /** The VS Code version. */
  readonly version?: string;
  /** User settings, laid over quiet defaults. */
  readonly settings?: EditorSettings;
  /** Environment variables that the suite can read. */
  readonly environment?: Readonly<Record<string, string>>;
  /** How long the suite may take, in milliseconds; five minutes by default. */
  readonly limitMilliseconds?: number;
  /** Receives the suite's output and the progress of a fetch; standard output by default. */
  readonly log?: Log;
}

/** What the workbench says about itself: native modules and a gallery it can do without, how it connects. */
const knownNoise = [
  /spdlog\.node|spdlog\/build|build\/Release\/watchdog/u,
  /builtin extensions/u,
  /^(?:Resolv(?:ing|ed) connection token|Creating a socket|ChatSessionStore:)/u,
  /^\[(?:AccountPolicyGate|AgentHost:remote|Service Worker|reconnection-grace-time)\]/u,
];

const defaultLimitMilliseconds = 5 * 60_000;

/**
 * Runs a suite in the extension host of a VS Code that is shown in a browser without a window.
 *
 * @param options what to run
 * @returns the exit code: 0 if `run()` resolved
 * @throws Error if the suite has not ended within its time, or if the window does not open
 */
export async function runInBrowserEditor(options: InHostOptions): Promise<number> {
  const log = options.log ?? printLog;
  const limit = options.limitMilliseconds ?? defaultLimitMilliseconds;
  return await withDataDir(options, async (dataDir, folder) => {
    const editor = await startEditor({
      dataDir,
      log,
      ...(options.version === undefined ? {} : { version: options.version }),
      ...(options.settings === undefined ? {} : { settings: options.settings }),
      ...(options.environment === undefined ? {} : { environment: options.environment }),
    });
    try {
      const browser = await launchBrowser({ log });
      try {
        const context = await browser.newContext();
        const page = await context.newPage();
        let timer: NodeJS.Timeout | undefined;
        const ended = new Promise<number>((resolve, reject) => {
          timer = setTimeout(() => {
            reject(new Error(`The suite has not ended within ${String(limit / 1000)} seconds.`));
          }, limit);
          page.once('crash', () => {
            reject(new Error('The window crashed.'));
          });
          void page.exposeFunction('codeAutomationExit', resolve);
        });
        await page.exposeFunction('codeAutomationLog', (_type: string, values: readonly unknown[]) => {
          const line = format(...values);
          if (!knownNoise.some((noise) => noise.test(line))) {
            log(line);
          }
        });
        try {
          const opened = page.goto(await windowAddress(editor, { ...options, folder }));
          return await Promise.race([ended, opened.then(async () => await ended)]);
        } finally {
          clearTimeout(timer);
        }
      } finally {
        await browser.close();
      }
    } finally {
      await editor.stop();
    }
  });
}

async function withDataDir<T>(
  options: InHostOptions,
  work: (dataDir: string, folder: string) => Promise<T>,
): Promise<T> {
  // The name is short because VS Code keeps sockets below it, and their paths are limited to 103 characters.
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'sk-')));
  const folder = options.folder ?? join(dataDir, 'folder');
  try {
    await mkdir(folder, { recursive: true });
    return await work(dataDir, folder);
  } finally {
    if (options.dataDir === undefined) {
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  }
}
