// What callers ask of the sessions: list them, find one that works, take one in, sign out.
import type { Clock } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import { Failure, asFailure } from '../core/failure.ts';
import { isAlive, isFresh } from '../core/lifetime.ts';
import type { Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { sameScopes } from '../core/scopes.ts';
import { isSameSignIn, lifetimesOf, ownerOf, servesScopes, type SessionRecord } from '../core/session.ts';
import { isUsable, type LiveSession } from '../core/status.ts';
import type { Discovery } from '../protocol/discovery.ts';
import type { Grant } from '../protocol/identity.ts';
import { revokeTokens, type Revocation } from '../protocol/revoke.ts';
import type { Transport } from '../protocol/transport.ts';
import type { Ledger } from './ledger.ts';
import { recordOfGrant } from './record.ts';
import { expiryOf, nameOf, type Refresher } from './refresher.ts';
import type { Registry } from './registry.ts';
import type { Vault, VaultFinding } from './vault.ts';

/** What the keeper works with. */
export interface KeeperPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly vault: Vault;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly refresher: Refresher;
  readonly discovery: Discovery;
  readonly transport: Transport;
  /** The provider with an id as it is configured now. */
  provider(id: string): Provider | undefined;
  /** For how long, in ms, a token that is handed out keeps working, at the least. */
  freshness(): number;
  /** A new session id. */
  newId(): string;
}

/** Something found at load that a person should know of. */
export type Finding =
  | VaultFinding
  /** The ledger knows of a session that the store no longer has: the keyring lost it; it did not expire. */
  | { readonly id: string; readonly kind: 'lost'; readonly providerId: string }
  /** The session's issuer or client is not the one configured now: it is kept, and not used. */
  | { readonly id: string; readonly kind: 'foreign'; readonly providerId: string };

/** How long after a failed renewal, in ms, callers get its failure instead of causing another try. */
const CALLER_PATIENCE = 5000;

/** The sessions as callers see them. */
export class Keeper {
  readonly #ports: KeeperPorts;
  readonly #findings = new Emitter<readonly Finding[]>();
  /** The sessions that are being signed out: a late change event must not bring them back for a moment. */
  readonly #leaving = new Set<string>();
  #loading: Promise<void> | undefined;

  constructor(ports: KeeperPorts) {
    this.#ports = ports;
  }

  /** Fires once for each load that has found something wrong. */
  get onFindings(): Emitter<readonly Finding[]>['event'] {
    return this.#findings.event;
  }

