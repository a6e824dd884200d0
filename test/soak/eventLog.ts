/** The events of a simulation: the last ones as text, and all of them as one hash. */
export class EventLog {
  readonly #last: string[] = [];
  readonly #when: () => number;
  readonly #kept: number;
  #one = 0xdeadbeef;
  #other = 0x41c6ce57;

  constructor(when: () => number, kept = 120) {
    this.#when = when;
    this.#kept = kept;
  }

  /** Adds a line. */
  add(text: string): void {
    const line = `${new Date(this.#when()).toISOString().slice(5, 23)} ${text}`;
    for (let index = 0; index < line.length; index += 1) {
      const code = line.charCodeAt(index);
      this.#one = Math.imul(this.#one ^ code, 2654435761);
      this.#other = Math.imul(this.#other ^ code, 1597334677);
    }
    this.#last.push(line);
    if (this.#last.length > 2 * this.#kept) {
      this.#last.splice(0, this.#last.length - this.#kept);
    }
  }

  /** The last lines. */
  get last(): readonly string[] {
    return this.#last.slice(-this.#kept);
  }

  /** A hash of all events. */
  get hash(): string {
    return [this.#one, this.#other].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
