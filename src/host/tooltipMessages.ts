// The lines of the tooltip of the status bar item. Points in time are already formatted.
import * as vscode from 'vscode';
import type { State } from '../core/status.ts';
import { stateName } from './statusBarMessages.ts';

const { l10n } = vscode;

/** The account that is signed in. */
export const account = (label: string): string => l10n.t('Account: {0}', label);
/** The scopes of the sessions in a section, if the sessions of an account differ. */
export const scopes = (scopes: readonly string[]): string => l10n.t('Scopes: {0}', scopes.join(' '));
/** The state of the session. */
export const state = (state: State): string => l10n.t('State: {0}', stateName(state));
/** In place of a point in time that the server didn't specify. */
export const unknown = (): string => l10n.t('Not specified by the server');
/** When the user must sign in again. */
export const sessionEnds = (at: string): string => l10n.t('Session ends: {0}', at);
/** When the access token expires. */
export const accessExpires = (at: string): string => l10n.t('Access token expires: {0}', at);
/** Until when the access token can be used, although the session has ended. */
export const accessUsable = (at: string): string => l10n.t('Access token usable until: {0}', at);
/** When the token was last renewed. */
export const lastRenewal = (at: string): string => l10n.t('Last renewal: {0}', at);
/** When the user signed in, if the session hasn't been renewed since. */
export const signedInAt = (at: string): string => l10n.t('Signed in at: {0}', at);
/** When the next renewal is due. */
export const nextRenewal = (at: string): string => l10n.t('Next renewal: {0}', at);
/** When a failed renewal is retried. */
export const nextAttempt = (at: string): string => l10n.t('Next attempt: {0}', at);
/** The session has no refresh token. */
export const notRenewable = (): string => l10n.t('Next renewal: None (no refresh token)');
/** Another window is renewing the session: the name of its process, and since when, if known. */
export const otherWindowRenewing = (name: string | undefined, since: string | undefined): string =>
  name === undefined || since === undefined
    ? l10n.t('Another window is renewing this session')
    : l10n.t({
        message: 'Another window is renewing this session ({0}, since {1})',
        args: [name, since],
        comment: ['{0} is the name of a process, {1} is a time.'],
      });
/** A program in the terminal got the token. */
export const usedInTerminal = (at: string): string =>
  l10n.t({ message: 'Last used in the terminal: {0}', args: [at], comment: ['{0} is a time.'] });
/** The latest tokens are in memory only. */
export const tokensNotSaved = (): string =>
  l10n.t("Your latest tokens aren't saved yet and will be lost if VS Code restarts. Retrying…");
/** There is no session. */
export const signedOut = (): string => l10n.t('Not signed in');
/** A sign-in waits for the user. */
export const waitingForBrowser = (): string => l10n.t('Waiting for you to sign in with your browser');
/** VS Code asks another extension for a provider ID; it's named if its manifest declares that. */
export const idTaken = (id: string, extension: string | undefined): string =>
  extension === undefined
    ? l10n.t('The provider ID "{0}" is already used by another extension. Change it in Settings.', id)
    : l10n.t({
        message: 'The provider ID "{0}" is already used by {1}. Change it in Settings.',
        args: [id, extension],
        comment: ['{1} is the ID of an extension.'],
      });
