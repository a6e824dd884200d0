// What there is to tell of idle time: that a session is going to be signed out, and that it was.
import { MINUTE, type Clock, type Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import type { SessionRecord } from '../core/session.ts';
import type { LiveSession } from '../core/status.ts';
import type { Idleness } from '../sessions/idleness.ts';
import type { Subject } from './actions.ts';
import type { News } from './news.ts';
import * as text from './text.ts';

/** What the news of idle time are made with. */
export interface IdleNewsPorts {
  readonly clock: Clock;
  readonly idleness: Idleness;
  /** The sessions that there are. */
  sessions(): readonly LiveSession[];
  /** What people call a provider. */
  nameOf(providerId: string): string;
  subjectOf(record: SessionRecord): Subject;
}

/** How long, in ms, one warning stands for others. */
const PERIOD = 10 * MINUTE;

/** Keeps what there is to tell of idle time. */
export class IdleNews implements Disposable {
  readonly #ports: IdleNewsPorts;
  readonly #changed = new Emitter<void>();
  /** The sessions that are going to be signed out, by id. */
  readonly #warned = new Map<string, { readonly record: SessionRecord; readonly endsAt: number }>();
  /** The first session that was signed out at each provider since somebody was signed in there. */
  readonly #signedOut = new Map<string, { readonly record: SessionRecord; readonly after: number }>();
  readonly #listening: readonly Disposable[];

  constructor(ports: IdleNewsPorts) {
    this.#ports = ports;
    const { idleness } = ports;
    this.#listening = [
      idleness.onDidWarn((warning) => {
        this.#warned.set(warning.record.id, warning);
        this.#changed.fire();
      }),
      idleness.onDidComeBack((id) => {
        if (this.#warned.delete(id)) {
          this.#changed.fire();
        }
      }),
      idleness.onDidSignOut((signedOut) => {
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
  news(): News[] {
    for (const providerId of this.#signedOut.keys()) {
      if (this.#ports.sessions().some(({ record }) => record.providerId === providerId)) {
        this.#signedOut.delete(providerId);
      }
    }
    const first = new Map<string, { readonly record: SessionRecord; readonly endsAt: number }>();
    for (const warning of [...this.#warned.values()].sort((one, other) => other.endsAt - one.endsAt)) {
      first.set(warning.record.providerId, warning);
    }
    return [...[...first.values()].map((one) => this.#ofWarning(one)), ...[...this.#signedOut.values()].map((one) => this.#ofSignOut(one))];
  }

  dispose(): void {
    this.#listening.forEach((one) => one.dispose());
    this.#changed.dispose();
  }

  #ofWarning({ record: { providerId }, endsAt }: { readonly record: SessionRecord; readonly endsAt: number }): News {
    const { clock, idleness } = this.#ports;
    return {
      kind: 'idle',
      id: providerId,
      // Windows know the same moment to a few ms.
      since: Math.floor(endsAt / PERIOD) * PERIOD,
      words: text.sayIdle(this.#ports.nameOf(providerId), text.moment(endsAt, clock.now())),
      choices: [{ label: text.labelStaySignedIn(), run: () => idleness.noteActivity() }],
    };
  }

  #ofSignOut({ after, record }: { readonly record: SessionRecord; readonly after: number }): News {
    const { providerId } = record;
    return {
      kind: 'idle',
      id: providerId,
      since: 0,
      words: text.saySignedOutIdle(this.#ports.nameOf(providerId), after),
      choices: [{ label: text.labelSignInAgain(), run: () => this.#ports.subjectOf(record).signIn() }],
    };
  }
}
