// The texts of the steps about the redirect URI.
import * as vscode from 'vscode';
import { formatList } from '../host/formatting.ts';
import type { RedirectKind } from './redirect.ts';

const { l10n } = vscode;

/** Kind of redirect URI: prompt. */
export const kindPrompt = (): string => l10n.t('Select the redirect URI to register at the server');
/** Kind of redirect URI: the items. */
export const KIND_LABELS: Readonly<Record<RedirectKind, () => string>> = {
  'any-port': () => l10n.t('Any Port on 127.0.0.1'),
  'issuer-path': () => l10n.t('Separate Path for This Server'),
  ports: () => l10n.t('Fixed Ports…'),
  'redirect-uri': () => l10n.t('Another Redirect URI…'),
};
/** Kind of redirect URI: description of the item that fits most servers. */
export const recommended = (): string => l10n.t('recommended');

/** Kind of redirect URI: returns what to register for an item, or when to select it. */
export function kindDetail(kind: RedirectKind, uris: readonly string[], isAnyPort: boolean): string {
  if (uris.length > 0) {
    const list = formatList(uris);
    const register = isAnyPort ? l10n.t('Register {0} for any port', list) : l10n.t('Register exactly {0}', list);
    return kind === 'issuer-path'
      ? l10n.t({
          message: "{0}. Other servers then can't receive this server's authorization codes.",
          args: [register],
          comment: ['{0} is a sentence such as "Register http://127.0.0.1/callback for any port".'],
        })
      : register;
  }
  return kind === 'ports'
    ? l10n.t('For servers that require a specific port')
    : l10n.t("For a client that's already registered, or a server that requires localhost or another path");
}

/** Ports: prompt. */
export const portsPrompt = (): string => l10n.t('Enter one or more ports, separated by commas.');
/** Ports: placeholder. */
export const portsPlaceholder = (): string => l10n.t('Port');
/** Redirect URI: prompt. */
export const redirectUriPrompt = (): string =>
  l10n.t("Enter the redirect URI exactly as it's registered at the server.");
/** Button: copies what has to be registered. */
export const copyRedirectUri = (): string => l10n.t('Copy Redirect URI');
