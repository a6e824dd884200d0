// The titles, prompts and validation messages of input boxes, and the questions of dialogs.
import * as vscode from 'vscode';
import { formatList } from './formatting.ts';

const { l10n } = vscode;

/** Dialog: before the only session is signed out. */
export const confirmSignOut = (provider: string, account: string): string =>
  l10n.t({
    message: 'Sign out of {0} ({1})?',
    args: [provider, account],
    comment: ['{1} is an account.'],
  });
/** Dialog: what a sign-out means, and that the server isn't signed out of in the browser if its page isn't opened. */
export const confirmSignOutDetail = (provider: string, opensPage: boolean): string =>
  opensPage
    ? l10n.t('Extensions can no longer use this account.')
    : l10n.t('Extensions can no longer use this account. You may still be signed in at {0} in your browser.', provider);
/** Client secret: title. */
export const clientSecretTitle = (provider: string): string => l10n.t('Client Secret for {0}', provider);
/** Client secret: prompt. */
export const clientSecret = (clientId: string): string =>
  l10n.t(
    'Enter the client secret that the server issued for client ID "{0}". It\'s stored in your keyring. Leave empty to remove it.',
    clientId,
  );
/** Fixed port: title. */
export const fixedPortTitle = (provider: string): string => l10n.t('Fixed Port for {0}', provider);
/** Fixed port: prompt. */
export const fixedPort = (): string =>
  l10n.t("Enter another port, or the redirect URI that's already registered, such as http://localhost:8400/auth.");
/** Fixed port: the value is neither a port nor a redirect URI. */
export const invalidPort = (): string =>
  l10n.t(
    'Enter a port between 1 and 65535, or a URL that starts with http://localhost, http://127.0.0.1, or http://[::1].',
  );
/** The redirect URIs that have to be registered for the value of the box. */
export const redirectUriToRegister = (uris: readonly string[], isAnyPort: boolean): string =>
  isAnyPort
    ? l10n.t('Redirect URI to register, for any port: {0}', formatList(uris))
    : uris.length > 1
      ? l10n.t('Redirect URIs to register: {0}', formatList(uris))
      : l10n.t('Redirect URI to register: {0}', formatList(uris));
/** Dialog: what has to be registered before the next sign-in. */
export const registerRedirectUris = (provider: string, uris: readonly string[]): string =>
  uris.length > 1
    ? l10n.t({
        message: 'Add these redirect URIs to your client at {0}: {1}',
        args: [provider, formatList(uris)],
        comment: ['{1} is two or more URIs.'],
      })
    : l10n.t({
        message: 'Add this redirect URI to your client at {0}: {1}',
        args: [provider, formatList(uris)],
        comment: ['{1} is a URI.'],
      });
/** Dialog: where the redirect URI has been copied to, and how to continue. */
export const registerRedirectUriDetail = (isAnyPort: boolean): string =>
  isAnyPort
    ? l10n.t(
        "The server must accept it with any port. It's saved in your settings and copied to the clipboard. Sign in after you've registered it.",
      )
    : l10n.t(
        "Enter it exactly as shown. It's saved in your settings and copied to the clipboard. Sign in after you've registered it.",
      );
/** Dialog: before the first sign-in to a provider that another extension has added. */
export const declaredProvider = (extension: string, provider: string): string =>
  l10n.t({
    message: 'Sign in to {0} for the extension "{1}"?',
    args: [provider, extension],
    comment: ['{0} is the label of a provider, {1} is the name of an extension.'],
  });
/** Dialog: who has added the provider, and where credentials are sent. */
export const declaredProviderDetail = (extension: string, hosts: readonly string[]): string =>
  l10n.t({
    message: 'This provider was added by {0}, not by you. You sign in at {1}, and your credentials are sent there.',
    args: [extension, formatList(hosts)],
    comment: ['{0} is the ID of an extension, {1} is one or more host names.'],
  });
/** URL of the final page: title. */
export const pasteUrlTitle = (provider: string): string => l10n.t('Sign In to {0}: Paste URL', provider);
/** URL of the final page: prompt. */
export const pasteUrl = (): string =>
  l10n.t("Sign in with your browser. When it can't load the final page, paste the URL of that page here.");
/** URL of the final page: the value is one of another sign-in. */
export const pastedUrlOfOtherSignIn = (): string =>
  l10n.t('This URL is from a different sign-in. Copy the URL of the final page of the current one.');
/** URL of the final page: the value is something else. */
export const invalidPastedUrl = (): string =>
  l10n.t('This isn\'t the URL from the final sign-in page. Copy the entire URL, including "code=" and "state=".');

/** Dialog: the user signs in at a host that belongs neither to the issuer nor to the token endpoint. */
export const unusualDestination = (provider: string, host: string): string =>
  l10n.t({
    message: 'Signing in to {0} opens a page at {1}. Continue?',
    args: [provider, host],
    comment: ['{1} is a host.'],
  });
/** Dialog: which host receives the authorization code. */
export const unusualDestinationDetail = (host: string): string =>
  l10n.t({
    message: 'The authorization code is then sent to {0}. Continue only if you trust both hosts.',
    args: [host],
    comment: ['{0} is a host.'],
  });
