// Everything that goes wrong by itself: windows, sleep, clocks, the network, the stores.
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/clock.ts';
import type { KeyringFault } from './keyring.ts';
import type { Window } from './window.ts';
import type { World } from './world.ts';

const KEYRING_FAULTS: readonly KeyringFault[] = ['locked', 'locked', 'no-get', 'no-store', 'no-keys', 'forgets'];

/** The weather of one world. */
export class Weather {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Does something now and then while the machine is awake and not settling, on the average so often. */
  often(mean: number, run: () => void): void {
    const { time, random } = this.#world;
    time.after(random.until(mean), () => {
      if (!time.isAsleep && !this.#world.isSettling) {
        run();
      }
      this.often(mean, run);
    });
  }

  /** Lets it begin. */
  begin(): void {
    const { random } = this.#world;
    this.often(2 * HOUR, () =>
      random.chance(0.7) ? this.#world.open() : this.#withWindow((window) => this.#world.close(window)),
    );
    this.often(12 * HOUR, () => this.#withWindow((window) => this.#count('kill', () => this.#world.kill(window))));
    this.often(8 * HOUR, () => this.#withWindow((window) => this.#count('stop', () => this.#world.stop(window))));
    this.often(10 * HOUR, () => this.#sleep(random.wide(2 * MINUTE, 3 * HOUR)));
    this.often(14 * HOUR, () =>
      this.#sleep(random.chance(0.15) ? random.wide(2 * DAY, 3 * DAY) : random.wide(7 * HOUR, 15 * HOUR)),
    );
    this.often(24 * HOUR, () => this.#jump());
    this.often(20 * HOUR, () => this.#goOffline());
    this.often(12 * HOUR, () => this.#storm(random.pick([0.05, 0.3, 0.7]), random.wide(2 * MINUTE, 3 * HOUR)));
    this.often(12 * HOUR, () => this.#storm(0.02, random.wide(HOUR, DAY)));
    this.often(36 * HOUR, () => this.#failKeyring());
    this.often(36 * HOUR, () => this.#failFolder());
  }

  /** Ends all of it. */
  clear(): void {
    const { network, keyring, folder, time } = this.#world;
    network.isOffline = false;
    network.faultRate = 0;
    keyring.fault = undefined;
    folder.failing = false;
    time.wake(true);
  }

  /** A renewal begins in a window: a good moment for it to be killed, or stopped, or for a squall on the network. */
  onRenewal({ process }: Window): void {
    const { random, isSettling } = this.#world;
    if (!isSettling && random.chance(0.01)) {
      process.doom({ calls: random.wide(1, 60), what: random.pick(['kill', 'stop']), isAfter: random.chance(0.5) });
    }
    if (!isSettling && random.chance(0.03)) {
      this.#storm(random.pick([0.2, 0.5]), random.wide(5 * SECOND, 5 * MINUTE));
    }
  }

  #withWindow(run: (window: Window) => void): void {
    const windows = this.#world.running();
    if (windows.length > 0) {
      run(this.#world.random.pick(windows));
    }
  }

  #count(event: string, run: () => void): void {
    this.#world.figures.count(`event: ${event}`);
    run();
  }

  #sleep(length: number): void {
    const { time, random, story, judge } = this.#world;
    if (time.isAsleep) {
      return;
    }
    this.#count('sleep', () => time.sleep());
    story.tell(`the machine sleeps for ${Math.round(length / MINUTE)} min`);
    time.after(length, () => {
      if (time.isAsleep) {
        time.wake(random.chance(0.8));
        story.tell('the machine wakes');
        judge.nudge();
      }
    });
  }

  #jump(): void {
    const { time, random } = this.#world;
    const by =
      random.pick([-1, 1]) *
      random.pick([random.wide(5 * SECOND, MINUTE), random.wide(MINUTE, HOUR), random.wide(HOUR, DAY), DAY]);
    this.#setClock(by);
    if (random.chance(0.7)) {
      time.after(random.wide(10 * SECOND, DAY), () => this.#setClock(-time.offset));
    }
  }

  #setClock(by: number): void {
    const { time, story, judge } = this.#world;
    if (by !== 0 && !time.isAsleep) {
      story.tell(`the wall clock is set by ${by / SECOND} s`);
      this.#count(by < 0 ? 'clock set back' : 'clock set forward', () => time.jump(by));
      judge.nudge();
      judge.onJump();
    }
  }

  #goOffline(): void {
    const { network, random, story } = this.#world;
    if (network.isOffline) {
      return;
    }
    const length = random.chance(0.04) ? random.wide(DAY, 3 * DAY) : random.wide(MINUTE, 4 * HOUR);
    story.tell(`the network is away for ${Math.round(length / MINUTE)} min`);
    this.#count('offline', () => (network.isOffline = true));
    this.#world.time.after(length, () => (network.isOffline = false));
  }

  #storm(rate: number, length: number): void {
    const { network, story, time } = this.#world;
    story.tell(`of the requests, ${rate * 100} % meet a fault for ${Math.round(length / MINUTE)} min`);
    this.#count('bad network', () => (network.faultRate = rate));
    time.after(length, () => (network.faultRate = 0));
  }

  #failKeyring(): void {
    const { keyring, random, story, time } = this.#world;
    const fault = random.pick(KEYRING_FAULTS);
    const length = random.wide(MINUTE, 3 * HOUR);
    story.tell(`keyring: ${fault} for ${Math.round(length / MINUTE)} min`);
    this.#count(`keyring ${fault}`, () => (keyring.fault = fault));
    time.after(length, () => (keyring.fault = undefined));
  }

  /** The folder fails only where there is one window: more of them would be on their own, and may then use a token twice. */
  #failFolder(): void {
    const { folder, random, story, time } = this.#world;
    if (this.#world.windows().length > 1 || folder.failing !== false) {
      return;
    }
    const length = random.wide(10 * SECOND, 3 * HOUR);
    const failing = random.pick(['writing', 'writing', true] as const);
    story.tell(`the folder fails (${failing === true ? 'all calls' : failing}) for ${Math.round(length / MINUTE)} min`);
    this.#count('folder fails', () => Object.assign(folder, { failing, failures: folder.failures + 1 }));
    time.after(length, () => (folder.failing = false));
  }
}
