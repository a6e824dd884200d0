// The texts of the steps about the redirect URI.
import * as vscode from 'vscode';
import type { RedirectKind } from './redirect.ts';

const { l10n } = vscode;

/** Kind of redirect URI: prompt. */
export const kindPrompt = (): string => l10n.t('Which redirect URIs does the server accept?');
/** Kind of redirect URI: the items. */
export const KIND_LABELS: Readonly<Record<RedirectKind, () => string>> = {
  'any-port': () => l10n.t('Any Port on 127.0.0.1'),
  ports: () => l10n.t('A Fixed Port'),
  'redirect-uri': () => l10n.t('A Redirect URI That’s Already Registered'),
};
/** Kind of redirect URI: description of the item that fits most servers. */
export const recommended = (): string => l10n.t('Recommended');

/** Kind of redirect URI: returns what to register for an item, or when to select it. */
export function kindDetail(kind: RedirectKind, uris: readonly string[]): string {
  if (uris.length > 0) {
    return kind === 'any-port'
      ? l10n.t('Register {0}, for any port.', uris.join(', '))
      : l10n.t('Register exactly {0}.', uris.join(', '));
  }
  return kind === 'ports'
    ? l10n.t('For a server that compares the whole redirect URI.')
    : l10n.t('For a client that exists, or a server that requires localhost or another path.');
}

/** Ports: prompt. */
export const portsPrompt = (): string => l10n.t('Enter a port, or several separated by commas.');
/** Redirect URI: prompt. */
export const redirectUriPrompt = (): string =>
  l10n.t('Enter the redirect URI exactly as it’s registered at the server.');
/** Button: copies what has to be registered. */
export const copyRedirectUri = (): string => l10n.t('Copy Redirect URI');
