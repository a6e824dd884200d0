// One after another, across all windows. Each session has a row of numbered turns, one file each. Whoever makes the
// file of the next number has the turn; nobody may make it before the present one is over, or its window is dead.
// Numbers only grow, and the file of the highest number is never taken away, so that each turn has exactly one owner,
// and a window that wakes after hours finds that its turn is long past. Nothing here depends on a clock.
import * as v from 'valibot';
import { MINUTE, SECOND, type Clock } from '../core/clock.ts';
import { Failure, sanitizeDisplayName, toFailure } from '../core/failure.ts';
import { formatTimestamp, type Log } from '../core/log.ts';
import type { Folder } from './sharedFolder.ts';
import type { ProcessLiveness } from './processLiveness.ts';
import type { Lock } from './mutex.ts';

/** A turn as its owner sees it. */
export interface LockHandle {
  /** The generation that it was taken for. */
  readonly generation: number;
  /** Whether no other window can be at it, too; false where the folder fails and this window is on its own. */
  readonly isCrossWindow: boolean;
  /** Whether the turn before was cut off, or ended without knowing what became of its request. */
  readonly previousAttemptUnknown: boolean;
  /** Notes whether nobody knows what became of this turn's request. */
  markOutcomeUnknown(isLost: boolean): void;
}

/** What the turns work with. */
export interface RenewalLockDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: Folder;
  readonly life: ProcessLiveness;
  /** The turns among the tasks of this window. */
  readonly lock: Lock;
  /** Told when the folder begins to fail, and turns count in this window only. */
  onDidDegrade(): void;
}

const holderSchema = v.object({
  sign: v.string(),
  generation: v.number(),
  name: v.optional(v.string()),
  since: v.optional(v.number()),
});

/** The files of a turn: `held` is made by its owner; `over` stands beside it afterwards, or `lost` where nobody knows how it went. */
const FILE = /^(.+)\.(\d+)\.(held|over|lost)$/;

/** A turn that somebody has at this moment. */
export interface LockHolder {
  /** The id of the session. */
  readonly id: string;
  /** Its number: no other turn of the session has it. */
  readonly number: number;
  /** The generation that it was taken for; undefined where its file makes no sense. */
  readonly generation: number | undefined;
  /** Whether the window that has it lives; undefined where that cannot be told from here. */
  readonly lives: boolean | undefined;
}

interface TurnFile {
  readonly name: string;
  readonly number: number;
  readonly state: string;
}

/** How many past turns keep their files, so that a list that is made while they change never misses all. */
const KEPT = 3;

/** The time, in ms, between two looks at a turn that somebody else has. */
const LOOK_EVERY = 100;
/** How many looks may fail before this window goes on alone: a virus scanner or a busy disk is no reason. */
const MAX_FOLDER_ERRORS = 15;
/** How long, in ms of looking, a turn is waited for. */
const PATIENCE = 45 * SECOND;
/** How long, in ms of looking, a turn is respected whose window runs where nobody can see whether it lives. */
const UNREACHABLE_HOLDER_TIMEOUT = 120 * SECOND;

/** Turns across windows, for each session. */
export class RenewalLock {
  readonly #dependencies: RenewalLockDependencies;
  /** For how long each turn of a window out of sight has been looked at, in ms. */
  readonly #looked = new Map<string, number>();
  #isAlone = false;

  constructor(ports: RenewalLockDependencies) {
    this.#dependencies = ports;
  }

