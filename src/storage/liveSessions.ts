import { elapsedUptime, type Clock } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { clockSetBackSince, type SessionRecord, type TimeReading } from '../core/session.ts';
import type { LiveSession } from '../core/status.ts';

/** A change to one session: as it was, and as it is. One side is absent for a session that comes or goes. */
export interface SessionChange {
  readonly before: LiveSession | undefined;
  readonly after: LiveSession | undefined;
}

/** The sessions of this window, in memory: the one list that everything else looks at. */
export class LiveSessions {
  readonly #sessions = new Map<string, LiveSession>();
  readonly #clock: Clock;
  readonly #changed: Emitter<SessionChange>;
  /** When each session's tokens came into this window. */
  readonly #came = new Map<string, TimeReading>();

  constructor(log: Log, clock: Clock) {
    this.#clock = clock;
    this.#changed = new Emitter((error) => log.error(`A listener failed: ${toFailure(error).message}.`));
  }

  /** Fires after each change. */
  get onDidChange(): Emitter<SessionChange>['event'] {
    return this.#changed.event;
  }

  /** All sessions, in the order in which they came. */
  all(): LiveSession[] {
    return [...this.#sessions.values()];
  }

  /** One session; undefined where it is gone. */
  get(id: string): LiveSession | undefined {
    return this.#sessions.get(id);
  }

  /** Takes a record in: a new session, or the present one with other tokens and no failure any more. */
  put(record: SessionRecord): LiveSession {
    const { record: before, renewing = false, skew } = this.#sessions.get(record.id) ?? {};
    if (before?.accessToken !== record.accessToken) {
      this.#came.set(record.id, { renewedAt: this.#clock.now(), renewedUptime: this.#clock.uptime?.() });
    }
    const clockSetBackMs = this.#setBackOf(record);
    return this.#set({
      record,
      renewing,
      skew: record.skew ?? skew,
      failures: 0,
      unsaved: false,
      ...(clockSetBackMs === undefined ? {} : { clockSetBackMs }),
    });
  }

  /** Works out anew how far the clock was set back since each record came. */
  checkClock(): void {
    for (const { clockSetBackMs: before, ...session } of this.all()) {
      const clockSetBackMs = this.#setBackOf(session.record);
      if (clockSetBackMs !== before) {
        this.#sessions.set(session.record.id, clockSetBackMs === undefined ? session : { ...session, clockSetBackMs });
      }
    }
  }

  /** Changes what is known of a session beside its record; does nothing where the session is gone. */
  update(id: string, change: Partial<LiveSession>): void {
    const session = this.#sessions.get(id);
    if (session !== undefined) {
      this.#set({ ...session, ...change });
    }
  }

  /** Takes a session out; undefined where it is gone already. */
  remove(id: string): LiveSession | undefined {
    const before = this.#sessions.get(id);
    if (before !== undefined) {
      this.#sessions.delete(id);
      this.#came.delete(id);
      this.#changed.fire({ before, after: undefined });
    }
    return before;
  }

  /** Since the record came about; if the machine was restarted in between, since it came into this window. */
  #setBackOf(record: SessionRecord): number | undefined {
    const isComparable = elapsedUptime(record.renewedUptime, this.#clock.uptime?.()) !== undefined;
    return clockSetBackSince(isComparable ? record : (this.#came.get(record.id) ?? record), this.#clock);
  }

  #set(after: LiveSession): LiveSession {
    const before = this.#sessions.get(after.record.id);
    this.#sessions.set(after.record.id, after);
    this.#changed.fire({ before, after });
    return after;
  }
}
