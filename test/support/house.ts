// The sessions' room, built as the product builds it, over a clock, a store and a folder that a test holds in its hand.
import { MINUTE, SECOND } from '../../src/core/clock.ts';
import type { LifetimeSettings } from '../../src/core/lifetime.ts';
import type { Log } from '../../src/core/log.ts';
import type { Provider } from '../../src/core/provider.ts';
import { ownerOf, type SessionRecord } from '../../src/core/session.ts';
import { Discovery } from '../../src/protocol/discovery.ts';
import type { Grant } from '../../src/protocol/identity.ts';
import type { Tokens } from '../../src/protocol/tokens.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import { Keeper, type Finding } from '../../src/sessions/keeper.ts';
import { Ledger } from '../../src/sessions/ledger.ts';
import { WindowLock } from '../../src/sessions/lock.ts';
import { Refresher } from '../../src/sessions/refresher.ts';
import { Registry, type RegistryChange } from '../../src/sessions/registry.ts';
import { Scheduler } from '../../src/sessions/scheduler.ts';
import { Vault } from '../../src/sessions/vault.ts';
import { providerAt } from './bench.ts';
import { FakeFolder, FakeStore } from './fakeStore.ts';
import { PatientClock } from './patientClock.ts';

/** What differs from the usual house. */
export interface HouseOptions {
  readonly store?: FakeStore;
  readonly folder?: FakeFolder;
  readonly clock?: PatientClock;
  readonly providers?: readonly Provider[];
  readonly settings?: Partial<LifetimeSettings>;
  readonly freshness?: number;
}

/** One window's sessions and everything that they stand on. */
export interface House {
  readonly clock: PatientClock;
  readonly store: FakeStore;
  readonly folder: FakeFolder;
  readonly vault: Vault;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly refresher: Refresher;
  readonly keeper: Keeper;
  /** Plans from its first use on; a house in which nobody touches it never renews by itself. */
  readonly scheduler: Scheduler;
  /** Every line of the log. */
  readonly lines: string[];
  readonly findings: Finding[];
  readonly changes: RegistryChange[];
  /** The session `s1`, or the one with another id, as it is in memory. */
  record(id?: string): SessionRecord;
  /** The text that is stored for a session. */
  stored(id?: string): string | undefined;
}

/** Builds a house for the providers given, or for `acme` at an issuer. */
export function buildHouse(issuer: string, options: HouseOptions = {}): House {
  const { clock = new PatientClock(), store = new FakeStore(), folder = new FakeFolder(), freshness = MINUTE } = options;
  const settings: LifetimeSettings = { leeway: 5 * MINUTE, refreshInterval: 0, warning: 10 * MINUTE, ...options.settings };
  const providers = options.providers ?? [providerAt(issuer)];
  const lines: string[] = [];
  const tell = (message: string): void => void lines.push(message);
  const log: Log = { trace: tell, debug: tell, info: tell, warn: tell, error: tell };
  let inFlight = 0;
  const transport: Transport = {
    clock,
    deadline: 30 * SECOND,
    fetch: async (...request) => {
      inFlight += 1;
      return fetch(...request).finally(() => {
        inFlight -= 1;
      });
    },
  };
  const vault = new Vault(store);
  const ledger = new Ledger(folder, log);
  const registry = new Registry(log);
  const discovery = new Discovery(transport);
  const provider = (id: string): Provider | undefined => providers.find((one) => one.id === id);
  const ports = { clock, log, vault, ledger, registry, discovery, transport, lock: new WindowLock() };
  const refresher = new Refresher({ ...ports, random: () => 0.5, providerOf: (record) => ownerOf(record, provider) });
  let sessions = 0;
  const newId = (): string => `new-${(sessions += 1)}`;
  const keeper = new Keeper({ ...ports, refresher, provider, newId, freshness: () => freshness });
  // Made at its first use: a scheduler plans, and so renews, as soon as there is one.
  let scheduler: Scheduler | undefined;
  const findings: Finding[] = [];
  keeper.onFindings((found) => findings.push(...found));
  const changes: RegistryChange[] = [];
  registry.onDidChange((change) => changes.push(change));
  const previous = clock.busy;
  clock.busy = () => previous() || inFlight > 0 || registry.all().some(({ renewing }) => renewing);
  return {
    clock, store, folder, vault, ledger, registry, refresher, keeper, lines, findings, changes,
    get scheduler() {
      return (scheduler ??= new Scheduler({
        clock, log, registry, refresher,
        settings: () => settings,
        isOwned: (record) => keeper.providerOf(record) !== undefined,
      }));
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

/** The record of a session `s1` at `acme` that was renewed just now, with a token of five minutes and `refresh-1`. */
export function recordAt(issuer: string, now: number, more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    version: 1,
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
export async function moveIn(house: House, record: SessionRecord): Promise<SessionRecord> {
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
