// One window, as the test controls it.
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { startChild, type Child } from '../../tools/children.ts';
import type { SecretsView } from '../support/simulation/sharedSecrets.ts';
import { answerStoreCall } from './remoteStore.ts';
import type { FromWindow, Command, Outcome, Point, Seen, ToWindow, WindowOptions } from './wire.ts';

/** The time, in ms, after which a test gives up waiting. */
const DEADLINE = 30_000;
/** How many of the last log lines an error message shows. */
const LINES = 25;

/** The program of a window as one file, with a compile cache, so that many windows start quickly. */
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

/** A condition that is checked after each message of the window. */
interface Wait {
  check(): void;
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
  #commands = 0;
  #isReady = false;
  #ended: string | undefined;
  #seen: Seen = { generation: 0, isComplete: false, accessToken: '', refreshToken: '', unsaved: false };
  #degraded = 0;

  /**
   * Opens a window.
   * @param temporary the folder for its temporary files.
   */
  constructor(options: WindowOptions, secrets: SecretsView, temporary: string) {
    this.name = options.name;
    this.#child = startChild(process.execPath, [program, JSON.stringify(options)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, NODE_COMPILE_CACHE: programFolder, TMPDIR: temporary },
    });
    this.#secrets = secrets;
    secrets.onDidChange((key) => this.#post({ kind: 'changed', key }));
    const { process: child } = this.#child;
    child.on('message', (message: FromWindow) => this.#onMessage(message));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#lines.push(text.trimEnd()));
    child.once('exit', (code, signal) => {
      this.#ended = signal ?? `code ${code ?? '?'}`;
      secrets.close();
      this.#check();
    });
  }

  /** Waits until the window has started and read its store. */
  ready(): Promise<void> {
    return this.until('its start', () => this.#isReady);
  }

  /** The session as the window last reported it. */
  get seen(): Seen {
    return this.#seen;
  }

  /** How often it has reported that it is degraded. */
  get degraded(): number {
    return this.#degraded;
  }

  /** Its log, as far as it has arrived. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /**
   * Sends a command and returns its outcome.
   * @param deadline the time limit in ms.
   */
  async do(command: Command, deadline = DEADLINE): Promise<Outcome> {
    const id = this.#send(command);
    await this.until(`the result of "${command.kind}"`, () => this.#answers.has(id), deadline);
    const outcome = this.#answers.get(id);
    if (outcome === undefined) {
      throw new Error('A response that has arrived is missing.');
    }
    return outcome;
  }

  /** Holds it when it reaches a point for the n-th time from now. */
  async hold(point: Point, time = 1): Promise<void> {
    this.#heldAt = undefined;
    await this.do({ kind: 'hold', point, time });
  }

  /** Releases it until it reaches another point. */
  async resumeUntil(point: Point, time = 1): Promise<void> {
    this.#heldAt = undefined;
    await this.do({ kind: 'release', next: { point, time } });
    await this.held(point);
  }

  /** Releases it permanently. */
  async release(): Promise<void> {
    await this.do({ kind: 'release' });
  }

  /** Waits until it is held at a point. */
  async held(point: Point, deadline = DEADLINE): Promise<void> {
    await this.until(`"${point}"`, () => this.#heldAt === point, deadline);
  }

  /** Waits until it has reached a point a number of times since it began reporting it. */
  async passed(point: Point, times: number): Promise<void> {
    await this.until(`passing "${point}" ${times} times`, () => this.timesPassed(point) >= times);
  }

  /** Returns how often it has reached a point since it began reporting it. */
  timesPassed(point: Point): number {
    return this.#passed.get(point) ?? 0;
  }

  /** Waits until a condition holds. */
  until(what: string, isSo: () => boolean, deadline = DEADLINE): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        this.#waits.delete(wait);
      };
      const wait: Wait = {
        check: () => {
          if (isSo()) {
            stop();
            resolve();
          } else if (this.#ended !== undefined) {
            wait.fail(new Error(`${this.#describe(what)} It ended with ${this.#ended}.`));
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
      wait.check();
    });
  }

  /** Stops the process (SIGSTOP). */
  stop(): void {
    this.#child.process.kill('SIGSTOP');
  }

  /** Resumes the stopped process (SIGCONT). */
  resume(): void {
    this.#child.process.kill('SIGCONT');
  }

  /** Kills the process, and returns the time when that was done, in ms. */
  async kill(): Promise<number> {
    const at = performance.now();
    this.#child.process.kill('SIGKILL');
    await this.until('its death', () => this.#ended !== undefined);
    return at;
  }

  /** Closes the window as VS Code does. */
  async close(): Promise<void> {
    this.#send({ kind: 'close' });
    await this.until('its end', () => this.#ended === 'code 0');
  }

  #send(command: Command): number {
    this.#commands += 1;
    this.#post({ kind: 'command', id: this.#commands, command });
    return this.#commands;
  }

  #post(message: ToWindow): void {
    const { process: child } = this.#child;
    if (child.connected) {
      // A window that is ending may not receive it.
      child.send(message, () => {});
    }
  }

  #onMessage(message: FromWindow): void {
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
        this.#post({ kind: 'storeAnswer', id: message.id, values: answerStoreCall(this.#secrets, message.call) });
        break;
      case 'log':
        this.#lines.push(message.line);
        break;
      case 'degraded':
        this.#degraded += 1;
        break;
    }
    this.#check();
  }

  #check(): void {
    for (const wait of [...this.#waits]) {
      wait.check();
    }
  }

  #describe(what: string): string {
    const { accessToken: _token, refreshToken: _other, ...seen } = this.#seen;
    return `Window ${this.name} hasn't reached: ${what}. Session: ${JSON.stringify(seen)}; held at ${this.#heldAt ?? 'no point'}; log:\n${this.#lines.slice(-LINES).join('\n')}\n`;
  }
}
