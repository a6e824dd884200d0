// The cost of several windows for the server, and of an idle window for the machine: windows in this process, with a
// real HTTP server, on a clock that skips many hours.
import { HOUR, MINUTE } from '../../src/core/clock.ts';
import { FakeFolder, FakeProcessLiveness, FakeStore } from '../support/fakeStore.ts';
import { createTestWindow, seedSession, recordAt, type TestWindow } from '../support/testWindow.ts';
import { ScriptedServer, rotatingTokens } from '../support/scriptedServer.ts';
import { MultiWindowClock } from './crowdClock.ts';

/** How many windows are open at the same time. */
export const windowCounts = [1, 2, 5, 10] as const;

/**
 * What windows share: the folder and the secrets; only the folder, each with the secrets as they were when it opened,
 * as in the browser; or nothing.
 */
export type Common = 'folder and secrets' | 'folder' | 'nothing';

/** When windows renew: when due, all in the same millisecond; or when they all wake from sleep. */
export type Occasion = 'due' | 'sleep';

/** The requests that windows have sent, by {@link windowCounts}. */
export type Requests = readonly number[];

/** What an idle window does in an hour. */
export interface Idling {
  /** How often it checks its sessions. */
  readonly looks: number;
  /** How many timers fire, including those of the checks. */
  readonly timers: number;
}

/** The number of hours in each measurement. */
const hours = 10;
/** How often the machine sleeps, and for how long, in ms: longer than the lifetime of a token. */
const nights = 10;
const night = 8 * HOUR;
/** The lifetime of each access token. */
const lifetime = { expires_in: HOUR / 1000 };

/**
 * Counts refresh requests. If windows share anything, the server rotates strictly: using an old refresh token ends the
 * session.
 *
 * @param common what the windows share
 * @param occasion when they renew
 * @returns the requests, by {@link windowCounts}
 * @throws Error if the session ends
 */
export async function countRequests(common: Common, occasion: Occasion): Promise<Requests> {
  const requests: number[] = [];
  for (const count of windowCounts) {
    requests.push(await requestsOf(count, common, occasion));
  }
  return requests;
}

/**
 * Counts what wakes up an unused window.
 *
 * @param isSignedIn whether it has a session, which it renews
 * @returns the activity in an hour, on average
 */
export async function countWakeUps(isSignedIn: boolean): Promise<Idling> {
  return await atServer(async (server, clock) => {
    const [testWindow] = await open(server, clock, 1, 'nothing', isSignedIn);
    let looks = 0;
    testWindow?.scheduler.onDidTick(() => (looks += 1));
    const { fired } = clock;
    await clock.pass(hours * HOUR);
    testWindow?.sessions.dispose();
    return { looks: looks / hours, timers: (clock.fired - fired) / hours };
  });
}

async function requestsOf(count: number, common: Common, occasion: Occasion): Promise<number> {
  return await atServer(async (server, clock) => {
    const answer = { access_token: 'access-2', token_type: 'Bearer', ...lifetime };
    server.onToken(common === 'nothing' ? { body: answer } : rotatingTokens(lifetime));
    const houses = await open(server, clock, count, common);
    await (occasion === 'due' ? clock.pass(hours * HOUR) : sleepAndWake(houses, clock));
    for (const testWindow of houses) {
      testWindow.sessions.dispose();
      // A session that has ended meanwhile would need no more requests.
      if (testWindow.record().ended !== undefined) {
        throw new Error(`The session ended with ${count} windows.`);
      }
    }
    return server.requestsTo('/token').length;
  });
}

async function sleepAndWake(houses: readonly TestWindow[], clock: MultiWindowClock): Promise<void> {
  for (let slept = 0; slept < nights; slept += 1) {
    clock.sleep(night);
    for (const { sessions } of houses) {
      sessions.wake();
    }
    await clock.pass(2 * MINUTE);
  }
}

/** Opens windows that share one session, and waits until they have read it. */
async function open(
  server: ScriptedServer,
  clock: MultiWindowClock,
  count: number,
  common: Common,
  isSignedIn = true,
): Promise<TestWindow[]> {
  const first = new FakeStore();
  const folder = new FakeFolder();
  const life = new FakeProcessLiveness();
  const houses: TestWindow[] = [];
  for (let index = 0; index < count; index += 1) {
    const store = index === 0 || common === 'folder and secrets' ? first : new FakeStore();
    if (common === 'folder') {
      first.secrets.forEach((secret, key) => store.secrets.set(key, secret));
    }
    const testWindow = createTestWindow(server.issuer, {
      clock,
      life,
      store,
      folder: common === 'nothing' ? new FakeFolder() : folder,
    });
    if (isSignedIn && (index === 0 || common === 'nothing')) {
      await seedSession(testWindow, recordAt(server.issuer, clock.now(), { accessExpiresAt: clock.now() + HOUR }));
    }
    houses.push(testWindow);
  }
  houses.forEach(({ sessions }) => sessions.start());
  await clock.rest();
  return houses;
}

async function atServer<T>(task: (server: ScriptedServer, clock: MultiWindowClock) => Promise<T>): Promise<T> {
  const server = await ScriptedServer.start();
  const clock = new MultiWindowClock();
  server.date = () => clock.now();
  server.onToken(rotatingTokens(lifetime));
  try {
    return await task(server, clock);
  } finally {
    await server.stop();
  }
}
