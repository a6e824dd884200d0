// Recent session events for the diagnostics, derived from changes in memory, without secrets, account names or server
// text.
import { MINUTE, type Clock, type Disposable } from '../core/clock.ts';
import type { LiveSession } from '../core/status.ts';
import type { LiveSessions, SessionChange } from '../storage/liveSessions.ts';

/** The kinds of events. */
export type EventKind =
  'signed-in' | 'read' | 'refreshed' | 'adopted' | 'refresh-failed' | 'not-stored' | 'ended' | 'removed';

/** An event. */
export interface HistoryEvent {
  /** When this window detected it, in ms since the Unix epoch. */
  readonly at: number;
  readonly kind: EventKind;
  /** The first characters of the session ID. */
  readonly session: string;
  readonly providerId: string;
  readonly generation: number;
  /** The category and code of the failure. */
  readonly reason?: { readonly category: string; readonly code: string } | undefined;
}

/** How many events to keep. */
const MAX_EVENTS = 20;
/** How long, in ms, after its sign-in a session that appears counts as new. */
const NEW_SESSION_TIME = MINUTE;

/** Recent events of this window. */
export class History implements Disposable {
  readonly #clock: Clock;
  readonly #listening: Disposable;
  #events: readonly HistoryEvent[] = [];

  constructor(clock: Clock, liveSessions: LiveSessions) {
    this.#clock = clock;
    // The existing sessions were read before this was loaded.
    liveSessions.all().forEach((after) => this.#record({ before: undefined, after }));
    this.#listening = liveSessions.onDidChange((change) => this.#record(change));
  }

  /** Returns the events, oldest first. */
  all(): readonly HistoryEvent[] {
    return this.#events;
  }

  dispose(): void {
    this.#listening.dispose();
  }

  #record(change: SessionChange): void {
    const record = (change.after ?? change.before)?.record;
    if (record === undefined) {
      return;
    }
    const { id, providerId, generation } = record;
    const at = this.#clock.now();
    const about = { at, session: id.slice(0, 8), providerId, generation };
    const events = eventsOf(change, at).map(([kind, reason]) => ({
      ...about,
      kind,
      reason: reason && { category: reason.category, code: reason.code },
    }));
    this.#events = [...this.#events, ...events].slice(-MAX_EVENTS);
  }
}

type Event = readonly [EventKind, HistoryEvent['reason']?];

/** Returns the events in a change; none if only the refresh state of a session has changed. */
function eventsOf({ before, after }: SessionChange, now: number): Event[] {
  if (after === undefined) {
    return [['removed']];
  }
  if (before === undefined) {
    const { signedInAt, tokensRequestedAt } = after.record;
    return [[signedInAt === tokensRequestedAt && Math.abs(now - signedInAt) < NEW_SESSION_TIME ? 'signed-in' : 'read']];
  }
  return [...endOrTokens(before, after), ...problemsOf(before, after)];
}

function endOrTokens(before: LiveSession, { record }: LiveSession): Event[] {
  if (record.ended !== undefined) {
    return before.record.ended === undefined ? [['ended', record.ended]] : [];
  }
  // A refresh counts once its record is complete.
  if (!record.isComplete || (record.generation === before.record.generation && before.record.isComplete)) {
    return [];
  }
  const isSignIn = record.signedInAt === record.tokensRequestedAt && record.signedInAt !== before.record.signedInAt;
  return [[isSignIn ? 'signed-in' : before.refreshing ? 'refreshed' : 'adopted']];
}

function problemsOf(before: LiveSession, { record, failure, failedAt, unsaved }: LiveSession): Event[] {
  const hasFailed = failure !== undefined && failedAt !== before.failedAt && record.ended === undefined;
  return [
    ...(hasFailed ? ([['refresh-failed', failure]] as const) : []),
    ...(unsaved && !before.unsaved ? ([['not-stored']] as const) : []),
  ];
}
