// The texts of the status bar item.
import * as vscode from 'vscode';
import type { State } from '../core/status.ts';
import { formatDuration } from './formatting.ts';

const { l10n } = vscode;

/** Returns the name of a state, which is shown in addition to its icon and color. */
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

/** The session ends in this many ms. */
export const endsIn = (label: string, left: number): string => l10n.t('{0}: {1} left', label, formatDuration(left));
/** The session ends soon, in this many ms, and only the user can extend it. */
export const endsSoon = (label: string, left: number): string =>
  l10n.t('{0}: ends in {1}', label, formatDuration(left));
/** The token is renewed automatically in this many ms. */
export const renewsIn = (label: string, left: number): string =>
  l10n.t('{0}: renews in {1}', label, formatDuration(left));
/** A renewal is in progress. */
export const renewing = (label: string): string => l10n.t('{0}: renewing…', label);
/** A renewal failed; when it is retried. */
export const retryingAt = (label: string, at: string): string => l10n.t('{0}: retrying at {1}', label, at);
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
export const withOthers = (said: string, count: number): string => l10n.t('{0} (+{1})', said, count);
/** The text for screen readers, with what a click does. */
export const accessibilityLabel = (said: string): string =>
  l10n.t('{0}. Session Keeper, opens the list of sessions and actions.', said);
