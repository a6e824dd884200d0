// The titles, prompts and validation messages of input boxes, and the questions of dialogs.
import * as vscode from 'vscode';

const { l10n } = vscode;

/** Dialog: before the only session is signed out. */
export const confirmSignOut = (provider: string, account: string): string =>
  l10n.t('Sign out of {0} as {1}?', provider, account);
/** Client secret: title. */
export const clientSecretTitle = (provider: string): string => l10n.t('Client Secret for {0}', provider);
/** Client secret: prompt. */
export const clientSecret = (clientId: string): string =>
  l10n.t(
    'The secret that the server has given to the client “{0}”. It is kept in the secret storage of VS Code. Leave it empty for a client without one.',
    clientId,
  );
/** Fixed port: title. */
export const fixedPortTitle = (provider: string): string => l10n.t('Use a Fixed Port for {0}', provider);
/** Fixed port: prompt. */
export const fixedPort = (): string =>
  l10n.t(
    'Enter another port, or the redirect URI that’s already registered at the server, such as http://localhost:8400/auth.',
  );
/** Fixed port: the value is neither a port nor a redirect URI. */
export const invalidPort = (): string =>
  l10n.t(
    'Enter a port between 1 and 65535, or a URL that starts with http://localhost, http://127.0.0.1 or http://[::1].',
  );
/** The redirect URI that has to be registered for the value of the box. */
export const redirectUriToRegister = (uri: string, isAnyPort: boolean): string =>
  isAnyPort ? l10n.t('Redirect URI to register, for any port: {0}', uri) : l10n.t('Redirect URI to register: {0}', uri);
/** Dialog: what has to be registered before the next sign-in. */
export const registerRedirectUri = (provider: string, uri: string): string =>
  l10n.t('Add this redirect URI to your client at {0}: {1}', provider, uri);
/** Dialog: where the redirect URI has been copied to, and how to continue. */
export const registerRedirectUriDetail = (isAnyPort: boolean): string =>
  isAnyPort
    ? l10n.t(
        'The server must accept it with any port. It’s saved in your settings and copied to the clipboard. Sign in once it’s registered.',
      )
    : l10n.t(
        'Enter it exactly as shown. It’s saved in your settings and copied to the clipboard. Sign in once it’s registered.',
      );
/** URL of the final page: title. */
export const pasteUrlTitle = (provider: string): string => l10n.t('Sign In to {0}: Paste the Address', provider);
/** URL of the final page: prompt. */
export const pasteUrl = (): string =>
  l10n.t(
    'Sign in in the browser. It ends on a page that it cannot show; copy the whole address of that page and paste it here.',
  );
/** URL of the final page: the value is something else. */
export const invalidPastedUrl = (): string =>
  l10n.t('This is not the address that this sign-in has ended on. Copy all of it: it contains “code=” and “state=”.');

/** Dialog: the person signs in at a host that belongs neither to the issuer nor to the token endpoint. */
export const unusualDestination = (provider: string, host: string): string =>
  l10n.t('Signing in to {0} opens a page at {1}. Continue?', provider, host);
/** Dialog: which host receives the sign-in's result. */
export const unusualDestinationDetail = (host: string): string =>
  l10n.t('The result of the sign-in is sent to {0}. Continue only if you trust both addresses.', host);
