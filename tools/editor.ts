import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { startChild } from './children.ts';
import type { Child } from './children.ts';
import { startEditorFront } from './editorFront.ts';
import { giveLog, giveSearch } from './editorParts.ts';
import { chosenVersion, ignoresExtensionLogLevels } from './editorVersions.ts';
import { withManagedSettings } from './managedSettingsMount.ts';
import { nodeProgramFor } from './nodeProgram.ts';
import { fetchNpmFolder, isFetched } from './npmFolder.ts';
import type { NpmFolder } from './npmFolder.ts';
import { fetchedFolder } from './places.ts';
import { printLog, silentLog, withProgress } from './progress.ts';
import type { Log } from './progress.ts';

/** VS Code settings by name. */
export type EditorSettings = Readonly<Record<string, unknown>>;

/** How to start the editor. */
export interface EditorOptions {
  /** The folder for its settings, storage and logs; created if missing. */
  readonly dataDir: string;
  /** The VS Code version; {@link chosenVersion} by default. */
  readonly version?: string;
  /** The port to serve on; 0, the default, is any free one. */
  readonly port?: number;
  /** How many ports to try, counting up from `port`, while they are in use; 1 by default. */
  readonly portTries?: number;
  /** User settings, in addition to quiet defaults. */
  readonly settings?: EditorSettings;
  /** Environment variables for the extension hosts, in addition to those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The absolute paths of modules that the server and each extension host load first; none by default. */
  readonly preloads?: readonly string[];
  /**
   * Whether windows may load extensions under development and run a test module; true by default.
   * VS Code then shows no notifications, so if these matter, extensions must be installed instead.
   */
  readonly smokeTestDriver?: boolean;
  /** What the organization's file contains for this editor; see managedSettingsMount.ts for where that works. */
  readonly managedSettings?: string | undefined;
  /** Receives the progress of a download, if one is needed. */
  readonly log?: Log;
}

/** A VS Code that is served to the browser. */
export interface Editor {
  /** Its URL: `http://127.0.0.1:PORT`. */
  readonly address: string;
  /** The port of {@link Editor.address}. */
  readonly port: number;
  /** The folder of its settings, storage and logs. */
  readonly dataDir: string;
  /** The VS Code version. */
  readonly version: string;
  /** Ends the server, its extension hosts and every connection. */
  stop(): Promise<void>;
}

/** What one window of the editor shows and loads. */
export interface WindowOptions {
  /** The absolute path of the folder to open. */
  readonly folder: string;
  /** The absolute paths of the extensions under development to load; none by default. */
  readonly extensions?: readonly string[];
  /** The absolute path of a module whose `run()` is called in the extension host. */
  readonly tests?: string;
  /** The extensions whose logs have the level `trace`, by ID; none by default. */
  readonly traced?: readonly string[];
}

/** A VS Code that is ready to start. */
export interface PreparedEditor {
  /** The absolute path of VS Code's folder. */
  readonly home: string;
  /** The absolute path of the Node executable that runs its server. */
  readonly node: string;
}

const startMilliseconds = 60_000;

/** Disables every part of the workbench that advertises itself, prompts, or uses the network. */
const quietSettings: EditorSettings = {
  'chat.commandCenter.enabled': false,
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'npm.fetchOnlinePackageInfo': false,
  'security.workspace.trust.enabled': false,
  'telemetry.feedback.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'typescript.disableAutomaticTypeAcquisition': true,
  'update.mode': 'none',
  'update.showReleaseNotes': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.settings.enableNaturalLanguageSearch': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
};

/**
 * Ensures that VS Code is available, and downloads it through npm if needed (half a minute, about 600 MB on disk).
 *
 * @param version the VS Code version
 * @param log receives the progress of the download
 * @returns its location, and what runs it
 * @throws Error with npm's output, if the download fails
 */
