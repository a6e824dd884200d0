import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { findDesktopEditor, openDesktopEditor } from './desktop.ts';
import { installExtensions, prepareEditor, startEditor, windowAddress, writeSettings } from './editor.ts';
import type { EditorSettings } from './editor.ts';
import { demoAccounts } from './identityAccounts.ts';
import { demoClientId, startIdentityServer } from './identityServer.ts';
import type { IdentityServer } from './identityServer.ts';
import { buildExtension, packageExtensions } from './package.ts';
import { fetchedFolder, root } from './places.ts';
import { printLog, withProgress } from './progress.ts';

// Everything for trying the extension out by hand: a real identity server and a real VS Code, already configured.
//   node tools/start.ts            runs until Ctrl-C
//   node tools/start.ts --check    starts, checks that everything responds, and exits

/** The ports stay the same across restarts, so that the user stays signed in. */
const identityPort = 38080;
const editorPort = 38180;
const portTries = 20;
const accessTokenSeconds = 90;

const home = join(fetchedFolder, 'start');
const folder = join(home, 'example');
const checking = process.argv.includes('--check');

/** What to end, latest first. */
const closing: (() => Promise<void>)[] = [];

/** The attempts to end this program by Ctrl-C or a signal. */
let asked = 0;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    asked += 1;
    if (asked > 1) {
      process.exit(1);
    }
    printLog('\nEnding …');
    void end(0);
  });
}

try {
  await start();
} catch (error) {
  // A signal during startup makes it fail, which isn't an error.
  if (asked === 0) {
    printLog(error instanceof Error ? `\n${error.message}` : String(error));
    await end(1);
  }
}

async function start(): Promise<void> {
  await writeExample();

  const identity = await startIdentityServer({
    port: identityPort,
    portTries,
    accessTokenSeconds,
    stateFile: join(home, 'identity-server.json'),
  });
  closing.push(async () => {
    await identity.stop();
  });
  printLog(`Acme, an identity server, is running at ${identity.issuer}`);

  const desktop = checking ? undefined : findDesktopEditor();
  if (desktop === undefined) {
    await startInBrowser(identity);
  } else {
    await startOnDesktop(desktop, identity);
  }
}

async function startInBrowser(identity: IdentityServer): Promise<void> {
  const dataDir = join(home, 'editor');
  await prepareEditor(undefined, printLog);
  await withProgress(printLog, 'Building the extension and installing it into VS Code', async () => {
    await installExtensions(await packageExtensions(home), { dataDir });
  });
  const editor = await startEditor({
    dataDir,
    port: editorPort,
    portTries,
    settings: settingsFor(identity),
    smokeTestDriver: false,
    log: printLog,
  });
  closing.push(async () => {
    await editor.stop();
  });
  const address = await windowAddress(editor, { folder });
  if (checking) {
    await check(address);
    await check(`${identity.issuer}/.well-known/openid-configuration`);
    printLog('OK');
    await end(0);
    return;
  }
  explain([`Open this URL in a browser:`, '', `  ${address}`]);
}

async function startOnDesktop(program: string, identity: IdentityServer): Promise<void> {
  await withProgress(printLog, 'Building the extension', buildExtension);
  const userDataDir = join(home, 'desktop');
  await writeSettings(join(userDataDir, 'User'), settingsFor(identity));
  const extensions = [root, join(root, 'test', 'consumer')];
  const editor = openDesktopEditor({ program, folder, extensions, userDataDir });
  closing.push(async () => {
    await editor.end();
  });
  editor.process.once('error', (error) => {
    printLog(`Couldn't start VS Code: ${error.message}`);
    void end(1);
  });
  explain(['VS Code opens in a separate window.']);
}

function settingsFor(identity: IdentityServer): EditorSettings {
  return {
    'sessionKeeper.providers': [{ id: 'acme', label: 'Acme', issuer: identity.issuer, clientId: demoClientId }],
  };
}

function explain(opening: readonly string[]): void {
  const accounts = demoAccounts.map(({ username, password }) => `${username} / ${password}`);
  const lines = [
    '',
    ...opening,
    '',
    'To sign in, select the Accounts icon at the bottom of the Activity Bar, then "Sign in with Acme…",',
    'or run "Session Keeper: Sign In…" from the Command Palette (F1).',
    '',
    `  Name and password:  ${accounts.join('   or   ')}`,
    '',
    `Access tokens expire after ${String(accessTokenSeconds)} seconds here; the status bar shows each renewal.`,
    'To use the session from another extension, run "Consumer: Who Am I?" from the Command Palette.',
    '',
    'Press Ctrl-C to stop everything.',
    '',
  ];
  for (const line of lines) {
    printLog(line);
  }
}

async function writeExample(): Promise<void> {
  await mkdir(folder, { recursive: true });
  const text = [
    '# Example folder',
    '',
    'This folder gives VS Code something to open.',
    '',
    '1. To sign in, select the Accounts icon at the bottom of the Activity Bar, then "Sign in with Acme…".',
    '2. Watch the status bar.',
    '3. Press F1 and run "Consumer: Who Am I?", in which another extension uses the session.',
    '',
  ];
  await writeFile(join(folder, 'README.md'), text.join('\n'));
}

async function check(address: string): Promise<void> {
  const answer = await fetch(address);
  await answer.body?.cancel();
  if (!answer.ok) {
    throw new Error(`${new URL(address).origin} responded with ${String(answer.status)}`);
  }
}

async function end(code: number): Promise<void> {
  for (const close of closing.reverse()) {
    await close();
  }
  process.exit(code);
}
