// Many windows of one machine, each a whole test window of its own, over what they share: a folder, a clock, and secrets that
// reach the others at once, late or never.
import { DAY, SECOND } from '../../src/core/clock.ts';
import { FakeFolder, FakeProcessLiveness, FakeStore } from './fakeStore.ts';
import { createTestWindow, seedSession, recordAt, type TestWindow, type TestWindowOptions } from './testWindow.ts';
import { randomFrom } from './interleaver.ts';
import {
  Crashable,
  CrashableClock,
  CrashableFolder,
  CrashableLiveness,
  CrashableStore,
  StoreWithoutEvents,
  FolderWithoutWatch,
} from './crashable.ts';
import { ManualAsyncClock } from './manualAsyncClock.ts';
import type { Script, ScriptedServer, SeenRequest } from './scriptedServer.ts';

/** How secrets get from window to window: at once; late, told of late, twice or never; or not at all, as in the browser. */
export const STORE_KINDS = ['shared', 'lagging', 'browser'] as const;
/** One of the ways in which secrets get from window to window. */
export type StoreKind = (typeof STORE_KINDS)[number];

/** How long, in ms, the editor waits for a window that is being closed. */
const LAST_MOMENTS = 4 * SECOND;

/** What is kept when all windows are closed. */
class Backing {
  readonly secrets = new Map<string, string>();
  readonly views = new Set<LaggingStore>();
  readonly random = randomFrom(20_310_406);
  #writes = 0;

  /** A number for each write, so that an old one never arrives over a new one. */
  next(): number {
    return (this.#writes += 1);
  }
}

/** A view of the store that hears of the others' writes up to a second late, and is told of them late, twice or never. */
class LaggingStore extends FakeStore {
  readonly #backing: Backing;
  readonly #clock: ManualAsyncClock;
  readonly #versions = new Map<string, number>();
  readonly #told = new Set<(key: string) => void>();

  constructor(backing: Backing, clock: ManualAsyncClock) {
    super();
    this.#backing = backing;
    this.#clock = clock;
    backing.secrets.forEach((value, key) => this.secrets.set(key, value));
    backing.views.add(this);
  }

  override get onDidChange(): FakeStore['onDidChange'] {
    return (listener) => {
      this.#told.add(listener);
      return { dispose: () => void this.#told.delete(listener) };
    };
  }

  override async store(key: string, value: string): Promise<void> {
    await super.store(key, value);
    this.#spread(key, value);
  }

  override async delete(key: string): Promise<void> {
    await super.delete(key);
    this.#spread(key, undefined);
  }

  #spread(key: string, value: string | undefined): void {
    const version = this.#backing.next();
    this.#versions.set(key, version);
    put(this.#backing.secrets, key, value);
    this.#tell(key);
    for (const view of this.#backing.views) {
      if (view !== this) {
        this.#clock.after(this.#backing.random() * SECOND, () => view.#arrive(key, value, version));
      }
    }
  }

  #arrive(key: string, value: string | undefined, version: number): void {
    if ((this.#versions.get(key) ?? 0) < version) {
      this.#versions.set(key, version);
      put(this.secrets, key, value);
    }
    this.#tell(key);
  }

  #tell(key: string): void {
    const times = Math.floor(this.#backing.random() * 3);
    for (let time = 0; time < times; time += 1) {
      this.#clock.after(this.#backing.random() * SECOND, () => this.#told.forEach((listener) => listener(key)));
    }
  }
}

/** The browser's store: a window reads all of it once, never sees others, and each of its writes replaces all of it. */
class BrowserStore extends FakeStore {
  readonly #backing: Backing;

  constructor(backing: Backing) {
    super();
    this.#backing = backing;
    backing.secrets.forEach((value, key) => this.secrets.set(key, value));
  }

  override async store(key: string, value: string): Promise<void> {
    await super.store(key, value);
    this.#replaceAll();
  }

  override async delete(key: string): Promise<void> {
    await super.delete(key);
    this.#replaceAll();
  }

  #replaceAll(): void {
    this.#backing.secrets.clear();
    this.secrets.forEach((value, key) => this.#backing.secrets.set(key, value));
  }
}

function put(map: Map<string, string>, key: string, value: string | undefined): void {
  if (value === undefined) {
    map.delete(key);
  } else {
    map.set(key, value);
  }
}

/** A window: a test window that has been started. */
export interface Window extends TestWindow {
  /** Ends it in the middle of whatever it does, or after so many more changes to what it shares. */
  kill(after?: number): void;
  /** Closes it as a person does. */
  close(): Promise<void>;
}

/** The windows of one machine. */
export class Windows {
  readonly #server: ScriptedServer;
  readonly #kind: StoreKind;
  readonly #backing = new Backing();
  readonly #shared = new FakeStore();
  readonly #open = new Set<Window>();
  /** Everybody's clock. */
  readonly clock = new ManualAsyncClock();
  /** What they all see at once. */
  readonly folder = new FakeFolder();
  /** Whether each lives. */
  readonly life = new FakeProcessLiveness();
  #leapt = 0;
  #startedAt = this.clock.now() - DAY;

