// What the tests of turns work with: windows over one folder, and turns that are held until a test lets go of them.
import { Mutex } from '../../src/locking/mutex.ts';
import { RenewalLock, type LockHandle } from '../../src/locking/renewalLock.ts';
import { FakeClock } from './fakeClock.ts';
import { FakeFolder, FakeProcessLiveness } from './fakeStore.ts';

/** What is asked while another has the turn: nothing happens. */
export const never = (): Promise<undefined> => Promise.resolve(undefined);

/** A folder that remembers which turns were made in it, and can keep a window waiting before it makes a file. */
export class WatchedFolder extends FakeFolder {
  /** The files of turns, in the order in which they were made. */
  readonly made: string[] = [];
  /** What each making waits for. */
  beforeCreate: () => Promise<void> = () => Promise.resolve();

  /** Makes a file; false where there is one. */
  override async create(name: string, text: string): Promise<boolean> {
    await this.beforeCreate();
    const isMade = await super.create(name, text);
    if (isMade && name.endsWith('.held')) {
      this.made.push(name);
    }
    return isMade;
  }
}

/** The turns of one window, and what it says. */
export type TurnWindow = RenewalLock & { readonly lines: string[]; readonly told: { alone: number } };

/** A turn of the session `s1` that somebody has. */
export interface LockHolder {
  readonly turn: LockHandle;
  /** Ends it, and waits until it has ended. */
  end(): Promise<unknown>;
}

/** Windows of one machine that take turns. */
export class RenewalLockFixture {
  /** What they share. */
  readonly folder = new WatchedFolder();
  /** Whether each lives. */
  readonly life = new FakeProcessLiveness();
  /** Everybody's clock. */
  readonly clock = new FakeClock();

  /** One more window. */
  openWindow(folder: FakeFolder = this.folder): TurnWindow {
    const { clock, life } = this;
    const lines: string[] = [];
    const tell = (line: string): void => void lines.push(line);
    const told = { alone: 0 };
    const log = { trace: tell, debug: tell, info: tell, warn: tell, error: tell };
    const renewalLock = new RenewalLock({
      clock,
      log,
      folder,
      life,
      lock: new Mutex(),
      onDidDegrade: () => (told.alone += 1),
    });
    return Object.assign(renewalLock, { lines, told });
  }

  /** Takes a turn, and holds it until it is told to end. */
  async hold(renewalLock: RenewalLock, generation = 1, isLost = false): Promise<LockHolder> {
    const gate = Promise.withResolvers<true>();
    const begun = Promise.withResolvers<LockHandle>();
    const whole = renewalLock.take(
      's1',
      generation,
      (turn) => {
        begun.resolve(turn);
        turn.markOutcomeUnknown(isLost);
        return gate.promise;
      },
      never,
    );
    whole.catch(begun.reject);
    return {
      turn: await begun.promise,
      end: () => {
        gate.resolve(true);
        return whole;
      },
    };
  }

  /** A turn that comes and goes. */
  pass(renewalLock: RenewalLock, generation = 1): Promise<LockHandle> {
    return renewalLock.take('s1', generation, (turn) => Promise.resolve(turn), never);
  }

  /** A window that dies in the middle of its turn: its file stays, its sign goes out. */
  async die(generation = 1): Promise<void> {
    await this.hold(this.openWindow(), generation);
    this.kill(this.folder.made.at(-1) ?? '');
  }

  /** Ends the window that made a file. */
  kill(file: string): void {
    this.life.kill((JSON.parse(this.folder.files.get(file) ?? '{}') as { sign: string }).sign);
  }
}
