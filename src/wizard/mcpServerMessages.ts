// The texts of Add MCP Server.
import * as vscode from 'vscode';
import { formatAlternatives } from '../host/formatting.ts';

const { l10n } = vscode;

/** Title of every step. */
export const title = (): string => l10n.t('Add MCP Server');
/** URL: prompt. */
export const urlPrompt = (): string =>
  l10n.t('The URL of the MCP server. Session Keeper reads its metadata, without sending a token.');
/** URL: placeholder. */
export const urlPlaceholder = (): string => 'https://mcp.example.com/mcp';
/** URL: an entry has it already. */
export const alreadyAdded = (provider: string): string => l10n.t('This MCP server was already added to {0}.', provider);
/** URL: a web page instead of an MCP server. */
export const webPage = (host: string): string =>
  l10n.t({
    message: '{0} responded with a web page. Enter the URL of an MCP server (Streamable HTTP).',
    args: [host],
    comment: ['{0} is a host.'],
  });
/** URL: an HTTP error. */
export const unexpectedStatus = (host: string, status: number): string =>
  l10n.t({
    message: '{0} responded with HTTP status {1}. Check the URL.',
    args: [host, status],
    comment: ['{0} is a host.'],
  });
/** Provider: prompt. */
export const providerPrompt = (): string => l10n.t('Select the provider whose access tokens the server accepts');
/** Provider: the server's metadata name its issuer. */
export const providerMatches = (): string => l10n.t('The server accepts its tokens');
/** Provider: the server's metadata name other issuers. */
export const providerDiffers = (issuers: readonly string[]): string =>
  l10n.t({
    message: "The server doesn't accept its tokens. It requires {0}.",
    args: [formatAlternatives(issuers)],
    comment: ['{0} is a list of hosts.'],
  });
/** Provider: its tokens are DPoP-bound. */
export const providerIsBound = (): string =>
  l10n.t("Can't be used because its access tokens are DPoP-bound. MCP servers get tokens without a proof.");
/** Provider: the server has no metadata, or they name no issuer. */
export const providerUnknown = (): string => l10n.t("The server doesn't publish whether it accepts its tokens");
/** Provider: none of them can be used; followed by the reason. */
export const addProviderDetail = (issuers: readonly string[]): string =>
  issuers.length === 0
    ? l10n.t('Another OpenID Connect or OAuth 2 server')
    : l10n.t({
        message: 'For {0}, which the server requires',
        args: [formatAlternatives(issuers)],
        comment: ['{0} is a list of hosts.'],
      });
/** Scopes: prompt, if the server publishes none. */
export const scopesPrompt = (provider: string): string =>
  l10n.t('The scopes of the access token, separated by spaces. Leave empty for those of {0}.', provider);
/** Scopes: prompt, if the entry has other scopes than those that the server requires. */
export const scopesDiffer = (provider: string, missing: readonly string[]): string =>
  l10n.t({
    message: "The server also requires these scopes, which {0} doesn't request: {1}. You sign in again to add them.",
    args: [provider, missing.join(' ')],
    comment: ['{1} is a list of scopes.'],
  });
/** Scopes: prompt, if the entry has the scopes that the server requires. */
export const scopesMatch = (provider: string): string =>
  l10n.t('The scopes of the access token, separated by spaces. {0} requests those that the server requires.', provider);
/** Dialog: what the server's metadata say. */
export const consentMetadata = (provider: string): string =>
  l10n.t("The server's metadata name {0} as its authorization server.", provider);
/** Dialog: there are no metadata. */
export const consentWithoutMetadata = (provider: string): string =>
  l10n.t(
    "The server doesn't name its authorization server. Continue only if you know that it accepts tokens of {0}.",
    provider,
  );
/** Dialog: the server needs no token. */
export const consentWithoutToken = (): string =>
  l10n.t('The server responds without a token, so it may not need yours.');
/** Dialog: button. */
export const addServer = (): string => l10n.t('Add MCP Server');
/** Notification: the server is in the settings. */
export const added = (server: string): string =>
  l10n.t({
    message: 'MCP server {0} was added. Its tools are available in chat.',
    args: [server],
    comment: ['{0} is the name of an MCP server.'],
  });
/** Notification: button that shows VS Code's list. */
export const showServers = (): string => l10n.t('Show MCP Servers');
/** The administrator has turned off MCP servers. */
export const turnedOffByOrganization = (): string => l10n.t('MCP servers are turned off by your organization.');
