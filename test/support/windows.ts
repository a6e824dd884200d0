// Several windows of one machine, each a whole test window, with a shared folder, clock and secret store.
import { DAY, SECOND } from '../../src/core/clock.ts';
import { FakeFolder, FakeProcessLiveness, FakeStore } from './fakeStore.ts';
import { createTestWindow, seedSession, recordAt, type TestWindow, type TestWindowOptions } from './testWindow.ts';
import { Random } from './simulation/random.ts';
import {
  SharedSecrets,
  UNRELIABLE_EVENT_COUNTS,
  type SecretsTiming,
  type StoreModel,
} from './simulation/sharedSecrets.ts';
import {
  Crashable,
  CrashableClock,
  CrashableFolder,
  CrashableStore,
  StoreWithoutEvents,
  FolderWithoutWatch,
} from './crashable.ts';
import { ManualAsyncClock } from './manualAsyncClock.ts';
import type { Script, ScriptedServer, SeenRequest } from './scriptedServer.ts';

/** How long, in ms, the editor waits for a closing window. */
const LAST_MOMENTS = 4 * SECOND;

/** The secret stores of the windows of one machine, by one of the models. */
export class SecretStores {
  /** The one store of all windows, if they share one. */
  readonly shared: FakeStore;
  readonly #secrets: SharedSecrets;

  constructor(model: StoreModel, clock: ManualAsyncClock, now = () => clock.now()) {
    const timing: SecretsTiming = {
      now,
      random: new Random(20_310_406),
      after: (delay, run) => clock.after(delay, run),
      eventCounts: UNRELIABLE_EVENT_COUNTS,
    };
    this.#secrets = new SharedSecrets(model, model === 'immediate' ? undefined : timing);
    this.shared = new FakeStore(this.#secrets.open());
  }

  /** The newest secrets. */
  get secrets(): Map<string, string> {
    return this.#secrets.secrets;
  }

  /** Returns the store of another window. */
  open(): FakeStore {
    return this.#secrets.model === 'immediate' ? this.shared : new FakeStore(this.#secrets.open());
  }
}

/** A window: a test window that has been started. */
export interface Window extends TestWindow {
  /** Kills it immediately, or after a number of further changes to what it shares. */
  kill(after?: number): void;
  /** Closes it, as a user does. */
  close(): Promise<void>;
}

/** The windows of one machine. */
export class Windows {
  readonly #server: ScriptedServer;
  readonly #stores: SecretStores;
  readonly #open = new Set<Window>();
  /** The clock of all windows. */
  readonly clock = new ManualAsyncClock();
  /** What all of them see immediately. */
  readonly folder = new FakeFolder();
  /** Which of them are alive. */
  readonly life = new FakeProcessLiveness();
  #leapt = 0;
  #startedAt = this.clock.now() - DAY;

  constructor(server: ScriptedServer, model: StoreModel = 'immediate') {
    this.#server = server;
    this.#stores = new SecretStores(model, this.clock, () => this.elapsed);
    server.date = () => this.elapsed;
  }

  /** The time that passes for the server, whatever the clock of the machine shows. */
  get elapsed(): number {
    return this.clock.now() - this.#leapt;
  }

  /** How long the machine has been running, in ms. */
  get uptime(): number {
    return this.elapsed - this.#startedAt;
  }

  /** Restarts the machine, as if it had been running for a number of ms already. */
  restart(uptime = 0): void {
    this.#startedAt = this.elapsed - uptime;
  }

  /** Sets the clock of the machine, forward or back; no time passes. */
  leap(by: number): void {
    this.#leapt += by;
    this.clock.set(by);
  }

  /** The open windows, oldest first. */
  get all(): readonly Window[] {
    return [...this.#open];
  }

  /** The newest secrets. */
  get secrets(): Map<string, string> {
    return this.#stores.secrets;
  }

  /** The one store of all windows, if they share one. */
  get store(): FakeStore {
    return this.#stores.shared;
  }

  /** Opens a window, which starts immediately. A blind one receives no change events, and finds changes at its regular checks. */
  open({ isBlind = false, ...more }: TestWindowOptions & { readonly isBlind?: boolean } = {}): Window {
    const { clock } = this;
    const crashable = new Crashable(() => {
      this.#open.delete(window);
      life.end();
      testWindow.sessions.dispose();
    });
    const life = new FakeProcessLiveness(this.life);
    const store = new (isBlind ? StoreWithoutEvents : CrashableStore)(this.#stores.open(), crashable);
    const folder = new (isBlind ? FolderWithoutWatch : CrashableFolder)(this.folder, crashable);
    const testWindow = createTestWindow(this.#server.issuer, {
      clock: new CrashableClock(clock, crashable),
      life,
      store,
      folder,
      uptime: () => this.uptime,
      ...more,
    });
    // Each of them waits for the work of all.
    const previous = clock.busy;
    clock.busy = () => previous() || testWindow.clock.busy();
    const close = async (): Promise<void> => {
      testWindow.sessions.dispose();
      const idle = testWindow.tokenRefresher.whenIdle().then(() => true);
      // The editor doesn't wait forever.
      for (let waited = 0; waited < LAST_MOMENTS && !(await Promise.race([idle, clock.rest()])); waited += SECOND) {
        await clock.pass(SECOND);
      }
      crashable.end();
    };
    const window: Window = Object.assign(testWindow, { close, kill: (after = 0) => crashable.end(after) });
    this.#open.add(window);
    testWindow.sessions.start();
    return window;
  }

  /** Opens a number of windows, and waits until they have loaded. */
  async openMany(count: number, more: TestWindowOptions = {}): Promise<readonly Window[]> {
    const windows = Array.from({ length: count }, () => this.open(more));
    await this.clock.rest();
    return windows;
  }

  /** Closes all windows. */
  async closeAll(): Promise<void> {
    for (const window of this.all) {
      await window.close();
    }
  }

  /** Signs in, in a window, with its own session ID. */
  async signIn(window: Window, id = 's1', refreshToken = 'refresh-1'): Promise<void> {
    const account = { id: `person-${id}`, label: `Person ${id}` };
    await seedSession(window, recordAt(this.#server.issuer, this.clock.now(), { id, account, refreshToken }));
  }
}

/** Records when each token request arrives, by the clock of some windows, in the returned list. */
export function timed(
  { clock }: Windows,
  server: ScriptedServer,
  script: (request: SeenRequest) => Script | Promise<Script>,
): number[] {
  const times: number[] = [];
  server.onToken((request) => {
    times.push(clock.now());
    return script(request);
  });
  return times;
}

/** The access token that a window returns to a caller; undefined if it has no session. */
export async function tokenIn(window: Window): Promise<string | undefined> {
  return (await window.sessionManager.getUsableSessions('acme', ['read']))[0]?.record.accessToken;
}
