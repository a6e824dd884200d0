// The secret store of all windows of one world, in the models that the test keeps itself.
import type { Disposable } from '../../src/core/clock.ts';
import type { StoreCall } from './wire.ts';

/** How long, in ms, a change takes to show in another window, at the most. */
const LONGEST_LAG = 1000;

interface Change {
  readonly key: string;
  /** Undefined for a secret that is forgotten. */
  readonly value: string | undefined;
  readonly number: number;
}

/** One window's sight of the store. */
export interface Sight extends Disposable {
  /** Answers a call of the window. */
  answer(call: StoreCall): readonly string[];
}

interface OwnSight {
  readonly latest: Map<string, Change>;
  readonly tell: (key: string) => void;
}

/** A store that lags, or does not. */
export class SharedStore {
  readonly #lags: boolean;
  readonly #truth = new Map<string, Change>();
  readonly #sights = new Set<OwnSight>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** The state of a small generator of numbers (Park and Miller), so that every run lags alike. */
  #seed = 20_300_101;
  #changes = 0;

  constructor(lags: boolean) {
    this.#lags = lags;
  }

  /** The keys of what is stored in truth. */
  get keys(): string[] {
    return [...this.#truth.values()].filter(({ value }) => value !== undefined).map(({ key }) => key);
  }

  /** The sight of a window that opens now: it sees all that there is. */
  open(tell: (key: string) => void): Sight {
    const own: OwnSight = { latest: new Map(this.#truth), tell };
    this.#sights.add(own);
    return {
      answer: (call) => this.#answer(own, call),
      dispose: () => void this.#sights.delete(own),
    };
  }

  /** Ends all that is still to show. */
  dispose(): void {
    this.#timers.forEach((timer) => clearTimeout(timer));
    this.#sights.clear();
  }

  #answer(own: OwnSight, { call, key, value }: StoreCall): readonly string[] {
    switch (call) {
      case 'get': {
        const found = own.latest.get(key)?.value;
        return found === undefined ? [] : [found];
      }
      case 'keys':
        return [...own.latest.values()].filter((change) => change.value !== undefined).map((change) => change.key);
      case 'store':
      case 'delete':
        this.#change(own, { key, value: call === 'store' ? value : undefined, number: (this.#changes += 1) });
        return [];
    }
  }

  #change(by: OwnSight, change: Change): void {
    this.#truth.set(change.key, change);
    show(by, change);
    by.tell(change.key);
    for (const sight of [...this.#sights].filter((one) => one !== by)) {
      if (!this.#lags) {
        show(sight, change);
        sight.tell(change.key);
        continue;
      }
      const lag = this.#random() * LONGEST_LAG;
      this.#later(lag, () => show(sight, change));
      const times = Math.floor(this.#random() * 3);
      for (let time = 0; time < times; time += 1) {
        this.#later(lag + this.#random() * LONGEST_LAG, () => sight.tell(change.key));
      }
    }
  }

  #later(delay: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, delay);
    this.#timers.add(timer);
  }

  #random(): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed / 2_147_483_647;
  }
}

/** What was changed later is never covered by what was changed before. */
function show(sight: OwnSight, change: Change): void {
  if ((sight.latest.get(change.key)?.number ?? 0) < change.number) {
    sight.latest.set(change.key, change);
  }
}
