// The sentences that the start of the extension needs; all others are in messages.ts, which is loaded on demand. `l10n` is
// taken apart from `vscode` here, which is how the extraction of strings finds it.
import * as vscode from 'vscode';
import { remaining } from '../core/lifetime.ts';
import type { State } from '../core/status.ts';

const { env, l10n } = vscode;

/** The name of the product, which is not translated. */
export const PRODUCT = 'Session Keeper';

/** What the provider without configuration is called in VS Code's own dialogs. */
export const unconfiguredLabel = (): string => l10n.t('OpenID Connect');

/** A length of time, in ms, in the one unit that fits it. */
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

/** A point in time as the person writes it: the time of day, with the date where it is another day. */
export function formatTime(at: number, now: number): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date(now).toDateString();
  const time = date.toLocaleTimeString(env.language, { timeStyle: 'medium' });
  return isToday ? time : date.toLocaleString(env.language, { dateStyle: 'medium', timeStyle: 'short' });
}

/** The words for each state of a session, which stand beside every icon and colour. */
export function stateName(state: State): string {
  return STATE_NAMES[state]();
}

const STATE_NAMES: Readonly<Record<State, () => string>> = {
  ended: () => l10n.t('session ended'),
  'needs-attention': () => l10n.t('needs attention'),
  ending: () => l10n.t('ending soon'),
  retrying: () => l10n.t('cannot renew, retrying'),
  'signing-in': () => l10n.t('signing in'),
  refreshing: () => l10n.t('renewing'),
  'signed-in': () => l10n.t('signed in'),
  'signed-out': () => l10n.t('signed out'),
};

/** Status bar: how long the session still lasts. */
export const statusEndsIn = (label: string, left: number): string =>
  l10n.t('{0}: {1} left', label, formatDuration(left));
/** Status bar: the session ends soon, and only the person can prolong it. */
export const statusEnding = (label: string, left: number): string =>
  l10n.t('{0}: ends in {1}', label, formatDuration(left));
/** Status bar: when the token renews by itself. */
export const statusRenewsIn = (label: string, left: number): string =>
  l10n.t('{0}: renews in {1}', label, formatDuration(left));
/** Status bar: a renewal is on its way. */
export const statusRenewing = (label: string): string => l10n.t('{0}: renewing…', label);
/** Status bar: a renewal failed; the time of the next try. */
export const statusRetrying = (label: string, at: string): string => l10n.t('{0}: retrying at {1}', label, at);
/** Status bar: a renewal failed, and the next try is on its way. */
export const statusRetryingNow = (label: string): string => l10n.t('{0}: retrying…', label);
/** Status bar: a renewal failed for a reason that a person must look at. */
export const statusAttention = (label: string): string => l10n.t('{0}: needs attention', label);
/** Status bar: the session has ended. */
export const statusEnded = (label: string): string => l10n.t('{0}: sign in again', label);
/** Status bar: signed in, and no time is known that could be shown. */
export const statusSignedIn = (label: string): string => l10n.t('{0}: signed in', label);
/** Status bar: nobody is signed in to the only provider. */
export const statusSignedOut = (label: string): string => l10n.t('{0}: signed out', label);
/** Status bar: nobody is signed in to any of several providers. */
export const statusSignedOutAll = (): string => l10n.t('Signed out');
/** Status bar: a sign-in waits for the person. */
export const statusSigningIn = (label: string): string => l10n.t('{0}: signing in…', label);
/** Status bar: what is said of the most urgent session, and how many others there are. */
export const statusMore = (said: string, count: number): string => l10n.t('{0} (+{1})', said, count);
/** Status bar: the same for a screen reader, with what a click does. */
export const statusAccessibilityLabel = (said: string): string =>
  l10n.t('{0}. Session Keeper, opens the list of sessions and actions.', said);

/** Tooltip: who is signed in. */
export const tooltipAccount = (label: string): string => l10n.t('Account: {0}', label);
/** Tooltip: the state in words. */
export const tooltipState = (state: State): string => l10n.t('State: {0}', stateName(state));
/** Tooltip: when the person must sign in again. */
export const tooltipSessionEnds = (at: string): string => l10n.t('Session ends: {0}', at);
/** Tooltip: that nobody said when the person must sign in again. */
export const tooltipSessionEndUnknown = (): string =>
  l10n.t('Session ends: the server does not say; it is renewed for as long as the server allows');
/** Tooltip: when the access token stops working. */
export const tooltipAccessExpires = (at: string): string => l10n.t('Access token expires: {0}', at);
/** Tooltip: that the server never said when the access token stops working. */
export const tooltipAccessExpiryUnknown = (): string => l10n.t('Access token expires: the server never said');
/** Tooltip: when the token was last renewed. */
export const tooltipLastRenewal = (at: string): string => l10n.t('Last renewal: {0}', at);
/** Tooltip: when the person signed in, before any renewal. */
export const tooltipSignedInAt = (at: string): string => l10n.t('Signed in: {0}', at);
/** Tooltip: when the next renewal is due. */
export const tooltipNextRenewal = (at: string): string => l10n.t('Next renewal: {0}', at);
/** Tooltip: when a failed renewal is tried again. */
export const tooltipNextTry = (at: string): string => l10n.t('Next try: {0}', at);
/** Tooltip: that there is nothing to renew with. */
export const tooltipNoRenewal = (): string => l10n.t('Next renewal: none, because the server sent no refresh token');
/** Tooltip: that another window is renewing the session at this moment; its process, and since when, if that is known. */
export const tooltipOtherWindow = (name: string | undefined, since: string | undefined): string =>
  name === undefined || since === undefined
    ? l10n.t('Another window is renewing the session')
    : l10n.t('Another window is renewing the session: {0}, since {1}', name, since);
/** Tooltip: that the newest tokens are in memory only. */
export const tooltipUnsaved = (): string =>
  l10n.t('The newest tokens could not be stored yet and would be lost on a restart. Storing is tried again.');
/** Tooltip: that there is no session. */
export const tooltipNobody = (): string => l10n.t('Nobody is signed in.');
/** Tooltip: that a sign-in waits for the person. */
export const tooltipWaiting = (): string => l10n.t('Waiting for you to sign in in the browser.');

/** Link: sign in. */
export const labelSignIn = (): string => l10n.t('Sign In');
/** Link and pick: sign out. */
export const labelSignOut = (): string => l10n.t('Sign Out');
/** Link and pick: renew now. */
export const labelRenewNow = (): string => l10n.t('Renew Now');
/** Button, link and pick: show the log. */
export const labelShowLog = (): string => l10n.t('Show Log');
/** Error, and in the place of the diagnostics: what is loaded on demand is not there any more. */
export const bundleLoadFailed = (): string =>
  l10n.t(
    'A part of Session Keeper cannot be loaded: the extension was probably updated while this window was open. Reload the window.',
  );
/** Button: reload the window. */
export const labelReload = (): string => l10n.t('Reload Window');
