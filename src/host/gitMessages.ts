// The texts about git servers that accept a session's token.
import * as vscode from 'vscode';

const { l10n } = vscode;

/** git wasn’t authenticated, because no account is signed in. */
export const signedOut = (host: string, provider: string): string =>
  l10n.t('Couldn’t authenticate to {0}. Sign in to {1}, then try again.', host, provider);
/** git wasn’t authenticated, because tokens of the provider are bound to a key. */
export const boundTokens = (host: string, provider: string): string =>
  l10n.t(
    'Couldn’t authenticate to {0}. Access tokens of {1} are bound to a key (DPoP), which git can’t use.',
    host,
    provider,
  );
/** Title of the list of accounts. */
export const selectAccount = (host: string): string => l10n.t('Select an account for {0}', host);