export async function prepareEditor(version = chosenVersion(), log: Log = silentLog): Promise<PreparedEditor> {
  // The version 4.x.y of the package contains VS Code 1.x.y.
  const packageVersion = version.replace(/^1\./u, '4.');
  const wanted: NpmFolder = {
    folder: join(fetchedFolder, `code-server-${packageVersion}`),
    name: 'code-server',
    version: packageVersion,
    nested: join('lib', 'vscode'),
  };
  if (!(await isFetched(wanted))) {
    await withProgress(log, `Downloading VS Code ${version} (about 600 MB on disk)`, async () => {
      await fetchNpmFolder(wanted);
    });
  }
  const packageFolder = join(wanted.folder, 'node_modules', 'code-server');
  const home = join(packageFolder, 'lib', 'vscode');
  await giveLog(home);
  await giveSearch(home);
  return { home, node: await nodeProgramFor(packageFolder, log) };
}

/**
 * Writes the user settings of an editor, in addition to quiet defaults. Existing settings are replaced.
 *
 * @param userDir the folder that contains `settings.json`; created if missing
 * @param settings the settings
 */
export async function writeSettings(userDir: string, settings: EditorSettings = {}): Promise<void> {
  await mkdir(userDir, { recursive: true });
  const content = JSON.stringify({ ...quietSettings, ...settings }, undefined, 2);
  await writeFile(join(userDir, 'settings.json'), `${content}\n`);
}

/**
 * Starts VS Code's own server and serves it to the browser. Secrets survive a reload, and a restart with the same data
 * folder and port.
 *
 * @param options where, and with which settings
 * @returns the editor, once it responds
 * @throws Error with the end of its output, if it doesn't start within a minute
 */
export async function startEditor(options: EditorOptions): Promise<Editor> {
  const { dataDir, version = chosenVersion() } = options;
  const { home, node } = await prepareEditor(version, options.log);
  await writeSettings(join(dataDir, 'data', 'User'), options.settings);
  const secretKey = await readSecretKey(dataDir);

  const serverArgs = [
    ...(options.preloads ?? []).flatMap((path) => ['--import', pathToFileURL(path).href]),
    serverProgram(home),
    ...['--host', '127.0.0.1', '--port', '0'],
    ...commonSwitches(dataDir),
    ...((options.smokeTestDriver ?? true) ? ['--enable-smoke-test-driver'] : []),
  ];
  const { program, args } =
    options.managedSettings === undefined
      ? { program: node, args: serverArgs }
      : await withManagedSettings(dataDir, options.managedSettings, [node, ...serverArgs]);
  const child = startChild(program, args, {
    cwd: home,
    env: serverEnvironment(options.environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    const said = collectOutput(child);
    const target = await announcedPort(child);
    await untilAnswered(`http://127.0.0.1:${String(target)}/version`);
    const front = await startEditorFront({
      target,
      port: options.port ?? 0,
      tries: options.portTries ?? 1,
      secretKey,
    });
    let stopping = false;
    child.process.once('exit', (code, signal) => {
      if (!stopping) {
        (options.log ?? printLog)(`VS Code ended unexpectedly (${String(code ?? signal)}):\n${said().trim()}`);
      }
    });
    return {
      address: `http://127.0.0.1:${String(front.port)}`,
      port: front.port,
      dataDir,
      version,
      stop: async () => {
        stopping = true;
        await front.close();
        await child.end();
      },
    };
  } catch (error) {
    await child.end();
    throw error;
  }
}

/**
 * Installs extensions from their package files. An editor that is started afterwards with the same data folder has them.
 * Installed ones are replaced.
 *
 * @param files the absolute paths of the .vsix files
 * @param options the data folder, and the VS Code version
 * @throws Error with VS Code's output, if the installation fails
 */
export async function installExtensions(
  files: readonly string[],
  options: Pick<EditorOptions, 'dataDir' | 'version' | 'log'>,
): Promise<void> {
  const { home, node } = await prepareEditor(options.version, options.log);
  const wanted = files.flatMap((file) => ['--install-extension', file]);
  const args = [serverProgram(home), ...commonSwitches(options.dataDir), ...wanted, '--force'];
  const child = startChild(node, args, {
    cwd: home,
    env: serverEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = collectOutput(child);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.process.once('error', reject);
    child.process.once('close', resolve);
  });
  if (code !== 0 || said().split('successfully installed').length !== files.length + 1) {
    throw new Error(`VS Code couldn't install ${files.join(' and ')}:\n${said().trim()}`);
  }
}

/**
 * The URL that opens a window in the browser.
 *
 * @param editor the running editor
 * @param options what the window shows and loads
 * @returns a URL on the editor's own origin
 * @throws the file system's error, if the extensions can't be combined
 */
export async function windowAddress(
  editor: Pick<Editor, 'address' | 'dataDir' | 'version'>,
  options: WindowOptions,
): Promise<string> {
  const address = new URL(editor.address);
  address.searchParams.set('folder', decodeURIComponent(pathToFileURL(options.folder).pathname));
  const { extensions = [], tests, traced = [] } = options;
  const levels = traced.map((id) => `${id}:trace`);
  if (traced.length > 0 && ignoresExtensionLogLevels(editor.version)) {
    levels.push('trace');
  }
  const payload: [string, string][] = levels.length === 0 ? [] : [['logLevel', levels.join(',')]];
  if (extensions.length > 0 || tests !== undefined) {
    const remote = (path: string): string => `vscode-remote://${address.host}${pathToFileURL(path).pathname}`;
    payload.push(
      ['extensionDevelopmentPath', remote(await togetherIn(editor.dataDir, extensions))],
      ...(tests === undefined ? [] : [['extensionTestsPath', remote(tests)] satisfies [string, string]]),
      ['skipWelcome', 'true'],
    );
  }
  if (payload.length > 0) {
    address.searchParams.set('payload', JSON.stringify(payload));
  }
  return address.href;
}

/**
 * Combines several extensions in one folder: the window accepts a single path (of several, the last one is used), but if
 * that path isn't an extension, it loads every extension in it.
 */
async function togetherIn(dataDir: string, extensions: readonly string[]): Promise<string> {
  const folder = join(dataDir, 'under-development');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [index, extension] of extensions.entries()) {
    await symlink(extension, join(folder, `${String(index)}-${basename(extension)}`), 'junction');
  }
  return folder;
}

function serverProgram(home: string): string {
  return join(home, 'out', 'server-main.js');
}

function commonSwitches(dataDir: string): string[] {
  return [
    '--accept-server-license-terms',
    '--without-connection-token',
    '--disable-workspace-trust',
    '--telemetry-level',
    'off',
    '--server-data-dir',
    dataDir,
  ];
}

/**
 * The environment without the variables that VS Code sets for its own terminals, which would mislead its server, and
 * without an extension gallery, so that nothing depends on the internet.
 */
function serverEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !name.startsWith('VSCODE_') && name !== 'ELECTRON_RUN_AS_NODE') {
      environment[name] = value;
    }
  }
  return { ...environment, EXTENSIONS_GALLERY: '{}', ...extra };
}

