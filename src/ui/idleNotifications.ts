// What there is to tell of idle time: that a session is going to be signed out, and that it was.
import { MINUTE, type Clock, type Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import type { SessionRecord } from '../core/session.ts';
import type { LiveSession } from '../core/status.ts';
import type { IdleMonitor } from '../idle/idleMonitor.ts';
import type { ActionTarget } from './recoveryActions.ts';
import type { SessionNotification } from './sessionNotifications.ts';
import * as text from '../host/messages.ts';

/** What the news of idle time are made with. */
export interface IdleNotificationsDependencies {
  readonly clock: Clock;
  readonly idleMonitor: IdleMonitor;
  /** The sessions that there are. */
  sessions(): readonly LiveSession[];
  /** What people call a provider. */
  nameOf(providerId: string): string;
  subjectOf(record: SessionRecord): ActionTarget;
}

/** How long, in ms, one warning stands for others. */
const PERIOD = 10 * MINUTE;

/** Keeps what there is to tell of idle time. */
export class IdleNotifications implements Disposable {
  readonly #dependencies: IdleNotificationsDependencies;
  readonly #changed = new Emitter<void>();
  /** The sessions that are going to be signed out, by id. */
  readonly #warned = new Map<string, { readonly record: SessionRecord; readonly endsAt: number }>();
  /** The first session that was signed out at each provider since somebody was signed in there. */
  readonly #signedOut = new Map<string, { readonly record: SessionRecord; readonly after: number }>();
  readonly #subscriptions: readonly Disposable[];

  constructor(dependencies: IdleNotificationsDependencies) {
    this.#dependencies = dependencies;
    const { idleMonitor } = dependencies;
    this.#subscriptions = [
      idleMonitor.onDidWarn((warning) => {
        this.#warned.set(warning.record.id, warning);
        this.#changed.fire();
      }),
      idleMonitor.onDidCancelWarning((id) => {
        if (this.#warned.delete(id)) {
          this.#changed.fire();
        }
      }),
      idleMonitor.onDidSignOut((signedOut) => {
        const { id, providerId } = signedOut.record;
        this.#warned.delete(id);
        if (!this.#signedOut.has(providerId)) {
          this.#signedOut.set(providerId, signedOut);
        }
        this.#changed.fire();
      }),
    ];
  }

  /** Fires when there is something else to tell. */
  get onDidChange(): Emitter<void>['event'] {
    return this.#changed.event;
  }

  /** What there is to tell now, once for each provider. That somebody was signed out is told until they are signed in again. */
  getNotifications(): SessionNotification[] {
    for (const providerId of this.#signedOut.keys()) {
      if (this.#dependencies.sessions().some(({ record }) => record.providerId === providerId)) {
        this.#signedOut.delete(providerId);
      }
    }
    const first = new Map<string, { readonly record: SessionRecord; readonly endsAt: number }>();
    for (const warning of [...this.#warned.values()].sort((one, other) => other.endsAt - one.endsAt)) {
      first.set(warning.record.providerId, warning);
    }
    return [
      ...[...first.values()].map((one) => this.#ofWarning(one)),
      ...[...this.#signedOut.values()].map((one) => this.#ofSignOut(one)),
    ];
  }

  dispose(): void {
    this.#subscriptions.forEach((one) => one.dispose());
    this.#changed.dispose();
  }

  #ofWarning({
    record: { providerId },
    endsAt,
  }: {
    readonly record: SessionRecord;
    readonly endsAt: number;
  }): SessionNotification {
    const { clock, idleMonitor } = this.#dependencies;
    return {
      kind: 'idle',
      id: providerId,
      // Windows know the same moment to a few ms.
      since: Math.floor(endsAt / PERIOD) * PERIOD,
      words: text.sayIdle(this.#dependencies.nameOf(providerId), text.formatTime(endsAt, clock.now())),
      choices: [{ label: text.labelStaySignedIn(), run: () => idleMonitor.recordActivity() }],
    };
  }

  #ofSignOut({ after, record }: { readonly record: SessionRecord; readonly after: number }): SessionNotification {
    const { providerId } = record;
    return {
      kind: 'idle',
      id: providerId,
      since: 0,
      words: text.saySignedOutIdle(this.#dependencies.nameOf(providerId), after),
      choices: [{ label: text.labelSignInAgain(), run: () => this.#dependencies.subjectOf(record).signIn() }],
    };
  }
}
