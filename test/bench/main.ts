// Measures the extension in one run beside the least that an extension with an authentication provider can do, and
// beside the two providers that VS Code brings; then what many windows and many sessions cost beside one. What counts is
// the ratio within a run: times differ between machines.
//   node test/bench/main.ts               seven rounds
//   node test/bench/main.ts --rounds 15   more of them
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { launchBrowser } from '../../tools/browser.ts';
import { chosenVersion, prepareEditor, startEditor } from '../../tools/editor.ts';
import { demoClientId, startIdentityServer } from '../../tools/identityServer.ts';
import { printLog, withProgress } from '../../tools/progress.ts';
import { alternatives, makeWorkpieces } from './alternatives.ts';
import type { Alternative, Workpieces } from './alternatives.ts';
import { reportFleet } from './fleet.ts';
import { measureMany, reportMany } from './many.ts';
import { present, ratios, table } from './table.ts';
import { folderVariable } from './task.ts';
import { measureInWindow } from './window.ts';
import type { Stage } from './window.ts';

/** The times of each alternative, one for each round; undefined where there was nothing to measure. */
type Rounds = Readonly<Partial<Record<Alternative, readonly (number | undefined)[]>>>;

const scopes = ['openid', 'profile', 'email', 'offline_access'];
/** Few calls in a batch, and so many changes from one provider to the other: what else the machine does hits both alike. */
const callsPerBatch = 25;
const batchesPerRound = 12;
/** How long to go on with that, in ms, where the machine is too busy for all of it. */
const enough = 60_000;

const explanation = [
  '× says how many times as much Session Keeper takes: below 1 it is smaller, or faster. Times are medians of all rounds,',
  'ratios are medians of the ratios within each round. The floor is an extension whose provider hands out a constant.',
  'Each activation happens in a new extension host, in copies of all four extensions that only the bench activates.',
  'A call goes from another extension through VS Code to the provider and back, for a session that is signed in at an',
  "identity server and still fresh. Most of it is the way between VS Code's processes, which the floor pays too.",
  'Nobody can sign in to the last two here, so their calls are not measured.',
];

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  throw new Error('--rounds takes a whole number from 1.');
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
  // While nothing else runs yet.
  const many = await withProgress(printLog, 'Many windows, and many sessions', () => measureMany(rounds));
  const { home } = await prepareEditor(chosenVersion(), printLog);
  const pieces = await withProgress(printLog, 'Building the extension and the floor', () => makeWorkpieces(home));

  // Tokens that stay fresh throughout: what is measured is the handing out, not the renewing.
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
  const stage: Stage = { editor, browser, extensions, folder };
  const activation = await measureActivation(stage, pieces);
  const session = await measureSession(stage, pieces).catch((error: unknown): Rounds => {
    // What has been measured until here is worth its row.
    printLog(String(error));
    process.exitCode = 1;
    return {};
  });
  report(pieces, activation, session);
  reportMany(many, printLog);
  printLog('');
  printLog(reportFleet());
}

async function measureActivation(stage: Stage, pieces: Workpieces): Promise<Rounds> {
  const times: Record<Alternative, (number | undefined)[]> = {
    'Session Keeper': [],
    floor: [],
    'github-authentication': [],
    'microsoft-authentication': [],
  };
  for (let round = 0; round < rounds; round += 1) {
    // Each alternative takes each place in turn: the first one to be activated pays for what they share.
    const start = round % alternatives.length;
    const order = [...alternatives.slice(start), ...alternatives.slice(0, start)];
    await withProgress(printLog, `Activation, window ${round + 1} of ${rounds}`, async () => {
      const measured = await measureInWindow(stage, { kind: 'activation', ids: order.map((name) => pieces[name].id) });
      for (const name of alternatives) {
        const [time] = measured[pieces[name].id] ?? [];
        times[name].push(time);
        if (time === undefined) {
          printLog(`${name} was active already; not measured in this window`);
        }
      }
    });
  }
  return times;
}

async function measureSession(stage: Stage, pieces: Workpieces): Promise<Rounds> {
  const batches = rounds * batchesPerRound;
  const title = `getSession, up to ${batches * callsPerBatch} calls to each of two providers`;
  const measured = await withProgress(printLog, title, () =>
    measureInWindow(stage, {
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

function report(pieces: Workpieces, activation: Rounds, session: Rounds): void {
  const sizes: Rounds = Object.fromEntries(alternatives.map((name) => [name, [pieces[name].size]]));
  const others = alternatives.slice(1);
  const row = (measure: string, times: Rounds, say: (value: number) => string): string[] => [
    measure,
    ...alternatives.map((name) => present(known(times[name]), say)),
    ...others.map((name) => present(ratios(times['Session Keeper'], times[name]), (value) => value.toFixed(2))),
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
      row('loaded at the start', sizes, (bytes) => `${(bytes / 1000).toFixed(1)} kB`),
      row('activation', activation, (time) => `${time.toFixed(1)} ms`),
      row('warm getSession, a call', session, (time) => `${(time * 1000).toFixed(0)} µs`),
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
