// The texts of the commands that copy an access token.
import * as vscode from 'vscode';
import { formatTime } from './formatting.ts';

const { l10n } = vscode;

/** Title of the list of sessions. */
export const copyTitle = (): string => l10n.t('Select a session to copy its access token');
/** Title of the list of sessions, if the token is copied as a header for curl. */
export const copyCurlHeaderTitle = (): string => l10n.t('Select a session to copy its access token for curl');
/** Detail of a session in the list. */
export const scopes = (list: readonly string[]): string =>
  list.length === 0 ? l10n.t('No scopes') : l10n.t('Scopes: {0}', list.join(' '));
/** Dialog, once: before the first token is copied. */
export const copyWarning = (): string => l10n.t('Copy an access token to the clipboard?');
/** Dialog: what a token is. */
export const copyWarningDetail = (): string =>
  l10n.t(
    'Anyone who gets the token can use your account until the token expires. Paste it only into programs that you trust.',
  );
/** Button of the dialog. */
export const copyButton = (): string => l10n.t('Copy');
/** A token was copied, which expires at a point in time, in ms since the Unix epoch. */
export const copied = (account: string, expiresAt: number | undefined, now: number): string =>
  expiresAt === undefined
    ? l10n.t('Access token of {0} copied. The clipboard is cleared in one minute.', account)
    : l10n.t({
        message: 'Access token of {0} copied. It’s valid until {1}. The clipboard is cleared in one minute.',
        args: [account, formatTime(expiresAt, now)],
        comment: ['{0} is the name of the account, {1} a time of day'],
      });
/** No session has a token that can be copied. */
export const nothingToCopy = (): string => l10n.t('You aren’t signed in. Sign in to copy an access token.');
/** All sessions have tokens that work only together with a key. */
export const onlyBoundTokens = (): string =>
  l10n.t('Access tokens that are bound to a key (DPoP) can’t be copied, because they work only inside VS Code.');
