// The sessions of one window, built as the product builds them, over a clock, a store and a folder that a test controls.
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

/** What differs from the usual test window. */
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
  /** For how long, in ms, the access token of an ended session is still returned; five minutes without it. */
  readonly gracePeriod?: number;
  /** How long the machine has been running, in ms; without it, the clock was never set. */
  readonly uptime?: () => number;
  /** The idle timeouts, in ms, by provider id. The test may change them. */
  readonly idleTimeouts?: ReadonlyMap<string, number>;
  /** Gives the ids of new sessions: `new-1` and so on without it. */
  readonly newId?: () => string;
  /** Whether time waits for a request that begins now: not for one that the server is going to stall. */
  readonly awaitsRequest?: () => boolean;
  /** The keys that the editor has had: all of them without it. */
  readonly keyNames?: KeyNames;
  /** The secret of every client. */
  readonly clientSecret?: string | undefined;
  /** Loads what the product loads on demand; without it, everything is there from the start. */
  readonly load?: () => Promise<void>;
}

/** One window's sessions and everything that they depend on. */
export interface TestWindow {
  readonly clock: ManualAsyncClock;
  readonly store: FakeStore;
  readonly folder: FakeFolder;
  readonly life: FakeProcessLiveness;
  /** What a sign-in shares with the sessions. */
  readonly discovery: Discovery;
  readonly transport: Transport;
  /** All of it together. A test window in which nobody starts it, or ticks, never renews by itself. */
  readonly sessions: TestSessions;
  readonly secretStorage: SecretSessionStorage;
  readonly sessionStore: SessionStore;
  readonly renewalLock: RenewalLock;
  readonly crossWindowSync: CrossWindowSync;
  readonly liveSessions: LiveSessions;
  readonly tokenRefresher: TokenRefresher;
  readonly sessionManager: SessionManager;
  readonly idleMonitor: IdleMonitor;
  /** How often the window has reported that it is degraded. */
  readonly alone: number;
  readonly scheduler: RefreshScheduler;
  /** Every line of the log. */
  readonly lines: string[];
  /** Those of level `info` and above. */
  readonly infos: string[];
  readonly findings: LoadIssue[];
  readonly changes: SessionChange[];
  /** The session `s1`, or the one with another id, as it is in memory. */
  record(id?: string): SessionRecord;
  /** The text that is stored for a session. */
  stored(id?: string): string | undefined;
}

/** Builds a test window for the providers given, or for `acme` at an issuer. */
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

/** A test window at a server of its own, which goes by the test window's clock and gives new tokens at each renewal. */
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

/** The record of a session `s1` at `acme` that was renewed just now, with a token of five minutes and `refresh-1`. */
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

/** Puts a session into a test window as if it had been signed in there: in memory and in the session store. */
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

/** What a sign-in brings. */
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
