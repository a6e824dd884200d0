// Points in time, durations, numbers and lists in VS Code's display language.
import * as vscode from 'vscode';
import { MINUTE } from '../core/clock.ts';
import { remaining, type Remaining } from '../core/lifetime.ts';

type Unit = Remaining['unit'];

/** Returns a duration, in ms, in the most suitable unit, such as "3 hours". */
export function formatDuration(duration: number): string {
  const { unit, count } = remaining(duration);
  return formatUnit(count, unit);
}

/** Returns the time until something happens, in ms, in the most suitable unit, such as "in 3 hours". */
export function formatTimeUntil(left: number): string {
  const { unit, count } = remaining(left);
  return new Intl.RelativeTimeFormat(displayLanguage()).format(count, unit);
}

/** Returns a number with its unit, such as "1 minute". */
export function formatUnit(count: number, unit: Unit): string {
  return new Intl.NumberFormat(displayLanguage(), { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

/** Returns a number, such as "10,080". */
export function formatNumber(value: number): string {
  return new Intl.NumberFormat(displayLanguage()).format(value);
}

/** Returns a list that names all items, such as "a, b, and c". */
export function formatList(items: readonly string[]): string {
  return new Intl.ListFormat(displayLanguage(), { type: 'conjunction' }).format(items);
}

/** Returns a list of which one item applies, such as "a, b, or c". */
export function formatAlternatives(items: readonly string[]): string {
  return new Intl.ListFormat(displayLanguage(), { type: 'disjunction' }).format(items);
}

/** Until when, in ms, seconds matter. */
const WITH_SECONDS = 2 * MINUTE;

/**
 * Returns a point in time, in ms since the Unix epoch: the time of day, with the date if that isn't today, and with seconds
 * if it's now or in less than two minutes.
 * @param now the current time, in ms since the Unix epoch.
 */
export function formatTime(at: number, now: number): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  const isNear = at >= now && at - now < WITH_SECONDS;
  return new Intl.DateTimeFormat(displayLanguage(), {
    timeStyle: isNear ? 'medium' : 'short',
    dateStyle: isToday ? undefined : 'medium',
  }).format(at);
}

/** Returns VS Code's display language; English if it isn't a valid language tag, because `Intl` throws then. */
function displayLanguage(): string {
  try {
    return Intl.getCanonicalLocales(vscode.env.language)[0] ?? 'en';
  } catch {
    return 'en';
  }
}
