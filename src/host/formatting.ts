// Points in time and durations as the user reads them.
import * as vscode from 'vscode';
import { remaining } from '../core/lifetime.ts';

const { env, l10n } = vscode;

/** Returns a duration, in ms, in the one unit that fits it. */
export function formatDuration(left: number): string {
  const { unit, count } = remaining(left);
  switch (unit) {
    case 'day':
      return l10n.t('{0} days', count);
    case 'hour':
      return l10n.t('{0} hours', count);
    case 'minute':
      return count === 1 ? l10n.t('1 minute') : l10n.t('{0} minutes', count);
    case 'second':
      return l10n.t({ message: '{0} s', args: [count], comment: ['A number of seconds'] });
  }
}

/**
 * Returns a point in time, in ms since the Unix epoch, in the user’s locale: the time of day, with the date if that isn’t today.
 * @param now the current time, in ms since the Unix epoch.
 */
export function formatTime(at: number, now: number): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date(now).toDateString();
  const time = date.toLocaleTimeString(env.language, { timeStyle: 'medium' });
  return isToday ? time : date.toLocaleString(env.language, { dateStyle: 'medium', timeStyle: 'short' });
}
