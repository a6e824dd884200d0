/** What happens in a world, in order: the end of it to be read, all of it as one number. */
export class Story {
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
  tell(text: string): void {
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

  /** The same for the same story only. */
  get hash(): string {
    return [this.#one, this.#other].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
