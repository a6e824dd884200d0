// Runs the suite of this folder inside a real VS Code: in a headless browser, or in a desktop VS Code.
//   npm run test:vscode                 VS Code served to the browser
//   npm run test:vscode -- --desktop    a desktop VS Code, through @vscode/test-electron
//   npm run test:vscode -- --only TEXT  only the tests with this text in their names
//   npm run test:minimum                the oldest supported VS Code, served to the browser
// SESSION_KEEPER_VSCODE chooses the version: "minimum", "stable" (desktop only), or a number.
// SESSION_KEEPER_SUITE selects the files whose names contain one of its texts, which are separated by commas.
// SESSION_KEEPER_TEST_MCP_MODE=header tests MCP servers as in versions of VS Code that don't request tokens for them.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSignedCertificate } from '../../tools/certificate.ts';
import { startControl } from '../../tools/control.ts';
import { chosenVersion, losesLoopbackPaths } from '../../tools/editorVersions.ts';
import { startGitServer } from '../../tools/gitServer.ts';
import { testHostName, useTestHostName } from '../../tools/hostName.ts';
import { startIdentityServer, type IdentityServer } from '../../tools/identityServer.ts';
import { isTraced, leaks, logsIn, type LogText } from '../../tools/leaks.ts';
import { startMcpServer } from '../../tools/mcpServer.ts';
import { startNotesServer } from '../../tools/notesServer.ts';
import { buildEditorSuite, buildExtension } from '../../tools/package.ts';
import { root } from '../../tools/places.ts';
import { printLog } from '../../tools/progress.ts';
import { startResourceServer } from '../../tools/resourceServer.ts';
import { openInBrowser, type OpenWindow } from './browserRunner.ts';
import { openOnDesktop } from './desktopRunner.ts';
import { SERVERS, type ServerAddresses } from './servers.ts';

const LIMIT = 10 * 60_000;

await buildExtension();
await buildEditorSuite();

if (process.argv.includes('--minimum')) {
  process.env['SESSION_KEEPER_VSCODE'] = 'minimum';
}
const isDesktop = process.argv.includes('--desktop');
const needsHostName = !isDesktop && losesLoopbackPaths(chosenVersion());
const host = needsHostName ? { name: testHostName, ...selfSignedCertificate(testHostName) } : undefined;
if (host !== undefined) {
  useTestHostName(host.cert);
}

if (process.env['SESSION_KEEPER_TEST_MCP_MODE'] === 'header') {
  await forgetObservedVersions();
}

const only = process.argv[process.argv.indexOf('--only') + 1 || process.argv.length] ?? '';
const servers: Record<string, IdentityServer> = {};
const addresses: Record<string, ServerAddresses> = {};
const stops: (() => unknown)[] = [];
for (const [name, options] of Object.entries(SERVERS)) {
  const identity = await startIdentityServer({
    accessTokenSeconds: 3600,
    host,
    ...options,
  });
  const resources = await startResourceServer(identity, host);
  const notes = await startNotesServer(identity);
  servers[name] = identity;
  addresses[name] = { issuer: identity.issuer, api: resources.api, user: resources.user, notes: notes.address };
  stops.push(
    () => notes.stop(),
    () => resources.stop(),
    () => identity.stop(),
  );
}
const opened = Promise.withResolvers<OpenWindow>();
const report: string[] = [];
const control = await startControl({
  servers,
  type: async (text) => (await opened.promise).type(text),
  press: async (key) => (await opened.promise).press(key),
  log: (line) => {
    report.push(line);
    printLog(line);
  },
});
// The name is short, because VS Code keeps sockets below it, and their paths are limited to 103 characters.
const dataDir = await mkdtemp(join(tmpdir(), 'sk-'));
const gitFolder = await mkdtemp(join(tmpdir(), 'sk-git-server-'));
const [usual] = Object.values(servers);
const gitServer = usual === undefined ? undefined : await startGitServer(usual, gitFolder);
if (gitServer === undefined) {
  printLog("Git isn't installed, so the tests with Git are skipped.");
}
const mcpServer = usual === undefined ? undefined : await startMcpServer(usual);
stops.push(
  () => gitServer?.stop(),
  () => mcpServer?.stop(),
);
const open = isDesktop ? openOnDesktop : openInBrowser;
const window = await open({
  dataDir,
  extensions: [root, join(root, 'test', 'consumer'), join(root, 'out', 'test')],
  environment: {
    SESSION_KEEPER_TEST_SERVERS: JSON.stringify(addresses),
    SESSION_KEEPER_TEST_CONTROL: control.address,
    SESSION_KEEPER_TEST_ONLY: only,
    SESSION_KEEPER_TEST_GIT: gitServer?.repository ?? '',
    SESSION_KEEPER_TEST_GIT_FOLDER: gitFolder,
    SESSION_KEEPER_TEST_MCP: mcpServer?.url ?? '',
    // Keeps the settings of this computer's user out.
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  },
  behavior: () => control.behavior(),
  reads: (heading) => control.reads(heading),
  log: printLog,
  certificate: host?.cert,
});
opened.resolve(window);
let failures = 1;
try {
  failures = await Promise.race([control.ended, tooLate()]);
  failures += mustHaveKept([...(await logsIn(window.logFolder)), { name: 'the report', text: report.join('\n') }]);
} finally {
  await window.close();
  control.stop();
  await Promise.all(stops.map((stop) => stop()));
  await rm(gitFolder, { recursive: true, force: true });
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
process.exit(failures === 0 ? 0 : 1);

/** Searches everything that was logged and sent for secrets. Returns the number of findings. */
function mustHaveKept(logs: readonly LogText[]): number {
  // An unused server is a finding, too, unless only some of the tests were selected.
  const { SESSION_KEEPER_SUITE: suite = '' } = process.env;
  const isPartial = only !== '' || suite !== '';
  const journals = Object.values(servers)
    .map(({ journal }) => journal)
    .filter(({ traffic }) => !isPartial || traffic.length > 0);
  const complaints = [
    ...journals.flatMap((journal) => leaks(journal, logs)),
    ...(isTraced(logs) ? [] : ["The extension wasn't logged at the level trace."]),
  ];
  complaints.forEach((complaint) => printLog(`Not kept: ${complaint}`));
  const sum = (countOf: (journal: IdentityServer['journal']) => number): string =>
    String(journals.reduce((all, journal) => all + countOf(journal), 0));
  printLog(
    `${sum(({ secrets }) => secrets.size)} secrets were searched in ${String(logs.length)} logs and ${sum(({ traffic }) => traffic.length)} requests.`,
  );
  return complaints.length;
}

async function tooLate(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, LIMIT));
  printLog(`The suite has not ended within ${String(LIMIT / 60_000)} minutes.`);
  return 1;
}

/** Changes the versions of VS Code in mcpModes.ts that request tokens for MCP servers, in the built extension. */
async function forgetObservedVersions(): Promise<void> {
  const [name = ''] = (await readdir(join(root, 'dist'))).filter((file) => /^onDemand-.*\.js$/u.test(file));
  const path = join(root, 'dist', name);
  const parts = (await readFile(path, 'utf8')).split('[108,139]');
  if (parts.length !== 2) {
    throw new Error("The versions weren't found in the extension.");
  }
  await writeFile(path, parts.join('[999,999]'));
}
