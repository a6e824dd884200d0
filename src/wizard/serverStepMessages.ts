// The texts of the steps about the server.
import * as vscode from 'vscode';
import { sanitizeDisplayName, toFailure } from '../core/failure.ts';
import type { Category } from '../core/failurePolicies.ts';
import { describeFailure } from '../host/failureMessages.ts';
import type { CapabilityNote } from './capabilities.ts';
import { PRESET_MESSAGES } from './presetMessages.ts';
import type { Preset } from './presets.ts';

const { l10n } = vscode;

/** Server: prompt. */
export const serverPrompt = (hasEntries: boolean): string =>
  hasEntries
    ? l10n.t('Select a product or a provider to edit, or enter the issuer URL of your server')
    : l10n.t('Select a product, or enter the issuer URL of your server');
/** Server: item for a server without a preset. */
export const otherServer = (): string => l10n.t('Other Server…');
/** Server: detail of that item. */
export const otherServerDetail = (): string => l10n.t('Any OpenID Connect or OAuth 2 server, by its issuer URL');
/** Server: heading above the presets. */
export const presetsHeading = (): string => l10n.t('Known servers');
/** Server: heading above the existing providers. */
export const existingProvidersHeading = (): string => l10n.t('Edit an existing provider');
/** Issuer: prompt, with what to fill in if the preset has placeholders. */
export const issuerPrompt = (preset: Preset | undefined): string =>
  (preset && PRESET_MESSAGES[preset.id].issuer?.()) ??
  l10n.t("The issuer URL of your server. It's checked when you press Enter.");
/** Issuer: placeholder. */
export const issuerPlaceholder = (): string => 'https://id.example.com';

/**
 * Issuer: returns why discovery failed, and how to continue. There is no session at this server yet, so none is mentioned.
 * @param host the host of the issuer.
 */
export function describeDiscoveryFailure(error: unknown, host: string): string {
  const reason = DISCOVERY_FAILURES[toFailure(error).category]?.(host) ?? describeFailure(error, host);
  return l10n.t('{0} Correct the URL, or press Enter again to continue anyway.', reason);
}

const DISCOVERY_FAILURES: Readonly<Partial<Record<Category, (host: string) => string>>> = {
  network: (host) => l10n.t("Couldn't reach {0}.", host),
  server: (host) => l10n.t('{0} is temporarily unavailable.', host),
  'unexpected-html': (host) =>
    l10n.t('Received a web page instead of a response from {0}. You may need to sign in to your network.', host),
  proxy: (host) => l10n.t('The proxy rejected the connection to {0}.', host),
  certificate: (host) =>
    l10n.t("The certificate of {0} isn't trusted. You may need to install your organization's certificate.", host),
  'no-server': () => l10n.t('No OpenID Connect or OAuth server found at this URL.'),
  'issuer-mismatch': () =>
    l10n.t(
      'The server at this URL reports a different issuer. Use "issuer" from its metadata at /.well-known/openid-configuration.',
    ),
};

/** Capabilities: prompt, if they are from the server's metadata. */
export const capabilitiesPrompt = (issuer: string): string =>
  l10n.t('Capabilities of {0}', sanitizeDisplayName(issuer));
/** Capabilities: prompt, if they are from a preset. */
export const presetCapabilitiesPrompt = (name: string): string =>
  l10n.t("Known capabilities of {0}, which doesn't publish metadata", sanitizeDisplayName(name));

/** Capabilities: returns one of them. */
export function describeCapability(note: CapabilityNote): string {
  return CAPABILITIES[note]();
}

const CAPABILITIES: Readonly<Record<CapabilityNote, () => string>> = {
  browser: () => l10n.t('Browser sign-in'),
  'no-browser': () => l10n.t('No browser sign-in'),
  device: () => l10n.t('Device code sign-in'),
  pkce: () => l10n.t('PKCE (S256)'),
  'pkce-not-advertised': () => l10n.t('PKCE support not advertised (PKCE is used anyway)'),
  'renews-with-scope': () => l10n.t('Session renewal (offline_access)'),
  renews: () => l10n.t('Session renewal'),
  'no-expiry': () => l10n.t("Tokens don't expire, so no renewal is needed"),
  'renewal-not-advertised': () => l10n.t('Session renewal not advertised'),
  secret: () => l10n.t('May require a client secret'),
  'secret-required': () => l10n.t('Requires a client secret'),
  'secret-for-browser': () => l10n.t('Requires a client secret for browser sign-in, but not for device code sign-in'),
  'no-revocation': () => l10n.t("Tokens aren't revoked when you sign out"),
};
