import type { Disposable } from './clock.ts';

/** Adds a listener; the result removes it. The same shape as VS Code's own `Event`. */
export type Event<T> = (listener: (value: T) => void) => Disposable;

/** A typed event with its one source. A listener that throws does not keep the others from hearing. */
export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<(value: T) => void>();
  readonly #onListenerError: (error: unknown) => void;

  /**
   * Makes an event that nobody listens to yet.
   * @param onListenerError takes what a listener throws, so that one listener's fault reaches a log and not the source.
   */
  constructor(onListenerError: (error: unknown) => void = () => {}) {
    this.#onListenerError = onListenerError;
  }

  /** What others listen to. */
  readonly event: Event<T> = (listener) => {
    // A wrapper of its own, so that one function added twice is two listeners.
    const own = (value: T): void => listener(value);
    this.#listeners.add(own);
    return { dispose: () => void this.#listeners.delete(own) };
  };

  /** Tells all present listeners. */
  fire(value: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }

  /** Forgets all listeners. */
  dispose(): void {
    this.#listeners.clear();
  }
}
