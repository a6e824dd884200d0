// The real ports of a window, with points at which the window can be held.
import { systemClock, type Clock, type Disposable, type Uptime } from '../../src/core/clock.ts';
import { nodeUptime } from '../../src/node/uptime.ts';
import type { SharedFolder } from '../../src/locking/sharedFolder.ts';
import type { ProcessLiveness } from '../../src/locking/processLiveness.ts';
import type { SecretStore } from '../../src/storage/secretSessionStorage.ts';
import { folderWith } from '../support/fakeStore.ts';
import type { Point } from './wire.ts';

const LOCKED = '.locked';
const RELEASED = '.released';
const SESSION_FILE = '.session';
const GRANT_TYPE = 'grant_type';

/** The points of one window. */
export class Points {
  readonly #report: (point: Point, isHeld: boolean) => void;
  readonly #reported = new Set<Point>();
  #holding: { readonly point: Point; left: number } | undefined;
  #held: PromiseWithResolvers<undefined> | undefined;

  constructor(report: (point: Point, isHeld: boolean) => void) {
    this.#report = report;
  }

  /** Holds the window when it reaches a point for the n-th time. */
  hold(point: Point, time: number): void {
    this.#holding = { point, left: time };
  }

  /** Reports a point each time that it is reached. */
  report(point: Point): void {
    this.#reported.add(point);
  }

  /** Releases the window until it reaches another point for the n-th time, or permanently if none is given. */
  release(next?: { readonly point: Point; readonly time: number }): void {
    this.#holding = next === undefined ? undefined : { point: next.point, left: next.time };
    this.#held?.resolve(undefined);
    this.#held = undefined;
  }

  /** Resolves when the window is released; undefined if it isn't held. */
  get held(): Promise<unknown> | undefined {
    return this.#held?.promise;
  }

  /** Reaches a point. */
  async pass(point: Point): Promise<void> {
    const holding = this.#holding;
    if (holding?.point === point && (holding.left -= 1) === 0) {
      this.#held = Promise.withResolvers();
      this.#report(point, true);
      await this.#held.promise;
    } else if (this.#reported.has(point)) {
      this.#report(point, false);
    }
  }
}

/** The faults of a window's folder. */
export interface FolderFaults {
  /** The error code with which every change fails. */
  code: string | undefined;
  /** Whether locks are ignored, so that each can be acquired at any time. */
  ignoresLocks: boolean;
}

/** Returns a folder with points and faults. */
export function folderWithPoints(folder: SharedFolder, points: Points, faults: FolderFaults): SharedFolder {
  const mustWork = (): void => {
    if (faults.code !== undefined) {
      throw Object.assign(new Error(`${faults.code}: the folder can't be changed`), { code: faults.code });
    }
  };
  return folderWith(folder, {
    async write(name, text) {
      mustWork();
      await folder.write(name, text);
    },
    async create(name, text) {
      mustWork();
      const around = name.endsWith(LOCKED)
        ? (['locking', 'locked'] as const)
        : name.endsWith(RELEASED)
          ? (['releasing', 'released'] as const)
          : name.endsWith(SESSION_FILE)
            ? (['sharing', 'shared'] as const)
            : undefined;
      return between(
        points,
        around,
        async () => (faults.ignoresLocks && name.endsWith(LOCKED)) || folder.create(name, text),
        (isMade) => isMade,
      );
    },
    async delete(name) {
      mustWork();
      await folder.delete(name);
    },
  });
}

/** Returns a store with points. */
export function storeWith(store: SecretStore, points: Points): SecretStore {
  return {
    get: (key) => store.get(key),
    store: (key, value) =>
      between(points, key.startsWith('session:') ? ['storing', 'stored'] : undefined, () => store.store(key, value)),
    delete: (key) => store.delete(key),
    keys: () => store.keys(),
    onDidChange: (listener) => store.onDidChange(listener),
  };
}

/** Returns the platform's `fetch` with points around each refresh request. */
export function fetchWith(points: Points): typeof fetch {
  return (input, init) => {
    const isRenewal = init?.body instanceof URLSearchParams && init.body.get(GRANT_TYPE) === 'refresh_token';
    return between(points, isRenewal ? ['sending', 'answered'] : undefined, () => fetch(input, init));
  };
}

/** Returns process liveness with a point. */
export function livenessWith(liveness: ProcessLiveness, points: Points): ProcessLiveness {
  return {
    register: () => liveness.register(),
    async isAlive(token) {
      await points.pass('looking');
      return liveness.isAlive(token);
    },
    isResponding: (token) => liveness.isResponding(token),
  };
}

/** The machine's clock, which a test can set. While its window is held, no timer fires. */
export class SettableClock implements Clock {
  readonly #points: Points;
  #ahead = 0;

  constructor(points: Points) {
    this.#points = points;
  }

  /** Sets the clock forward by a number of ms, or back if that is negative. */
  shift(by: number): void {
    this.#ahead += by;
  }

  /** Returns the time. */
  now(): number {
    return systemClock.now() + this.#ahead;
  }

  /** Returns the machine's uptime, which tests can't set. */
  uptime(): Uptime {
    return { boot: 'machine', ms: nodeUptime() };
  }

  /** Runs a function after a delay in ms; the delay starts again if it passed while the window was held. */
  after(delay: number, run: () => void): Disposable {
    let timer: Disposable | undefined = systemClock.after(delay, () => {
      const { held } = this.#points;
      if (held === undefined) {
        run();
      } else {
        void held.then(() => {
          timer = timer === undefined ? undefined : this.after(delay, run);
        });
      }
    });
    return {
      dispose: () => {
        timer?.dispose();
        timer = undefined;
      },
    };
  }
}

async function between<T>(
  points: Points,
  around: readonly [Point, Point] | undefined,
  task: () => Promise<T>,
  isDone: (result: T) => boolean = () => true,
): Promise<T> {
  if (around === undefined) {
    return task();
  }
  await points.pass(around[0]);
  const result = await task();
  if (isDone(result)) {
    await points.pass(around[1]);
  }
  return result;
}
