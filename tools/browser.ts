import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

import { endWithSignals } from './children.ts';
import { fetchNpmFolder, isFetched } from './npmFolder.ts';
import type { NpmFolder } from './npmFolder.ts';
import { fetchedFolder } from './places.ts';
import { silentLog, withProgress } from './progress.ts';
import type { Log } from './progress.ts';

/** How to launch the browser. */
export interface BrowserOptions {
  /** Whether it runs without a window; true by default. */
  readonly headless?: boolean;
  /** An origin that resolves to this machine although its host is another one, and that counts as secure although it's `http:`. */
  readonly elsewhere?: URL | undefined;
  /** Receives the progress of a download, if one is needed. */
  readonly log?: Log;
}

/** A browser's executable, and the environment that it needs. */
interface Program {
  readonly executablePath: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

const args = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-quic',
  '--disable-sync',
  '--no-default-browser-check',
  '--no-first-run',
];

const fetched: NpmFolder = {
  folder: join(fetchedFolder, 'chromium-153.0.0'),
  name: '@sparticuz/chromium',
  version: '153.0.0',
  finish: unpack,
};

/**
 * Launches a browser: the one in `CHROME_PATH`, otherwise an installed Chrome, Chromium or Edge, otherwise (on x64
 * Linux, headless only) a Chromium downloaded through npm.
 *
 * @param options how to launch it
 * @returns the browser; the caller closes it
 * @throws Error that describes what to install, if no browser is available
 */
export async function launchBrowser(options: BrowserOptions = {}): Promise<Browser> {
  const headless = options.headless ?? true;
  const program = installedBrowser() ?? (headless ? await fetchedBrowser(options.log ?? silentLog) : undefined);
  if (program === undefined) {
    throw new Error(
      "Couldn't find a browser. Install Google Chrome, Chromium or Microsoft Edge, " +
        'or set CHROME_PATH to a browser executable.',
    );
  }
  endWithSignals();
  return await chromium.launch({
    executablePath: program.executablePath,
    headless,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    args: [
      ...args,
      ...program.args,
      ...switchesFor(options.elsewhere),
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
    env: { ...definedEnvironment(), ...program.environment },
  });
}

/**
 * Downloads the browser through npm if {@link launchBrowser} would have to.
 *
 * @param log receives the progress of the download
 * @throws Error with npm's output, if the download fails
 */
export async function prepareBrowser(log: Log = silentLog): Promise<void> {
  if (installedBrowser() === undefined) {
    await fetchedBrowser(log);
  }
}

function switchesFor(elsewhere: URL | undefined): string[] {
  if (elsewhere === undefined) {
    return [];
  }
  const insecure = elsewhere.protocol === 'http:';
  return [
    '--no-proxy-server',
    `--host-resolver-rules=MAP ${elsewhere.hostname} 127.0.0.1`,
    ...(insecure ? [`--unsafely-treat-insecure-origin-as-secure=${elsewhere.origin}`] : []),
  ];
}

function installedBrowser(): Program | undefined {
  const named = process.env['CHROME_PATH'] ?? '';
  if (named !== '' && !existsSync(named)) {
    throw new Error(`CHROME_PATH is "${named}", but this file doesn't exist.`);
  }
  const executablePath = named !== '' ? named : usualPlaces().find((place) => existsSync(place));
  return executablePath === undefined ? undefined : { executablePath, environment: {}, args: [] };
}

function usualPlaces(): string[] {
  if (process.platform === 'darwin') {
    const folders = ['/Applications', join(process.env['HOME'] ?? '', 'Applications')];
    return ['Google Chrome', 'Chromium', 'Microsoft Edge'].flatMap((name) =>
      folders.map((folder) => join(folder, `${name}.app`, 'Contents', 'MacOS', name)),
    );
  }
  if (process.platform === 'win32') {
    const folders = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA']
      .map((name) => process.env[name])
      .filter((folder) => folder !== undefined);
    const programs = [
      join('Google', 'Chrome', 'Application', 'chrome.exe'),
      join('Chromium', 'Application', 'chrome.exe'),
      join('Microsoft', 'Edge', 'Application', 'msedge.exe'),
    ];
    return programs.flatMap((program) => folders.map((folder) => join(folder, program)));
  }
  const names = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'microsoft-edge'];
  const folders = ['/usr/bin', '/usr/local/bin', '/snap/bin'];
  return [
    ...names.flatMap((name) => folders.map((folder) => join(folder, name))),
    '/opt/google/chrome/chrome',
    '/opt/microsoft/msedge/msedge',
  ];
}

async function fetchedBrowser(log: Log): Promise<Program | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return undefined;
  }
  if (!(await isFetched(fetched))) {
    await withProgress(log, 'Downloading Chromium 153 (about 300 MB on disk)', async () => {
      await fetchNpmFolder(fetched);
    });
  }
  const folder = unpackedFolder(join(fetched.folder, 'node_modules', fetched.name));
  return {
    executablePath: join(folder, 'chromium'),
    environment: {
      FONTCONFIG_PATH: join(folder, 'fonts'),
      LD_LIBRARY_PATH: [join(folder, 'al2023', 'lib'), process.env['LD_LIBRARY_PATH'] ?? ''].filter(Boolean).join(':'),
    },
    args: [],
  };
}

function unpackedFolder(packageFolder: string): string {
  return join(packageFolder, 'unpacked');
}

/**
 * Unpacks the browser, and the libraries that a minimal system lacks, into a separate folder. The package unpacks into the
 * system's temporary folder and uses existing files there, including half-written files of another process. Therefore it
 * runs in a process with a temporary folder of its own.
 */
async function unpack(packageFolder: string): Promise<void> {
  const target = unpackedFolder(packageFolder);
  await mkdir(target, { recursive: true });
  const entry = pathToFileURL(join(packageFolder, 'build', 'index.js')).href;
  const script = `await (await import(${JSON.stringify(entry)})).default.executablePath();`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    env: {
      ...process.env,
      TMPDIR: target,
      // The package unpacks its libraries only if it detects that it runs there.
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x',
    },
  });
  await writeFile(join(target, 'fonts', 'fonts.conf'), fontSettings);
}

/** The package's own settings expect its fonts in the system's temporary folder. */
const fontSettings = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">.</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

function definedEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined) {
      environment[name] = value;
    }
  }
  return environment;
}
