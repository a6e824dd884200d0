// Redirect URIs, above all those on a loopback address: RFC 8252 section 7.3. A server may compare them as strings, so
// what is registered is sent unchanged, and only a port is ever put in.

/** The redirect URI of an entry without one. */
export const DEFAULT_REDIRECT_URI = 'http://127.0.0.1/callback';

/** The path of the URI at which the editor hands callbacks to this extension: RFC 8252 section 7.1. */
export const CALLBACK_PATH = '/callback';

/** What of an entry decides which redirect URIs it uses. */
export interface RedirectFields {
  /** The redirect URI that is registered; undefined for the default one. */
  readonly redirectUri: string | undefined;
  /** The ports that are registered; empty if any port will do. They count only if `redirectUri` has no port. */
  readonly redirectPorts: readonly number[];
}

const HOST = String.raw`[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]|127(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|\[::1\]`;
const PORT = String.raw`[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]`;
// RFC 3986 section 3.3. There is no query, no fragment and no user.
const PATH = String.raw`(?:/[\w.~!$&'()*+,;=:@%-]*)*`;

/** The pattern of a redirect URI that an entry may have: `http`, a loopback host, an optional port, a path. */
export const REDIRECT_URI_PATTERN = new RegExp(`^(http://(?:${HOST}))(?::(${PORT}))?(${PATH})$`);

/** Whether a text is such a redirect URI. */
export function isRedirectUri(value: string): boolean {
  return REDIRECT_URI_PATTERN.test(value) && URL.canParse(value);
}

/** The port that a redirect URI names; undefined if it leaves that open. */
export function portOf(redirectUri: string): number | undefined {
  const [, , port] = REDIRECT_URI_PATTERN.exec(redirectUri) ?? [];
  return port === undefined ? undefined : Number(port);
}

/** Whether a URI is such a redirect URI without a port, so that the server has to accept any port. */
export function leavesPortOpen(uri: string): boolean {
  return isRedirectUri(uri) && portOf(uri) === undefined;
}

/** A redirect URI with a port, the rest of it unchanged. */
export function withPort(redirectUri: string, port: number): string {
  return redirectUri.replace(
    REDIRECT_URI_PATTERN,
    (_, origin: string, _port: string | undefined, path: string) => `${origin}:${port}${path}`,
  );
}

/** The redirect URI of an entry, and the ports to listen on: none if any free port will do. */
export function redirectTarget({ redirectUri = DEFAULT_REDIRECT_URI, redirectPorts }: RedirectFields): {
  readonly redirectUri: string;
  readonly ports: readonly number[];
} {
  const port = portOf(redirectUri);
  return { redirectUri, ports: port === undefined ? redirectPorts : [port] };
}

/** The loopback redirect URIs to register, for signing in and for signing out alike: one for each fixed port, or one that leaves the port open. */
export function redirectUrisOf(fields: RedirectFields): string[] {
  const { ports, redirectUri } = redirectTarget(fields);
  return portOf(redirectUri) !== undefined || ports.length === 0
    ? [redirectUri]
    : ports.map((port) => withPort(redirectUri, port));
}

/** Whether a server has to accept the loopback redirect URI with any port. */
export function usesAnyPort(fields: RedirectFields): boolean {
  return redirectTarget(fields).ports.length === 0;
}

/**
 * What an entry needs for what a person enters as the registered port or redirect URI: a port goes into the redirect URI
 * of the entry if it has one. Undefined for anything else.
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

/** The ports to propose: below those that systems give to outgoing connections, and away from well-known ones. */
const FIRST_PROPOSED_PORT = 28_000;
const PROPOSED_PORT_COUNT = 4000;

/** A port to propose. @param random a number in [0, 1). */
export function proposedPort(random: number): number {
  return FIRST_PROPOSED_PORT + Math.floor(random * PROPOSED_PORT_COUNT);
}
