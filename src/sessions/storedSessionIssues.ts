// Reports issues with the stored sessions: at start, and when a provider is removed from the settings.
import { SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import type { Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { belongsToClient, configuredProviderOf } from '../core/serverIdentity.ts';
import type { SessionRecord } from '../core/session.ts';
import type { NotificationClaims } from '../locking/notificationClaims.ts';
import type { CrossWindowSync } from '../storage/crossWindowSync.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import type { MissingSession, StoreSnapshot } from '../storage/loadStoredSessions.ts';
import type { StorageIssue } from '../storage/secretSessionStorage.ts';
import type { SessionStore } from '../storage/sessionStore.ts';

/** The dependencies of the reports. */
export interface StoredSessionIssuesDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionStore: SessionStore;
  readonly crossWindowSync: CrossWindowSync;
  readonly liveSessions: LiveSessions;
  readonly notificationClaims: NotificationClaims;
  /** Returns the provider with an ID as configured now. */
  provider(id: string): Provider | undefined;
}

/** What a session's record says about its provider. */
export type UnconfiguredProvider = Pick<SessionRecord, 'issuer' | 'providerId' | 'providerLabel'>;

/** An issue found while loading that is reported to the user. */
export type LoadIssue =
  | StorageIssue
  /** Its provider is no longer configured. Its tokens may still be valid. */
  | ({ readonly id: string; readonly kind: 'unconfigured' } & UnconfiguredProvider)
  /** The session has a file, but its tokens are missing: the keyring lost them; they didn't expire. */
  | { readonly id: string; readonly kind: 'lost'; readonly providerId: string }
  /**
   * Its issuer or client isn't the configured one, or its credentials would be sent elsewhere. It's kept, but neither
   * used nor sent anywhere.
   */
  | {
      readonly id: string;
      readonly kind: 'foreign';
      readonly providerId: string;
      readonly issuer: string;
      readonly clientId: string;
      readonly isMoved?: true;
    };

/** How long, in ms, to wait for a missing session at start: SecretStorage lags while a window starts. */
const LOSS_GRACE_PERIOD = 3 * SECOND;

/** How long, in ms, a provider must be missing before that is reported: settings are changed in several steps. */
const REMOVAL_GRACE_PERIOD = 10 * SECOND;

/** The reports of one window. */
export class StoredSessionIssues implements Disposable {
  readonly #dependencies: StoredSessionIssuesDependencies;
  readonly #issues = new Emitter<readonly LoadIssue[]>();
  #checking: Disposable | undefined;

  constructor(dependencies: StoredSessionIssuesDependencies) {
    this.#dependencies = dependencies;
  }

  /** Fires with the issues found. */
  get onDidFindIssues(): Emitter<readonly LoadIssue[]>['event'] {
    return this.#issues.event;
  }

  /** Reports issues with the sessions read at start. */
  async reportLoaded({ issues, missing, records }: StoreSnapshot): Promise<void> {
    const { clock, liveSessions } = this.#dependencies;
    await this.#report([...issues, ...records.flatMap((record) => this.#findMismatched(record))]);
    const absent = missing.filter(({ id }) => liveSessions.get(id) === undefined);
    if (absent.length > 0) {
      clock.after(LOSS_GRACE_PERIOD, () => void this.#reportLosses(absent));
    }
  }

  /** Called when the providers in the settings have changed: reports the sessions whose provider was removed. */
  onDidChangeProviders(): void {
    this.#checking?.dispose();
    void this.#forgetConfigured();
    this.#checking = this.#dependencies.clock.after(REMOVAL_GRACE_PERIOD, () => void this.#reportUnconfigured());
  }

  /** Makes the removal of providers that are configured be reported the next time, too. */
  async #forgetConfigured(): Promise<void> {
    const { liveSessions, notificationClaims } = this.#dependencies;
    for (const { record } of liveSessions.all()) {
      if (this.#dependencies.provider(record.providerId) !== undefined) {
        await notificationClaims.forget(record.id, 'unconfigured');
      }
    }
  }

  async #reportUnconfigured(): Promise<void> {
    const issues = this.#dependencies.liveSessions.all().flatMap(({ record }) => this.#findMismatched(record));
    await this.#report(issues.filter(({ kind }) => kind === 'unconfigured'));
  }

  dispose(): void {
    this.#checking?.dispose();
    this.#issues.dispose();
  }

  async #reportLosses(absent: readonly MissingSession[]): Promise<void> {
    const { sessionStore, crossWindowSync, liveSessions } = this.#dependencies;
    await Promise.all(absent.map(({ id }) => crossWindowSync.sync(id)));
    const areOver = await Promise.all(
      absent.map(async ({ id }) => (await sessionStore.isSignedOut(id)) || (await sessionStore.isOfAnotherEditor(id))),
    );
    const lost = absent.filter(({ id }, index) => liveSessions.get(id) === undefined && areOver[index] === false);
    await this.#report(lost.map(({ id, providerId }) => ({ id, kind: 'lost', providerId }) as const));
  }

  /** Reports issues. Quarantined sessions are gone the next time. Each other issue is reported once, in one window. */
  async #report(issues: readonly LoadIssue[]): Promise<void> {
    const { clock, log, notificationClaims } = this.#dependencies;
    const reported: LoadIssue[] = [];
    for (const issue of issues) {
      const where = 'providerId' in issue ? `at ${issue.providerId}` : `(${issue.reason})`;
      log.warn(`Session ${issue.id.slice(0, 8)} ${where}: ${issue.kind}.`);
      const claim = { kind: issue.kind, id: issue.id, since: 0 };
      if (issue.kind === 'quarantined' || (await notificationClaims.tryClaim(claim, clock.now()))) {
        reported.push(issue);
      }
    }
    if (reported.length > 0) {
      this.#issues.fire(reported);
    }
  }

  #findMismatched(record: SessionRecord): LoadIssue[] {
    const { clientId, id, issuer, providerId, providerLabel } = record;
    const provider = this.#dependencies.provider(providerId);
    if (provider === undefined) {
      return [{ id, kind: 'unconfigured', providerId, providerLabel, issuer }];
    }
    if (configuredProviderOf(record, (one) => this.#dependencies.provider(one)) !== undefined) {
      return [];
    }
    const moved = belongsToClient(record, provider) ? { isMoved: true as const } : {};
    return [{ id, kind: 'foreign', providerId, issuer, clientId, ...moved }];
  }
}
