// The lines of the tooltip of the status bar item. Points in time are formatted already.
import * as vscode from 'vscode';
import type { State } from '../core/status.ts';
import { stateName } from './statusBarMessages.ts';

const { l10n } = vscode;

/** The account that is signed in. */
export const account = (label: string): string => l10n.t('Account: {0}', label);
/** The scopes of the sessions that a section is about, if the sessions of an account differ. */
export const scopes = (scopes: readonly string[]): string => l10n.t('Scopes: {0}', scopes.join(' '));
/** The state of the session. */
export const state = (state: State): string => l10n.t('State: {0}', stateName(state));
/** When the user must sign in again. */
export const sessionEnds = (at: string): string => l10n.t('Session ends: {0}', at);
/** The server didn’t specify when the session ends. */
export const sessionEndUnknown = (): string =>
  l10n.t('Session ends: the server does not say; it is renewed for as long as the server allows');
/** When the access token expires. */
export const accessExpires = (at: string): string => l10n.t('Access token expires: {0}', at);
/** The server didn’t specify when the access token expires. */
export const accessExpiryUnknown = (): string => l10n.t('Access token expires: the server never said');
/** When the token was last renewed. */
export const lastRenewal = (at: string): string => l10n.t('Last renewal: {0}', at);
/** When the user signed in, if the session hasn’t been renewed since. */
export const signedInAt = (at: string): string => l10n.t('Signed in: {0}', at);
/** When the next renewal is due. */
export const nextRenewal = (at: string): string => l10n.t('Next renewal: {0}', at);
/** When a failed renewal is retried. */
export const nextAttempt = (at: string): string => l10n.t('Next try: {0}', at);
/** The session has no refresh token. */
export const notRenewable = (): string => l10n.t('Next renewal: none, because the server sent no refresh token');
/** Another window is renewing the session: the name of its process, and since when, if known. */
export const otherWindowRenewing = (name: string | undefined, since: string | undefined): string =>
  name === undefined || since === undefined
    ? l10n.t('Another window is renewing the session')
    : l10n.t('Another window is renewing the session: {0}, since {1}', name, since);
/** The latest tokens are in memory only. */
export const tokensNotSaved = (): string =>
  l10n.t('The newest tokens could not be stored yet and would be lost on a restart. Storing is tried again.');
/** There is no session. */
export const signedOut = (): string => l10n.t('Nobody is signed in.');
/** A sign-in waits for the user. */
export const waitingForBrowser = (): string => l10n.t('Waiting for you to sign in in the browser.');
