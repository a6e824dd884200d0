/** A browser that opens nothing, and reports to a test which URLs it was given. */
export class FakeBrowser {
  readonly #waiting: ((address: string) => void)[] = [];
  readonly #addresses: string[] = [];

  /** Receives a URL to open. */
  open(address: string): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) {
      this.#addresses.push(address);
    } else {
      waiting(address);
    }
  }

  /** The next URL to open. */
  async address(): Promise<string> {
    return this.#addresses.shift() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The number of opened URLs that no test has requested. */
  get unseen(): number {
    return this.#addresses.length;
  }
}
