// The fixtures of the renewal lock tests: windows over one folder, and locks that are held until a test releases them.
import { Mutex } from '../../src/locking/mutex.ts';
import { RenewalLock, type LockHandle, type LockOptions } from '../../src/locking/renewalLock.ts';
import { FakeClock } from './fakeClock.ts';
import { FakeFolder, FakeProcessLiveness } from './fakeStore.ts';
import { logTo } from './logTo.ts';

/** Waits for a lock without a limit. */
export const JUST_WAIT: LockOptions<never> = { whileWaiting: () => Promise.resolve(undefined) };

/** A folder that records which locks were created in it, and can make a window wait before it creates a file. */
export class WatchedFolder extends FakeFolder {
  /** The lock files, in the order in which they were created. */
  readonly created: string[] = [];
  /** What each creation waits for. */
  beforeCreate: () => Promise<void> = () => Promise.resolve();

  /** Creates a file; false if it exists. */
  override async create(name: string, text: string): Promise<boolean> {
    await this.beforeCreate();
    const isCreated = await super.create(name, text);
    if (isCreated && name.endsWith('.locked')) {
      this.created.push(name);
    }
    return isCreated;
  }
}

/** The renewal lock of one window, its log lines, and the warnings among them. */
export type LockWindow = RenewalLock & {
  readonly lines: string[];
  readonly warnings: string[];
  readonly reported: { degraded: number };
};

/** A lock on the session `s1` that a test holds. */
export interface HeldLock {
  readonly handle: LockHandle;
  /** Releases it, and waits for that. */
  release(): Promise<unknown>;
}

/** Windows of one machine that share a renewal lock. */
export class RenewalLockFixture {
  /** The shared folder. */
  readonly folder = new WatchedFolder();
  /** Which of them are alive. */
  readonly liveness = new FakeProcessLiveness();
  /** The clock of all windows. */
  readonly clock = new FakeClock();

  /** Adds a window. */
  openWindow(folder: FakeFolder = this.folder): LockWindow {
    const { clock, liveness } = this;
    const lines: string[] = [];
    const warnings: string[] = [];
    const reported = { degraded: 0 };
    const log = logTo((line, level) => {
      lines.push(line);
      if (level === 'warn') {
        warnings.push(line);
      }
    });
    const onDidDegrade = (): void => void (reported.degraded += 1);
    const renewalLock = new RenewalLock({ clock, log, folder, liveness, mutex: new Mutex(), onDidDegrade });
    return Object.assign(renewalLock, { lines, warnings, reported });
  }

  /** Acquires the lock, and holds it until the test releases it. */
  async hold(renewalLock: RenewalLock, options: LockOptions<never> = JUST_WAIT): Promise<HeldLock> {
    const released = Promise.withResolvers<true>();
    const acquired = Promise.withResolvers<LockHandle>();
    const whole = renewalLock.runExclusive<true>(
      's1',
      (handle) => {
        acquired.resolve(handle);
        return released.promise;
      },
      options,
    );
    whole.catch(acquired.reject);
    return {
      handle: await acquired.promise,
      release: () => {
        released.resolve(true);
        return whole;
      },
    };
  }

  /** Acquires the lock and releases it immediately. */
  pass(renewalLock: RenewalLock): Promise<LockHandle> {
    return renewalLock.runExclusive<LockHandle>('s1', (handle) => Promise.resolve(handle), JUST_WAIT);
  }

  /** A window whose process ends while it has the lock, so that its file stays. */
  async die(): Promise<void> {
    await this.hold(this.openWindow());
    this.kill(this.folder.created.at(-1) ?? '');
  }

  /** Ends the process that created a file. */
  kill(file: string): void {
    this.liveness.kill(this.#tokenIn(file));
  }

  /** Stops the process that created a file. */
  stop(file: string): void {
    this.liveness.stop(this.#tokenIn(file));
  }

  /** Resumes the process that created a file. */
  resume(file: string): void {
    this.liveness.resume(this.#tokenIn(file));
  }

  #tokenIn(file: string): string {
    return (JSON.parse(this.folder.files.get(file) ?? '{}') as { token: string }).token;
  }
}
