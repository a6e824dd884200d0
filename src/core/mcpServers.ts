// The MCP servers of all entries, and the names by which VS Code and the stored consents refer to them.
import { fnv1a } from './hash.ts';
import type { McpServer, Provider } from './provider.ts';
import { normalizeScopes } from './scopes.ts';
import type { SessionRecord } from './session.ts';

/** An MCP server with the provider whose tokens it accepts. */
export interface ConfiguredMcpServer {
  readonly provider: Provider;
  readonly server: McpServer;
  /** Its name in VS Code's lists, unique because VS Code derives its ID from it. */
  readonly label: string;
  /** The scopes of its tokens. */
  readonly scopes: readonly string[];
  /** Added to its scopes in VS Code's requests, to distinguish them from those of extensions. */
  readonly marker: string;
}

const MARKER_PREFIX = 'sessionKeeper.mcp:';

/** Returns the MCP servers of the entries. */
export function configuredMcpServers(providers: readonly Provider[]): ConfiguredMcpServer[] {
  const labels = new Set<string>();
  return providers.flatMap((provider) =>
    provider.mcpServers.map((server) => {
      const label = uniqueLabel(server.label, labels);
      labels.add(label);
      const key = JSON.stringify([provider.id, provider.issuer, server.url, label]);
      return {
        provider,
        server,
        label,
        scopes: normalizeScopes(server.scopes ?? provider.scopes),
        marker: `${MARKER_PREFIX}${fnv1a(key).toString(36)}`,
      };
    }),
  );
}

/** Returns a label that isn't in use: the label itself, or with a number. VS Code compares IDs without regard to case. */
export function uniqueLabel(label: string, used: Iterable<string>): string {
  const taken = new Set([...used].map((other) => other.toLowerCase()));
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? label : `${label} ${number}`;
    if (!taken.has(candidate.toLowerCase())) {
      return candidate;
    }
  }
}

/** Returns the marker among the scopes of a request, if VS Code sent it for an MCP server. */
export function findMcpMarker(scopes: readonly string[]): string | undefined {
  return scopes.find((scope) => scope.startsWith(MARKER_PREFIX));
}

/** Whether a session may be used for an MCP server: its account is the configured one, and any program can send its token. */
export function servesMcpServer({ account, dpopKey }: SessionRecord, server: McpServer): boolean {
  return (
    dpopKey === undefined && (server.account === undefined || [account.id, account.label].includes(server.account))
  );
}

/** The name under which the consent to send a provider's tokens to an MCP server is remembered. */
export function mcpConsentName({ id, issuer }: Pick<Provider, 'id' | 'issuer'>, url: string): string {
  return JSON.stringify([id, issuer, url]);
}
