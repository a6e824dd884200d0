// The texts about git servers that accept access tokens.
import * as vscode from 'vscode';

const { l10n } = vscode;

/** Git wasn't authenticated because no user is signed in. */
export const signedOut = (host: string, provider: string): string =>
  l10n.t("Couldn't authenticate to {0}. Sign in to {1} and try again.", host, provider);
/** Git wasn't authenticated because the provider's tokens are DPoP-bound. */
export const boundTokens = (host: string, provider: string): string =>
  l10n.t("Couldn't authenticate to {0}. Git can't use the DPoP-bound access tokens of {1}.", host, provider);
/** Title of the list of accounts. */
export const selectAccount = (host: string): string => l10n.t('Select an account for {0}', host);
