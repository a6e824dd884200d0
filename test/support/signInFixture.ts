import { SECOND } from '../../src/core/clock.ts';
import type { Log } from '../../src/core/log.ts';
import type { Provider } from '../../src/core/provider.ts';
import type { AskForAddress } from '../../src/flows/pasteFlow.ts';
import { SignInService } from '../../src/flows/signIn.ts';
import { UriCallbackRouter } from '../../src/flows/uriCallbackRouter.ts';
import type { Environment } from '../../src/flows/availability.ts';
import { nodeCipher } from '../../src/node/cipher.ts';
import type { UnusualDestination } from '../../src/protocol/destinations.ts';
import type { UnusedTokens } from '../../src/protocol/identity.ts';
import { Discovery } from '../../src/protocol/discovery.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import { transportWith } from './fixtures.ts';
import { FakeBrowser } from './fakeBrowser.ts';
import { FakeFolder } from './fakeStore.ts';
import { logTo } from './logTo.ts';
import { ManualAsyncClock } from './manualAsyncClock.ts';
import { plainPages } from './signInPages.ts';
import type { TestWindow } from './testWindow.ts';

/** A sign-in with a browser that a test drives. */
export class SignInFixture {
  /** The time. */
  readonly clock: ManualAsyncClock;
  /** What was logged. */
  readonly lines: string[] = [];
  /** The sign-ins. */
  readonly signInService: SignInService;
  /** The receiver of URI callbacks. */
  readonly uriCallbackRouter: UriCallbackRouter;
  readonly #browser = new FakeBrowser();
  /** The user's answer when asked for a URL. */
  asking: AskForAddress = () => Promise.resolve(undefined);
  /** The environment that VS Code runs in. */
  environment: Environment = { isBrowser: false, isRemote: false, isWorker: false, isPageLocal: true };
  /** What VS Code returns for a loopback URL of this machine. */
  toExternalUrl: (address: string) => Promise<string> = (address) => Promise.resolve(address);
  /** Other code that releases ports. */
  releasePorts: (ports: readonly number[]) => boolean = () => false;
  /** The tokens of sign-ins that failed after they had arrived. */
  readonly unused: UnusedTokens[] = [];
  /** Whether time stands still during a request. */
  waitsForAnswers = false;
  /** The providers in the settings. */
  providers: readonly Provider[] = [];
  /** The user's answer about an unusual destination. */
  confirmDestination: (destination: UnusualDestination) => boolean = () => true;
  confirmDeclared: (provider: Provider) => boolean = () => true;
  /** The issuers that have sent `iss`. */
  readonly issuersWithIss = new Set<string>();
  /** Awaited before the browser opens. */
  opening: () => Promise<void> = () => Promise.resolve();

  /**
   * Nothing is started yet.
   * @param shared what the sign-ins share with the sessions of a test window, as they do in the product.
   */
  constructor(folder = new FakeFolder(), shared?: Pick<TestWindow, 'clock' | 'discovery' | 'transport' | 'sessions'>) {
    const log = logTo((line) => this.lines.push(line));
    this.clock = shared?.clock ?? new ManualAsyncClock();
    const transport = shared?.transport ?? this.#ownTransport(log);
    this.uriCallbackRouter = new UriCallbackRouter({ clock: this.clock, log, folder, cipher: nodeCipher });
    this.signInService = new SignInService({
      clock: this.clock,
      transport,
      discovery: shared?.discovery ?? new Discovery(transport),
      log,
      pages: () => Promise.resolve(plainPages),
      askForAddress: () => (passes, signal) => this.asking(passes, signal),
      environment: () => Promise.resolve(this.environment),
      toExternalUrl: (address) => this.toExternalUrl(address),
      releasePorts: (ports) => this.releasePorts(ports),
      revokeUnused: (unused) => {
        this.unused.push(unused);
        shared?.sessions.onDemand.revocations.revokeUnused(unused);
      },
      providers: () => this.providers,
      confirmDeclared: (provider) => Promise.resolve(this.confirmDeclared(provider)),
      confirmDestination: (_provider, destination) => Promise.resolve(this.confirmDestination(destination)),
      issuersWithIss: this.issuersWithIss,
      uriCallbackRouter: this.uriCallbackRouter,
      getCallbackUri: () => Promise.resolve('vscode://session-keeper.session-keeper/callback'),
      random: () => 0.5,
      openBrowser: async (address) => {
        this.#browser.open(address);
        await this.opening();
      },
    });
  }

  #ownTransport(log: Log): Transport {
    let underWay = 0;
    this.clock.busy = () => this.waitsForAnswers && underWay > 0;
    return {
      ...transportWith(this.clock, 30 * SECOND, log),
      fetch: async (...arguments_) => {
        underWay += 1;
        try {
          return await fetch(...arguments_);
        } finally {
          underWay -= 1;
        }
      },
    };
  }

  /** The number of opened URLs that no test has requested. */
  get unseenAddresses(): number {
    return this.#browser.unseen;
  }

  /** The next URL opened in the browser. */
  async address(): Promise<string> {
    return this.#browser.address();
  }
}
