/** Serializes the tasks of this window that have the same key. */
export class Mutex {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs a task after all earlier ones with the same key, and returns its outcome. */
  runExclusive<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const run = before.then(task, task);
    const tail = run
      .catch(() => {})
      .finally(() => {
        if (this.#tails.get(key) === tail) {
          this.#tails.delete(key);
        }
      });
    this.#tails.set(key, tail);
    return run;
  }
}
