import { MINUTE } from '../../src/core/clock.ts';
import { EndSessionService } from '../../src/flows/endSession.ts';
import type { Environment } from '../../src/flows/availability.ts';
import { FakeBrowser } from './fakeBrowser.ts';
import { logTo } from './logTo.ts';
import { ManualAsyncClock } from './manualAsyncClock.ts';
import { plainSignOutPages } from './signInPages.ts';

/** Sign-outs at servers with a browser that a test drives. */
export class SignOutFixture {
  /** The time. */
  readonly clock: ManualAsyncClock;
  /** What was logged. */
  readonly lines: string[] = [];
  /** The sign-outs. */
  readonly signOuts: EndSessionService;
  /** The environment that VS Code runs in. */
  environment: Environment = { isBrowser: false, isRemote: false, isWorker: false, isPageLocal: true };
  /** What VS Code returns for a loopback URL of this machine. */
  toExternalUrl: (address: string) => Promise<string> = (address) => Promise.resolve(address);
  /** Awaited before the browser opens. */
  opening: () => Promise<void> = () => Promise.resolve();
  readonly #browser = new FakeBrowser();

  /** Nothing is started yet; the browser may take five minutes to return. */
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

  /** The next URL opened in the browser. */
  async address(): Promise<string> {
    return this.#browser.address();
  }

  /** The number of opened URLs that no test has requested. */
  get unseen(): number {
    return this.#browser.unseen;
  }
}
