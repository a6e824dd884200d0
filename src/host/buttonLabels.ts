// The labels of buttons, links and quick pick items that are actions.
import * as vscode from 'vscode';
import type { Action } from '../core/failurePolicy.ts';
import { reloadWindow, showLog } from './startButtonLabels.ts';

export * from './startButtonLabels.ts';

const { l10n } = vscode;

/** Item: copies an access token. */
export const copyAccessToken = (): string => l10n.t('Copy Access Token…');
/** Counts as activity, so that no session is signed out. */
export const staySignedIn = (): string => l10n.t('Stay Signed In');
/** Signs in again with the same account. */
export const signInAgain = (): string => l10n.t('Sign In Again');
/** Retries a failed renewal. */
export const retryNow = (): string => l10n.t('Retry Now');
/** Shows a warning again later. */
export const remindMeLater = (): string => l10n.t('Remind Me Later');
/** Opens the settings. */
export const openSettings = (): string => l10n.t('Open Settings');
/** Shows the diagnostics. */
export const showDiagnostics = (): string => l10n.t('Show Diagnostics');
/** Adds a provider. */
export const addProvider = (): string => l10n.t('Add Provider…');
/** Opens the page of a pending sign-in again. */
export const openPageAgain = (): string => l10n.t('Open the Sign-In Page Again');
/** Copies the URL of that page. */
export const copyUrl = (): string => l10n.t('Copy the Sign-In Address');
/** Cancels a pending sign-in. */
export const cancelSignIn = (): string => l10n.t('Cancel Signing In');
/** Copies the user code of a pending sign-in. */
export const copyCode = (): string => l10n.t('Copy the Code');
/** Copies the user code and opens its verification page. */
export const copyCodeAndOpenPage = (): string => l10n.t('Copy Code and Open Page');
/** Opens the verification page of a user code. */
export const openPage = (): string => l10n.t('Open Page');
/** Closes the dialog, to enter the user code on another device. */
export const useOtherDevice = (): string => l10n.t('Use Another Device');
/** Closes a notification. */
export const dismiss = (): string => l10n.t('Dismiss');
/** Mutes a kind of notification. */
export const doNotShowAgain = (): string => l10n.t('Do Not Show Again');
/** Deletes what the message is about. */
export const confirmDelete = (): string => l10n.t('Delete It');
/** Goes on to an unusual sign-in page. */
export const continueSignIn = (): string => l10n.t('Continue');
/** Keeps a session whose provider was removed. */
export const keep = (): string => l10n.t('Keep');

/** Copies the redirect URI to register. */
const copyRedirectUri = (): string => l10n.t('Copy Redirect URI');

/** Sets a fixed port for the redirect URI. */
const useFixedPort = (): string => l10n.t('Use a Fixed Port…');

/** Signs in by another method. */
export const tryAnotherMethod = (): string => l10n.t('Try Another Method');
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
  'proxy-settings': () => l10n.t('Check Proxy Settings'),
  'certificate-settings': () => l10n.t('Check Certificate Settings'),
  clock: () => l10n.t('Check the Clock'),
  'copy-redirect': copyRedirectUri,
  'fixed-port': useFixedPort,
  'ask-consent': askForConsent,
  'other-method': () => l10n.t('Use Another Way to Sign In'),
  'trust-endpoint': () => l10n.t('Trust New Address'),
  'new-code': () => l10n.t('Get a New Code'),
  reload: reloadWindow,
  log: showLog,
  diagnostics: () => l10n.t('Copy Diagnostics'),
};
