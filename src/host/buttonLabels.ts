// The labels of buttons, links and quick pick items that are actions.
import * as vscode from 'vscode';
import type { Action } from '../core/failurePolicy.ts';
import { openSettings, reloadWindow, showLog } from './startButtonLabels.ts';

export * from './startButtonLabels.ts';

const { l10n } = vscode;

/** Item: copies an access token. */
export const copyAccessToken = (): string => l10n.t('Copy Access Token…');
/** Item: copies an access token as a header for curl. */
export const copyCurlHeader = (): string => l10n.t('Copy as curl Header…');
/** Counts as activity, so that no session is signed out. */
export const staySignedIn = (): string => l10n.t('Stay Signed In');
/** Signs in again with the same account. */
export const signInAgain = (): string => l10n.t('Sign In Again');
/** Retries a failed renewal. */
export const retryNow = (): string => l10n.t('Retry Now');
/** Repeats a check. */
export const checkAgain = (): string => l10n.t('Check Again');
/** Shows a warning again later. */
export const remindMeLater = (): string => l10n.t('Remind Me Later');
/** Shows the diagnostics. */
export const showDiagnostics = (): string => l10n.t('Show Diagnostics');
/** Adds a provider. */
export const addProvider = (): string => l10n.t('Add Provider…');
/** Edits a provider. */
export const editProvider = (): string => l10n.t('Edit Provider…');
/** Opens the page of a pending sign-in again. */
export const reopenPage = (): string => l10n.t('Reopen Sign-In Page');
/** Copies the URL of that page. */
export const copyUrl = (): string => l10n.t('Copy Sign-In URL');
/** Cancels a pending sign-in. */
export const cancelSignIn = (): string => l10n.t('Cancel Sign-In');
/** Copies the user code of a pending sign-in. */
export const copyCode = (): string => l10n.t('Copy Code');
/** Copies the user code and opens its verification page. */
export const copyCodeAndOpenPage = (): string => l10n.t('Copy Code and Open Page');
/** Opens the verification page of a user code. */
export const openPage = (): string => l10n.t('Open Page');
/** Closes the dialog, to enter the user code on another device. */
export const useOtherDevice = (): string => l10n.t('Use Another Device');
/** Closes a notification. */
export const dismiss = (): string => l10n.t('Dismiss');
/** Mutes a kind of notification. */
export const dontShowAgain = (): string => l10n.t("Don't Show Again");
/** Deletes what the message is about. */
export const confirmDelete = (): string => l10n.t('Delete');
/** Continues to an unusual sign-in page. */
export const continueSignIn = (): string => l10n.t('Continue');
/** Keeps a session whose provider was removed. */
export const keepSession = (): string => l10n.t('Keep Session');
/** Signs in again so that the server asks for consent. */
export const askForConsent = (): string => l10n.t('Ask for Consent');

/** Returns the label of a recovery action. */
export function forAction(action: Action): string {
  return ACTION_LABELS[action]();
}

const ACTION_LABELS: Readonly<Record<Action, () => string>> = {
  'sign-in': signInAgain,
  retry: retryNow,
  settings: openSettings,
  scopes: () => l10n.t('Edit Scopes'),
  'client-secret': () => l10n.t('Set Client Secret…'),
  'proxy-settings': () => l10n.t('Open Proxy Settings'),
  'certificate-settings': () => l10n.t('Open Certificate Settings'),
  clock: () => l10n.t('Check Clock'),
  'copy-redirect': () => l10n.t('Copy Redirect URI'),
  'fixed-port': () => l10n.t('Use Fixed Port…'),
  'ask-consent': askForConsent,
  'other-method': () => l10n.t('Use Another Sign-In Method'),
  'trust-endpoint': () => l10n.t('Trust New Host'),
  'new-code': () => l10n.t('Get New Code'),
  reload: reloadWindow,
  log: showLog,
  diagnostics: () => l10n.t('Copy Diagnostics'),
};
