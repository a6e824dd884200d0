// The texts of the status bar item.
import * as vscode from 'vscode';
import type { State } from '../core/status.ts';
import { formatDuration, formatTimeUntil } from './formatting.ts';

const { l10n } = vscode;

/** Returns the name of a state, which is shown in addition to its icon and color. */
export function stateName(state: State): string {
  return STATE_NAMES[state]();
}

const STATE_NAMES: Readonly<Record<State, () => string>> = {
  ended: () => l10n.t('Session ended'),
  'needs-attention': () => l10n.t('Needs attention'),
  ending: () => l10n.t('Expires soon'),
  retrying: () => l10n.t("Couldn't renew, retrying"),
  'signing-in': () => l10n.t('Signing in'),
  refreshing: () => l10n.t('Renewing'),
  'signed-in': () => l10n.t('Signed in'),
  'signed-out': () => l10n.t('Signed out'),
};

/** The session ends in this many ms. */
export const endsIn = (label: string, left: number): string =>
  l10n.t({
    message: '{0}: {1} left',
    args: [label, formatDuration(left)],
    comment: ['{1} is a duration such as "3 hours".'],
  });
/** The session ends soon, in this many ms, and only the user can extend it. */
export const endsSoon = (label: string, left: number): string =>
  l10n.t({
    message: '{0}: expires {1}',
    args: [label, formatTimeUntil(left)],
    comment: ['{1} is a time such as "in 3 hours".'],
  });
/** The token is renewed automatically in this many ms. */
export const renewsIn = (label: string, left: number): string =>
  l10n.t({
    message: '{0}: renews {1}',
    args: [label, formatTimeUntil(left)],
    comment: ['{1} is a time such as "in 3 hours".'],
  });
/** A renewal is in progress. */
export const renewing = (label: string): string => l10n.t('{0}: renewing…', label);
/** A renewal failed; when it is retried. */
export const retryingAt = (label: string, at: string): string =>
  l10n.t({
    message: '{0}: retrying at {1}',
    args: [label, at],
    comment: ['{1} is a time.'],
  });
/** A renewal failed, and the retry is in progress. */
export const retrying = (label: string): string => l10n.t('{0}: retrying…', label);
/** A renewal failed for a reason that the user must resolve. */
export const needsAttention = (label: string): string => l10n.t('{0}: needs attention', label);
/** The session has ended. */
export const ended = (label: string): string => l10n.t('{0}: sign in again', label);
/** Signed in, with no known time to show. */
export const signedIn = (label: string): string => l10n.t('{0}: signed in', label);
/** Signed out of the only provider. */
export const signedOut = (label: string): string => l10n.t('{0}: signed out', label);
/** Signed out of each of several providers. */
export const signedOutOfAll = (): string => l10n.t('Signed out');
/** A sign-in waits for the user. */
export const signingIn = (label: string): string => l10n.t('{0}: signing in…', label);
/** The text for the most urgent session, and the number of other sessions. */
export const withOthers = (text: string, count: number): string =>
  l10n.t({
    message: '{0} (+{1})',
    args: [text, count],
    comment: ['{0} is the text for one session, {1} is the number of other sessions.'],
  });
/** The text for screen readers, with what a click does. */
export const accessibilityLabel = (text: string): string =>
  l10n.t({
    message: '{0}, Session Keeper, show sessions and actions',
    args: [text],
    comment: ['{0} is the text of the status bar item.'],
  });
