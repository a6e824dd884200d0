import { MINUTE, SECOND } from '../../src/core/clock.ts';
import type { LifetimeSettings } from '../../src/core/lifetime.ts';
import type { Log } from '../../src/core/log.ts';
import type { Provider } from '../../src/core/provider.ts';
import type { LiveSession } from '../../src/core/status.ts';
import { Discovery } from '../../src/protocol/discovery.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import { ClientSecrets } from '../../src/storage/clientSecrets.ts';
import { ChallengeSessions } from '../../src/sessions/challengeSessions.ts';
import type { LoadIssue } from '../../src/sessions/sessionLoader.ts';
import { folderWithTimeout, storeWithTimeout } from '../../src/storage/timeouts.ts';
import type { SessionChange } from '../../src/storage/liveSessions.ts';
import { TestSessions } from '../support/testSessions.ts';
import { breakSessions, brokenFolder, type Break } from './breaks.ts';
import type { Keyring } from './keyring.ts';
import { plainCipher, type Living, type SharedFolder } from './machine.ts';
import type { Network } from './network.ts';
import { providerAt } from '../support/fixtures.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import { ISSUER } from './server.ts';
import { allKeyNames } from '../support/keyNames.ts';

/** The one provider that the windows have. */
export const PROVIDER: Provider = providerAt(ISSUER);

/** What a window stands on. */
export interface Ground {
  readonly random: Random;
  readonly folder: SharedFolder;
  readonly living: Living;
  readonly keyring: Keyring;
  readonly network: Network;
  readonly refreshInterval: number;
  /** After how long without activity, in ms, the sessions are signed out; undefined where that is off. */
  readonly idleTimeout: number | undefined;
  readonly broken: Break | undefined;
  newId(): string;
  tell(window: Window, line: string): void;
  onChange(window: Window, change: SessionChange): void;
  onDidFindIssues(window: Window, findings: readonly LoadIssue[]): void;
}

/** One window: the product's own sessions in a process of the simulation. */
export class Window {
  readonly process: Process;
  readonly sessions: TestSessions;
  readonly challengeSessions: ChallengeSessions;
  readonly clientSecrets: ClientSecrets;

  constructor(process: Process, ground: Ground) {
    const { random, folder, living, keyring, network, broken } = ground;
    this.process = process;
    const tell = (line: string): void => {
      if (!process.isDead) {
        ground.tell(this, line);
      }
    };
    const log: Log = { trace: () => {}, debug: () => {}, info: tell, warn: tell, error: tell };
    const { clock } = process;
    const transport: Transport = { clock, log, timeout: 20 * SECOND, fetch: network.view(process) };
    const settings: LifetimeSettings = {
      leeway: 5 * MINUTE,
      refreshInterval: ground.refreshInterval,
      warning: 10 * MINUTE,
      jitter: random.next(),
    };
    const secrets = keyring.view(process);
    const files = brokenFolder(folder.view(process), broken);
    this.clientSecrets = new ClientSecrets(storeWithTimeout(secrets, clock), folderWithTimeout(files, clock));
    this.sessions = new TestSessions({
      keyNames: allKeyNames,
      clock,
      log,
      transport,
      secrets,
      folder: files,
      liveness: living.view(process),
      cipher: plainCipher(random),
      discovery: new Discovery(transport, (provider) => this.clientSecrets.read(provider)),
      provider: (id) => (id === PROVIDER.id ? PROVIDER : undefined),
      lifetimes: () => settings,
      minimumValidity: () => MINUTE,
      uptime: () => clock.uptime?.().ms ?? 0,
      idleTimeouts: () => new Map(ground.idleTimeout === undefined ? [] : [[PROVIDER.id, ground.idleTimeout]]),
      random: () => random.next(),
      newId: () => ground.newId(),
      onDidDegrade: () => tell('is on its own'),
    });
    const { sessionManager, tokenRefresher } = this.sessions;
    this.challengeSessions = new ChallengeSessions({ clock, sessionManager, tokenRefresher });
    breakSessions(this.sessions, broken);
    this.sessions.liveSessions.onDidChange((change) => {
      if (!process.isDead) {
        ground.onChange(this, change);
      }
    });
    this.sessions.sessionManager.onDidFindIssues((findings) => {
      if (!process.isDead) {
        ground.onDidFindIssues(this, findings);
      }
    });
    this.sessions.start();
  }

  get name(): string {
    return this.process.name;
  }

  /** One session as this window has it. */
  get(id: string): LiveSession | undefined {
    return this.sessions.liveSessions.get(id);
  }
}
