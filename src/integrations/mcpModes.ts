// How VS Code sends tokens to MCP servers: it requests one from the authentication provider before each HTTP request, or it
// sends the header that it got when the server started. The first is only in the API proposal `mcpToolDefinitions`, which
// VS Code 1.108 to 1.139 don't check for resolved definitions. A later version may ignore it without notice.
import { SECOND, type Clock, type Disposable } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { RememberedNames } from '../core/rememberedNames.ts';

/** With `both`, the definition has a header in case that VS Code ignores the rest of it. */
export type McpMode = 'authentication' | 'header' | 'both';

/** The first and the last minor version of VS Code 1 that were observed to request tokens. */
const OBSERVED_VERSIONS = [108, 139] as const;

/** How long after a server was resolved, in ms, VS Code requests its token. Otherwise, it does so within milliseconds. */
const REQUEST_TIMEOUT = 10 * SECOND;

/** What this depends on. */
export interface McpModesDependencies {
  readonly clock: Clock;
  readonly log: Log;
  /** The version of VS Code. */
  readonly version: string;
  /** The versions of VS Code that have requested a token. */
  readonly observed: RememberedNames;
  /** Called when the mode changes. */
  onDidChange(): void;
}

/** Observes VS Code. */
export class McpModes implements Disposable {
  readonly #dependencies: McpModesDependencies;
  readonly #expected = new Map<string, Disposable>();
  #isIgnored = false;

  constructor(dependencies: McpModesDependencies) {
    this.#dependencies = dependencies;
  }

  /** The current mode. */
  get mode(): McpMode {
    const { observed, version } = this.#dependencies;
    if (this.#isIgnored) {
      return 'header';
    }
    const [, minor = 0] = version.split('.').map(Number);
    const [first, last] = OBSERVED_VERSIONS;
    return observed.has(version) || (minor >= first && minor <= last)
      ? 'authentication'
      : minor < first
        ? 'header'
        : 'both';
  }

  /** Called when a server is about to start. */
  onResolve(marker: string): void {
    const { clock, log, observed, version } = this.#dependencies;
    if (this.mode === 'header' || observed.has(version)) {
      return;
    }
    this.#expected.get(marker)?.dispose();
    const timer = clock.after(REQUEST_TIMEOUT, () => {
      this.#expected.delete(marker);
      if (!observed.has(version)) {
        this.#isIgnored = true;
        log.warn(`VS Code ${version} hasn't requested a token for an MCP server. Sending tokens in headers instead.`);
        this.#dependencies.onDidChange();
      }
    });
    this.#expected.set(marker, timer);
  }

  /** Called when VS Code requests a token for a server. */
  onRequest(marker: string): void {
    const { log, observed, version } = this.#dependencies;
    this.#expected.get(marker)?.dispose();
    this.#expected.delete(marker);
    if (!observed.has(version)) {
      observed.add(version);
      this.#isIgnored = false;
      log.info(`VS Code ${version} requests a token before each request to an MCP server.`);
      this.#dependencies.onDidChange();
    }
  }

  dispose(): void {
    this.#expected.forEach((timer) => timer.dispose());
  }
}
