// The texts of the steps about the scopes, the label, the ID, and the summary.
import * as vscode from 'vscode';

const { l10n } = vscode;

/** Scopes: prompt. */
export const scopesPrompt = (): string => l10n.t('What to ask the server for. Type to find a scope, or to add one.');
/** Scopes: description of a scope that the server doesn’t list. */
export const scopeNotListed = (): string => l10n.t('not named by the server');
/** Scopes: returns what a standard scope is for (OpenID Connect Core 5.4 and 11); empty for any other. */
export const describeScope = (scope: string): string => SCOPE_DESCRIPTIONS[scope]?.() ?? '';

const SCOPE_DESCRIPTIONS: Readonly<Record<string, () => string>> = {
  openid: () => l10n.t('says who you are; needed with OpenID Connect'),
  profile: () => l10n.t('your name'),
  email: () => l10n.t('your e-mail address'),
  offline_access: () => l10n.t('keeps you signed in: the session renews itself'),
};

/** Label: prompt. */
export const labelPrompt = (): string => l10n.t('What VS Code calls this provider.');
/** ID: prompt. */
export const idPrompt = (): string =>
  l10n.t('The id that other extensions pass to getSession. Another id later makes another provider.');
/** Summary: prompt. */
export const summaryPrompt = (): string => l10n.t('All there. Choose a line to change it.');
/** Summary: item that saves and signs in. */
export const signInNow = (): string => l10n.t('Sign In Now');
/** Summary: detail of that item. */
export const signInNowDetail = (): string =>
  l10n.t('Saves the provider to your user settings, and opens the sign-in page.');
/** Summary: item that saves. */
export const save = (): string => l10n.t('Save');
/** Summary: the labels of the answers. */
export const SUMMARY_LABELS = {
  label: (): string => l10n.t('Label'),
  id: (): string => l10n.t('Id'),
  issuer: (): string => l10n.t('Issuer'),
  redirect: (): string => l10n.t('Redirect URI'),
  client: (): string => l10n.t('Client id'),
  secret: (): string => l10n.t('Client secret'),
  scopes: (): string => l10n.t('Scopes'),
} as const;

/** Summary: the redirect URIs. */
export const redirectUris = (uris: readonly string[], isAnyPort: boolean): string =>
  isAnyPort ? l10n.t('{0} (any port)', uris.join(', ')) : uris.join(', ');
/** Summary: a client secret was entered. */
export const secretEntered = (): string => l10n.t('given');
/** Summary: no client secret was entered, and none is stored. */
export const noSecret = (): string => l10n.t('none');
/** Summary: no client secret was entered, and the stored one is kept. */
export const secretUnchanged = (): string => l10n.t('the one that is there');
