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

// Everything to try the extension out by hand: a real identity server and a real VS Code, already configured.
//   node tools/start.ts            goes on until Ctrl-C
//   node tools/start.ts --check    comes up, looks whether everything answers, and ends

/** The ports stay the same from one start to the next, so that a person stays signed in. */
const identityPort = 38080;
const editorPort = 38180;
const portTries = 20;
const accessTokenSeconds = 90;

const home = join(fetchedFolder, 'start');
const folder = join(home, 'example');
const checking = process.argv.includes('--check');

/** What to end, the latest first. */
const closing: (() => Promise<void>)[] = [];

/** The tries by Ctrl-C or a signal to end this program. */
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
  // A signal in the middle of the start makes the start fail, which is no failure.
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
  printLog(`Acme, an identity server, answers at ${identity.issuer}`);

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
  explain([`Open this address in a browser:`, '', `  ${address}`]);
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
    printLog(`VS Code could not be started: ${error.message}`);
    void end(1);
  });
  explain(['VS Code opens in a window of its own.']);
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
    'Then sign in: the Accounts menu at the lower left, "Sign in with Acme…",',
    'or in the Command Palette (F1) "Session Keeper: Sign In…".',
    '',
    `  Name and password:  ${accounts.join('   or   ')}`,
    '',
    `Access tokens last ${String(accessTokenSeconds)} seconds here; the status bar shows how they are renewed.`,
    'In the Command Palette, "Consumer: Who Am I?" uses the session from another extension.',
    '',
    'Ctrl-C ends everything.',
    '',
  ];
  for (const line of lines) {
    printLog(line);
  }
}

async function writeExample(): Promise<void> {
  await mkdir(folder, { recursive: true });
  const text = [
    '# An example folder',
    '',
    'It is here so that VS Code has something to show.',
    '',
    '1. Sign in: the Accounts menu at the lower left, then "Sign in with Acme…".',
    '2. Watch the status bar.',
    '3. Press F1 and choose "Consumer: Who Am I?": another extension uses the session.',
    '',
  ];
  await writeFile(join(folder, 'README.md'), text.join('\n'));
}

async function check(address: string): Promise<void> {
  const answer = await fetch(address);
  await answer.body?.cancel();
  if (!answer.ok) {
    throw new Error(`${new URL(address).origin} answered ${String(answer.status)}`);
  }
}

async function end(code: number): Promise<void> {
  for (const close of closing.reverse()) {
    await close();
  }
  process.exit(code);
}
