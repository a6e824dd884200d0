// The cost of many sessions in one window, with a real folder on disk and an in-memory secret store.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { HOUR, MINUTE, systemClock as clock } from '../../src/core/clock.ts';
import type { Log } from '../../src/core/log.ts';
import { nodeCipher } from '../../src/node/cipher.ts';
import { nodeSharedFolder } from '../../src/node/sharedFolder.ts';
import { nodeProcessLiveness } from '../../src/node/processLiveness.ts';
import { Discovery } from '../../src/protocol/discovery.ts';
import { TestSessions } from '../support/testSessions.ts';
import { providerAt, transportWith } from '../support/fixtures.ts';
import { FakeStore } from '../support/fakeStore.ts';
import { recordAt } from '../support/testWindow.ts';
import { allKeyNames } from '../support/keyNames.ts';

/** How many sessions a window has. */
export const sessionCounts = [1, 10, 100, 1000] as const;

/** The measured operations. */
export const operations = ['tick', 'list', 'find', 'find one'] as const;

/** The times of each operation in ms, by the number of sessions as in {@link sessionCounts}, one per round. */
export type Costs = Readonly<Record<(typeof operations)[number], readonly (readonly number[])[]>>;

/** The approximate number of sessions to process per measurement, so that small numbers of them take long enough. */
const enough: Readonly<Record<(typeof operations)[number], number>> = {
  tick: 200,
  list: 20_000,
  find: 5000,
  'find one': 5000,
};

/** No requests are sent here: the sessions stay fresh throughout. */
const provider = providerAt('https://id.example.com');

/**
 * Measures windows with few and many sessions in turn, so that other load on the machine affects all equally.
 *
 * @param rounds the number of rounds
 * @returns the times
 */
export async function measureSessions(rounds: number): Promise<Costs> {
  const folder = await mkdtemp(join(tmpdir(), 'sk-'));
  try {
    const windows: TestSessions[] = [];
    for (const count of sessionCounts) {
      windows.push(await windowWith(count, join(folder, String(count))));
    }
    const costs = { tick: empty(), list: empty(), find: empty(), 'find one': empty() };
    // The first round warms everything up.
    for (let round = -1; round < rounds; round += 1) {
      for (const [index, window] of windows.entries()) {
        for (const operation of operations) {
          const time = await meanOf(runOf(window, operation), enough[operation] / (sessionCounts[index] ?? 1));
          if (round >= 0) {
            costs[operation][index]?.push(time);
          }
        }
      }
    }
    windows.forEach((window) => window.dispose());
    return costs;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function empty(): number[][] {
  return sessionCounts.map(() => []);
}

function runOf(
  { crossWindowSync, sessionManager, scheduler }: TestSessions,
  operation: (typeof operations)[number],
): () => unknown {
  switch (operation) {
    case 'tick':
      return () => {
        scheduler.tick();
        return crossWindowSync.syncAll();
      };
    case 'list':
      return () => sessionManager.getActive(provider.id);
    case 'find':
      return () => sessionManager.getUsableSessions(provider.id, provider.scopes);
    case 'find one':
      return () => sessionManager.getUsableSessions(provider.id, provider.scopes, 'person-0');
  }
}

async function meanOf(run: () => unknown, times: number): Promise<number> {
  const initialRecord = performance.now();
  const until = Math.max(1, Math.ceil(times));
  for (let time = 0; time < until; time += 1) {
    await run();
  }
  return (performance.now() - initialRecord) / until;
}

/** Opens a window that has read a number of sessions, each of a different account, stored by an earlier window. */
async function windowWith(count: number, folder: string): Promise<TestSessions> {
  const secrets = new FakeStore();
  const earlier = windowOver(folder, secrets);
  const now = clock.now();
  for (let index = 0; index < count; index += 1) {
    const account = { id: `person-${index}`, label: `Person ${index}` };
    await earlier.sessionStore.put(
      recordAt(provider.issuer, now, { id: `s${index}`, account, accessExpiresAt: now + 24 * HOUR }),
    );
  }
  earlier.dispose();
  const window = windowOver(folder, secrets);
  await window.sessionManager.ready();
  if (window.sessionManager.getActive(provider.id).length !== count) {
    throw new Error(`The window hasn't read its ${count} sessions.`);
  }
  return window;
}

function windowOver(folder: string, secrets: FakeStore): TestSessions {
  const nothing = (): void => {};
  const log: Log = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
  const transport = transportWith(clock);
  return new TestSessions({
    keyNames: allKeyNames,
    clock,
    log,
    secrets,
    transport,
    folder: nodeSharedFolder(folder),
    liveness: nodeProcessLiveness(),
    cipher: nodeCipher,
    discovery: new Discovery(transport),
    provider: (id) => (id === provider.id ? provider : undefined),
    lifetimes: () => ({ leeway: 5 * MINUTE, refreshInterval: 0, warning: 10 * MINUTE }),
    minimumValidity: () => MINUTE,
    gracePeriod: () => 5 * MINUTE,
    uptime: () => clock.now(),
    idleTimeouts: () => new Map(),
    random: () => 0.5,
    newId: () => 'new',
    onDidDegrade: nothing,
  });
}
