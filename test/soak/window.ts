import type { Provider } from '../../src/core/provider.ts';
import type { LiveSession } from '../../src/core/status.ts';
import { ClientSecrets } from '../../src/storage/clientSecrets.ts';
import { ChallengeSessions } from '../../src/sessions/challengeSessions.ts';
import type { LoadIssue } from '../../src/sessions/storedSessionIssues.ts';
import { folderWithTimeout, storeWithTimeout } from '../../src/storage/timeouts.ts';
import type { SessionChange } from '../../src/storage/liveSessions.ts';
import type { TestSessions } from '../support/testSessions.ts';
import { mutateSessions, mutateFolder, type Mutation } from './mutations.ts';
import type { Keyring } from './keyring.ts';
import { plainCipher, ProcessFolder, ProcessLivenessView, type SharedFolder } from './machine.ts';
import type { Network } from './network.ts';
import type { FakeProcessLiveness } from '../support/fakeStore.ts';
import { providerAt } from '../support/fixtures.ts';
import { logTo } from '../support/logTo.ts';
import { createWindowSessions } from '../support/simulation/windowSessions.ts';
import type { Process } from './process.ts';
import type { Random } from '../support/simulation/random.ts';
import { ISSUER } from './server.ts';

/** The only provider of the windows. */
export const PROVIDER: Provider = providerAt(ISSUER);

/** The dependencies of a window. */
export interface WindowEnvironment {
  readonly random: Random;
  readonly folder: SharedFolder;
  readonly liveness: FakeProcessLiveness;
  readonly keyring: Keyring;
  readonly network: Network;
  readonly refreshInterval: number;
  /** The idle timeout in ms; undefined if there is none. */
  readonly idleTimeout: number | undefined;
  readonly mutation: Mutation | undefined;
  newId(): string;
  log(window: Window, line: string): void;
  onChange(window: Window, change: SessionChange): void;
  onDidFindIssues(window: Window, issues: readonly LoadIssue[]): void;
}

/** One window: the product's sessions in a simulated process. */
export class Window {
  readonly process: Process;
  readonly sessions: TestSessions;
  readonly challengeSessions: ChallengeSessions;
  readonly clientSecrets: ClientSecrets;
  readonly liveness: FakeProcessLiveness;

  constructor(process: Process, environment: WindowEnvironment) {
    const { random, folder, keyring, network, mutation } = environment;
    this.process = process;
    const write = (line: string): void => {
      if (!process.isDead) {
        environment.log(this, line);
      }
    };
    const { clock } = process;
    const log = logTo((line, level) => {
      if (level !== 'trace' && level !== 'debug') {
        write(line);
      }
    });
    const settings = { refreshInterval: environment.refreshInterval, jitter: random.next() };
    const secrets = keyring.open(process);
    const files = mutateFolder(new ProcessFolder(folder, process), mutation);
    const idleTimeouts = new Map(environment.idleTimeout === undefined ? [] : [[PROVIDER.id, environment.idleTimeout]]);
    this.liveness = new ProcessLivenessView(environment.liveness, process);
    this.clientSecrets = new ClientSecrets(storeWithTimeout(secrets, clock), folderWithTimeout(files, clock));
    const { sessions } = createWindowSessions({
      clock,
      log,
      secrets,
      liveness: this.liveness,
      settings,
      folder: files,
      fetch: network.view(process),
      cipher: plainCipher(random),
      providers: [PROVIDER],
      clientSecret: (provider) => this.clientSecrets.read(provider),
      uptime: () => clock.uptime?.().ms ?? 0,
      idleTimeouts: () => idleTimeouts,
      random: () => random.next(),
      newId: () => environment.newId(),
      onDidDegrade: () => write('is degraded'),
    });
    this.sessions = sessions;
    const { sessionManager, tokenRefresher } = this.sessions;
    this.challengeSessions = new ChallengeSessions({ clock, sessionManager, tokenRefresher });
    mutateSessions(this.sessions, mutation);
    this.sessions.liveSessions.onDidChange((change) => {
      if (!process.isDead) {
        environment.onChange(this, change);
      }
    });
    this.sessions.onDemand.storedSessionIssues.onDidFindIssues((findings) => {
      if (!process.isDead) {
        environment.onDidFindIssues(this, findings);
      }
    });
    this.sessions.start();
  }

  get name(): string {
    return this.process.name;
  }

  /** Returns a session in this window. */
  get(id: string): LiveSession | undefined {
    return this.sessions.liveSessions.get(id);
  }
}
