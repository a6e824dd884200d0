// The warnings before a session is signed out.
import type { Clock, Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import type { SessionRecord } from '../core/session.ts';

/** A session that is about to be signed out. */
export interface IdleWarning {
  readonly record: SessionRecord;
  /** When it will be signed out without further activity, in ms since the Unix epoch. */
  readonly endsAt: number;
}

/** The sessions that this window has warned about. */
export class IdleWarnings implements Disposable {
  readonly #clock: Clock;
  readonly #due = new Emitter<IdleWarning>();
  readonly #canceled = new Emitter<string>();
  readonly #ids = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Fires when a session is about to be signed out. */
  readonly onDidWarn = this.#due.event;

  /** Fires with the ID of a session whose warning no longer applies. */
  readonly onDidCancel = this.#canceled.event;

  /** Whether any warning applies. */
  get isAnyShown(): boolean {
    return this.#ids.size > 0;
  }

  /** Returns whether a warning about a session applies. */
  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Warns about a session with the given time left, in ms. */
  warn(record: SessionRecord, left: number): void {
    this.#ids.add(record.id);
    this.#due.fire({ record, endsAt: this.#clock.now() + left });
  }

  /** Cancels the warning about a session, if there is one. */
  cancel(id: string): void {
    if (this.#ids.delete(id)) {
      this.#canceled.fire(id);
    }
  }

  /** Cancels all warnings. */
  cancelAll(): void {
    this.#ids.forEach((id) => this.cancel(id));
  }

  dispose(): void {
    this.#due.dispose();
    this.#canceled.dispose();
  }
}
