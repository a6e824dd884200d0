// The texts of quick picks: titles, headings, and items that are no actions.
import * as vscode from 'vscode';
import type { SignInMethod } from '../core/provider.ts';

const { l10n } = vscode;

/** The title and the prompt of a list. */
export interface ListText {
  readonly title: string;
  readonly placeHolder: string;
}

/** Item: signs in to a provider. */
export const signInTo = (provider: string): string => l10n.t('Sign In to {0}…', provider);
/** Detail of an action on an account whose sessions differ: the state, and the scopes, of the sessions concerned. */
export const stateWithScopes = (state: string, scopes: readonly string[]): string =>
  l10n.t({
    message: '{0} (scopes: {1})',
    args: [state, scopes.join(' ')],
    comment: ['{0} is a state such as "Signed in", {1} is one or more scopes.'],
  });
/** Heading above what belongs to no session. */
export const generalHeading = (): string => l10n.t('General');

/** Returns the name of a sign-in method. */
export function methodName(method: SignInMethod): string {
  return METHOD_NAMES[method]();
}

/** Returns what a sign-in method does. */
export function methodDetail(method: SignInMethod): string {
  return METHOD_DETAILS[method]();
}

const METHOD_NAMES: Readonly<Record<SignInMethod, () => string>> = {
  loopback: () => l10n.t('Sign In with Browser'),
  uri: () => l10n.t('Sign In with Link to VS Code'),
  device: () => l10n.t('Sign In with Device Code'),
  paste: () => l10n.t('Sign In and Paste URL'),
};

const METHOD_DETAILS: Readonly<Record<SignInMethod, () => string>> = {
  loopback: () => l10n.t('Sign in with your browser. You return to VS Code automatically.'),
  uri: () => l10n.t('Sign in with your browser, which returns to VS Code with a link'),
  device: () => l10n.t('Enter a short code in a browser on this computer or on another device'),
  paste: () => l10n.t('Sign in with your browser, then paste the URL of the final page'),
};

/** List of sign-in methods: title. */
export const methodTitle = (provider: string): string => l10n.t('Sign In to {0}', provider);
/** List of sign-in methods: prompt. */
export const methodPrompt = (): string => l10n.t('Select a sign-in method');
/** List of providers to sign in to. */
export const signInList = (): ListText => ({
  title: l10n.t('Sign In'),
  placeHolder: l10n.t('Select a provider to sign in to'),
});
/** List of providers whose client secret can be set. */
export const clientSecretList = (): ListText => ({
  title: l10n.t('Set Client Secret'),
  placeHolder: l10n.t('Select the provider that the client secret is for'),
});
/** List of accounts to sign out of. */
export const signOutList = (): ListText => ({
  title: l10n.t('Sign Out'),
  placeHolder: l10n.t('Select an account to sign out of'),
});
/** List of sessions to renew. */
export const renewList = (): ListText => ({
  title: l10n.t('Renew Now'),
  placeHolder: l10n.t('Select a session to renew'),
});
/** List behind the status bar item: title. */
export const sessionsTitle = (): string => l10n.t('Session Keeper: Sessions');
/** List behind the status bar item: prompt. */
export const sessionsPrompt = (): string => l10n.t('Select an action');