  constructor(server: ScriptedServer, kind: StoreKind = 'shared') {
    this.#server = server;
    this.#kind = kind;
    server.date = () => this.elapsed;
  }

  /** The time that goes by for the server, whatever the clock of the machine shows. */
  get elapsed(): number {
    return this.clock.now() - this.#leapt;
  }

  /** How long the machine has been running, in ms. */
  get uptime(): number {
    return this.elapsed - this.#startedAt;
  }

  /** Starts the machine anew, as if it had been running for so many ms already. */
  restart(uptime = 0): void {
    this.#startedAt = this.elapsed - uptime;
  }

  /** Sets the clock of the machine, forward or back; no time goes by. */
  leap(by: number): void {
    this.#leapt += by;
    this.clock.set(by);
  }

  /** The windows that are open, oldest first. */
  get all(): readonly Window[] {
    return [...this.#open];
  }

  /** What is kept for windows to come. */
  get secrets(): Map<string, string> {
    return this.#kind === 'shared' ? this.#shared.secrets : this.#backing.secrets;
  }

  /** The one store of all, where they share one. */
  get store(): FakeStore {
    return this.#shared;
  }

  /** Opens a window, which starts at once. A blind one is told of no change, and looks now and then. */
  open({ isBlind = false, ...more }: TestWindowOptions & { readonly isBlind?: boolean } = {}): Window {
    const { clock } = this;
    const mortal = new Crashable(() => {
      this.#open.delete(window);
      life.end();
      testWindow.sessions.dispose();
    });
    const life = new CrashableLiveness(this.life);
    const store = new (isBlind ? StoreWithoutEvents : CrashableStore)(this.#ownStore(), mortal);
    const folder = new (isBlind ? FolderWithoutWatch : CrashableFolder)(this.folder, mortal);
    const testWindow = createTestWindow(this.#server.issuer, {
      clock: new CrashableClock(clock, mortal),
      life,
      store,
      folder,
      uptime: () => this.uptime,
      ...more,
    });
    // All wait for what any of them does.
    const previous = clock.busy;
    clock.busy = () => previous() || testWindow.clock.busy();
    const close = async (): Promise<void> => {
      testWindow.sessions.dispose();
      const idle = testWindow.tokenRefresher.whenIdle().then(() => true);
      // The editor does not wait for ever.
      for (let waited = 0; waited < LAST_MOMENTS && !(await Promise.race([idle, clock.rest()])); waited += SECOND) {
        await clock.pass(SECOND);
      }
      mortal.end();
    };
    const window: Window = Object.assign(testWindow, { close, kill: (after = 0) => mortal.end(after) });
    this.#open.add(window);
    testWindow.sessions.start();
    return window;
  }

  /** Opens so many windows, and waits until they have read what there is. */
  async openMany(count: number, more: TestWindowOptions = {}): Promise<readonly Window[]> {
    const windows = Array.from({ length: count }, () => this.open(more));
    await this.clock.rest();
    return windows;
  }

  /** Closes all. */
  async closeAll(): Promise<void> {
    for (const window of this.all) {
      await window.close();
    }
  }

  /** Signs in, in a window: a session with an id of its own. */
  async signIn(window: Window, id = 's1', refreshToken = 'refresh-1'): Promise<void> {
    const account = { id: `person-${id}`, label: `Person ${id}` };
    await seedSession(window, recordAt(this.#server.issuer, this.clock.now(), { id, account, refreshToken }));
  }

  #ownStore(): FakeStore {
    switch (this.#kind) {
      case 'shared':
        return this.#shared;
      case 'lagging':
        return new LaggingStore(this.#backing, this.clock);
      case 'browser':
        return new BrowserStore(this.#backing);
    }
  }
}

/** Notes when each request for tokens arrives, by the clock of some windows, in a list that it gives. */
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

/** The access token that a window gives to a caller; undefined where it has no session. */
export async function tokenIn(window: Window): Promise<string | undefined> {
  return (await window.sessionManager.getUsableSessions('acme', ['read']))[0]?.record.accessToken;
}
