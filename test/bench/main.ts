// Compares the extension to a minimal extension with an authentication provider and to the two providers built into VS
// Code, and then many windows and sessions to one. Only the ratios within a run count, because times differ between
// machines.
//   node test/bench/main.ts               seven rounds
//   node test/bench/main.ts --rounds 15   more rounds
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { launchBrowser } from '../../tools/browser.ts';
import { prepareEditor, startEditor } from '../../tools/editor.ts';
import { chosenVersion } from '../../tools/editorVersions.ts';
import { demoClientId, startIdentityServer } from '../../tools/identityServer.ts';
import { printLog, withProgress } from '../../tools/progress.ts';
import { alternatives, buildExtensions } from './alternatives.ts';
import type { Alternative, BenchExtensions } from './alternatives.ts';
import { reportFleet } from './fleet.ts';
import { measureMany, reportMany } from './many.ts';
import { formatMedian, ratios, table } from './table.ts';
import { folderVariable } from './task.ts';
import { measureTerminal, reportTerminal } from './terminal.ts';
import { measureInWindow } from './window.ts';
import type { WindowConfiguration } from './window.ts';

/** The times of each alternative, one per round; undefined if there was nothing to measure. */
type Rounds = Readonly<Partial<Record<Alternative, readonly (number | undefined)[]>>>;

const scopes = ['openid', 'profile', 'email', 'offline_access'];
/**
 * Few calls per batch, so that it alternates often between the two providers: other load on the machine affects both
 * equally.
 */
const callsPerBatch = 25;
const batchesPerRound = 12;
/** How long to continue, in ms, if the machine is too busy for all calls. */
const enough = 60_000;

const explanation = [
  "× is the factor by which Session Keeper takes longer: below 1 it's smaller or faster. Times are medians of all rounds,",
  'ratios are medians of the ratios within each round. The floor is an extension whose provider returns a constant.',
  'Each activation happens in a new extension host, in copies of all four extensions that only the benchmark activates.',
  'A call goes from another extension through VS Code to the provider and back, for a session that is signed in at an',
  "identity server and still fresh. Most of that is communication between VS Code's processes, which the floor has, too.",
  "The last two require a real account, so their calls aren't measured.",
];

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  throw new Error('--rounds requires a positive integer.');
}

const dataDir = await mkdtemp(join(tmpdir(), 'sk-'));
const folder = join(dataDir, 'bench');
const closing: (() => Promise<void>)[] = [
  () => rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }),
];
try {
  await bench();
} finally {
  for (const close of closing.reverse()) {
    await close();
  }
}

async function bench(): Promise<void> {
  // While nothing else is running.
  const many = await withProgress(printLog, 'Many windows, and many sessions', () => measureMany(rounds));
  const terminal = await withProgress(printLog, 'The command in a terminal', () => measureTerminal(rounds));
  const { home } = await prepareEditor(chosenVersion(), printLog);
  const pieces = await withProgress(printLog, 'Building the extension and the floor', () => buildExtensions(home));

  // Tokens that stay fresh throughout: this measures returning tokens, not renewing them.
  const identity = await startIdentityServer({ accessTokenSeconds: 24 * 3600 });
  closing.push(() => identity.stop());
  const editor = await startEditor({
    dataDir,
    log: printLog,
    settings: {
      'sessionKeeper.providers': [{ id: 'acme', label: 'Acme', issuer: identity.issuer, clientId: demoClientId }],
    },
    environment: { [folderVariable]: folder },
  });
  closing.push(() => editor.stop());
  const browser = await launchBrowser({ log: printLog });
  closing.push(() => browser.close());
  const extensions = Object.values(pieces).map((piece) => piece.folder);
  const configuration: WindowConfiguration = { editor, browser, extensions, folder };
  const activation = await measureActivation(configuration, pieces);
  const session = await measureSession(configuration, pieces).catch((error: unknown): Rounds => {
    // What was measured so far is worth reporting.
    printLog(String(error));
    process.exitCode = 1;
    return {};
  });
  report(pieces, activation, session);
  reportMany(many, printLog);
  printLog('');
  printLog(reportTerminal(terminal));
  printLog('');
  printLog(reportFleet());
}

async function measureActivation(configuration: WindowConfiguration, pieces: BenchExtensions): Promise<Rounds> {
  const times: Record<Alternative, (number | undefined)[]> = {
    'Session Keeper': [],
    floor: [],
    'github-authentication': [],
    'microsoft-authentication': [],
  };
  for (let round = 0; round < rounds; round += 1) {
    // Each alternative takes each position in turn, because the first one to be activated pays for what they share.
    const start = round % alternatives.length;
    const order = [...alternatives.slice(start), ...alternatives.slice(0, start)];
    await withProgress(printLog, `Activation, window ${round + 1} of ${rounds}`, async () => {
      const measured = await measureInWindow(configuration, {
        kind: 'activation',
        ids: order.map((name) => pieces[name].id),
      });
      for (const name of alternatives) {
        const [time] = measured[pieces[name].id] ?? [];
        times[name].push(time);
        if (time === undefined) {
          printLog(`${name} was already active; not measured in this window`);
        }
      }
    });
  }
  return times;
}

async function measureSession(configuration: WindowConfiguration, pieces: BenchExtensions): Promise<Rounds> {
  const batches = rounds * batchesPerRound;
  const title = `getSession, up to ${batches * callsPerBatch} calls to each of two providers`;
  const measured = await withProgress(printLog, title, () =>
    measureInWindow(configuration, {
      kind: 'session',
      owners: [pieces['Session Keeper'].id, pieces.floor.id],
      providers: ['acme', 'floor'],
      scopes,
      batches,
      callsPerBatch,
      enough,
    }),
  );
  return { 'Session Keeper': measured['acme'] ?? [], floor: measured['floor'] ?? [] };
}

function report(pieces: BenchExtensions, activation: Rounds, session: Rounds): void {
  const sizes: Rounds = Object.fromEntries(alternatives.map((name) => [name, [pieces[name].size]]));
  const others = alternatives.slice(1);
  const row = (measure: string, times: Rounds, say: (value: number) => string): string[] => [
    measure,
    ...alternatives.map((name) => formatMedian(known(times[name]), say)),
    ...others.map((name) => formatMedian(ratios(times['Session Keeper'], times[name]), (value) => value.toFixed(2))),
  ];
  printLog('');
  printLog(
    `VS Code ${chosenVersion()}, Node ${process.version}, ${process.platform} ${process.arch}, ` +
      `${availableParallelism()} processors, ${rounds} windows, ` +
      `${known(session.floor).length * callsPerBatch} calls to each provider`,
  );
  printLog('');
  printLog(
    table([
      ['measure', ...alternatives, ...others.map((name) => `× ${name.replace('-authentication', '')}`)],
      row('loaded at start', sizes, (bytes) => `${(bytes / 1000).toFixed(1)} kB`),
      row('activation', activation, (time) => `${time.toFixed(1)} ms`),
      row('warm getSession, per call', session, (time) => `${(time * 1000).toFixed(0)} µs`),
    ]),
  );
  printLog('');
  for (const line of explanation) {
    printLog(line);
  }
}

function known(values: readonly (number | undefined)[] = []): number[] {
  return values.filter((value) => value !== undefined);
}
