// How long the command `session-keeper token` takes, compared to starting Node and doing nothing. The window responds
// immediately, so what is measured is the command: the launcher, the start of Node, the script, and the connection.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TerminalFolder } from '../../src/node/terminalFolder.ts';
import { installTerminalCommand } from '../../src/node/terminalLauncher.ts';
import { listenForTerminals } from '../../src/node/terminalServer.ts';
import { buildTerminalScript } from '../../tools/terminalScript.ts';
import { formatMedian, ratios, table } from './table.ts';

/** The times, in ms, one for each run. The two commands alternate. */
export interface TerminalTimes {
  readonly token: readonly number[];
  readonly node: readonly number[];
}

const runsPerRound = 15;

/**
 * Measures both.
 *
 * @param rounds the number of rounds, each with several runs
 * @returns the times
 */
export async function measureTerminal(rounds: number): Promise<TerminalTimes> {
  const base = await mkdtemp(join(tmpdir(), 'sk-'));
  const script = join(base, 'script.cjs');
  buildTerminalScript(script);
  const folder = new TerminalFolder(join(base, 'terminal'));
  const bin = await installTerminalCommand(folder, script, { path: process.execPath, isElectron: false });
  await folder.createKey();
  const response = JSON.stringify({ kind: 'token', token: 'token', account: 'demo', scopes: [] });
  const listener = await listenForTerminals(folder, '0'.repeat(16), () => Promise.resolve(response));
  const times = { token: [] as number[], node: [] as number[] };
  try {
    for (let run = 0; run <= rounds * runsPerRound; run += 1) {
      const token = await timeOf(join(bin ?? '', 'session-keeper'), ['token', 'acme']);
      const node = await timeOf(process.execPath, ['-e', '0']);
      // The first run loads both from disk.
      if (run > 0) {
        times.token.push(token);
        times.node.push(node);
      }
    }
  } finally {
    listener?.dispose();
    await rm(base, { recursive: true, force: true });
  }
  return times;
}

/** Returns how long a program runs, in ms. */
function timeOf(program: string, args: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = spawn(program, args, { stdio: 'ignore', shell: process.platform === 'win32' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) {
        resolve(performance.now() - start);
      } else {
        reject(new Error(`${program} ended with ${String(code)}.`));
      }
    });
  });
}

/**
 * Formats the figures.
 *
 * @param times the times
 * @returns a table in Markdown, and its explanation
 */
export function reportTerminal({ node, token }: TerminalTimes): string {
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  const factor = (value: number): string => value.toFixed(2);
  const p95 = (values: readonly number[]): number[] => [
    values.toSorted((one, other) => one - other)[Math.floor(values.length * 0.95)] ?? NaN,
  ];
  return [
    table([
      ['command in a terminal', 'session-keeper token', 'node -e 0', '×'],
      ['median', formatMedian(token, ms), formatMedian(node, ms), formatMedian(ratios(token, node), factor)],
      [
        '95th percentile',
        formatMedian(p95(token), ms),
        formatMedian(p95(node), ms),
        formatMedian(ratios(p95(token), p95(node)), factor),
      ],
    ]),
    '',
    `${token.length} runs of each, in turn. The window responds immediately.`,
  ].join('\n');
}
