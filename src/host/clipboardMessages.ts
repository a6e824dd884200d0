// The texts of the commands that copy an access token.
import * as vscode from 'vscode';
import { formatTime } from './formatting.ts';

const { l10n } = vscode;

/** Title of the list of sessions. */
export const copyTitle = (): string => l10n.t('Copy Access Token');
/** Title of the list of sessions, if the token is copied as a header for curl. */
export const copyCurlHeaderTitle = (): string => l10n.t('Copy as curl Header');
/** Prompt of these lists. */
export const copyPrompt = (): string => l10n.t('Select the session whose access token to copy');
/** Detail of a session in the list. */
export const scopes = (list: readonly string[]): string =>
  list.length === 0 ? l10n.t('No scopes') : l10n.t('Scopes: {0}', list.join(' '));
/** Dialog before the first token is copied. */
export const copyWarning = (): string => l10n.t('Copy an access token to the clipboard?');
/** Detail of this dialog: the risk. */
export const copyWarningDetail = (): string =>
  l10n.t('Anyone with this token can use your account until it expires. Paste it only into programs you trust.');
/** Button of the dialog. */
export const copyButton = (): string => l10n.t('Copy');
/** A token was copied. `expiresAt` is in ms since the Unix epoch. Short enough for one line of a notification. */
export const copied = (expiresAt: number | undefined, now: number): string =>
  expiresAt === undefined
    ? l10n.t('Access token copied. The clipboard clears in one minute.')
    : l10n.t({
        message: 'Token copied. Expires at {0}. Clipboard clears in one minute.',
        args: [formatTime(expiresAt, now)],
        comment: ['{0} is a time. Should fit on one line of a notification, about 65 characters.'],
      });
/** An option for curl was copied. `expiresAt` is as for {@link copied}. */
export const copiedCurlOption = (expiresAt: number | undefined, now: number): string =>
  expiresAt === undefined
    ? l10n.t('curl option copied. Paste it after the command.')
    : l10n.t({
        message: 'curl option copied. Paste it after the command. Expires at {0}.',
        args: [formatTime(expiresAt, now)],
        comment: ['{0} is a time. Should fit on one line of a notification, about 65 characters.'],
      });
/** All sessions have DPoP-bound tokens. */
export const onlyBoundTokens = (): string =>
  l10n.t("DPoP-bound access tokens can't be copied because they don't work outside VS Code.");
