// The errors of the command that returns DPoP headers.
import * as vscode from 'vscode';

const { l10n } = vscode;

/** No session has this access token, or the session has been renewed since. */
export const unknownAccessToken = (): string =>
  l10n.t('No session has this access token. Call getSession again to get the current token.');
/** The arguments are invalid. */
export const invalidArguments = (): string =>
  l10n.t('Invalid arguments. Expected an access token and a request with "url", and optionally "method" and "nonce".');
