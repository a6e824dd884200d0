// The notifications about inactivity: a session will be signed out, or was signed out.
import { MINUTE, type Clock, type Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import type { SessionRecord } from '../core/session.ts';
import type { LiveSession } from '../core/status.ts';
import type { IdleMonitor } from '../idle/idleMonitor.ts';
import type { IdleEnd, SignOutOutcome } from '../idle/idleSignOut.ts';
import type { IdleWarning } from '../idle/idleWarnings.ts';
import type { ActionTarget } from './recoveryActions.ts';
import type { SessionNotification } from './sessionNotifications.ts';
import * as button from '../host/buttonLabels.ts';
import { formatTime } from '../host/formatting.ts';
import * as notification from '../host/notificationMessages.ts';

/** What the notifications depend on. */
export interface IdleNotificationsDependencies {
  readonly clock: Clock;
  readonly idleMonitor: IdleMonitor;
  /** Returns all sessions. */
  sessions(): readonly LiveSession[];
  /** Returns the label of a provider. */
  nameOf(providerId: string): string;
  /** Returns the target of the actions about a session. */
  targetForSession(record: SessionRecord): ActionTarget;
}

/** Warnings about sign-outs within the same period, in ms, count as the same warning in all windows. */
const PERIOD = 10 * MINUTE;

/** The sign-outs at a provider, which lead to one notification. */
interface ProviderEnd {
  readonly first: IdleEnd;
  readonly outcomes: Promise<SignOutOutcome>[];
  /** The outcome of all of them; undefined until it's known. */
  outcome: SignOutOutcome | undefined;
}

/** Keeps track of the notifications that apply. */
export class IdleNotifications implements Disposable {
  readonly #dependencies: IdleNotificationsDependencies;
  readonly #changed = new Emitter<void>();
  /** By session ID. */
  readonly #warnings = new Map<string, IdleWarning>();
  /** The sign-outs since the last sign-in at each provider, by provider ID. */
  readonly #ends = new Map<string, ProviderEnd>();
  readonly #subscriptions: readonly Disposable[];

  constructor(dependencies: IdleNotificationsDependencies) {
    this.#dependencies = dependencies;
    const { idleMonitor } = dependencies;
    this.#subscriptions = [
      idleMonitor.onDidWarn((warning) => {
        this.#warnings.set(warning.record.id, warning);
        this.#changed.fire();
      }),
      idleMonitor.onDidCancelWarning((id) => {
        if (this.#warnings.delete(id)) {
          this.#changed.fire();
        }
      }),
      idleMonitor.onDidSignOut((end) => {
        this.#warnings.delete(end.record.id);
        void this.#addEnd(end);
        this.#changed.fire();
      }),
    ];
  }

  /** Fires when the result of {@link getNotifications} changes. */
  get onDidChange(): Emitter<void>['event'] {
    return this.#changed.event;
  }

  /**
   * Returns the notifications that apply now: for each provider, at most one warning (about the earliest sign-out) and one
   * about a sign-out. The latter applies once its outcome at the server is known, until the next sign-in at the provider.
   */
  getNotifications(): SessionNotification[] {
    for (const providerId of this.#ends.keys()) {
      if (this.#dependencies.sessions().some(({ record }) => record.providerId === providerId)) {
        this.#ends.delete(providerId);
      }
    }
    const earliest = new Map<string, IdleWarning>();
    for (const warning of [...this.#warnings.values()].sort((one, other) => other.endsAt - one.endsAt)) {
      earliest.set(warning.record.providerId, warning);
    }
    return [
      ...[...earliest.values()].map((warning) => this.#warningNotification(warning)),
      ...[...this.#ends.values()].flatMap(({ first, outcome }) =>
        outcome === undefined ? [] : [this.#signOutNotification(first, outcome)],
      ),
    ];
  }

  dispose(): void {
    this.#subscriptions.forEach((one) => one.dispose());
    this.#changed.dispose();
  }

  async #addEnd(end: IdleEnd): Promise<void> {
    const { providerId } = end.record;
    const all = this.#ends.get(providerId) ?? { first: end, outcomes: [], outcome: undefined };
    this.#ends.set(providerId, all);
    const count = all.outcomes.push(end.outcome);
    const outcome = combineOutcomes(await Promise.all(all.outcomes));
    if (all.outcomes.length === count) {
      all.outcome ??= outcome;
      this.#changed.fire();
    }
  }

  #warningNotification({ endsAt, record: { providerId } }: IdleWarning): SessionNotification {
    const { clock, idleMonitor } = this.#dependencies;
    return {
      kind: 'idle',
      id: providerId,
      // The times that windows compute differ by a few ms.
      since: Math.floor(endsAt / PERIOD) * PERIOD,
      message: notification.idleWarning(this.#dependencies.nameOf(providerId), formatTime(endsAt, clock.now())),
      actions: [{ label: button.staySignedIn(), run: () => idleMonitor.recordActivity() }],
    };
  }

  #signOutNotification({ record, timeout }: IdleEnd, outcome: SignOutOutcome): SessionNotification {
    const { providerId } = record;
    const message = {
      revoked: notification.signedOutIdle,
      unconfirmed: notification.signedOutIdleUnconfirmed,
      'not-supported': notification.signedOutIdleWithoutRevocation,
    }[outcome];
    return {
      kind: 'idle',
      id: providerId,
      since: 0,
      message: message(this.#dependencies.nameOf(providerId), timeout),
      actions: [{ label: button.signInAgain(), run: () => this.#dependencies.targetForSession(record).signIn() }],
      isFinal: true,
    };
  }
}

function combineOutcomes(outcomes: readonly SignOutOutcome[]): SignOutOutcome {
  return (['unconfirmed', 'not-supported'] as const).find((one) => outcomes.includes(one)) ?? 'revoked';
}
