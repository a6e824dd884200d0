// Random faults of windows, sleep, clocks, the network and the stores.
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/clock.ts';
import type { KeyringFault } from './keyring.ts';
import type { Window } from './window.ts';
import type { Simulation } from './simulation.ts';

const KEYRING_FAULTS: readonly KeyringFault[] = ['locked', 'locked', 'no-get', 'no-store', 'no-keys', 'forgets'];

/** The faults of one simulation. */
export class FaultInjector {
  readonly #simulation: Simulation;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** Runs a function at random times with a mean interval in ms, while the machine is awake and not settling. */
  often(mean: number, run: () => void): void {
    const { time, random } = this.#simulation;
    time.after(random.until(mean), () => {
      if (!time.isAsleep && !this.#simulation.isSettling) {
        run();
      }
      this.often(mean, run);
    });
  }

  /** Starts injecting faults. */
  begin(): void {
    const { random } = this.#simulation;
    this.often(2 * HOUR, () =>
      random.chance(0.7) ? this.#simulation.open() : this.#withWindow((window) => this.#simulation.close(window)),
    );
    this.often(12 * HOUR, () => this.#withWindow((window) => this.#count('kill', () => this.#simulation.kill(window))));
    this.often(8 * HOUR, () => this.#withWindow((window) => this.#count('stop', () => this.#simulation.stop(window))));
    this.often(10 * HOUR, () => this.#sleep(random.wide(2 * MINUTE, 3 * HOUR)));
    this.often(14 * HOUR, () =>
      this.#sleep(random.chance(0.15) ? random.wide(2 * DAY, 3 * DAY) : random.wide(7 * HOUR, 15 * HOUR)),
    );
    this.often(24 * HOUR, () => this.#jump());
    this.often(20 * HOUR, () => this.#goOffline());
    this.often(12 * HOUR, () => this.#degradeNetwork(random.pick([0.05, 0.3, 0.7]), random.wide(2 * MINUTE, 3 * HOUR)));
    this.often(12 * HOUR, () => this.#degradeNetwork(0.02, random.wide(HOUR, DAY)));
    this.often(36 * HOUR, () => this.#failKeyring());
    this.often(36 * HOUR, () => this.#failFolder());
  }

  /** Ends all faults. */
  clear(): void {
    const { network, keyring, folder, time } = this.#simulation;
    network.isOffline = false;
    network.faultRate = 0;
    keyring.fault = undefined;
    folder.failing = false;
    time.wake(true);
  }

  /** Called when a renewal begins in a window, which may be killed or stopped, or get network faults. */
  onRenewal({ process }: Window): void {
    const { random, isSettling } = this.#simulation;
    if (!isSettling && random.chance(0.01)) {
      process.scheduleFault({
        calls: random.wide(1, 60),
        what: random.pick(['kill', 'stop']),
        isAfter: random.chance(0.5),
      });
    }
    if (!isSettling && random.chance(0.03)) {
      this.#degradeNetwork(random.pick([0.2, 0.5]), random.wide(5 * SECOND, 5 * MINUTE));
    }
  }

  #withWindow(run: (window: Window) => void): void {
    const windows = this.#simulation.running();
    if (windows.length > 0) {
      run(this.#simulation.random.pick(windows));
    }
  }

  #count(event: string, run: () => void): void {
    this.#simulation.figures.count(`event: ${event}`);
    run();
  }

  #sleep(length: number): void {
    const { time, random, eventLog, invariants } = this.#simulation;
    if (time.isAsleep) {
      return;
    }
    this.#count('sleep', () => time.sleep());
    eventLog.add(`the machine sleeps for ${Math.round(length / MINUTE)} min`);
    time.after(length, () => {
      if (time.isAsleep) {
        time.wake(random.chance(0.8));
        eventLog.add('the machine wakes');
        invariants.expectRequests();
      }
    });
  }

  #jump(): void {
    const { time, random } = this.#simulation;
    const by =
      random.pick([-1, 1]) *
      random.pick([random.wide(5 * SECOND, MINUTE), random.wide(MINUTE, HOUR), random.wide(HOUR, DAY), DAY]);
    this.#setClock(by);
    if (random.chance(0.7)) {
      time.after(random.wide(10 * SECOND, DAY), () => this.#setClock(-time.offset));
    }
  }

  #setClock(by: number): void {
    const { time, eventLog, invariants } = this.#simulation;
    if (by !== 0 && !time.isAsleep) {
      eventLog.add(`the wall clock is set by ${by / SECOND} s`);
      this.#count(by < 0 ? 'clock set back' : 'clock set forward', () => time.jump(by));
      invariants.expectRequests();
      invariants.onClockSet();
    }
  }

  #goOffline(): void {
    const { network, random, eventLog } = this.#simulation;
    if (network.isOffline) {
      return;
    }
    const length = random.chance(0.04) ? random.wide(DAY, 3 * DAY) : random.wide(MINUTE, 4 * HOUR);
    eventLog.add(`the network is offline for ${Math.round(length / MINUTE)} min`);
    this.#count('offline', () => (network.isOffline = true));
    this.#simulation.time.after(length, () => (network.isOffline = false));
  }

  #degradeNetwork(rate: number, length: number): void {
    const { network, eventLog, time } = this.#simulation;
    eventLog.add(`${rate * 100} % of the requests have a fault for ${Math.round(length / MINUTE)} min`);
    this.#count('bad network', () => (network.faultRate = rate));
    time.after(length, () => (network.faultRate = 0));
  }

  #failKeyring(): void {
    const { keyring, random, eventLog, time } = this.#simulation;
    const fault = random.pick(KEYRING_FAULTS);
    const length = random.wide(MINUTE, 3 * HOUR);
    eventLog.add(`keyring: ${fault} for ${Math.round(length / MINUTE)} min`);
    this.#count(`keyring ${fault}`, () => (keyring.fault = fault));
    time.after(length, () => (keyring.fault = undefined));
  }

  /** The folder fails only if there is one window: several degraded ones may use a token twice. */
  #failFolder(): void {
    const { folder, random, eventLog, time } = this.#simulation;
    if (this.#simulation.windows().length > 1 || folder.failing !== false) {
      return;
    }
    const length = random.wide(10 * SECOND, 3 * HOUR);
    const failing = random.pick(['writing', 'writing', true] as const);
    eventLog.add(
      `the folder fails (${failing === true ? 'all calls' : failing}) for ${Math.round(length / MINUTE)} min`,
    );
    this.#count('folder fails', () => Object.assign(folder, { failing, failures: folder.failures + 1 }));
    time.after(length, () => (folder.failing = false));
  }
}
