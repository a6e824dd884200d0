// How long nobody has been active, and what follows from that. Every length of time is in ms.
import * as v from 'valibot';
import { MINUTE, SECOND } from '../core/clock.ts';

/** A moment, by both clocks of a machine. */
export interface ActivityTimestamp {
  /** The wall clock, in ms since the Unix epoch: it may be set, and goes on over a restart of the machine. */
  readonly at: number;
  /** The time since the machine started, in ms: nobody can set it, it goes on during a sleep, and each start begins anew. */
  readonly uptime: number;
}

const timestampSchema = v.object({
  version: v.picklist([1]),
  at: v.pipe(v.number(), v.finite()),
  uptime: v.pipe(v.number(), v.finite()),
});

/** The text that keeps a moment for other windows, and for the next start. */
export function formatActivityTimestamp({ at, uptime }: ActivityTimestamp): string {
  return JSON.stringify({ version: 1, at, uptime });
}

/** The moment in a text; undefined where there is none that makes sense. */
export function parseActivityTimestamp(text: string): ActivityTimestamp | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), timestampSchema), text);
  return parsed.success ? parsed.output : undefined;
}

/**
 * How long ago a moment was, by the time since the machine started; by the wall clock where the machine has started anew
 * in between. Never negative. A clock that is set does not come into it, and a night of sleep does.
 */
export function elapsed(last: ActivityTimestamp, now: ActivityTimestamp): number {
  return now.uptime >= last.uptime ? now.uptime - last.uptime : Math.max(0, now.at - last.at);
}

/**
 * The same for a moment that was noted before this process began. The machine may have started anew and run for longer
 * than before, so the longer of the two times counts: nobody stays signed in over a night because of a restart.
 */
export function elapsedAcrossRestart(last: ActivityTimestamp, now: ActivityTimestamp): number {
  return Math.max(elapsed(last, now), now.at - last.at);
}

/** The longest time before the end at which a warning comes. */
const LONGEST_WARNING = 5 * MINUTE;
/** The shortest, where the limit allows for it: long enough to read a sentence and press a key. */
const SHORTEST_WARNING = 15 * SECOND;

/** How long before the end of an idle time the person is warned: a third of it, 5 minutes at most, half of it where it is very short. */
export function warningLeadTime(timeout: number): number {
  return Math.min(LONGEST_WARNING, Math.max(timeout / 3, SHORTEST_WARNING), timeout / 2);
}

/** The bounds of the time, in ms, that passes between two notes of activity for the other windows. */
const PACES = [SECOND, 15 * SECOND] as const;

/** How often, in ms, activity is noted for the other windows: a tenth of the shortest limit, within bounds. */
export function reportInterval(timeout: number): number {
  return Math.min(Math.max(timeout / 10, PACES[0]), PACES[1]);
}
