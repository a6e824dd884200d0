// The last things that have happened to the sessions, for whoever looks for the reason of something: derived from what
// the registry tells, without any secret, name or word of a server.
import { MINUTE, type Clock, type Disposable } from '../core/clock.ts';
import type { LiveSession } from '../core/status.ts';
import type { LiveSessions, SessionChange } from '../storage/liveSessions.ts';

/** What can have happened to a session. */
export type EventKind =
  'signed-in' | 'read' | 'renewed' | 'taken-over' | 'renewal-failed' | 'not-stored' | 'ended' | 'gone';

/** One thing that has happened. */
export interface HistoryEvent {
  /** When it was noticed here, in ms since the Unix epoch. */
  readonly at: number;
  readonly kind: EventKind;
  /** The first characters of the session's id. */
  readonly session: string;
  readonly providerId: string;
  readonly generation: number;
  /** Category and code of a failure or of a verdict. */
  readonly why?: { readonly category: string; readonly code: string } | undefined;
}

/** How many events are kept. */
const KEPT = 20;
/** How long, in ms, after a sign-in its session may come here and still count as one that is signed in just now. */
const JUST_NOW = MINUTE;

/** Keeps the last events of this window. */
export class History implements Disposable {
  readonly #clock: Clock;
  readonly #listening: Disposable;
  #events: readonly HistoryEvent[] = [];

  constructor(clock: Clock, liveSessions: LiveSessions) {
    this.#clock = clock;
    this.#listening = liveSessions.onDidChange((change) => this.#note(change));
  }

  /** The last events, oldest first. */
  all(): readonly HistoryEvent[] {
    return this.#events;
  }

  dispose(): void {
    this.#listening.dispose();
  }

  #note(change: SessionChange): void {
    const record = (change.after ?? change.before)?.record;
    if (record === undefined) {
      return;
    }
    const { id, providerId, generation } = record;
    const at = this.#clock.now();
    const about = { at, session: id.slice(0, 8), providerId, generation };
    const events = kindsOf(change, at).map(([kind, why]) => ({
      ...about,
      kind,
      why: why && { category: why.category, code: why.code },
    }));
    this.#events = [...this.#events, ...events].slice(-KEPT);
  }
}

type NotificationKind = readonly [EventKind, HistoryEvent['why']?];

/** What a change comes to; nothing where only what is being done about a session has changed. */
function kindsOf({ before, after }: SessionChange, now: number): NotificationKind[] {
  if (after === undefined) {
    return [['gone']];
  }
  if (before === undefined) {
    const { signedInAt, renewedAt } = after.record;
    return [[signedInAt === renewedAt && Math.abs(now - signedInAt) < JUST_NOW ? 'signed-in' : 'read']];
  }
  return [...verdictOrTokens(before, after), ...troublesOf(before, after)];
}

function verdictOrTokens(before: LiveSession, { record }: LiveSession): NotificationKind[] {
  if (record.ended !== undefined) {
    return before.record.ended === undefined ? [['ended', record.ended]] : [];
  }
  // Half a renewal is told of when the other half is there.
  if (!record.isComplete || (record.generation === before.record.generation && before.record.isComplete)) {
    return [];
  }
  const isSignIn = record.signedInAt === record.renewedAt && record.signedInAt !== before.record.signedInAt;
  return [[isSignIn ? 'signed-in' : before.renewing ? 'renewed' : 'taken-over']];
}

function troublesOf(before: LiveSession, { record, failure, failedAt, unsaved }: LiveSession): NotificationKind[] {
  const hasFailed = failure !== undefined && failedAt !== before.failedAt && record.ended === undefined;
  return [
    ...(hasFailed ? ([['renewal-failed', failure]] as const) : []),
    ...(unsaved && !before.unsaved ? ([['not-stored']] as const) : []),
  ];
}
