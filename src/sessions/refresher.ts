// One renewal at a time for each session, and nothing lost on the way.
import type { Clock } from '../core/clock.ts';
import { Failure, asFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { REMEDIES } from '../core/remedy.ts';
import { retryDelay } from '../core/retry.ts';
import type { SessionRecord } from '../core/session.ts';
import type { Discovery, Server } from '../protocol/discovery.ts';
import { requestRefresh, type RefreshAnswer } from '../protocol/refresh.ts';
import { revokeTokens } from '../protocol/revoke.ts';
import type { Transport } from '../protocol/transport.ts';
import type { Ledger } from './ledger.ts';
import type { Lock } from './lock.ts';
import { recordAfterRefresh, recordWithRefreshToken } from './record.ts';
import type { Registry } from './registry.ts';
import type { Vault } from './vault.ts';

/** What the refresher works with. */
export interface RefresherPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly lock: Lock;
  readonly vault: Vault;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly discovery: Discovery;
  readonly transport: Transport;
  /** A number in [0, 1). */
  random(): number;
  /** The provider of a session as it is configured now; undefined where it is not, or not for this session. */
  providerOf(record: SessionRecord): Provider | undefined;
}

/** One renewal on its way: which session, and the record that it is about as far as it has come. */
interface Renewal {
  readonly id: string;
  of: SessionRecord | undefined;
}

/** Renews sessions. */
export class Refresher {
  readonly #ports: RefresherPorts;
  readonly #running = new Map<string, Promise<SessionRecord>>();

  constructor(ports: RefresherPorts) {
    this.#ports = ports;
  }

  /**
   * Renews a session, or joins the renewal that is on its way, and gives the record with the new tokens.
   * @param reason why, for the log.
   * @throws Failure. The session stays, unless the category is a definite verdict that ends it.
   */
  async renew(id: string, reason: string): Promise<SessionRecord> {
    const running = this.#running.get(id);
    if (running !== undefined) {
      return running;
    }
    const renewal = this.#renewOnce(id, reason).finally(() => this.#running.delete(id));
    this.#running.set(id, renewal);
    return renewal;
  }

  /** Waits until no renewal is on its way: one that is cut off may have cost the session its only refresh token. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }

  /**
   * Stores the newest tokens of a session, or keeps them in memory, marked as unsaved, where the store fails.
   */
  async save(record: SessionRecord): Promise<boolean> {
    const { ledger, log, registry, vault } = this.#ports;
    try {
      await vault.write(record);
      if (registry.get(record.id)?.record === record) {
        registry.update(record.id, { unsaved: false });
      }
      // The person may have signed out while the store was busy; the ledger must not say otherwise.
      if (registry.get(record.id) !== undefined) {
        await ledger.write(record);
      }
      if (registry.get(record.id) === undefined) {
        await ledger.delete(record.id);
      }
      return true;
    } catch (error) {
      log.error(`${nameOf(record)} could not be stored (${asFailure(error).code}); kept in memory, to be stored later.`);
      registry.update(record.id, { unsaved: true });
      return false;
    }
  }

  async #renewOnce(id: string, reason: string): Promise<SessionRecord> {
    const { lock, registry } = this.#ports;
    registry.update(id, { renewing: true });
    const renewal: Renewal = { id, of: undefined };
    try {
      return await lock.hold(id, () => this.#renewHolding(renewal, reason));
    } catch (error) {
      const failure = asFailure(error);
      await this.#note(renewal, failure);
      throw failure;
    } finally {
      registry.update(id, { renewing: false });
    }
  }

