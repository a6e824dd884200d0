// The sessions of one window, created as the product does, with a clock, a store and a folder that a test controls.
import { HOUR, MINUTE } from '../../src/core/clock.ts';
import type { LifetimeSettings } from '../../src/core/lifetime.ts';
import type { Provider } from '../../src/core/provider.ts';
import type { SessionRecord } from '../../src/core/session.ts';
import { nodeCipher } from '../../src/node/cipher.ts';
import type { Discovery } from '../../src/protocol/discovery.ts';
import type { SignInGrant } from '../../src/protocol/identity.ts';
import type { Tokens } from '../../src/protocol/tokens.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import type { LoadIssue } from '../../src/sessions/storedSessionIssues.ts';
import type { SessionManager } from '../../src/sessions/sessionManager.ts';
import type { SessionStore } from '../../src/storage/sessionStore.ts';
import type { KeyNames } from '../../src/storage/encryptionKeys.ts';
import type { CrossWindowSync } from '../../src/storage/crossWindowSync.ts';
import type { IdleMonitor } from '../../src/idle/idleMonitor.ts';
import type { TokenRefresher } from '../../src/sessions/tokenRefresher.ts';
import type { LiveSessions, SessionChange } from '../../src/storage/liveSessions.ts';
import type { RefreshScheduler } from '../../src/sessions/refreshScheduler.ts';
import type { TestSessions } from './testSessions.ts';
import type { RenewalLock } from '../../src/locking/renewalLock.ts';
import type { SecretSessionStorage } from '../../src/storage/secretSessionStorage.ts';
import { providerAt } from './fixtures.ts';
import { FakeFolder, FakeProcessLiveness, FakeStore } from './fakeStore.ts';
import { ManualAsyncClock } from './manualAsyncClock.ts';
import { rotatingTokens, ScriptedServer } from './scriptedServer.ts';
import { allKeyNames } from './keyNames.ts';
import { logTo } from './logTo.ts';
import { createWindowSessions } from './simulation/windowSessions.ts';

/** The options of a test window. */
export interface TestWindowOptions {
  /** Sends the requests; by default, the platform's own `fetch`. */
  readonly fetch?: typeof fetch;
  readonly store?: FakeStore;
  readonly folder?: FakeFolder;
  readonly life?: FakeProcessLiveness;
  readonly clock?: ManualAsyncClock;
  readonly providers?: readonly Provider[];
  readonly settings?: Partial<LifetimeSettings>;
  readonly minimumValidity?: number;
  /** How long, in ms, the access token of an ended session is still returned; five minutes by default. */
  readonly gracePeriod?: number;
  /** How long the machine has been running, in ms; if absent, the clock was never set. */
  readonly uptime?: () => number;
  /** The idle timeouts, in ms, by provider ID. The test may change them. */
  readonly idleTimeouts?: ReadonlyMap<string, number>;
  /** Returns the IDs of new sessions; `new-1` and so on by default. */
  readonly newId?: () => string;
  /** Whether time stands still during a request that starts now: not for one that the server is going to delay. */
  readonly awaitsRequest?: () => boolean;
  /** The keys that the editor has had; all by default. */
  readonly keyNames?: KeyNames;
  /** The secret of every client. */
  readonly clientSecret?: string | undefined;
  /** Loads what the product loads on demand; if absent, everything is loaded from the start. */
  readonly load?: () => Promise<void>;
}

/** One window's sessions and all their dependencies. */
export interface TestWindow {
  readonly clock: ManualAsyncClock;
  readonly store: FakeStore;
  readonly folder: FakeFolder;
  readonly life: FakeProcessLiveness;
  /** What sign-ins share with the sessions. */
  readonly discovery: Discovery;
  readonly transport: Transport;
  /** The module of sessions. A test window refreshes automatically only if the test starts it or ticks. */
  readonly sessions: TestSessions;
  readonly secretStorage: SecretSessionStorage;
  readonly sessionStore: SessionStore;
  readonly renewalLock: RenewalLock;
  readonly crossWindowSync: CrossWindowSync;
  readonly liveSessions: LiveSessions;
  readonly tokenRefresher: TokenRefresher;
  readonly sessionManager: SessionManager;
  readonly idleMonitor: IdleMonitor;
  /** The number of times that the window has reported that it's degraded. */
  readonly alone: number;
  readonly scheduler: RefreshScheduler;
  /** Every line of the log. */
  readonly lines: string[];
  /** The lines of level `info` and above. */
  readonly infos: string[];
  readonly findings: LoadIssue[];
  readonly changes: SessionChange[];
  /** The session `s1`, or the one with another ID, in memory. */
  record(id?: string): SessionRecord;
  /** The text stored for a session. */
  stored(id?: string): string | undefined;
}

