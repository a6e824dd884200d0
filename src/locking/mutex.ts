/** One after another: what holds a name keeps others from it until it is done. */
export interface Lock {
  /** Runs a task while holding a name; waits for whoever holds it now. The task's end, good or bad, is the result. */
  hold<T>(name: string, task: () => Promise<T>): Promise<T>;
}

/** A lock among the tasks of this window. */
export class Mutex implements Lock {
  readonly #tails = new Map<string, Promise<unknown>>();

  hold<T>(name: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name) ?? Promise.resolve();
    const run = before.then(task, task);
    const tail = run
      .catch(() => {})
      .finally(() => {
        if (this.#tails.get(name) === tail) {
          this.#tails.delete(name);
        }
      });
    this.#tails.set(name, tail);
    return run;
  }
}