  async #renewHolding(renewal: Renewal, reason: string): Promise<SessionRecord> {
    const { clock, discovery, log, registry, transport } = this.#ports;
    const inMemory = registry.get(renewal.id)?.record;
    renewal.of = inMemory;
    if (inMemory === undefined) {
      throw new Failure('cancelled', 'signed-out');
    }
    const stored = await this.#newerInVault(inMemory);
    if (stored !== undefined) {
      log.info(`${nameOf(stored)}: another window has renewed it; taken over.`);
      return registry.put(stored).record;
    }
    const provider = this.#ports.providerOf(inMemory);
    if (provider === undefined) {
      throw new Failure('configuration', 'provider-removed');
    }
    const { refreshToken } = inMemory;
    if (refreshToken === undefined) {
      // Nothing was asked of the server, so this is no verdict: the token in hand goes on working.
      renewal.of = undefined;
      throw new Failure('session-ended', 'no-refresh-token');
    }
    const server = await discovery.find(provider);
    log.info(`${nameOf(inMemory)}: renewal ${inMemory.generation + 1} starts (${reason}).`);
    const answer = await requestRefresh(server, refreshToken, inMemory.subject, transport);
    const rotated = await this.#keepRefreshToken(renewal, inMemory, answer, server);
    const tokens = await answer.check();
    const record = recordAfterRefresh(rotated, tokens, provider);
    await this.#mustBeWanted(renewal, answer, server);
    // Callers get the new token before the store is done, and this window's own change event then brings no news.
    registry.put(record);
    renewal.of = record;
    await this.save(record);
    log.info(`${nameOf(record)}: renewed in ${clock.now() - tokens.sentAt} ms; ${expiryOf(record)}.`);
    if (tokens.expirySource === 'never-said' && inMemory.expirySource !== 'never-said') {
      log.warn(`${provider.id} does not say how long its access token lives; set "assumedLifetime".`);
    }
    return record;
  }

  /** What the vault holds of a session, where that is newer than what is in memory: another window has renewed it. */
  async #newerInVault(inMemory: SessionRecord): Promise<SessionRecord | undefined> {
    try {
      const stored = await this.#ports.vault.read(inMemory.id);
      return stored !== undefined && stored.generation > inMemory.generation ? stored : undefined;
    } catch (error) {
      // A store that cannot be read now is no reason not to renew: what is in memory is then the newest there is.
      this.#ports.log.warn(`${nameOf(inMemory)} could not be read back (${asFailure(error).code}).`);
      return undefined;
    }
  }

  /** Stores the refresh token that now counts before anything else of the answer is looked at, so that no later fault can lose it. */
  async #keepRefreshToken(renewal: Renewal, before: SessionRecord, answer: RefreshAnswer, server: Server): Promise<SessionRecord> {
    await this.#mustBeWanted(renewal, answer, server);
    const record = recordWithRefreshToken(before, answer.refreshToken);
    this.#ports.registry.update(before.id, { record });
    renewal.of = record;
    if (answer.refreshToken !== undefined) {
      await this.save(record);
    }
    return record;
  }

  /**
   * Goes on only while the session is the one that the renewal began with. Where the person has signed out on the way,
   * or signed in again, the tokens that have arrived are revoked and never stored.
   */
  async #mustBeWanted(renewal: Renewal, answer: RefreshAnswer, server: Server): Promise<void> {
    if (this.#isAbout(renewal)) {
      return;
    }
    if (answer.accessToken !== undefined) {
      await revokeTokens(server, { accessToken: answer.accessToken, refreshToken: answer.refreshToken }, this.#ports.transport).catch(() => {});
    }
    throw new Failure('cancelled', 'signed-out');
  }

  /** Whether a renewal still speaks of the session as it now is. */
  #isAbout({ id, of }: Renewal): boolean {
    return of !== undefined && this.#ports.registry.get(id)?.record === of;
  }

  /** Notes a failed renewal with the session, and ends it where the verdict is definite. */
  async #note(renewal: Renewal, failure: Failure): Promise<void> {
    const { clock, log, registry } = this.#ports;
    const { id } = renewal;
    const session = registry.get(id);
    if (session === undefined || !this.#isAbout(renewal)) {
      return;
    }
    const failures = session.failures + 1;
    const { record } = session;
    const failedAt = clock.now();
    if (REMEDIES[failure.category].endsSession) {
      const ended: SessionRecord = { ...record, ended: { at: failedAt, category: failure.category, code: failure.code } };
      log.warn(`${nameOf(record)} has ended: ${failure.message}`);
      registry.update(id, { record: ended, failure, failures, failedAt, nextTryAt: undefined });
      await this.save(ended);
      return;
    }
    const delay = retryDelay(failure, failures, this.#ports.random());
    const nextTryAt = delay === undefined ? undefined : failedAt + delay;
    registry.update(id, { failure, failures, failedAt, nextTryAt });
    const next = delay === undefined ? 'not tried again by itself' : `next try in ${Math.round(delay / 1000)} s`;
    log.warn(`${nameOf(record)}: renewal failed ${failures}×: ${failure.message}; ${next}.`);
  }
}

/** How the log names a session: no secret, and the same in every line. */
export function nameOf(record: SessionRecord): string {
  return `Session ${record.id.slice(0, 8)} at ${record.providerId} (generation ${record.generation})`;
}

/** How the log tells a session's times. */
export function expiryOf(record: SessionRecord): string {
  // A date that no calendar holds must not keep a session from being told of.
  const time = (at: number): string => (Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : 'beyond any calendar');
  const access =
    record.accessExpiresAt === undefined
      ? 'the server never said when the access token expires'
      : `access token expires ${time(record.accessExpiresAt)} (${record.expirySource})`;
  const end = record.sessionEndsAt === undefined ? 'session end unknown' : `session ends ${time(record.sessionEndsAt)} (${record.sessionEndSource ?? '?'})`;
  return `${access}, ${end}, ${record.refreshToken === undefined ? 'no refresh token' : 'has a refresh token'}`;
}
