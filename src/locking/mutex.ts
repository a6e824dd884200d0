/** Keeps tasks of this window apart: of those with the same key, one runs at a time. */
export class Mutex {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs a task once all earlier ones with the same key have ended. The task's outcome is the result. */
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
