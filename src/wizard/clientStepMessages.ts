// The texts of the steps about the client.
import * as vscode from 'vscode';
import { redirectUriToRegister } from '../host/promptMessages.ts';
import { PRESET_MESSAGES } from './presetMessages.ts';
import type { Preset } from './presets.ts';

const { l10n } = vscode;

/** Client ID: prompt, with the redirect URIs to register and, if known, where to register them. */
export function clientIdPrompt(
  preset: Preset | undefined,
  redirectUris: readonly string[],
  isAnyPort: boolean,
): string {
  const instructions =
    preset === undefined
      ? l10n.t('Register a public (native) client that uses PKCE.')
      : PRESET_MESSAGES[preset.id].client();
  return redirectUris.length === 0 ? instructions : `${instructions} ${redirectUriToRegister(redirectUris, isAnyPort)}`;
}

/** Client ID: placeholder. */
export const clientIdPlaceholder = (): string => l10n.t('Client ID');
/** Client ID: button that copies the redirect URIs. */
export const copyRedirectUris = (): string => l10n.t('Copy Redirect URI');
/** Client ID: button that changes the redirect URI. */
export const changeRedirectUri = (): string => l10n.t('Change Redirect URI…');
/** Client ID: button that opens the instructions for registering a client. */
export const showInstructions = (): string => l10n.t('Show Instructions');

/** Client secret: placeholder. */
export const secretPlaceholder = (): string => l10n.t('Client secret');

/** Client secret: prompt. */
export function secretPrompt(isStored: boolean, preset: Preset | undefined): string {
  if (isStored) {
    return l10n.t('The client secret. Leave empty to keep the existing one.');
  }
  switch (preset?.secret) {
    case 'required':
      return l10n.t(
        "The client secret that belongs to the client ID. It's stored in the keyring, not in the settings.",
      );
    case 'for-browser':
      return l10n.t(
        'The client secret, stored in the keyring and not in the settings. Leave empty to sign in with a device code instead.',
      );
    case 'none':
    case undefined:
      return l10n.t(
        'The client secret, stored in the keyring and not in the settings. Leave empty if your client has none.',
      );
  }
}

/** Client secret: the box must not be empty. */
export const secretRequired = (preset: Preset): string => l10n.t('{0} requires a client secret.', preset.name);
