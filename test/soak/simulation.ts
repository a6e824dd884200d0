// One machine with its windows, one server, and some weeks of random events.
import { DAY, HOUR, MINUTE } from '../../src/core/clock.ts';
import type { Mutation } from './mutations.ts';
import { Figures } from './figures.ts';
import { Invariants, type Activity, type Violation, type InvariantsContext } from './invariants.ts';
import { FakeProcessLiveness } from '../support/fakeStore.ts';
import { STORE_MODELS, type StoreModel } from '../support/simulation/sharedSecrets.ts';
import { Keyring } from './keyring.ts';
import { SharedFolder } from './machine.ts';
import { Network } from './network.ts';
import { UserActions } from './userActions.ts';
import { Process, type ProcessFault } from './process.ts';
import { Random } from '../support/simulation/random.ts';
import { AuthorizationServer } from './server.ts';
import { checkConvergence } from './convergence.ts';
import { EventLog } from './eventLog.ts';
import { Time } from './time.ts';
import { FaultInjector } from './faultInjector.ts';
import { Window, type WindowEnvironment } from './window.ts';

/** The options that override the seed. */
export interface SimulationOptions {
  readonly seed: number;
  /** The largest number of windows at a time. */
  readonly windows?: number | undefined;
  readonly store?: StoreModel | undefined;
  /** The number of simulated days. */
  readonly days?: number | undefined;
  readonly mutation?: Mutation | undefined;
  /** How many of the last events the outcome contains. */
  readonly kept?: number | undefined;
}

/** The outcome of a simulation. */
export interface Outcome {
  readonly seed: number;
  readonly store: StoreModel;
  readonly violation: Violation | undefined;
  readonly hash: string;
  readonly last: readonly string[];
}

/** The time, in ms, that windows have to settle: longer than any `Retry-After` and any retry interval. */
const SETTLING = 50 * MINUTE;

/** One simulation. */
export class Simulation implements InvariantsContext {
  readonly random: Random;
  readonly time = new Time();
  readonly eventLog: EventLog;
  readonly server: AuthorizationServer;
  readonly folder: SharedFolder;
  readonly liveness = new FakeProcessLiveness();
  readonly keyring: Keyring;
  readonly network: Network;
  readonly invariants: Invariants;
  readonly figures: Figures;
  readonly userActions: UserActions;
  readonly faultInjector: FaultInjector;
  readonly mostWindows: number;
  /** The idle timeout in ms; undefined if there is none. */
  readonly idleTimeout: number | undefined;
  readonly activity: Activity = { last: 0, lastShared: 0, jumps: 0, folderFailures: 0 };
  readonly #options: SimulationOptions;
  readonly #days: number;
  readonly #environment: WindowEnvironment;
  #windows: readonly Window[] = [];
  #opened = 0;
  /** Whether the windows are settling, without faults and user actions. */
  isSettling = false;

  constructor(options: SimulationOptions, figures = new Figures()) {
    this.#options = options;
    this.figures = figures;
    const random = new Random(options.seed);
    const { time } = this;
    this.random = random;
    this.eventLog = new EventLog(() => time.now, options.kept);
    this.server = new AuthorizationServer(time, random.chance(0.25) ? 'the-client-secret' : undefined);
    this.idleTimeout = random.chance(0.2) ? random.wide(HOUR, 12 * HOUR) : undefined;
    this.folder = new SharedFolder(time, random);
    const drawn = random.weighted([
      [40, STORE_MODELS[0]],
      [40, STORE_MODELS[1]],
      [20, STORE_MODELS[2]],
    ] as const);
    this.keyring = new Keyring(options.store ?? drawn, time, random);
    this.network = new Network(time, random, this.server, {
      onSend: (request) => this.invariants.onSend(request),
      onArrival: (request) => this.invariants.onArrival(request),
      onAnswer: (...event) => this.invariants.onAnswer(...event),
      onFault: (fault) => this.figures.count(`fault: ${fault}`),
    });
    this.invariants = new Invariants(this);
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
    this.#environment = {
      random,
      folder: this.folder,
      liveness: this.liveness,
      keyring: this.keyring,
      network: this.network,
      refreshInterval: random.chance(0.2) ? HOUR / 2 : 0,
      idleTimeout: this.idleTimeout,
      mutation: options.mutation,
      newId: () => `s${(ids += 1)}`,
      log: (window, line) => this.eventLog.add(`${window.name}: ${line}`),
      onChange: (window, change) => {
        this.invariants.onChange(window, change);
        if (change.after?.refreshing === true && change.before?.refreshing === false) {
          this.faultInjector.onRenewal(window);
        }
      },
      onDidFindIssues: (...event) => this.invariants.onDidFindIssues(...event),
    };
    this.userActions = new UserActions(this);
    this.faultInjector = new FaultInjector(this);
    this.keyring.onDidDiscard = (key) => this.userActions.onDidDiscard(key);
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

