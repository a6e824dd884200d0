// Finds out whether VS Code asks this extension for the provider IDs that it has registered. In one extension host the first
// registration of an ID wins, between extension hosts the last one does, and VS Code doesn't notify the other extension.
import * as vscode from 'vscode';
import { delay, MINUTE, SECOND, type Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { OidcAuthenticationProvider } from './authenticationProvider.ts';
import type { Settings } from '../host/settings.ts';
import { idTaken } from '../host/tooltipMessages.ts';
import { findDeclaringExtension, type TakenIds } from './idConflicts.ts';

/** An ID that another extension uses, too. */
export interface IdConflict {
  readonly providerId: string;
  /** Whether VS Code asks the other extension. */
  readonly isTaken: boolean;
  /** The ID of the extension whose manifest declares it; undefined if none does. */
  readonly declaredBy: string | undefined;
}

/** What the checks depend on. */
export interface IdOwnershipDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: Pick<Settings, 'provider'>;
  readonly takenIds: TakenIds;
  readonly extensionId: string;
  /** The registered providers, by ID. */
  readonly providers: { getRegistered(): ReadonlyMap<string, ProbedProvider> };
  /** Called when VS Code starts or stops asking another extension for an ID. */
  onDidChangeTakenIds(): void;
}

/** A provider, as far as the checks need it. */
export type ProbedProvider = Pick<OidcAuthenticationProvider, 'probes'>;

/** The maximum age, in ms, of a check: another extension can register the ID later. */
const CHECK_INTERVAL = 10 * MINUTE;
/** How often a request that VS Code rejects is sent, and the delay before each retry, in ms: a provider may be about to be registered. */
const ATTEMPTS = 3;
const RETRY_DELAY = 10 * SECOND;
/** The timeout of a request, in ms: VS Code queues it while the user signs in. */
const TIMEOUT = 30 * SECOND;

/** Checks the IDs. */
export class IdOwnership {
  readonly #dependencies: IdOwnershipDependencies;
  /** The IDs for which VS Code asked this extension at the last check. */
  readonly #owned = new Set<string>();
  #checkedAt = -Infinity;
  #lastProbe = 0;

  constructor(dependencies: IdOwnershipDependencies) {
    this.#dependencies = dependencies;
  }

  /** Returns whether VS Code asked this extension at the last check. */
  isOwned(id: string): boolean {
    return this.#owned.has(id);
  }

  /** Checks all IDs if the last check is too old. Called as time passes. */
  checkIfStale(): void {
    const now = this.#dependencies.clock.now();
    if (now < this.#checkedAt || now - this.#checkedAt >= CHECK_INTERVAL) {
      void this.check();
    }
  }

  /** Checks all IDs and returns the conflicts. If VS Code doesn't answer for an ID, its last result still applies. */
  async check(): Promise<IdConflict[]> {
    const { clock, extensionId, takenIds } = this.#dependencies;
    const registered = this.#dependencies.providers.getRegistered();
    this.#checkedAt = clock.now();
    const timeout = delay(clock, TIMEOUT);
    const checks = [...registered].map(([id, provider]) => this.checkProvider(id, provider));
    await Promise.race([Promise.all(checks), timeout]);
    return [...registered.keys()]
      .map((providerId) => {
        const declaredBy = findDeclaringExtension(providerId, extensionId);
        return { providerId, isTaken: takenIds.has(providerId), declaredBy };
      })
      .filter(({ declaredBy, isTaken }) => isTaken || declaredBy !== undefined);
  }

  /** Checks one ID, and returns whether VS Code asks this extension. Waits as long as VS Code does. */
  async checkProvider(id: string, provider: ProbedProvider): Promise<boolean> {
    const isOwned = await this.#isAsked(id, provider);
    if (this.#dependencies.providers.getRegistered().get(id) === provider) {
      this.#record(id, isOwned);
    }
    return isOwned;
  }

  #record(id: string, isOwned: boolean): void {
    const { extensionId, log, settings, takenIds } = this.#dependencies;
    const wasTaken = takenIds.has(id);
    if (isOwned) {
      this.#owned.add(id);
    } else {
      this.#owned.delete(id);
    }
    // If the default provider isn't configured, no extension can get a session from it.
    const isTaken = !isOwned && settings.provider(id) !== undefined;
    if (!isTaken) {
      takenIds.delete(id);
    } else {
      const declaredBy = findDeclaringExtension(id, extensionId);
      takenIds.set(id, idTaken(id, declaredBy));
      if (!wasTaken) {
        const by = declaredBy ?? 'unknown, because none declares it';
        log.warn(`VS Code sends session requests for ${id} to another extension (${by}). Change "id" in the settings.`);
      }
    }
    if (isOwned && wasTaken) {
      log.info(`VS Code sends session requests for ${id} to Session Keeper again.`);
    }
    if (isTaken !== wasTaken) {
      this.#dependencies.onDidChangeTakenIds();
    }
  }

  async #isAsked(id: string, provider: ProbedProvider): Promise<boolean> {
    const { clock } = this.#dependencies;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      try {
        return await this.#probe(id, provider);
      } catch (error) {
        this.#dependencies.log.debug(`Couldn't check which extension VS Code asks for ${id}: ${String(error)}`);
        await (attempt < ATTEMPTS ? delay(clock, RETRY_DELAY) : undefined);
      }
    }
    // Whatever the reason is, requests from other extensions don't arrive here either.
    return false;
  }

  /** Requests a session silently, without an item in the Accounts menu. Returns whether the request arrives here. */
  async #probe(id: string, { probes }: ProbedProvider): Promise<boolean> {
    const scope = `session-keeper-check-${(this.#lastProbe += 1)}`;
    probes.add(scope);
    try {
      await vscode.authentication.getSession(id, [scope], { silent: true });
      return !probes.has(scope);
    } finally {
      probes.delete(scope);
    }
  }
}
