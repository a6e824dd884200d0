// The sessions in this window's memory, the single list that everything else reads.
import { elapsedUptime, type Clock } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { clockSetBackSince, type SessionRecord, type TimeReading } from '../core/session.ts';
import type { LiveSession } from '../core/status.ts';

/** A change to a session: its state before and after; undefined for a session that was added or removed. */
export interface SessionChange {
  readonly before: LiveSession | undefined;
  readonly after: LiveSession | undefined;
}

/** The sessions in memory. */
export class LiveSessions {
  readonly #sessions = new Map<string, LiveSession>();
  readonly #clock: Clock;
  readonly #changed: Emitter<SessionChange>;
  /** When this window received each session's tokens. */
  readonly #receivedAt = new Map<string, TimeReading>();

  constructor(log: Log, clock: Clock) {
    this.#clock = clock;
    this.#changed = new Emitter((error) => log.error(`A listener failed: ${toFailure(error).message}.`));
  }

  /** Fires after each change. */
  get onDidChange(): Emitter<SessionChange>['event'] {
    return this.#changed.event;
  }

  /** All sessions, in the order in which they were added. */
  all(): LiveSession[] {
    return [...this.#sessions.values()];
  }

  /** Returns a session; undefined if there is none. */
  get(id: string): LiveSession | undefined {
    return this.#sessions.get(id);
  }

  /** Sets the record of a session: adds the session, or replaces its tokens and clears its failure. */
  set(record: SessionRecord): LiveSession {
    const { record: before, refreshing = false, skew, terminalUsedAt } = this.#sessions.get(record.id) ?? {};
    if (before?.accessToken !== record.accessToken) {
      this.#receivedAt.set(record.id, {
        tokensRequestedAt: this.#clock.now(),
        tokensRequestedUptime: this.#clock.uptime?.(),
      });
    }
    const clockSetBackMs = this.#setBackOf(record);
    return this.#set({
      record,
      refreshing,
      skew: record.skew ?? skew,
      failures: 0,
      unsaved: false,
      ...(terminalUsedAt === undefined ? {} : { terminalUsedAt }),
      ...(clockSetBackMs === undefined ? {} : { clockSetBackMs }),
    });
  }

  /** Recalculates how far the clock was set back since each record was received. */
  checkClock(): void {
    for (const { clockSetBackMs: before, ...session } of this.all()) {
      const clockSetBackMs = this.#setBackOf(session.record);
      if (clockSetBackMs !== before) {
        this.#sessions.set(session.record.id, clockSetBackMs === undefined ? session : { ...session, clockSetBackMs });
      }
    }
  }

  /** Changes properties of a session; does nothing if the ID is unknown. */
  patch(id: string, change: Partial<LiveSession>): void {
    const session = this.#sessions.get(id);
    if (session !== undefined) {
      this.#set({ ...session, ...change });
    }
  }

  /** Removes and returns a session; undefined if there is none. */
  remove(id: string): LiveSession | undefined {
    const before = this.#sessions.get(id);
    if (before !== undefined) {
      this.#sessions.delete(id);
      this.#receivedAt.delete(id);
      this.#changed.fire({ before, after: undefined });
    }
    return before;
  }

  /** Since the request was sent; if the machine was restarted in between, since this window received the record. */
  #setBackOf(record: SessionRecord): number | undefined {
    const isComparable = elapsedUptime(record.tokensRequestedUptime, this.#clock.uptime?.()) !== undefined;
    return clockSetBackSince(isComparable ? record : (this.#receivedAt.get(record.id) ?? record), this.#clock);
  }

  #set(after: LiveSession): LiveSession {
    const before = this.#sessions.get(after.record.id);
    this.#sessions.set(after.record.id, after);
    this.#changed.fire({ before, after });
    return after;
  }
}
