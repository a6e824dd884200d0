// The texts of quick picks: titles, headings, and items that are no actions.
import * as vscode from 'vscode';
import type { SignInMethod } from '../core/provider.ts';

const { l10n } = vscode;

/** Item: signs in to a provider. */
export const signInTo = (provider: string): string => l10n.t('Sign In to {0}…', provider);
/** Detail of an action on an account whose sessions differ: the state, and the scopes, of those that it is about. */
export const stateWithScopes = (state: string, scopes: readonly string[]): string =>
  l10n.t('{0} (scopes: {1})', state, scopes.join(' '));
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
  loopback: () => l10n.t('Sign In in the Browser'),
  uri: () => l10n.t('Sign In with a Link to VS Code'),
  device: () => l10n.t('Sign In with a Code'),
  paste: () => l10n.t('Sign In and Paste the Address'),
};

const METHOD_DETAILS: Readonly<Record<SignInMethod, () => string>> = {
  loopback: () => l10n.t('The browser of this computer brings the answer back by itself.'),
  uri: () => l10n.t('The browser opens VS Code with the answer.'),
  device: () => l10n.t('You type a short code on a page, on this computer or on any other device.'),
  paste: () => l10n.t('The browser ends on a page that it cannot show, and you copy the address of that page.'),
};

/** Title of the list of sign-in methods. */
export const methodTitle = (provider: string): string => l10n.t('How do you want to sign in to {0}?', provider);
/** Title of the list of providers to sign in to. */
export const providerTitle = (): string => l10n.t('Which provider do you want to sign in to?');
/** Title of the list of sessions to sign out. */
export const signOutTitle = (): string => l10n.t('Which session do you want to sign out?');
/** Title of the list of sessions to renew. */
export const renewTitle = (): string => l10n.t('Which session do you want to renew?');
/** Title of the list behind the status bar item. */
export const sessionsTitle = (): string => l10n.t('Sessions and what can be done');
