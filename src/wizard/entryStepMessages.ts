// The texts of the steps about the scopes, the label and the ID.
import * as vscode from 'vscode';

const { l10n } = vscode;

/** Scopes: prompt. */
export const scopesPrompt = (): string => l10n.t('Select the scopes to request, or type a scope to add it');
/** Scopes: description of a scope that the server doesn't list. */
export const scopeNotListed = (): string => l10n.t('not listed by the server');
/** Scopes: returns what a standard scope is for (OpenID Connect Core 5.4 and 11); empty for any other. */
export const describeScope = (scope: string): string => SCOPE_DESCRIPTIONS[scope]?.() ?? '';

const SCOPE_DESCRIPTIONS: Readonly<Record<string, () => string>> = {
  openid: () => l10n.t('identifies you, required for OpenID Connect'),
  profile: () => l10n.t('your name'),
  email: () => l10n.t('your email address'),
  offline_access: () => l10n.t('keeps you signed in by renewing the session'),
};

/** Label: prompt. */
export const labelPrompt = (): string => l10n.t('The name of this provider in VS Code');
/** ID: prompt. */
export const idPrompt = (): string =>
  l10n.t('The provider ID that extensions pass to getSession. Changing it later creates a new provider.');
/** Label and ID: placeholders. */
export const PLACEHOLDERS = {
  label: (): string => l10n.t('Label'),
  id: (): string => l10n.t('Provider ID'),
} as const;
