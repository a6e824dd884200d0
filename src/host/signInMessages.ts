// The texts that are shown during a sign-in.
import * as vscode from 'vscode';
import { sanitizeDisplayName } from '../core/failure.ts';

const { l10n } = vscode;

/** A URL without its scheme, as people type it. */
const withoutScheme = (address: string): string => sanitizeDisplayName(address.replace(/^https?:\/\//, ''));

/** Title of the progress notification. */
export const signingIn = (provider: string): string => l10n.t('Signing in to {0}', provider);
/** Progress: the browser is open. */
export const finishInBrowser = (): string => l10n.t('finish in the browser');
/** Progress: the user code, and the URL to enter it at. */
export const enterCode = (code: string, address: string): string =>
  l10n.t('enter the code {0} at {1}', code, withoutScheme(address));
/** Dialog: what the user code is for, where to enter it, and when it expires. */
export const userCodeDetail = (provider: string, address: string, until: string): string =>
  l10n.t(
    'Enter this code at {1} to sign in to {0}. It works until {2}. Enter no code that somebody else has sent you.',
    provider,
    withoutScheme(address),
    until,
  );

/** Status bar: VS Code asks another extension for a provider ID; it's named if its manifest declares that. */
export const idTaken = (id: string, extension: string | undefined): string =>
  l10n.t(
    'The ID "{0}" is used by {1}, which VS Code asks instead. Change it in Settings.',
    id,
    extension ?? l10n.t('another extension'),
  );