  /**
   * Reads the stored sessions into memory, once; after a failure the next call tries again. Never goes to the network.
   * @throws Failure `storage` where the store cannot be read.
   */
  async ready(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      this.#ports.log.error(`The stored sessions could not be read: ${asFailure(error).message}`);
      throw error;
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    const { clock, ledger, log, registry, vault } = this.#ports;
    const { records, findings } = await vault.load();
    for (const record of records) {
      if (registry.get(record.id) === undefined) {
        registry.put(record);
        log.info(`${nameOf(record)} was read: ${expiryOf(record)}.`);
      }
    }
    const present = new Set([...records, ...findings].map(({ id }) => id));
    for (const { id, kind } of findings) {
      if (kind === 'set-aside') {
        // Told of as what it is; a later start must not call it lost as well.
        await ledger.delete(id);
      }
    }
    const lost = (await ledger.load()).filter(
      ({ id, lossReportedAt }) => !present.has(id) && registry.get(id) === undefined && lossReportedAt === undefined,
    );
    for (const entry of lost) {
      await ledger.noteLossReported(entry, clock.now());
    }
    const all: Finding[] = [
      ...findings,
      ...lost.map(({ id, providerId }) => ({ id, kind: 'lost', providerId }) as const),
      ...records.filter((record) => this.#isForeign(record)).map(({ id, providerId }) => ({ id, kind: 'foreign', providerId }) as const),
    ];
    for (const finding of all) {
      const where = 'providerId' in finding ? `at ${finding.providerId}` : `(${finding.reason})`;
      log.warn(`Session ${finding.id.slice(0, 8)} ${where}: ${finding.kind}.`);
    }
    if (all.length > 0) {
      this.#findings.fire(all);
    }
  }

  /** Takes over what another window has done to one stored session. */
  async reload(id: string): Promise<void> {
    const { ledger, log, registry, vault } = this.#ports;
    if (this.#leaving.has(id)) {
      return;
    }
    const mine = registry.get(id);
    let stored: SessionRecord | undefined;
    try {
      stored = await vault.read(id);
    } catch (error) {
      log.warn(`Session ${id.slice(0, 8)} could not be read after a change (${asFailure(error).code}).`);
      return;
    }
    if (stored === undefined) {
      // A sign-out strikes the session out of the ledger first; without that it is the store that has lost it.
      if (mine !== undefined && (await ledger.read(id)) === undefined) {
        registry.remove(id);
        log.info(`${nameOf(mine.record)} was signed out in another window.`);
      } else if (mine !== undefined) {
        registry.update(id, { unsaved: true });
        log.warn(`${nameOf(mine.record)} has vanished from the store; it is stored again.`);
      }
    } else if (mine === undefined || isNewer(stored, mine.record)) {
      registry.put(stored);
      log.info(`${nameOf(stored)} was taken over from another window: ${expiryOf(stored)}.`);
    }
  }

  /** All sessions of a provider that are ones now, from memory and at once. */
  list(providerId: string): LiveSession[] {
    const now = this.#ports.clock.now();
    return this.all(providerId).filter(({ record }) => isUsable(record, now));
  }

  /** All sessions that belong to a provider as it is configured, those that have ended included. */
  all(providerId?: string): LiveSession[] {
    return this.#ports.registry
      .all()
      .filter(({ record }) => (providerId === undefined || record.providerId === providerId) && this.providerOf(record) !== undefined);
  }

  /** The provider that a session belongs to; undefined where none is configured, or another issuer or client. */
  providerOf(record: SessionRecord): Provider | undefined {
    return ownerOf(record, (id) => this.#ports.provider(id));
  }

  /**
   * The sessions that serve these scopes, each with a token that keeps working for the freshness margin: renewed on
   * the way if need be. One session an account; the one with exactly these scopes first.
   * @returns an empty list only where there really is no session, because the editor then asks the person to sign in.
   * @throws Failure where a session exists, its token does not work any more, and a renewal failed for a reason that passes.
   */
  async find(providerId: string, scopes: readonly string[], accountId?: string): Promise<LiveSession[]> {
    await this.ready();
    const serving = this.list(providerId).filter(
      ({ record }) => servesScopes(record, scopes) && (accountId === undefined || record.account.id === accountId),
    );
    const best = new Map<string, LiveSession>();
    for (const session of serving) {
      const known = best.get(session.record.account.id);
      if (known === undefined || rank(session, scopes) > rank(known, scopes)) {
        best.set(session.record.account.id, session);
      }
    }
    const found = await Promise.all([...best.values()].map((session) => this.#fresh(session)));
    return found.filter((session) => session !== undefined);
  }

  /**
   * Makes a session of a sign-in. The same account with the same scopes stays the same session.
   * @throws Failure where the provider's entry has changed or gone while the person signed in.
   */
  async admit(grant: Grant): Promise<SessionRecord> {
    const { log, refresher, registry } = this.#ports;
    // A store that cannot be read now must not keep anybody from signing in; one that can may know this sign-in.
    await this.ready().catch(() => {});
    const label = this.#uniqueLabel(grant);
    const fresh = recordOfGrant({ ...grant, account: { ...grant.account, label } }, this.#ports.newId());
    const known = registry.all().find(({ record }) => isSameSignIn(record, fresh))?.record;
    const record = known === undefined ? fresh : { ...fresh, id: known.id, generation: known.generation + 1 };
    if (this.providerOf(record) === undefined) {
      throw new Failure('configuration', 'provider-removed');
    }
    registry.put(record);
    await refresher.save(record);
    await this.#dropReplaced(record);
    log.info(`${nameOf(record)}: signed in; ${expiryOf(record)}.`);
    if (record.refreshToken === undefined) {
      log.warn(`${record.providerId} sent no refresh token; the session ends with its access token. "offline_access" may be missing.`);
    }
    return record;
  }

  /**
   * Signs a session out here, at once and whatever happens, and tells the server in the background.
   * @returns what becomes of it at the server: it rejects with a Failure where the server did not confirm.
   * @throws Failure `storage` where it is over, but the stored session could not be deleted.
   */
  async signOut(id: string): Promise<{ readonly atServer: Promise<Revocation> }> {
    const { ledger, log, registry, vault } = this.#ports;
    const session = registry.get(id);
    if (session === undefined) {
      return { atServer: Promise.resolve('not-offered') };
    }
    const { record } = session;
    this.#leaving.add(id);
    registry.remove(id);
    log.info(`${nameOf(record)}: signed out here.`);
    const atServer = this.#revoke(record);
    atServer.catch(() => {});
    await ledger.delete(id);
    try {
      await vault.delete(id);
    } finally {
      this.#leaving.delete(id);
    }
    return { atServer };
  }

  async #revoke(record: SessionRecord): Promise<Revocation> {
    const { discovery, log, transport } = this.#ports;
    const provider = this.providerOf(record);
    if (provider === undefined || record.ended !== undefined) {
      return 'not-offered';
    }
    try {
      const revocation = await revokeTokens(await discovery.find(provider), record, transport);
      log.info(`${nameOf(record)}: revocation at the server: ${revocation}.`);
      return revocation;
    } catch (error) {
      const failure = asFailure(error);
      log.warn(`${nameOf(record)}: the server did not confirm the revocation: ${failure.message}`);
      throw failure;
    }
  }

  /** After a new sign-in, the ended sessions of the same account that it stands in for have nothing left to say. */
  async #dropReplaced(by: SessionRecord): Promise<void> {
    const { clock, ledger, registry, vault } = this.#ports;
    for (const { record } of this.all(by.providerId)) {
      const isReplaced = record.id !== by.id && record.account.id === by.account.id && servesScopes(by, record.scopes);
      if (isReplaced && !isUsable(record, clock.now())) {
        registry.remove(record.id);
        await ledger.delete(record.id);
        await vault.delete(record.id).catch(() => {});
      }
    }
  }

  /** The session with a token fresh enough; undefined where it has definitely ended on the way. */
  async #fresh(session: LiveSession): Promise<LiveSession | undefined> {
    const { clock, refresher, registry } = this.#ports;
    const { id } = session.record;
    const lifetimes = lifetimesOf(session.record);
    if (!lifetimes.renewable || isFresh(lifetimes, clock.now(), this.#ports.freshness())) {
      return session;
    }
    const isWorking = ({ record }: LiveSession): boolean => isAlive(lifetimesOf(record), clock.now());
    if (session.failure !== undefined && !session.renewing && this.#isTooSoon(session, isWorking(session))) {
      return orThrow(session, isWorking(session), session.failure);
    }
    try {
      await refresher.renew(id, 'a caller needs it');
    } catch (error) {
      const now = registry.get(id);
      if (now === undefined || !isUsable(now.record, clock.now())) {
        return undefined;
      }
      return orThrow(now, isWorking(now), asFailure(error));
    }
    return registry.get(id);
  }

  /** Whether a caller must not cause another try yet: the token still works, a try has just failed, or the server said when. */
  #isTooSoon(session: LiveSession, working: boolean): boolean {
    const now = this.#ports.clock.now();
    const { failure, nextTryAt, failedAt } = session;
    const isBeforeNext = nextTryAt === undefined || now < nextTryAt;
    return isBeforeNext && (working || failure?.retryAfter !== undefined || now - (failedAt ?? 0) < CALLER_PATIENCE);
  }

  #isForeign(record: SessionRecord): boolean {
    return this.#ports.provider(record.providerId) !== undefined && this.providerOf(record) === undefined;
  }

  /** VS Code keeps trust and preferences by label: two accounts of a provider must never share one. */
  #uniqueLabel({ account, provider }: Grant): string {
    const others = this.#ports.registry.all().filter(({ record }) => record.providerId === provider.id);
    const known = others.find(({ record }) => record.account.id === account.id);
    if (known !== undefined) {
      return known.record.account.label;
    }
    const isTaken = (label: string): boolean => others.some(({ record }) => record.account.label === label);
    // The end of an id tells accounts apart more often than its beginning, which many share; the whole id always does.
    const candidates = [account.label, `${account.label} (${account.id.slice(-6)})`, `${account.label} (${account.id})`];
    return candidates.find((label) => !isTaken(label)) ?? account.id;
  }
}

function orThrow(session: LiveSession, working: boolean, failure: Failure): LiveSession {
  if (!working) {
    throw failure;
  }
  return session;
}

/** Exactly the scopes that are wanted are better than more; of equals, the later sign-in. */
function rank({ record }: LiveSession, scopes: readonly string[]): number {
  return (sameScopes(record.scopes, scopes) ? Number.MAX_SAFE_INTEGER / 2 : 0) + record.signedInAt / 1000;
}

function isNewer(stored: SessionRecord, mine: SessionRecord): boolean {
  const isLater = stored.renewedAt > mine.renewedAt || (stored.ended !== undefined && mine.ended === undefined);
  return stored.generation > mine.generation || (stored.generation === mine.generation && isLater);
}
