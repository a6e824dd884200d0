// The texts that are shown during a sign-in.
import * as vscode from 'vscode';
import { sanitizeDisplayName } from '../core/failure.ts';

const { l10n } = vscode;

/** A URL without its scheme, as users type it. */
const withoutScheme = (url: string): string => sanitizeDisplayName(url.replace(/^https?:\/\//, ''));

/** Title of the progress notification. */
export const signingIn = (provider: string): string => l10n.t('Signing in to {0}', provider);
/** Progress: the browser is open. */
export const completeInBrowser = (): string => l10n.t('Complete sign-in in your browser');
/** Progress: the user code, and the URL to enter it at. */
export const enterCode = (code: string, url: string): string =>
  l10n.t({
    message: 'Enter code {0} at {1}',
    args: [code, withoutScheme(url)],
    comment: ['{1} is a URL.'],
  });
/** Dialog: the user code. */
export const yourCode = (code: string): string => l10n.t('Your code: {0}', code);
/** Dialog: what the user code is for, where to enter it, and when it expires. */
export const userCodeDetail = (provider: string, url: string, until: string): string =>
  l10n.t({
    message:
      'Enter this code at {1} to sign in to {0}. It expires at {2}. Never enter a code that someone else sent you.',
    args: [provider, withoutScheme(url), until],
    comment: ['{1} is a URL, {2} is a time.'],
  });
