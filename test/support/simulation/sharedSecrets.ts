// The secrets of one machine, with the three ways in which VS Code's SecretStorage shares them between windows.
import type { Disposable } from '../../../src/core/clock.ts';
import { Random } from './random.ts';

/**
 * How windows see each other's secrets. `immediate`: immediately. `lagging` (desktop): up to a second later; change events
 * are late, duplicate or missing. `browser`: never; each window reads everything when it opens, and each of its writes
 * replaces everything.
 */
export const STORE_MODELS = ['immediate', 'lagging', 'browser'] as const;
/** One of {@link STORE_MODELS}. */
export type StoreModel = (typeof STORE_MODELS)[number];

/** The number of change events that another window receives for one write, with weights. */
type EventCounts = readonly (readonly [number, number])[];

/** Mostly one event. */
const USUAL_EVENT_COUNTS: EventCounts = [
  [80, 1],
  [10, 0],
  [10, 2],
];
/** Writes without an event, or with two, are as common as with one. */
export const UNRELIABLE_EVENT_COUNTS: EventCounts = [
  [1, 0],
  [1, 1],
  [1, 2],
];

/** The longest time, in ms, after which a write is visible in other windows. */
const LONGEST_LAG = 1000;

/** The time and the probability that the models depend on. */
export interface SecretsTiming {
  readonly random: Random;
  /** Returns a time in ms that no clock change affects. */
  now(): number;
  /** Runs a function after a delay in ms. */
  after(delay: number, run: () => void): unknown;
  readonly eventCounts?: EventCounts;
}

interface Write {
  readonly value: string | undefined;
  readonly by: SecretsView;
  /** When other windows see it. */
  readonly visibleAt: number;
}

interface Listener {
  readonly view: SecretsView;
  readonly listener: (key: string) => void;
}

/** Without a clock, events fire within the write. */
const SYNCHRONOUS: SecretsTiming = { random: new Random(1), now: () => 0, after: (_delay, run) => run() };

/** The secrets that all windows of one machine share. */
export class SharedSecrets {
  readonly model: StoreModel;
  /** The newest secrets. */
  readonly secrets = new Map<string, string>();
  /** Called with the key of each secret that a browser window overwrites with an older one. */
  onDidOverwrite: (key: string) => void = () => {};
  readonly #timing: SecretsTiming;
  /** With the model `lagging`: the writes of each key since the last one that all windows see. */
  readonly #writes = new Map<string, Write[]>();
  #listeners: readonly Listener[] = [];

  constructor(model: StoreModel, timing = SYNCHRONOUS) {
    this.model = model;
    this.#timing = timing;
  }

  /** Returns the secrets as seen by a window that opens now. */
  open(): SecretsView {
    return new SecretsView(this);
  }

  /** Returns a secret that windows see with a lag. */
  getVisible(view: SecretsView, key: string): string | undefined {
    return this.#writes.get(key)?.findLast(({ by, visibleAt }) => by === view || visibleAt <= this.#timing.now())
      ?.value;
  }

  /** Returns the keys of the secrets that windows see with a lag. */
  visibleKeys(view: SecretsView): string[] {
    return [...this.#writes.keys()].filter((key) => this.getVisible(view, key) !== undefined);
  }

  /** Stores a secret; undefined deletes it. */
  put(view: SecretsView, key: string, value: string | undefined): void {
    if (this.model === 'browser') {
      this.#replaceAll(view, key);
      return;
    }
    set(this.secrets, key, value);
    if (this.model === 'lagging') {
      const { random } = this.#timing;
      const now = this.#timing.now();
      const lag = random.chance(0.8) ? random.whole(0, LONGEST_LAG) : 0;
      const writes = [...(this.#writes.get(key) ?? []), { value, by: view, visibleAt: now + lag }];
      const visible = writes.findLastIndex(({ visibleAt }) => visibleAt <= now);
      this.#writes.set(key, writes.slice(Math.max(0, visible)));
    }
  }

  /** Fires the change events of a write. */
  fire(by: SecretsView, key: string): void {
    const { random, eventCounts = USUAL_EVENT_COUNTS } = this.#timing;
    for (const { view, listener } of this.#listeners) {
      if (this.model === 'browser' && view !== by) {
        continue;
      }
      const isReliable = view === by || this.model === 'immediate';
      const count = isReliable ? 1 : random.weighted(eventCounts);
      for (let event = 0; event < count; event += 1) {
        this.#timing.after(isReliable ? random.wide(1, 30) : random.wide(1, 5000), () => listener(key));
      }
    }
  }

  /** Adds a listener of a window. */
  listen(entry: Listener): Disposable {
    this.#listeners = [...this.#listeners, entry];
    return { dispose: () => (this.#listeners = this.#listeners.filter((one) => one !== entry)) };
  }

  /** Removes the listeners of a window that has ended. */
  close(view: SecretsView): void {
    this.#listeners = this.#listeners.filter((one) => one.view !== view);
  }

  #replaceAll(view: SecretsView, key: string): void {
    const before = new Map(this.secrets);
    this.secrets.clear();
    view.secrets.forEach((value, name) => this.secrets.set(name, value));
    for (const [name, value] of before) {
      if (name !== key && this.secrets.get(name) !== value) {
        this.onDidOverwrite(name);
      }
    }
  }
}

/** The secrets as seen by one window. */
export class SecretsView {
  readonly #shared: SharedSecrets;
  /** What a browser window read when it opened, with its own changes. */
  readonly #loaded: Map<string, string>;

  constructor(shared: SharedSecrets) {
    this.#shared = shared;
    this.#loaded = new Map(shared.secrets);
  }

  /** The secrets that the window can read. */
  get secrets(): Map<string, string> {
    switch (this.#shared.model) {
      case 'immediate':
        return this.#shared.secrets;
      case 'browser':
        return this.#loaded;
      case 'lagging':
        return new Map(this.#shared.visibleKeys(this).map((key) => [key, this.get(key) ?? '']));
    }
  }

  /** Returns a secret; undefined if there is none. */
  get(key: string): string | undefined {
    return this.#shared.model === 'lagging' ? this.#shared.getVisible(this, key) : this.secrets.get(key);
  }

  /** Stores a secret and fires the change events; undefined deletes it. */
  set(key: string, value: string | undefined): void {
    this.put(key, value);
    this.fire(key);
  }

  /** Stores a secret, without events; undefined deletes it. */
  put(key: string, value: string | undefined): void {
    set(this.#loaded, key, value);
    this.#shared.put(this, key, value);
  }

  /** Fires the change events of a write. */
  fire(key: string): void {
    this.#shared.fire(this, key);
  }

  /** Calls a function with the key of each change that this window is notified of. */
  onDidChange(listener: (key: string) => void): Disposable {
    return this.#shared.listen({ view: this, listener });
  }

  /** Removes the window's listeners. */
  close(): void {
    this.#shared.close(this);
  }
}

function set(secrets: Map<string, string>, key: string, value: string | undefined): void {
  if (value === undefined) {
    secrets.delete(key);
  } else {
    secrets.set(key, value);
  }
}
