/** Pseudorandom numbers (mulberry32), the same in every run with the same seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Neighboring seeds must not start with similar numbers.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  }

  /** Returns a number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Returns true with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Returns an integer between two numbers, inclusive. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** Returns an integer between two numbers, with every order of magnitude equally likely. */
  wide(from: number, to: number): number {
    return Math.round(from * (to / from) ** this.next());
  }

  /** Returns the time until the next event of a Poisson process with this mean interval. */
  until(mean: number): number {
    return Math.ceil(-Math.log(1 - this.next()) * mean) + 1;
  }

  /** Returns one element of a list. Throws if the list is empty. */
  pick<T>(list: readonly T[]): T {
    const picked = list[Math.floor(this.next() * list.length)];
    if (picked === undefined) {
      throw new Error('The list is empty.');
    }
    return picked;
  }

  /** Returns one of several choices, each with its weight. */
  weighted<T>(choices: readonly (readonly [number, T])[]): T {
    let left = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, choice] of choices) {
      left -= weight;
      if (left < 0) {
        return choice;
      }
    }
    return this.pick(choices)[1];
  }
}

/** Returns a function that returns numbers in [0, 1), the same for the same seed. */
export function randomFrom(seed: number): () => number {
  const random = new Random(seed);
  return () => random.next();
}
