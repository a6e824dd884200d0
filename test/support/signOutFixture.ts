import { MINUTE } from '../../src/core/clock.ts';
import { EndSessionService } from '../../src/flows/endSession.ts';
import type { Environment } from '../../src/flows/availability.ts';
import { FakeBrowser } from './fakeBrowser.ts';
import { logTo } from './logTo.ts';
import { ManualAsyncClock } from './manualAsyncClock.ts';
import { plainSignOutPages } from './signInPages.ts';

/** Sign-outs at servers with a browser that a test drives. */
export class Door {
  /** The time. */
  readonly clock: ManualAsyncClock;
  /** What was logged. */
  readonly lines: string[] = [];
  /** The sign-outs. */
  readonly signOuts: EndSessionService;
  /** Where VS Code runs. */
  environment: Environment = { isBrowser: false, isRemote: false, isWorker: false, isPageLocal: true };
  /** What VS Code makes of a loopback address of this machine. */
  toExternalUrl: (address: string) => Promise<string> = (address) => Promise.resolve(address);
  /** What opening the browser waits for. */
  opening: () => Promise<void> = () => Promise.resolve();
  readonly #browser = new FakeBrowser();

  /** Nobody has signed out yet; the browser may take five minutes to come back. */
  constructor(clock = new ManualAsyncClock()) {
    this.clock = clock;
    const log = logTo((line) => this.lines.push(line));
    this.signOuts = new EndSessionService({
      clock: this.clock,
      log,
      environment: () => Promise.resolve(this.environment),
      toExternalUrl: (address) => this.toExternalUrl(address),
      pages: () => Promise.resolve(plainSignOutPages),
      deadline: () => 5 * MINUTE,
      openBrowser: async (address) => {
        this.#browser.open(address);
        await this.opening();
      },
    });
  }

  /** The next address that the browser is opened at. */
  async address(): Promise<string> {
    return this.#browser.address();
  }

  /** How many addresses the browser was opened at that nobody has looked at. */
  get unseen(): number {
    return this.#browser.unseen;
  }
}