  /** Runs the simulation. */
  async run(): Promise<Outcome> {
    const end = this.time.now + this.#days * DAY;
    this.userActions.begin();
    this.faultInjector.begin();
    while (this.time.now < end && this.invariants.violation === undefined) {
      await this.#passUntil(Math.min(end, this.time.now + this.random.wide(DAY, 4 * DAY)));
      await this.#settle();
    }
    for (const { process } of this.#windows) {
      process.kill();
    }
    this.figures.simulations += 1;
    const { violation } = this.invariants;
    return {
      seed: this.#options.seed,
      store: this.keyring.model,
      violation,
      hash: this.eventLog.hash,
      last: this.eventLog.last,
    };
  }

  /** Opens a window, unless there are too many. */
  open(): Window | undefined {
    const isFull = this.#windows.length >= this.mostWindows;
    // Windows without a shared folder are degraded and may correctly disagree, so there is one at a time.
    if (isFull || (this.folder.failing !== false && this.#windows.length > 0)) {
      return undefined;
    }
    const name = `w${(this.#opened += 1)}`;
    this.eventLog.add(`${name} opens`);
    this.invariants.expectRequests(2);
    const process: Process = new Process(name, this.time, this.random, (what) => this.#onFault(process, what));
    const window = new Window(process, this.#environment);
    this.#windows = [...this.#windows, window];
    return window;
  }

  /** Kills a window. */
  kill(window: Window): void {
    const { process } = window;
    this.eventLog.add(`${window.name} is killed`);
    process.kill();
    window.liveness.end();
    this.keyring.end(process);
    this.#windows = this.#windows.filter((one) => one !== window);
    this.userActions.onEnd(window);
  }

  /** Closes a window like a user: a running renewal has a moment to finish. */
  close(window: Window): void {
    this.eventLog.add(`${window.name} closes`);
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
    this.eventLog.add(`${window.name} is stopped for ${Math.round(time / 1000)} s`);
    process.stop();
    this.time.after(time, () => this.#continue(window));
  }

  #continue(window: Window): void {
    if (!window.process.runs && !window.process.isDead) {
      this.eventLog.add(`${window.name} continues`);
      this.invariants.expectRequests();
      window.process.continue();
    }
  }

  #onFault(process: Process, what: ProcessFault['what']): void {
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

  async #passUntil(until: number): Promise<void> {
    while (this.invariants.violation === undefined && (await this.time.step(until))) {
      // The invariants are checked at each event.
    }
  }

  /** Ends all faults, lets the windows settle, and checks that they agree. */
  async #settle(): Promise<void> {
    if (this.invariants.violation !== undefined) {
      return;
    }
    this.eventLog.add('the faults end');
    this.isSettling = true;
    this.faultInjector.clear();
    for (const window of this.#windows) {
      this.#continue(window);
    }
    if (this.#windows.length === 0 || this.random.chance(0.3)) {
      this.open();
    }
    await this.#passUntil(this.time.now + SETTLING);
    this.#compare();
    this.isSettling = false;
  }

  #compare(): void {
    if (this.invariants.violation === undefined) {
      for (const { id, mayBeLost } of this.userActions.signedIn()) {
        checkConvergence(this, this.invariants, id, mayBeLost);
      }
      this.userActions.onSettled();
    }
  }
}
