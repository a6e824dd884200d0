import type { Disposable } from './clock.ts';

/** Adds a listener, which disposing of the result removes. The same shape as VS Code's `Event`. */
export type Event<T> = (listener: (value: T) => void) => Disposable;

/** Fires a typed event. A listener that throws doesn't affect the others. */
export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<(value: T) => void>();
  readonly #onListenerError: (error: unknown) => void;

  /**
   * Creates an event without listeners.
   * @param onListenerError receives what a listener throws, so that it is logged and doesn't reach the code that fires.
   */
  constructor(onListenerError: (error: unknown) => void = () => {}) {
    this.#onListenerError = onListenerError;
  }

  /** The event to listen to. */
  readonly event: Event<T> = (listener) => {
    // Wrapped, so that the same function can be added twice.
    const wrapped = (value: T): void => listener(value);
    this.#listeners.add(wrapped);
    return { dispose: () => void this.#listeners.delete(wrapped) };
  };

  /** Calls all current listeners. */
  fire(value: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }

  /** Removes all listeners. */
  dispose(): void {
    this.#listeners.clear();
  }
}
