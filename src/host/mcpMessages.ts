// The texts about MCP servers that accept access tokens.
import * as vscode from 'vscode';
import { sanitizeDisplayName } from '../core/failure.ts';
import type { ResourceProblem } from '../protocol/protectedResource.ts';
import { formatAlternatives } from './formatting.ts';

const { l10n } = vscode;

/** The session that an MCP server uses has ended. */
export const signedOut = (server: string, provider: string): string =>
  l10n.t({
    message: "MCP server {0} can't be used because you're signed out of {1}.",
    args: [server, provider],
    comment: ['{0} is the name of an MCP server.'],
  });
/** The provider's tokens are DPoP-bound. */
export const boundTokens = (server: string, provider: string): string =>
  l10n.t({
    message: "MCP server {0} can't use the DPoP-bound access tokens of {1}.",
    args: [server, provider],
    comment: ['{0} is the name of an MCP server.'],
  });
/** The server isn't in the settings anymore. */
export const removed = (server: string): string =>
  l10n.t({
    message: 'MCP server {0} is no longer configured.',
    args: [server],
    comment: ['{0} is the name of an MCP server.'],
  });
/** The user declined to send tokens to the server, or canceled the selection of an account. */
export const declined = (server: string, provider: string): string =>
  l10n.t({
    message: "You didn't allow MCP server {0} to use your {1} session.",
    args: [server, provider],
    comment: ['{0} is the name of an MCP server.'],
  });
/** There was no response. */
export const unreachable = (server: string, reason: string): string =>
  l10n.t({
    message: "Couldn't reach MCP server {0} ({1}).",
    args: [server, reason],
    comment: ['{0} is the name of an MCP server, {1} is an error code.'],
  });
/** The server redirects to another origin. */
const redirected = (server: string, host: string): string =>
  l10n.t({
    message: 'MCP server {0} redirects to {1}. Check its URL in Settings.',
    args: [server, host],
    comment: ['{0} is the name of an MCP server, {1} is a host.'],
  });
/** The server's metadata can't be read. */
const invalidMetadata = (server: string): string =>
  l10n.t({
    message: 'The protected resource metadata of MCP server {0} are invalid.',
    args: [server],
    comment: ['{0} is the name of an MCP server.'],
  });
/** The server's metadata are for another URL. */
const otherResource = (server: string, resource: string): string =>
  l10n.t({
    message: 'The metadata of MCP server {0} are for another URL: {1}.',
    args: [server, resource],
    comment: ['{0} is the name of an MCP server, {1} is a URL without its scheme.'],
  });
/** Returns why a server can't be used. */
export function describeResourceProblem({ code, detail }: ResourceProblem, server: string): string {
  switch (code) {
    case 'redirected':
      return redirected(server, sanitizeDisplayName(detail));
    case 'bad-metadata':
      return invalidMetadata(server);
    case 'other-resource':
      return otherResource(server, sanitizeDisplayName(detail.replace(/^https?:\/\//i, '')));
  }
}

/** The server requires tokens of another authorization server. */
export const otherAuthorizationServer = (server: string, provider: string, issuers: readonly string[]): string =>
  l10n.t({
    message: "MCP server {0} doesn't accept tokens of {1}. It requires {2}.",
    args: [server, provider, formatAlternatives(issuers)],
    comment: ['{0} is the name of an MCP server, {2} is a list of hosts.'],
  });
/** The server rejected the token. */
export const tokenRejected = (server: string, provider: string): string =>
  l10n.t({
    message: 'MCP server {0} rejected the access token of {1}. Check its scopes and "resource".',
    args: [server, provider],
    comment: ['{0} is the name of an MCP server.'],
  });
/** The token lacks scopes. */
export const insufficientScope = (server: string, scopes: readonly string[]): string =>
  scopes.length === 0
    ? l10n.t({
        message: 'MCP server {0} requires more scopes. Add them to the server in Settings.',
        args: [server],
        comment: ['{0} is the name of an MCP server.'],
      })
    : l10n.t({
        message: 'MCP server {0} also requires these scopes: {1}.',
        args: [server, scopes.join(' ')],
        comment: ['{0} is the name of an MCP server.'],
      });
/** Button: adds the scopes to the settings, and signs in again. */
export const addScopes = (): string => l10n.t('Add Scopes and Sign In');
/** Title of the list of accounts. */
export const selectAccount = (server: string): string =>
  l10n.t({
    message: 'Select an account for MCP server {0}',
    args: [server],
    comment: ['{0} is the name of an MCP server.'],
  });
/** Dialog: before a server gets the first token. */
export const consent = (server: string, provider: string): string =>
  l10n.t({
    message: 'Allow MCP server {0} to use your {1} session?',
    args: [server, provider],
    comment: ['{0} is the name of an MCP server.'],
  });
/** Dialog: which server gets what. */
export const consentDetail = (url: string, scopes: readonly string[]): string =>
  scopes.length === 0
    ? l10n.t('VS Code sends your access token to {0}.', url)
    : l10n.t({
        message: 'VS Code sends your access token to {0}. Scopes: {1}.',
        args: [url, scopes.join(' ')],
        comment: ['{0} is a URL.'],
      });
/** Button: gives that consent. */
export const allow = (): string => l10n.t('Allow');
