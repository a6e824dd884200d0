// What the tests of turns work with: windows over one folder, and turns that are held until a test lets go of them.
import { WindowLock } from '../../src/sessions/lock.ts';
import { Turns, type Turn } from '../../src/sessions/turns.ts';
import { FakeClock } from './fakeClock.ts';
import { FakeFolder, FakeLife } from './fakeStore.ts';

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
export type TurnWindow = Turns & { readonly lines: string[]; readonly told: { alone: number } };

/** A turn of the session `s1` that somebody has. */
export interface HeldTurn {
  readonly turn: Turn;
  /** Ends it, and waits until it has ended. */
  end(): Promise<unknown>;
}

/** Windows of one machine that take turns. */
export class TurnBench {
  /** What they share. */
  readonly folder = new WatchedFolder();
  /** Whether each lives. */
  readonly life = new FakeLife();
  /** Everybody's clock. */
  readonly clock = new FakeClock();

  /** One more window. */
  openWindow(folder: FakeFolder = this.folder): TurnWindow {
    const { clock, life } = this;
    const lines: string[] = [];
    const tell = (line: string): void => void lines.push(line);
    const told = { alone: 0 };
    const log = { trace: tell, debug: tell, info: tell, warn: tell, error: tell };
    const turns = new Turns({ clock, log, folder, life, lock: new WindowLock(), onAlone: () => (told.alone += 1) });
    return Object.assign(turns, { lines, told });
  }

  /** Takes a turn, and holds it until it is told to end. */
  async hold(turns: Turns, generation = 1, isLost = false): Promise<HeldTurn> {
    const gate = Promise.withResolvers<true>();
    const begun = Promise.withResolvers<Turn>();
    const whole = turns.take('s1', generation, (turn) => {
      begun.resolve(turn);
      turn.noteLost(isLost);
      return gate.promise;
    }, never);
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
  pass(turns: Turns, generation = 1): Promise<Turn> {
    return turns.take('s1', generation, (turn) => Promise.resolve(turn), never);
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
