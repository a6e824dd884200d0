// One machine with its windows, one server, and some weeks of what can happen to them.
import { DAY, HOUR, MINUTE } from '../../src/core/clock.ts';
import type { Break } from './breaks.ts';
import { Figures } from './figures.ts';
import { Judge, type Activity, type Breach, type Scene } from './judge.ts';
import { FakeProcessLiveness } from '../support/fakeStore.ts';
import { STORE_MODELS, type StoreModel } from '../support/simulation/sharedSecrets.ts';
import { Keyring } from './keyring.ts';
import { SharedFolder } from './machine.ts';
import { Network } from './network.ts';
import { People } from './people.ts';
import { Process, type Fate } from './process.ts';
import { Random } from '../support/simulation/random.ts';
import { ServerContext } from './server.ts';
import { judgeSettled } from './settled.ts';
import { Story } from './story.ts';
import { Time } from './time.ts';
import { Weather } from './weather.ts';
import { Window, type Ground } from './window.ts';

/** What is not left to the seed. */
export interface WorldOptions {
  readonly seed: number;
  /** How many windows there are at once, at the most. */
  readonly windows?: number | undefined;
  readonly store?: StoreModel | undefined;
  /** How many days it lasts. */
  readonly days?: number | undefined;
  readonly broken?: Break | undefined;
  /** How many lines of the story are kept. */
  readonly kept?: number | undefined;
}

/** What came of a world. */
export interface Outcome {
  readonly seed: number;
  readonly store: StoreModel;
  readonly breach: Breach | undefined;
  readonly hash: string;
  readonly last: readonly string[];
}

/** How long the windows have to settle: longer than any `Retry-After`, and than the pace of what a person must mend. */
const SETTLING = 50 * MINUTE;

/** One world. */
export class World implements Scene {
  readonly random: Random;
  readonly time = new Time();
  readonly story: Story;
  readonly server: ServerContext;
  readonly folder: SharedFolder;
  readonly liveness = new FakeProcessLiveness();
  readonly keyring: Keyring;
  readonly network: Network;
  readonly judge: Judge;
  readonly figures: Figures;
  readonly people: People;
  readonly weather: Weather;
  readonly mostWindows: number;
  /** After how long without activity, in ms, the sessions are signed out; undefined where that is off. */
  readonly idleTimeout: number | undefined;
  readonly activity: Activity = { last: 0, lastTold: 0, jumps: 0, folderFailures: 0 };
  readonly #options: WorldOptions;
  readonly #days: number;
  readonly #ground: Ground;
  #windows: readonly Window[] = [];
  #opened = 0;
  /** Nobody does anything, and nothing goes wrong. */
  isSettling = false;

