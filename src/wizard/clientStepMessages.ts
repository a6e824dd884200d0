// The texts of the steps about the client.
import * as vscode from 'vscode';
import { PRESET_MESSAGES } from './presetMessages.ts';
import type { Preset } from './presets.ts';

const { l10n } = vscode;

/** Client ID: prompt, with the redirect URIs to register and, if known, where to register them. */
export function clientIdPrompt(
  preset: Preset | undefined,
  redirectUris: readonly string[],
  isAnyPort: boolean,
): string {
  const list = redirectUris.join(' , ');
  const register =
    redirectUris.length === 0
      ? ''
      : isAnyPort
        ? l10n.t('Redirect address to register: {0} (any port).', list)
        : l10n.t('Redirect addresses to register, each of them: {0}', list);
  const instructions =
    preset === undefined
      ? l10n.t('Register a public or native client with PKCE, best without a secret.')
      : PRESET_MESSAGES[preset.id].client();
  return `${instructions} ${register}`.trim();
}

/** Client ID: placeholder. */
export const clientIdPlaceholder = (): string => l10n.t('The client id that the server gives');
/** Client ID: button that copies the redirect URIs. */
export const copyRedirectUris = (): string => l10n.t('Copy the Redirect Addresses');
/** Client ID: button that opens the instructions for registering a client. */
export const showInstructions = (): string => l10n.t('How to Register It, Step by Step');

/** Client secret: prompt. */
export function secretPrompt(isStored: boolean, preset: Preset | undefined): string {
  if (isStored) {
    return l10n.t('The client secret. One is there already; leave this empty to keep it.');
  }
  switch (preset?.secret) {
    case 'required':
      return l10n.t(
        'The client secret that comes with the client id. It goes into the secret storage, never into the settings.',
      );
    case 'for-browser':
      return l10n.t(
        'The client secret. Leave this empty to sign in with a code instead. It goes into the secret storage, never into the settings.',
      );
    case 'none':
    case undefined:
      return l10n.t(
        'The client secret, if the server has given one; else leave this empty. It goes into the secret storage, never into the settings.',
      );
  }
}

/** Client secret: the box must not be empty. */
export const secretRequired = (preset: Preset): string =>
  l10n.t('{0} takes no sign-in without the client secret.', preset.name);
