// The redirect URI in the wizard: which kinds there are, and what has to be registered for each.
import { createHash } from 'node:crypto';
import { DEFAULT_REDIRECT_URI, portOf, redirectUrisOf, usesAnyPort, type RedirectFields } from '../core/redirectUri.ts';

/**
 * What is registered at the server: the default for any port, a path for its issuer only, certain ports, or a redirect URI
 * that the user enters.
 */
export const REDIRECT_KINDS = ['any-port', 'issuer-path', 'ports', 'redirect-uri'] as const;
/** One of {@link REDIRECT_KINDS}. */
export type RedirectKind = (typeof REDIRECT_KINDS)[number];

/** The answers about the redirect URI so far. */
export interface RedirectDraft extends RedirectFields {
  readonly redirectKind: RedirectKind;
}

/** Returns the draft for an entry, or for the fields of a preset. The types of the values aren't validated. */
export function createRedirectDraft(
  fields: Readonly<{ issuer?: unknown; redirectUri?: unknown; redirectPorts?: unknown }> = {},
): RedirectDraft {
  const redirectUri =
    typeof fields.redirectUri === 'string' && fields.redirectUri !== '' ? fields.redirectUri : undefined;
  const redirectPorts = Array.isArray(fields.redirectPorts)
    ? (fields.redirectPorts as unknown[]).filter((port) => typeof port === 'number')
    : [];
  return {
    redirectUri,
    redirectPorts,
    redirectKind:
      redirectUri !== undefined
        ? hasPathOf(redirectUri, fields.issuer)
          ? 'issuer-path'
          : 'redirect-uri'
        : redirectPorts.length > 0
          ? 'ports'
          : 'any-port',
  };
}

/**
 * Returns a redirect URI with a path for one issuer, which another server's client doesn't register (RFC 9700 section
 * 4.4.2.2, RFC 8252 section 8.10).
 */
export function issuerRedirectUri(issuer: string, base = DEFAULT_REDIRECT_URI): string {
  return `${base}/${pathSegmentOf(issuer)}`;
}

function hasPathOf(redirectUri: string, issuer: unknown): boolean {
  return typeof issuer === 'string' && redirectUri.endsWith(`/${pathSegmentOf(issuer)}`);
}

/** Long enough that no server can choose an issuer with the segment of another one. */
function pathSegmentOf(issuer: string): string {
  return createHash('sha256').update(issuer).digest('hex').slice(0, 16);
}

/** Returns the fields of the entry. */
export function toRedirectFields({ redirectKind, redirectPorts, redirectUri }: RedirectDraft): Partial<RedirectFields> {
  const ports = redirectPorts.length === 0 ? {} : { redirectPorts: [...redirectPorts] };
  switch (redirectKind) {
    case 'any-port':
      return {};
    case 'ports':
      return ports;
    case 'issuer-path':
    case 'redirect-uri':
      return redirectUri === undefined ? {} : { redirectUri, ...(portOf(redirectUri) === undefined ? ports : {}) };
  }
}

/** Returns the redirect URIs to register; empty if they have to be entered first. */
export function urisToRegister(draft: RedirectDraft): string[] {
  const fields = toRedirectFields(draft);
  const isIncomplete = draft.redirectKind !== 'any-port' && Object.keys(fields).length === 0;
  return isIncomplete ? [] : redirectUrisOf({ redirectUri: undefined, redirectPorts: [], ...fields });
}

/** Returns whether the server must accept any port. */
export function allowsAnyPort(draft: RedirectDraft): boolean {
  return usesAnyPort({ redirectUri: undefined, redirectPorts: [], ...toRedirectFields(draft) });
}

/** Returns the draft with what the user has entered for its kind: ports separated by commas, or a redirect URI. */
export function withEnteredRedirect(draft: RedirectDraft, entered: string): RedirectDraft {
  const text = entered.trim();
  if (draft.redirectKind === 'redirect-uri') {
    return { ...draft, redirectUri: text };
  }
  const ports = text
    .split(/[\s,;]+/)
    .filter((word) => word !== '')
    .map((word) => (/^\d{1,5}$/.test(word) ? Number(word) : 0));
  return { ...draft, redirectUri: undefined, redirectPorts: [...new Set(ports)] };
}

/** Returns the initial value of the box. */
export function formatRedirect({ redirectKind, redirectPorts, redirectUri }: RedirectDraft, proposed: number): string {
  return redirectKind === 'redirect-uri'
    ? (redirectUri ?? '')
    : (redirectPorts.length === 0 ? [proposed] : redirectPorts).join(', ');
}

/** The placeholder of the box for a redirect URI. */
export const SAMPLE_REDIRECT_URI = DEFAULT_REDIRECT_URI.replace('127.0.0.1/callback', 'localhost:8400/auth');