  constructor(options: WorldOptions, figures = new Figures()) {
    this.#options = options;
    this.figures = figures;
    const random = new Random(options.seed);
    const { time } = this;
    this.random = random;
    this.story = new Story(() => time.now, options.kept);
    this.server = new ServerContext(time, random.chance(0.25) ? 'the-client-secret' : undefined);
    this.idleTimeout = random.chance(0.2) ? random.wide(HOUR, 12 * HOUR) : undefined;
    this.folder = new SharedFolder(time, random);
    const drawn = random.weighted([
      [40, STORE_MODELS[0]],
      [40, STORE_MODELS[1]],
      [20, STORE_MODELS[2]],
    ] as const);
    this.keyring = new Keyring(options.store ?? drawn, time, random);
    this.network = new Network(time, random, this.server, {
      onSend: (trip) => this.judge.onSend(trip),
      onArrival: (trip) => this.judge.onArrival(trip),
      onAnswer: (...told) => this.judge.onAnswer(...told),
      onFault: (fault) => this.figures.count(`fault: ${fault}`),
    });
    this.judge = new Judge(this);
    this.mostWindows =
      options.windows ??
      random.weighted([
        [2, 1],
        [4, 2],
        [3, 3],
        [1, 5],
      ]);
    this.#days = options.days ?? random.whole(7, 24);
    let ids = 0;
    this.#ground = {
      random,
      folder: this.folder,
      liveness: this.liveness,
      keyring: this.keyring,
      network: this.network,
      refreshInterval: random.chance(0.2) ? HOUR / 2 : 0,
      idleTimeout: this.idleTimeout,
      broken: options.broken,
      newId: () => `s${(ids += 1)}`,
      tell: (window, line) => this.story.tell(`${window.name}: ${line}`),
      onChange: (window, change) => {
        this.judge.onChange(window, change);
        if (change.after?.refreshing === true && change.before?.refreshing === false) {
          this.weather.onRenewal(window);
        }
      },
      onDidFindIssues: (...told) => this.judge.onDidFindIssues(...told),
    };
    this.people = new People(this);
    this.weather = new Weather(this);
    this.keyring.onDidDiscard = (key) => this.people.onThrownAway(key);
  }

  windows(): readonly Window[] {
    return this.#windows;
  }

  running(): readonly Window[] {
    return this.#windows.filter(({ process }) => process.runs);
  }

  isCalm(): boolean {
    return (
      !this.network.isOffline &&
      this.network.faultRate === 0 &&
      this.folder.failing === false &&
      this.keyring.fault === undefined
    );
  }

  /** Lives through it. */
  async run(): Promise<Outcome> {
    const end = this.time.now + this.#days * DAY;
    this.people.begin();
    this.weather.begin();
    while (this.time.now < end && this.judge.breach === undefined) {
      await this.#pass(Math.min(end, this.time.now + this.random.wide(DAY, 4 * DAY)));
      await this.#settle();
    }
    for (const { process } of this.#windows) {
      process.kill();
    }
    this.figures.worlds += 1;
    const { breach } = this.judge;
    return {
      seed: this.#options.seed,
      store: this.keyring.model,
      breach,
      hash: this.story.hash,
      last: this.story.last,
    };
  }

  /** Opens a window, where there may be one more. */
  open(): Window | undefined {
    const isFull = this.#windows.length >= this.mostWindows;
    // While the folder fails, windows are on their own, and may well disagree: there is one at a time then.
    if (isFull || (this.folder.failing !== false && this.#windows.length > 0)) {
      return undefined;
    }
    const name = `w${(this.#opened += 1)}`;
    this.story.tell(`${name} opens`);
    this.judge.nudge(2);
    const process: Process = new Process(name, this.time, this.random, (what) => this.#meet(process, what));
    const window = new Window(process, this.#ground);
    this.#windows = [...this.#windows, window];
    return window;
  }

  /** Ends a window, at once. */
  kill(window: Window): void {
    const { process } = window;
    this.story.tell(`${window.name} ends`);
    process.kill();
    window.liveness.end();
    this.keyring.end(process);
    this.#windows = this.#windows.filter((one) => one !== window);
    this.people.onEnd(window);
  }

  /** Closes a window as a person does: a renewal that is on its way has a moment to come to its end. */
  close(window: Window): void {
    this.story.tell(`${window.name} closes`);
    const end = (): void => {
      if (!window.process.isDead) {
        window.sessions.dispose();
        this.kill(window);
      }
    };
    void window.sessions.tokenRefresher.whenIdle().then(end);
    this.time.afterAwake(5000, end);
  }

  /** Stops a window for a while. */
  stop(window: Window): void {
    const { process } = window;
    const time = this.random.wide(1000, 3 * HOUR);
    this.story.tell(`${window.name} is stopped for ${Math.round(time / 1000)} s`);
    process.stop();
    this.time.after(time, () => this.#continue(window));
  }

  #continue(window: Window): void {
    if (!window.process.runs && !window.process.isDead) {
      this.story.tell(`${window.name} continues`);
      this.judge.nudge();
      window.process.continue();
    }
  }

  #meet(process: Process, what: Fate['what']): void {
    const window = this.#windows.find((one) => one.process === process);
    if (window !== undefined && !this.isSettling) {
      this.figures.count(`event: ${what} at a call`);
      if (what === 'kill') {
        this.kill(window);
      } else {
        this.stop(window);
      }
    }
  }

  async #pass(until: number): Promise<void> {
    while (this.judge.breach === undefined && (await this.time.step(until))) {
      // Every event is looked at where it happens.
    }
  }

  /** Ends all faults, lets the windows come to rest, and looks whether they agree. */
  async #settle(): Promise<void> {
    if (this.judge.breach !== undefined) {
      return;
    }
    this.story.tell('all is well for a while');
    this.isSettling = true;
    this.weather.clear();
    for (const window of this.#windows) {
      this.#continue(window);
    }
    if (this.#windows.length === 0 || this.random.chance(0.3)) {
      this.open();
    }
    await this.#pass(this.time.now + SETTLING);
    this.#compare();
    this.isSettling = false;
  }

  #compare(): void {
    if (this.judge.breach === undefined) {
      for (const { id, mayBeLost } of this.people.signedIn()) {
        judgeSettled(this, this.judge, id, mayBeLost);
      }
      this.people.onSettled();
    }
  }
}
