// The errors of the command that returns DPoP headers.
import * as vscode from 'vscode';

const { l10n } = vscode;

/** No session has this access token, or the session has been renewed since. */
export const unknownAccessToken = (): string =>
  l10n.t('No session has this access token now. Call getSession again for the token that counts.');
/** The arguments are invalid. */
export const invalidArguments = (): string =>
  l10n.t(
    'Pass an access token, and of the request its "url" (https, or http on this computer), and where needed its "method" and "nonce".',
  );
