// One window, as the test has it in its hand.
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { startChild, type Child } from '../../tools/children.ts';
import type { SecretsView } from '../support/simulation/sharedSecrets.ts';
import { answerStoreCall } from './remoteStore.ts';
import type { FromWindow, Order, Outcome, Point, Seen, ToWindow, WindowOptions } from './wire.ts';

/** How long, in ms, anything may take. It is there so that a test ends, not so that it is quick. */
const DEADLINE = 30_000;
/** How many of its last lines a window that disappoints is quoted with. */
const LINES = 25;

/** The program of a window as one file, and what its processes have compiled: so many start faster that way. */
const programFolder = mkdtempSync(join(tmpdir(), 'sk-program-'));
const program = join(programFolder, 'window.mjs');
before(() => {
  buildSync({
    entryPoints: [join(import.meta.dirname, 'window.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
  });
});
after(() => rm(programFolder, { recursive: true, force: true }));

/** What is being waited for; it looks again after everything that the window says. */
interface Wait {
  look(): void;
  fail(error: Error): void;
}

/** A window. */
export class WindowProcess {
  readonly name: string;
  readonly #child: Child;
  readonly #secrets: SecretsView;
  readonly #waits = new Set<Wait>();
  readonly #answers = new Map<number, Outcome>();
  readonly #passed = new Map<Point, number>();
  readonly #lines: string[] = [];
  #heldAt: Point | undefined;
  #ordered = 0;
  #isReady = false;
  #ended: string | undefined;
  #seen: Seen = { generation: 0, isComplete: false, accessToken: '', refreshToken: '', unsaved: false };
  #alone = 0;

  /**
   * Opens one.
   * @param temporary the folder for its temporary files.
   */
  constructor(options: WindowOptions, secrets: SecretsView, temporary: string) {
    this.name = options.name;
    this.#child = startChild(process.execPath, [program, JSON.stringify(options)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, NODE_COMPILE_CACHE: programFolder, TMPDIR: temporary },
    });
    this.#secrets = secrets;
    secrets.onDidChange((key) => this.#say({ kind: 'changed', key }));
    const { process: child } = this.#child;
    child.on('message', (message: FromWindow) => this.#hear(message));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#lines.push(text.trimEnd()));
    child.once('exit', (code, signal) => {
      this.#ended = signal ?? `code ${code ?? '?'}`;
      secrets.close();
      this.#look();
    });
  }

  /** Waits until it has started and read its store. */
  ready(): Promise<void> {
    return this.until('its start', () => this.#isReady);
  }

  /** The session as the window last said that it has it. */
  get seen(): Seen {
    return this.#seen;
  }

  /** How often it has said that it goes on alone. */
  get alone(): number {
    return this.#alone;
  }

  /** Its log, as far as it has arrived. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /**
   * Gives an order, and gives what comes of it.
   * @param deadline how long, in ms, that may take.
   */
  async do(order: Order, deadline = DEADLINE): Promise<Outcome> {
    const id = this.#order(order);
    await this.until(`the end of "${order.kind}"`, () => this.#answers.has(id), deadline);
    const outcome = this.#answers.get(id);
    if (outcome === undefined) {
      throw new Error('An answer that has arrived is gone.');
    }
    return outcome;
  }

  /** Has it stop at a point, the n-th time from now. */
  async hold(point: Point, time = 1): Promise<void> {
    this.#heldAt = undefined;
    await this.do({ kind: 'hold', point, time });
  }

  /** Lets it go on from a point to another one. */
  async moveOn(point: Point, time = 1): Promise<void> {
    this.#heldAt = undefined;
    await this.do({ kind: 'goOn', next: { point, time } });
    await this.held(point);
  }

  /** Lets it go on for good. */
  async goOn(): Promise<void> {
    await this.do({ kind: 'goOn' });
  }

  /** Waits until it has stopped at a point. */
  async held(point: Point, deadline = DEADLINE): Promise<void> {
    await this.until(`its coming to "${point}"`, () => this.#heldAt === point, deadline);
  }

  /** Waits until it has come by a point so many times since {@link do} told it to tell. */
  async passed(point: Point, times: number): Promise<void> {
    await this.until(`its coming by "${point}" ${times} times`, () => this.timesPassed(point) >= times);
  }

  /** How often it has come by a point since it was told to tell. */
  timesPassed(point: Point): number {
    return this.#passed.get(point) ?? 0;
  }

  /** Waits until something is so. */
  until(what: string, isSo: () => boolean, deadline = DEADLINE): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        this.#waits.delete(wait);
      };
      const wait: Wait = {
        look: () => {
          if (isSo()) {
            stop();
            resolve();
          } else if (this.#ended !== undefined) {
            wait.fail(new Error(`${this.#describe(what)} It has ended with ${this.#ended}.`));
          }
        },
        fail: (error) => {
          stop();
          reject(error);
        },
      };
      const timer = setTimeout(
        () => wait.fail(new Error(`${this.#describe(what)} ${deadline / 1000} s have passed.`)),
        deadline,
      );
      this.#waits.add(wait);
      wait.look();
    });
  }

  /** Stops the process as it stands; it lives, and does nothing. */
  stop(): void {
    this.#child.process.kill('SIGSTOP');
  }

  /** Lets a stopped process go on. */
  resume(): void {
    this.#child.process.kill('SIGCONT');
  }

  /** Kills the process, and gives the time of that, in ms. */
  async kill(): Promise<number> {
    const at = performance.now();
    this.#child.process.kill('SIGKILL');
    await this.until('its death', () => this.#ended !== undefined);
    return at;
  }

  /** Closes the window as the editor does. */
  async close(): Promise<void> {
    this.#order({ kind: 'close' });
    await this.until('its end', () => this.#ended === 'code 0');
  }

  #order(order: Order): number {
    this.#ordered += 1;
    this.#say({ kind: 'order', id: this.#ordered, order });
    return this.#ordered;
  }

  #say(message: ToWindow): void {
    const { process: child } = this.#child;
    if (child.connected) {
      // One that is just ending does not hear it, and has nothing to hear any more.
      child.send(message, () => {});
    }
  }

  #hear(message: FromWindow): void {
    switch (message.kind) {
      case 'ready':
        this.#isReady = true;
        break;
      case 'seen':
        this.#seen = message.seen;
        break;
      case 'at':
        if (message.isHeld) {
          this.#heldAt = message.point;
        }
        this.#passed.set(message.point, this.timesPassed(message.point) + 1);
        break;
      case 'answer':
        this.#seen = message.outcome.seen;
        this.#answers.set(message.id, message.outcome);
        break;
      case 'store':
        this.#say({ kind: 'fromStore', id: message.id, values: answerStoreCall(this.#secrets, message.call) });
        break;
      case 'log':
        this.#lines.push(message.line);
        break;
      case 'alone':
        this.#alone += 1;
        break;
    }
    this.#look();
  }

  #look(): void {
    for (const wait of [...this.#waits]) {
      wait.look();
    }
  }

  #describe(what: string): string {
    const { accessToken: _token, refreshToken: _other, ...seen } = this.#seen;
    return `Window ${this.name}: ${what} has not come about. It has ${JSON.stringify(seen)}, stood at ${this.#heldAt ?? 'no point'}, and has said:\n${this.#lines.slice(-LINES).join('\n')}\n`;
  }
}
