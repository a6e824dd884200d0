// Redirect URIs, in particular on loopback addresses (RFC 8252 section 7.3). A server may compare them as strings, so
// the registered URI is sent unchanged, except for an inserted port.

import { parseUrl } from './secureUrl.ts';

/** The default redirect URI. */
export const DEFAULT_REDIRECT_URI = 'http://127.0.0.1/callback';

/** The path of the editor's callback URI (RFC 8252 section 7.1). */
export const CALLBACK_PATH = '/callback';

/** The fields of an entry that decide which redirect URIs it uses. */
export interface RedirectFields {
  /** The registered redirect URI; undefined for the default. */
  readonly redirectUri: string | undefined;
  /** The registered ports; empty if any port is accepted. Ignored if `redirectUri` has a port. */
  readonly redirectPorts: readonly number[];
}

const HOST = String.raw`[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]|127(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|\[::1\]`;
const PORT = String.raw`[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]`;
// RFC 3986 section 3.3, without query, fragment and user.
const PATH = String.raw`(?:/[\w.~!$&'()*+,;=:@%-]*)*`;

/** The pattern of a redirect URI in an entry: `http`, a loopback host, an optional port, a path. */
export const REDIRECT_URI_PATTERN = new RegExp(`^(http://(?:${HOST}))(?::(${PORT}))?(${PATH})$`);

/** Whether a string is a valid redirect URI for an entry. */
export function isRedirectUri(value: string): boolean {
  return REDIRECT_URI_PATTERN.test(value) && parseUrl(value) !== undefined;
}

/** The port of a redirect URI; undefined if it has none. */
export function portOf(redirectUri: string): number | undefined {
  const [, , port] = REDIRECT_URI_PATTERN.exec(redirectUri) ?? [];
  return port === undefined ? undefined : Number(port);
}

/** Whether a URI is a loopback redirect URI without a port, so that the server must accept any port. */
export function leavesPortOpen(uri: string): boolean {
  return isRedirectUri(uri) && portOf(uri) === undefined;
}

/** Sets the port of a redirect URI, without other changes. */
export function withPort(redirectUri: string, port: number): string {
  return redirectUri.replace(
    REDIRECT_URI_PATTERN,
    (_, origin: string, _port: string | undefined, path: string) => `${origin}:${port}${path}`,
  );
}

/** The redirect URI of an entry, and the ports to listen on; no ports if any free port can be used. */
export function redirectTarget({ redirectUri = DEFAULT_REDIRECT_URI, redirectPorts }: RedirectFields): {
  readonly redirectUri: string;
  readonly ports: readonly number[];
} {
  const port = portOf(redirectUri);
  return { redirectUri, ports: port === undefined ? redirectPorts : [port] };
}

/**
 * The loopback redirect URIs to register, for signing in and for signing out: one for each fixed port, or one without a
 * port.
 */
export function redirectUrisOf(fields: RedirectFields): string[] {
  const { ports, redirectUri } = redirectTarget(fields);
  return portOf(redirectUri) !== undefined || ports.length === 0
    ? [redirectUri]
    : ports.map((port) => withPort(redirectUri, port));
}

/** Whether the server must accept the loopback redirect URI with any port. */
export function usesAnyPort(fields: RedirectFields): boolean {
  return redirectTarget(fields).ports.length === 0;
}

/**
 * Converts user input, a registered port or redirect URI, to fields of an entry. A port is inserted into the entry's
 * redirect URI if it has one. Undefined if the input is neither.
 */
export function fixedPortChange(entered: string, { redirectUri }: RedirectFields): Partial<RedirectFields> | undefined {
  const text = entered.trim();
  if (isRedirectUri(text)) {
    return { redirectUri: text };
  }
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) {
    return undefined;
  }
  return redirectUri === undefined ? { redirectPorts: [port] } : { redirectUri: withPort(redirectUri, port) };
}

/** The range of ports to propose: below the ephemeral ports and outside the well-known ones. */
const FIRST_PROPOSED_PORT = 28_000;
const PROPOSED_PORT_COUNT = 4000;

/**
 * A port to propose.
 * @param random a number in [0, 1).
 */
export function proposedPort(random: number): number {
  return FIRST_PROPOSED_PORT + Math.floor(random * PROPOSED_PORT_COUNT);
}
