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

/** Keeps what there is to tell of idle time. */
export class IdleNews implements Disposable {
  readonly #ports: IdleNewsPorts;
  readonly #changed = new Emitter<void>();
  readonly #warnings = new Map<string, News>();
  readonly #signedOut = new Map<string, { readonly record: SessionRecord; readonly news: News }>();
  readonly #listening: readonly Disposable[];

  constructor(ports: IdleNewsPorts) {
    this.#ports = ports;
    const { idleness } = ports;
    this.#listening = [
      idleness.onDidWarn(({ record, endsAt }) => this.#warn(record, endsAt)),
      idleness.onDidComeBack((id) => {
        if (this.#warnings.delete(id)) {
          this.#changed.fire();
        }
      }),
      idleness.onDidSignOut(({ record, after }) => this.#tellSignedOut(record, after)),
    ];
  }

  /** Fires when there is something else to tell. */
  get onDidChange(): Emitter<void>['event'] {
    return this.#changed.event;
  }

  /** What there is to tell now. That somebody was signed out is told until they are signed in again. */
  news(): News[] {
    const present = this.#ports.sessions();
    for (const [key, { record }] of this.#signedOut) {
      if (present.some(({ record: other }) => other.providerId === record.providerId && other.account.id === record.account.id)) {
        this.#signedOut.delete(key);
      }
    }
    return [...this.#warnings.values(), ...[...this.#signedOut.values()].map(({ news }) => news)];
  }

  dispose(): void {
    this.#listening.forEach((one) => one.dispose());
    this.#changed.dispose();
  }

  #warn(record: SessionRecord, endsAt: number): void {
    const { clock, idleness } = this.#ports;
    this.#warnings.set(record.id, {
      kind: 'idle',
      id: record.id,
      about: `warning ${Math.round(endsAt / MINUTE)}`,
      words: text.sayIdle(this.#ports.nameOf(record.providerId), endsAt - clock.now()),
      choices: [{ label: text.labelStaySignedIn(), run: () => idleness.noteActivity() }],
    });
    this.#changed.fire();
  }

  #tellSignedOut(record: SessionRecord, after: number): void {
    const news: News = {
      kind: 'idle',
      // What is told of a session is forgotten with it.
      id: record.providerId,
      about: `${record.id} ${record.signedInAt}`,
      words: text.saySignedOutIdle(this.#ports.nameOf(record.providerId), after),
      choices: [{ label: text.labelSignInAgain(), run: () => this.#ports.subjectOf(record).signIn() }],
    };
    this.#warnings.delete(record.id);
    this.#signedOut.set(record.id, { record, news });
    this.#changed.fire();
  }
}
