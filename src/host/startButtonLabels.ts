// The labels of buttons and links that the start of the extension needs; the others are in buttonLabels.ts.
import * as vscode from 'vscode';

const { l10n } = vscode;

/** Signs in. */
export const signIn = (): string => l10n.t('Sign In');
/** Signs out. */
export const signOut = (): string => l10n.t('Sign Out');
/** Renews a session. */
export const renewNow = (): string => l10n.t('Renew Now');
/** Shows the log. */
export const showLog = (): string => l10n.t('Show Log');
/** Opens the settings. */
export const openSettings = (): string => l10n.t('Open Settings');
/** Reloads the window. */
export const reloadWindow = (): string => l10n.t('Reload Window');
