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
export const serverPrompt = (): string => l10n.t('Which server do you want to sign in to?');
/** Server: item for a server without a preset. */
export const otherServer = (): string => l10n.t('Another Server');
/** Server: detail of that item. */
export const otherServerDetail = (): string =>
  l10n.t('Any OpenID Connect or OAuth 2 server, by the address of its issuer.');
/** Server: heading above the presets. */
export const presetsHeading = (): string => l10n.t('Ready-made');
/** Server: heading above the existing providers. */
export const existingProvidersHeading = (): string => l10n.t('Edit one that is there');
/** Issuer: prompt, with what to fill in if the preset has placeholders. */
export const issuerPrompt = (preset: Preset | undefined): string =>
  (preset && PRESET_MESSAGES[preset.id].issuer?.()) ??
  l10n.t('The address of the issuer, as the server gives it. It is asked at once what it can do.');
/** Issuer: placeholder. */
export const issuerPlaceholder = (): string => 'https://id.example.com';

/**
 * Issuer: returns why discovery failed, and how to continue. There is no session at this server yet, so none is mentioned.
 * @param host the host of the issuer.
 */
export function describeDiscoveryFailure(error: unknown, host: string): string {
  const reason = DISCOVERY_FAILURES[toFailure(error).category]?.(host) ?? describeFailure(error, host);
  return l10n.t('{0} Correct the address, or press Enter again to go on anyway.', reason);
}

const DISCOVERY_FAILURES: Readonly<Partial<Record<Category, (host: string) => string>>> = {
  network: (host) => l10n.t('{0} cannot be reached, or takes too long to answer.', host),
  server: (host) => l10n.t('{0} has a problem of its own and cannot answer now.', host),
  'unexpected-html': (host) =>
    l10n.t('{0} answers with a web page: a login page of the network, a proxy, or a wrong address.', host),
  proxy: (host) => l10n.t('The proxy between this computer and {0} refuses to pass requests on.', host),
  certificate: (host) =>
    l10n.t(
      'The certificate of {0} is not trusted by this computer. A company’s own certificate may have to be installed.',
      host,
    ),
  'no-server': () => l10n.t('There is no OpenID Connect or OAuth server at this address.'),
  'issuer-mismatch': () =>
    l10n.t(
      'The server at this address calls itself something else: open it in a browser with /.well-known/openid-configuration at the end, and copy “issuer” from there.',
    ),
};

/** Capabilities: prompt, if they are from the server’s metadata. */
export const capabilitiesPrompt = (host: string): string =>
  l10n.t('{0} has answered. This is what it offers.', sanitizeDisplayName(host));
/** Capabilities: prompt, if they are from a preset. */
export const presetCapabilitiesPrompt = (name: string): string =>
  l10n.t('{0} does not describe itself. This is what is known of it.', sanitizeDisplayName(name));
/** Capabilities: item that goes to the next step. */
export const continueLabel = (): string => l10n.t('Continue');
/** Capabilities: heading. */
export const capabilitiesHeading = (): string => l10n.t('What the server says of itself');

/** Capabilities: returns one of them. */
export function describeCapability(note: CapabilityNote): string {
  return CAPABILITIES[note]();
}

const CAPABILITIES: Readonly<Record<CapabilityNote, () => string>> = {
  browser: () => l10n.t('You can sign in in the browser.'),
  'no-browser': () => l10n.t('It does not offer signing in in the browser.'),
  device: () => l10n.t('You can sign in with a code, on any device.'),
  pkce: () => l10n.t('It protects the sign-in with PKCE (S256).'),
  'pkce-not-advertised': () => l10n.t('It does not say whether it knows PKCE; it is used all the same.'),
  'renews-with-scope': () => l10n.t('Sessions can renew themselves, with the scope “offline_access”.'),
  renews: () => l10n.t('Sessions can renew themselves.'),
  'no-expiry': () => l10n.t('Its tokens do not run out, so there is nothing to renew.'),
  'renewal-not-advertised': () => l10n.t('It does not say whether sessions can renew themselves.'),
  secret: () => l10n.t('It may want a client secret.'),
  'secret-required': () => l10n.t('It wants the client secret that it gives with the client id.'),
  'secret-for-browser': () =>
    l10n.t('It wants a client secret for signing in in the browser, and none for signing in with a code.'),
  'no-revocation': () => l10n.t('It cannot be told to revoke tokens when you sign out.'),
};
