/** Random numbers that are the same in every run of a seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds must not begin alike.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Whether something happens that does so with a probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number from one to another, both included. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** A whole number between two where each order of magnitude is as likely as the next. */
  wide(from: number, to: number): number {
    return Math.round(from * (to / from) ** this.next());
  }

  /** How long until something happens that does so every so often. */
  until(mean: number): number {
    return Math.ceil(-Math.log(1 - this.next()) * mean) + 1;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    const picked = list[Math.floor(this.next() * list.length)];
    if (picked === undefined) {
      throw new Error('There is nothing to pick from.');
    }
    return picked;
  }

  /** One of several, each with its weight. */
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
