// Activity timestamps, and the durations derived from an idle timeout. All durations are in ms.
import * as v from 'valibot';
import { MINUTE, SECOND } from '../core/clock.ts';

/** A point in time on both clocks of a machine. */
export interface ActivityTimestamp {
  /** The wall-clock time, in ms since the Unix epoch. It can be set, and it continues across a restart of the machine. */
  readonly at: number;
  /** The machine's uptime, in ms. It can't be set, it includes sleep, and it starts at zero after a restart. */
  readonly uptime: number;
}

const timestampSchema = v.object({
  version: v.picklist([1]),
  at: v.pipe(v.number(), v.finite()),
  uptime: v.pipe(v.number(), v.finite()),
});

/** Returns the text that stores a timestamp for other windows and for the next start. */
export function formatActivityTimestamp({ at, uptime }: ActivityTimestamp): string {
  return JSON.stringify({ version: 1, at, uptime });
}

/** Returns the timestamp in a stored text; `undefined` if the text isn't valid. */
export function parseActivityTimestamp(text: string): ActivityTimestamp | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), timestampSchema), text);
  return parsed.success ? parsed.output : undefined;
}

/**
 * Returns the time between two timestamps, in ms, never negative. It goes by the uptime, so that sleep counts and a clock
 * that was set doesn't; if the machine was restarted in between, it goes by the wall clock.
 */
export function elapsed(last: ActivityTimestamp, now: ActivityTimestamp): number {
  return now.uptime >= last.uptime ? now.uptime - last.uptime : Math.max(0, now.at - last.at);
}

/**
 * Returns the same for a timestamp from before this process started. The machine may have been restarted and be up for
 * longer than before, so the longer of the two times counts: a restart must not keep a session signed in overnight.
 */
export function elapsedAcrossRestart(last: ActivityTimestamp, now: ActivityTimestamp): number {
  return Math.max(elapsed(last, now), now.at - last.at);
}

/** The longest time, in ms, between a warning and the sign-out. */
const MAX_WARNING_LEAD = 5 * MINUTE;
/** The shortest one, if the timeout is long enough: time to read the warning and press a key. */
const MIN_WARNING_LEAD = 15 * SECOND;

/** Returns how long, in ms, before the sign-out the warning comes: a third of the timeout within bounds, at most half of it. */
export function warningLeadTime(timeout: number): number {
  return Math.min(MAX_WARNING_LEAD, Math.max(timeout / 3, MIN_WARNING_LEAD), timeout / 2);
}

/** The bounds, in ms, of the time between two reports of activity to other windows. */
const MIN_REPORT_INTERVAL = SECOND;
const MAX_REPORT_INTERVAL = 15 * SECOND;

/** Returns how often, in ms, activity is reported to other windows: every tenth of the shortest timeout, within bounds. */
export function reportInterval(timeout: number): number {
  return Math.min(Math.max(timeout / 10, MIN_REPORT_INTERVAL), MAX_REPORT_INTERVAL);
}
