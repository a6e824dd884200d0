/** A browser that opens nothing, and tells a test where it was sent. */
export class FakeBrowser {
  readonly #waiting: ((address: string) => void)[] = [];
  readonly #addresses: string[] = [];

  /** Takes an address that it was sent to. */
  open(address: string): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) {
      this.#addresses.push(address);
    } else {
      waiting(address);
    }
  }

  /** The next address that it is sent to. */
  async address(): Promise<string> {
    return this.#addresses.shift() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** How many addresses it was sent to that nobody has looked at. */
  get unseen(): number {
    return this.#addresses.length;
  }
}