/** Creates a test window for the given providers, or for `acme` at an issuer. */
export function createTestWindow(issuer: string, options: TestWindowOptions = {}): TestWindow {
  const {
    clock = new ManualAsyncClock(),
    store = new FakeStore(),
    folder = new FakeFolder(),
    life = new FakeProcessLiveness(),
    minimumValidity = MINUTE,
    idleTimeouts = new Map<string, number>(),
    fetch: send = fetch,
  } = options;
  const lines: string[] = [];
  const infos: string[] = [];
  let inFlight = 0;
  const counted = async <T>(task: Promise<T>): Promise<T> => {
    inFlight += 1;
    return task.finally(() => {
      inFlight -= 1;
    });
  };
  let alone = 0;
  let ids = 0;
  const { sessions, discovery, transport } = createWindowSessions({
    clock,
    folder,
    secrets: store,
    liveness: life,
    log: logTo((line, level) => {
      lines.push(line);
      if (level !== 'trace' && level !== 'debug') {
        infos.push(line);
      }
    }),
    fetch: (...request) => (options.awaitsRequest?.() === false ? send(...request) : counted(send(...request))),
    cipher: {
      newKey: () => nodeCipher.newKey(),
      authenticate: (...authenticating) => nodeCipher.authenticate(...authenticating),
      seal: (...sealing) => counted(nodeCipher.seal(...sealing)),
      open: (...opening) => counted(nodeCipher.open(...opening)),
    },
    clientSecret: () => Promise.resolve(options.clientSecret),
    providers: options.providers ?? [providerAt(issuer)],
    settings: { refreshInterval: 12 * HOUR, jitter: 0, ...options.settings },
    load: options.load,
    keyNames: options.keyNames ?? allKeyNames,
    minimumValidity: () => minimumValidity,
    gracePeriod: () => options.gracePeriod ?? 5 * MINUTE,
    uptime: options.uptime ?? (() => clock.now()),
    idleTimeouts: () => idleTimeouts,
    random: () => 0.5,
    newId: options.newId ?? (() => `new-${(ids += 1)}`),
    onDidDegrade: () => (alone += 1),
  });
  const { sessionManager, liveSessions } = sessions;
  const findings: LoadIssue[] = [];
  sessions.onDemand.storedSessionIssues.onDidFindIssues((found) => findings.push(...found));
  const changes: SessionChange[] = [];
  liveSessions.onDidChange((change) => changes.push(change));
  const previous = clock.busy;
  clock.busy = () => previous() || inFlight > 0;
  const { sessionStore, crossWindowSync, idleMonitor, tokenRefresher, scheduler, renewalLock, secretStorage } =
    sessions;
  return {
    clock,
    store,
    folder,
    life,
    discovery,
    transport,
    sessions,
    secretStorage,
    sessionStore,
    renewalLock,
    crossWindowSync,
    liveSessions,
    tokenRefresher,
    sessionManager,
    idleMonitor,
    scheduler,
    lines,
    infos,
    findings,
    changes,
    get alone() {
      return alone;
    },
    record: (id = 's1') => {
      const session = liveSessions.get(id);
      if (session === undefined) {
        throw new Error(`There is no session ${id}.`);
      }
      return session.record;
    },
    stored: (id = 's1') => store.secrets.get(`session:${id}`),
  };
}

/** A test window with its own server, which uses the test window's clock and issues new tokens with each refresh. */
export async function createTestWindowWithServer(provider: Partial<Provider> = {}): Promise<{
  readonly testWindow: TestWindow;
  readonly server: ScriptedServer;
}> {
  const server = await ScriptedServer.start();
  const testWindow = createTestWindow(server.issuer, { providers: [providerAt(server.issuer, provider)] });
  server.date = () => testWindow.clock.now();
  server.onToken(rotatingTokens());
  return { testWindow, server };
}

/** The record of a session `s1` at `acme` that was refreshed just now, with a token of five minutes and `refresh-1`. */
export function recordAt(issuer: string, now: number, more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    version: 1,
    isComplete: true,
    id: 's1',
    providerId: 'acme',
    issuer,
    clientId: 'editor',
    account: { id: 'person-1', label: 'Sam' },
    scopes: ['read'],
    tokenType: 'Bearer',
    accessToken: 'access-1',
    refreshToken: 'refresh-1',
    generation: 1,
    signedInAt: now,
    tokensRequestedAt: now,
    accessExpiresAt: now + 5 * MINUTE,
    expirySource: 'expires_in',
    ...more,
  };
}

/** Adds a session to a test window as if it had been signed in there: in memory and in the session store. */
export async function seedSession(testWindow: TestWindow, given: SessionRecord): Promise<SessionRecord> {
  const { boot, ms } = testWindow.clock.uptime();
  const record = {
    tokensRequestedUptime: { boot, ms: ms - (testWindow.clock.now() - given.tokensRequestedAt) },
    ...given,
  };
  testWindow.liveSessions.set(record);
  await testWindow.sessionStore.put(record);
  return record;
}

/** The result of a sign-in. */
export function grantFor(
  provider: Provider,
  now: number,
  tokens: Partial<Tokens> = {},
  account = { id: 'person-1', label: 'Sam' },
): SignInGrant {
  return {
    provider,
    scopes: provider.scopes,
    account,
    tokens: {
      accessToken: 'access-1',
      tokenType: 'Bearer',
      refreshToken: 'refresh-1',
      idToken: undefined,
      claims: undefined,
      scopes: undefined,
      sentAt: now,
      accessExpiresAt: now + 5 * MINUTE,
      expirySource: 'expires_in',
      sessionEndsAt: undefined,
      sessionEndSource: undefined,
      skew: undefined,
      ...tokens,
    },
  };
}