async function readSecretKey(dataDir: string): Promise<Uint8Array> {
  const file = join(dataDir, 'secret-key');
  const kept = await readFile(file).catch(() => undefined);
  if (kept?.length === 32) {
    return kept;
  }
  const fresh = randomBytes(32);
  await writeFile(file, fresh, { mode: 0o600 });
  return fresh;
}

/** Collects the output of a program; only its end is kept, for an error message. */
function collectOutput(child: Child): () => string {
  let said = '';
  for (const stream of [child.process.stdout, child.process.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
  }
  return () => said;
}

/** The server chooses a free port and prints it. */
async function announcedPort(child: Child): Promise<number> {
  const said = collectOutput(child);
  return await new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      clearTimeout(limit);
      reject(new Error(`VS Code ${reason}:\n${said().trim()}`));
    };
    const limit = setTimeout(() => {
      fail(`didn't start within ${String(startMilliseconds / 1000)} seconds`);
    }, startMilliseconds);
    child.process.once('error', (error) => {
      fail(`couldn't be started (${error.message})`);
    });
    child.process.once('exit', (code) => {
      fail(`ended while it was starting (${String(code)})`);
    });
    child.process.stdout?.on('data', () => {
      const port = /listening on (\d+)/u.exec(said())?.[1];
      if (port !== undefined) {
        clearTimeout(limit);
        resolve(Number(port));
      }
    });
  });
}

async function untilAnswered(address: string): Promise<void> {
  const until = Date.now() + startMilliseconds;
  for (;;) {
    try {
      const answer = await fetch(address);
      await answer.body?.cancel();
      if (answer.ok) {
        return;
      }
    } catch (error) {
      if (Date.now() > until) {
        throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