  /**
   * Runs a task as the only one, of all windows, for a session.
   * @param generation the generation that the task is about: a turn that was cut off matters to the same one only.
   * @param whileWaiting is asked while another has the turn; a value that it gives is the result, and the task is not run.
   * @param patience how long, in ms, the turn is waited for.
   * @throws Failure `lock-timeout` where another window does not come to an end; what the task or `whileWaiting` throws.
   */
  async take<T>(
    id: string,
    generation: number,
    task: (turn: LockHandle) => Promise<T>,
    whileWaiting: () => Promise<T | undefined>,
    patience = PATIENCE,
  ): Promise<T> {
    return this.#dependencies.lock.hold(id, async () => {
      const life = await this.#dependencies.life.begin();
      try {
        const begun = await this.#begin(
          id,
          JSON.stringify({ sign: life.sign, generation, name: life.name, since: this.#dependencies.clock.now() }),
          generation,
          whileWaiting,
          patience,
        );
        if ('result' in begun) {
          return begun.result;
        }
        // A loss is remembered until an answer comes.
        const outcome: { isLost: boolean } = { isLost: begun.previousAttemptUnknown };
        const turn: LockHandle = {
          generation,
          isCrossWindow: begun.file !== undefined,
          previousAttemptUnknown: begun.previousAttemptUnknown,
          markOutcomeUnknown: (isLost) => (outcome.isLost = isLost),
        };
        try {
          return await task(turn);
        } finally {
          await this.#end(begun.file, outcome.isLost ? 'lost' : 'over');
        }
      } finally {
        life.dispose();
      }
    });
  }

  /** Whether the folder failed when a turn was last to be taken, so that this window knows nothing of the others. */
  get isDegraded(): boolean {
    return this.#isAlone;
  }

  /**
   * The turns that somebody has, at a look that changes nothing.
   * @throws what the folder throws.
   */
  async held(): Promise<LockHolder[]> {
    const { folder, life } = this.#dependencies;
    const ids = new Set((await folder.list()).map((name) => FILE.exec(name)?.[1]));
    const renewalLock: LockHolder[] = [];
    for (const id of ids) {
      const files = id === undefined ? [] : await this.#filesOf(id);
      const last = Math.max(0, ...files.map(({ number }) => number));
      const text =
        id !== undefined && stateOf(files, last) === 'held' ? await folder.read(`${id}.${last}.held`) : undefined;
      if (id !== undefined && text !== undefined) {
        const holder = parseHolder(text);
        renewalLock.push({
          id,
          number: last,
          generation: holder?.generation,
          lives: holder === undefined ? undefined : await life.lives(holder.sign),
        });
      }
    }
    return renewalLock;
  }

  /** Takes away everything about the turns of a session that is over. */
  async forget(id: string): Promise<void> {
    const { folder } = this.#dependencies;
    const files = await this.#filesOf(id).catch(() => []);
    await Promise.all(files.map(({ name }) => folder.delete(name).catch(() => {})));
  }

  async #begin<T>(
    id: string,
    holder: string,
    generation: number,
    whileWaiting: () => Promise<T | undefined>,
    patience: number,
  ): Promise<{ readonly file: string | undefined; readonly previousAttemptUnknown: boolean } | { readonly result: T }> {
    const { folder } = this.#dependencies;
    let failed = 0;
    for (let looked = 0; looked <= patience; looked += LOOK_EVERY) {
      try {
        const files = await this.#filesOf(id);
        const last = Math.max(0, ...files.map(({ number }) => number));
        const held = stateOf(files, last) === 'held' ? await folder.read(`${id}.${last}.held`) : undefined;
        if (held === holder) {
          // Made by this window, though the folder took so long that it seemed to have failed.
          return { file: `${id}.${last}`, previousAttemptUnknown: false };
        }
        const isHeld = stateOf(files, last) === 'held' && (await this.#isHeld(`${id}.${last}.held`, held));
        if (!isHeld) {
          // Who is dead now may have ended well since the files were listed.
          const state = stateOf(await this.#filesOf(id), last);
          const previousAttemptUnknown =
            last > 0 && state !== 'over' && (await this.#generationOf(`${id}.${last}.held`)) === generation;
          if (await this.#make(id, last + 1, holder)) {
            this.#isAlone = false;
            const past = files.filter(({ number }) => number <= last + 1 - KEPT);
            await Promise.all(past.map(({ name }) => folder.delete(name).catch(() => {})));
            return { file: `${id}.${last + 1}`, previousAttemptUnknown };
          }
        }
      } catch (error) {
        failed += 1;
        if (this.#isAlone || failed > MAX_FOLDER_ERRORS) {
          this.#reportAlone(error);
          return { file: undefined, previousAttemptUnknown: false };
        }
      }
      const result = await whileWaiting();
      if (result !== undefined) {
        return { result };
      }
      await this.#logHolder(id, looked);
      await this.#pause();
    }
    throw new Failure('lock-timeout', 'lock-timeout');
  }

  /** Tells the log who holds the lock that this window waits for, so that a person can find that window. Never rejects. */
  async #logHolder(id: string, looked: number): Promise<void> {
    const { folder, log } = this.#dependencies;
    if (looked !== SECOND && (looked === 0 || looked % MINUTE !== 0)) {
      return;
    }
    try {
      const files = await this.#filesOf(id);
      const last = Math.max(0, ...files.map(({ number }) => number));
      const holder =
        stateOf(files, last) === 'held' ? parseHolder((await folder.read(`${id}.${last}.held`)) ?? '') : undefined;
      if (holder !== undefined) {
        const since = holder.since === undefined ? '' : ` since ${formatTimestamp(holder.since)}`;
        log.info(
          `Session ${id.slice(0, 8)}: waiting for another window to finish its renewal; the lock is held by ${sanitizeDisplayName(holder.name ?? 'another process')}${since}.`,
        );
      }
    } catch {
      // What the folder has to say about it is told where it matters.
    }
  }

  /** Makes a turn; false where somebody else has it, or a later one. */
  async #make(id: string, number: number, text: string): Promise<boolean> {
    const { folder } = this.#dependencies;
    const name = `${id}.${number}.held`;
    if (!(await folder.create(name, text))) {
      return false;
    }
    let isLatest = false;
    try {
      // Who looked long ago can make a turn that is long past and cleared away: the later ones show that.
      isLatest = (await this.#filesOf(id)).every((file) => file.number < number || file.name === name);
      return isLatest;
    } finally {
      if (!isLatest) {
        await folder.delete(name);
      }
    }
  }

  async #end(file: string | undefined, state: 'over' | 'lost'): Promise<void> {
    if (file === undefined) {
      return;
    }
    try {
      if ((await this.#dependencies.folder.read(`${file}.held`)) !== undefined) {
        await this.#dependencies.folder.create(`${file}.${state}`, '');
      }
    } catch (error) {
      // The turn is over for the others as soon as this window's sign goes out, which is next.
      this.#dependencies.log.warn(`A turn could not be marked as over: ${toFailure(error).message}.`);
    }
  }

  /** Whether the window that has a turn still lives, as far as anybody can tell. */
  async #isHeld(file: string, text: string | undefined): Promise<boolean> {
    if (text === undefined) {
      // It is long past; the next look shows the present one.
      return true;
    }
    const holder = parseHolder(text);
    const lives = holder === undefined ? undefined : await this.#dependencies.life.lives(holder.sign);
    if (lives !== undefined) {
      return lives;
    }
    const looked = (this.#looked.get(file) ?? 0) + LOOK_EVERY;
    this.#looked.set(file, looked);
    return looked < UNREACHABLE_HOLDER_TIMEOUT;
  }

  async #generationOf(file: string): Promise<number | undefined> {
    const text = await this.#dependencies.folder.read(file);
    return text === undefined ? undefined : parseHolder(text)?.generation;
  }

  async #filesOf(id: string): Promise<TurnFile[]> {
    const matches = (await this.#dependencies.folder.list()).map((name) => FILE.exec(name));
    return matches.flatMap((match) =>
      match?.[1] === id ? [{ name: match[0], number: Number(match[2]), state: match[3] ?? '' }] : [],
    );
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#dependencies.clock.after(LOOK_EVERY, resolve));
  }

  #reportAlone(error: unknown): void {
    if (!this.#isAlone) {
      this.#isAlone = true;
      this.#dependencies.log.warn(
        `The windows cannot take turns (${toFailure(error).message}); this one goes on alone.`,
      );
      this.#dependencies.onDidDegrade();
    }
  }
}

function stateOf(files: readonly TurnFile[], last: number): string {
  const states = files.filter(({ number }) => number === last).map(({ state }) => state);
  return states.find((state) => state !== 'held') ?? states[0] ?? 'over';
}

function parseHolder(text: string): v.InferOutput<typeof holderSchema> | undefined {
  try {
    const parsed = v.safeParse(holderSchema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
