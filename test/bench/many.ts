// The cost of many windows and many sessions, compared to one window and one session.
import type { Log } from '../../tools/progress.ts';
import { countRequests, countWakeUps, windowCounts } from './renewals.ts';
import type { Idling, Requests } from './renewals.ts';
import { measureSessions, operations, sessionCounts } from './sessions.ts';
import type { Costs } from './sessions.ts';
import { formatMedian, ratios, table } from './table.ts';

/** All of these measurements. */
export interface Many {
  /** The requests, by the windows that sent them. */
  readonly requests: readonly (readonly [string, Requests])[];
  /** The activity in an hour, by the state of the window. */
  readonly idling: readonly (readonly [string, Idling])[];
  readonly costs: Costs;
}

const aboutRequests = [
  'Refresh requests for each one that a single window sends in the same time, and their number: 1.00 is one request for',
  'all windows. They are due in the same millisecond for ten hours, or woken ten times from eight hours of sleep. The',
  'server rotates strictly: using a refresh token twice would end the session. The last line is for windows without a',
  "shared folder and shared secrets, at a server that doesn't rotate.",
];

const aboutIdling = [
  'How often an idle window checks its sessions in an hour, and how many timers of its sessions fire. The status bar adds',
  'one per minute while it counts minutes.',
];

const aboutCosts = [
  'Times are medians of all rounds, ratios medians of the ratios within each round. "a session" is the time divided by',
  'the number of sessions, relative to one session: below 1.00, the cost per session decreases with their number.',
  '"1,000 : 10" is the total time with a hundred times as many sessions. A tick checks every session and its files on',
  'disk. Calls for sessions are answered from memory, and each session has a different account.',
];

const names: Readonly<Record<(typeof operations)[number], string>> = {
  tick: 'tick, including the disk',
  list: 'sessions for the Accounts menu',
  find: 'sessions of all accounts for a caller',
  'find one': 'session of one account for a caller',
};

/**
 * Measures everything.
 *
 * @param rounds the number of rounds for times
 * @returns the figures
 */
export async function measureMany(rounds: number): Promise<Many> {
  return {
    requests: [
      ['all due at once, shared SecretStorage', await countRequests('folder and secrets', 'due')],
      ['all due at once, secrets not shared (browser)', await countRequests('folder', 'due')],
      ['all woken at once, shared SecretStorage', await countRequests('folder and secrets', 'sleep')],
      ['all woken at once, secrets not shared (browser)', await countRequests('folder', 'sleep')],
      ['nothing shared', await countRequests('nothing', 'due')],
    ],
    idling: [
      ['no session', await countWakeUps(false)],
      ['one session, tokens of an hour', await countWakeUps(true)],
    ],
    costs: await measureSessions(rounds),
  };
}

/**
 * Prints everything as tables.
 *
 * @param many the figures
 * @param print prints one or more lines
 */
export function reportMany({ costs, idling: idle, requests }: Many, print: Log): void {
  const figures = (numbers: Requests): string[] =>
    numbers.map((number) => `${(number / (numbers[0] ?? NaN)).toFixed(2)} (${number})`);
  const blocks = [
    table([
      ['requests for each renewal', ...windowCounts.map(windows)],
      ...requests.map(([name, numbers]) => [name, ...figures(numbers)]),
    ]),
    aboutRequests.join('\n'),
    table([
      ['idle window, per hour', 'looks', 'timers'],
      ...idle.map(([name, { looks, timers }]) => [name, looks.toFixed(1), timers.toFixed(1)]),
    ]),
    aboutIdling.join('\n'),
    table([
      [
        'sessions',
        ...sessionCounts.map(thousands),
        ...sessionCounts.slice(1).map((count) => `a session, ${thousands(count)} : 1`),
        '1,000 : 10',
      ],
      ...operations.map((operation) => costRow(names[operation], costs[operation])),
    ]),
    aboutCosts.join('\n'),
  ];
  for (const block of blocks) {
    print('');
    print(block);
  }
}

function costRow(name: string, times: readonly (readonly number[])[]): string[] {
  const [one, ten] = times;
  const each = times.map((rounds, index) => rounds.map((time) => time / (sessionCounts[index] ?? 1)));
  const ratio = (value: number): string => value.toFixed(2);
  return [
    name,
    ...times.map((rounds) => formatMedian(rounds, formatDuration)),
    ...each.slice(1).map((rounds) => formatMedian(ratios(rounds, one), ratio)),
    formatMedian(ratios(times.at(-1), ten), (value) => value.toFixed(0)),
  ];
}

function windows(count: number): string {
  return count === 1 ? '1 window' : `${count} windows`;
}

function thousands(count: number): string {
  return count.toLocaleString('en');
}

/** Formats a time in ms with a suitable unit. */
function formatDuration(time: number): string {
  return time >= 1 ? `${time.toFixed(1)} ms` : `${(time * 1000).toFixed(1)} µs`;
}
