// The sessions' room, built as the product builds it, over a clock, a store and a folder that a test holds in its hand.
import { HOUR, MINUTE, SECOND } from '../../src/core/clock.ts';
import type { LifetimeSettings } from '../../src/core/lifetime.ts';
import type { Log } from '../../src/core/log.ts';
import type { Provider } from '../../src/core/provider.ts';
import type { SessionRecord } from '../../src/core/session.ts';
import { machineCipher } from '../../src/machine/cipher.ts';
import { Discovery } from '../../src/protocol/discovery.ts';
import type { Grant } from '../../src/protocol/identity.ts';
import type { Tokens } from '../../src/protocol/tokens.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import type { Finding, Keeper } from '../../src/sessions/keeper.ts';
import type { Archive } from '../../src/sessions/archive.ts';
import type { Cipher } from '../../src/sessions/cipher.ts';
import type { KeyNames } from '../../src/sessions/handOver.ts';
import type { Follower } from '../../src/sessions/follower.ts';
import type { Idleness } from '../../src/sessions/idleness.ts';
import type { Ledger } from '../../src/sessions/ledger.ts';
import type { Refresher } from '../../src/sessions/refresher.ts';
import type { Registry, RegistryChange } from '../../src/sessions/registry.ts';
import type { Scheduler } from '../../src/sessions/scheduler.ts';
import { Sessions } from '../../src/sessions/sessions.ts';
import type { Turns } from '../../src/sessions/turns.ts';
import type { Vault } from '../../src/sessions/vault.ts';
import { providerAt } from './bench.ts';
import { FakeFolder, FakeLife, FakeStore } from './fakeStore.ts';
import { PatientClock } from './patientClock.ts';
import { rotatingTokens, ScriptedServer } from './scriptedServer.ts';
import { allKeyNames } from './keyNames.ts';

/** What differs from the usual house. */
export interface HouseOptions {
  readonly store?: FakeStore;
  readonly folder?: FakeFolder;
  readonly life?: FakeLife;
  readonly clock?: PatientClock;
  readonly providers?: readonly Provider[];
  readonly settings?: Partial<LifetimeSettings>;
  readonly freshness?: number;
  /** How long the machine has been running, in ms; without it, the clock was never set. */
  readonly uptime?: () => number;
  /** After how long, in ms, sessions without activity are signed out, by provider id. The test may change it. */
  readonly idleTimeouts?: ReadonlyMap<string, number>;
  /** Gives the ids of new sessions: `new-1` and so on without it. */
  readonly newId?: () => string;
  /** Whether time waits for a request that begins now: not for one that the server is going to stall. */
  readonly awaitsRequest?: () => boolean;
  /** The keys that the editor has had: all of them without it. */
  readonly keyNames?: KeyNames;
  /** The secret of every client. */
  readonly clientSecret?: string | undefined;
}

/** One window's sessions and everything that they stand on. */
export interface House {
  readonly clock: PatientClock;
  readonly store: FakeStore;
  readonly folder: FakeFolder;
  readonly life: FakeLife;
  /** What a sign-in shares with the sessions. */
  readonly discovery: Discovery;
  readonly transport: Transport;
  /** All of it together. A house in which nobody starts it, or ticks, never renews by itself. */
  readonly sessions: Sessions;
  readonly vault: Vault;
  readonly archive: Archive;
  readonly turns: Turns;
  readonly follower: Follower;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly refresher: Refresher;
  readonly keeper: Keeper;
  readonly idleness: Idleness;
  /** How often the window has told that it is on its own. */
  readonly alone: number;
  readonly scheduler: Scheduler;
  /** Every line of the log. */
  readonly lines: string[];
  /** Those that a person sees who has changed nothing: `info` and what is graver. */
  readonly infos: string[];
  readonly findings: Finding[];
  readonly changes: RegistryChange[];
  /** The session `s1`, or the one with another id, as it is in memory. */
  record(id?: string): SessionRecord;
  /** The text that is stored for a session. */
  stored(id?: string): string | undefined;
}

