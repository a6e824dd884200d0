// The texts of the summary.
import * as vscode from 'vscode';
import { formatList } from '../host/formatting.ts';

const { l10n } = vscode;

/** Prompt. */
export const summaryPrompt = (): string => l10n.t('Review your settings. Select an item to change it.');
/** Item that saves and signs in. */
export const saveAndSignIn = (): string => l10n.t('Save and Sign In');
/** Detail of that item. */
export const saveAndSignInDetail = (): string =>
  l10n.t('Saves the provider to your user settings and opens the sign-in page');
/** Item that saves. */
export const save = (): string => l10n.t('Save');
/** Heading above the answers. */
export const settingsHeading = (): string => l10n.t('Settings');
/** The labels of the answers. */
export const SUMMARY_LABELS = {
  issuer: (): string => l10n.t('Issuer'),
  client: (): string => l10n.t('Client ID'),
  secret: (): string => l10n.t('Client secret'),
  redirect: (): string => l10n.t('Redirect URI'),
  scopes: (): string => l10n.t('Scopes'),
  label: (): string => l10n.t('Label'),
  id: (): string => l10n.t('Provider ID'),
} as const;
/** Item that shows the server's capabilities. */
export const capabilities = (): string => l10n.t('Server capabilities');

/** The redirect URIs. */
export const redirectUris = (uris: readonly string[], isAnyPort: boolean): string =>
  isAnyPort ? l10n.t('{0} (any port)', formatList(uris)) : formatList(uris);
/** A client secret was entered. */
export const secretEntered = (): string => l10n.t('entered');
/** No client secret was entered, and none is stored. */
export const noSecret = (): string => l10n.t('none');
/** No client secret was entered, and the stored one is kept. */
export const secretUnchanged = (): string => l10n.t('unchanged');
/** Item that copies a link. */
export const copyLink = (): string => l10n.t('Copy Link');
/** What the link is for. */
export const copyLinkDetail = (): string => l10n.t('Lets others add this provider');