/** Builds a house for the providers given, or for `acme` at an issuer. */
export function buildHouse(issuer: string, options: HouseOptions = {}): House {
  const { clock = new PatientClock(), store = new FakeStore(), folder = new FakeFolder(), life = new FakeLife(), freshness = MINUTE } = options;
  const settings: LifetimeSettings = { leeway: 5 * MINUTE, refreshInterval: 12 * HOUR, warning: 10 * MINUTE, place: 0, ...options.settings };
  const providers = options.providers ?? [providerAt(issuer)];
  const lines: string[] = [];
  const tell = (message: string): void => void lines.push(message);
  const infos: string[] = [];
  const tellAll = (message: string): void => void (lines.push(message), infos.push(message));
  const log: Log = { trace: tell, debug: tell, info: tellAll, warn: tellAll, error: tellAll };
  let inFlight = 0;
  const counted = async <T>(task: Promise<T>): Promise<T> => {
    inFlight += 1;
    return task.finally(() => {
      inFlight -= 1;
    });
  };
  const transport: Transport = { clock, log, deadline: 20 * SECOND, fetch: (...request) => (options.awaitsRequest?.() === false ? fetch(...request) : counted(fetch(...request))) };
  const cipher: Cipher = {
    newKey: () => machineCipher.newKey(),
    seal: (...sealing) => counted(machineCipher.seal(...sealing)),
    open: (...opening) => counted(machineCipher.open(...opening)),
  };
  const discovery = new Discovery(transport, () => Promise.resolve(options.clientSecret));
  const provider = (id: string): Provider | undefined => providers.find((one) => one.id === id);
  let alone = 0;
  let ids = 0;
  const sessions = new Sessions({
    keyNames: options.keyNames ?? allKeyNames,
    clock, log, folder, life, cipher, discovery, transport, provider,
    secrets: store,
    lifetimes: () => settings,
    freshness: () => freshness,
    uptime: options.uptime ?? (() => clock.now()),
    idleTimeouts: () => options.idleTimeouts ?? new Map(),
    random: () => 0.5,
    newId: options.newId ?? (() => `new-${(ids += 1)}`),
    onAlone: () => (alone += 1),
  });
  const { keeper, registry } = sessions;
  const findings: Finding[] = [];
  keeper.onFindings((found) => findings.push(...found));
  const changes: RegistryChange[] = [];
  registry.onDidChange((change) => changes.push(change));
  const previous = clock.busy;
  clock.busy = () => previous() || inFlight > 0;
  const { archive, follower, idleness, ledger, refresher, scheduler, turns, vault } = sessions;
  return {
    clock, store, folder, life, discovery, transport, sessions, vault, archive, turns, follower, ledger, registry, refresher, keeper, idleness, scheduler, lines, infos, findings, changes,
    get alone() {
      return alone;
    },
    record: (id = 's1') => {
      const session = registry.get(id);
      if (session === undefined) {
        throw new Error(`There is no session ${id}.`);
      }
      return session.record;
    },
    stored: (id = 's1') => store.secrets.get(`session:${id}`),
  };
}

/** A house at a server of its own, which goes by the house's clock and gives new tokens at each renewal. */
export async function houseAtServer(): Promise<{ readonly house: House; readonly server: ScriptedServer }> {
  const server = await ScriptedServer.start();
  const house = buildHouse(server.issuer);
  server.date = () => house.clock.now();
  server.onToken(rotatingTokens());
  return { house, server };
}

/** The record of a session `s1` at `acme` that was renewed just now, with a token of five minutes and `refresh-1`. */
export function recordAt(issuer: string, now: number, more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    version: 2,
    isWhole: true,
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
    renewedAt: now,
    accessExpiresAt: now + 5 * MINUTE,
    expirySource: 'expires_in',
    ...more,
  };
}

/** Puts a session into a house as if it had been signed in there: in memory, in the store and in the ledger. */
export async function moveIn(house: House, given: SessionRecord): Promise<SessionRecord> {
  const { boot, ms } = house.clock.uptime();
  const record = { renewedUptime: { boot, ms: ms - (house.clock.now() - given.renewedAt) }, ...given };
  house.registry.put(record);
  await house.refresher.save(record);
  return record;
}

/** What a sign-in brings. */
export function grantFor(provider: Provider, now: number, tokens: Partial<Tokens> = {}, account = { id: 'person-1', label: 'Sam' }): Grant {
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
