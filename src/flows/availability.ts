// Where VS Code runs, what a server says of itself, and the reasons for which a sign-in method cannot be used there.
import { isLoopbackHost } from '../core/secureUrl.ts';
import type { Provider } from '../core/provider.ts';
import type { ServerContext } from '../protocol/discovery.ts';

/** Where VS Code runs, as far as it tells. */
export interface Environment {
  /** Whether its window is a page in a browser. */
  readonly isBrowser: boolean;
  /** Whether this code runs beyond a remote connection: over SSH, in WSL, in a container, on the server behind the page. */
  readonly isRemote: boolean;
  /** Whether this code runs in a web worker of the browser, where nothing can listen. */
  readonly isWorker: boolean;
  /**
   * Whether the page itself comes from a loopback address, so that its browser most likely runs where this code does.
   * True on the desktop: VS Code forwards what goes to its own loopback address to a remote host.
   */
  readonly isPageLocal: boolean;
}

/** What VS Code tells of where it runs. */
export interface HostInfo {
  /** Whether its window is a page in a browser. */
  readonly isBrowser: boolean;
  /** What the window is connected to: `ssh-remote`, `wsl`, `dev-container`, `codespaces`; in a browser, the server behind the page. */
  readonly remoteName: string | undefined;
  /** Whether this code runs where the workspace is, as opposed to where the window is. */
  readonly isAtWorkspace: boolean;
  /** The host of the page, as far as VS Code's own URIs tell. */
  readonly pageHost: string | undefined;
}

/** The environment that follows from what VS Code tells. */
export function environmentOf({ isAtWorkspace, isBrowser, pageHost, remoteName }: HostInfo): Environment {
  const isRemote = remoteName !== undefined && isAtWorkspace;
  const isPageLocal = !isBrowser || (pageHost !== undefined && isLoopbackHost(pageHost));
  return { isBrowser, isRemote, isWorker: isBrowser && !isRemote, isPageLocal };
}

/** What is known of the server: its metadata (RFC 8414 section 2). */
export type ServerCapabilities = Pick<
  ServerContext['metadata'],
  | 'authorization_endpoint'
  | 'device_authorization_endpoint'
  | 'grant_types_supported'
  | 'response_types_supported'
  | 'token_endpoint'
>;

/** What the availability of a sign-in method depends on. */
export interface AvailabilityContext {
  readonly environment: Environment;
  readonly provider: Provider;
  readonly capabilities: ServerCapabilities;
}

/**
 * The reasons for which a sign-in method is unavailable. A reason that is only `likely` does not count against the method
 * that the provider's entry names, because the person knows better.
 */
export const UNAVAILABLE_REASONS = {
  /** A web worker cannot open a port. */
  'cannot-listen': 'certain',
  /** The browser runs on another computer than this code, so that its 127.0.0.1 is another one. */
  'browser-elsewhere': 'likely',
  /** A server has to know the editor's callback URI, and only the entry can say that it does. */
  'not-registered': 'likely',
  /** To a page, VS Code gives a callback URI that is different each time. */
  'address-changes': 'likely',
  /** The callback URI opens the editor where the browser is, and a remote host does not receive it. */
  'link-elsewhere': 'likely',
  /** The server names no device authorization endpoint (RFC 8628 section 4). */
  'no-device-endpoint': 'certain',
  /** The server lists its grants, and the one of this method is not among them. */
  'no-grant': 'certain',
} as const satisfies Readonly<Record<string, 'certain' | 'likely'>>;

/** One of the reasons. */
export type UnavailableReason = keyof typeof UNAVAILABLE_REASONS;

/** A reason, and when it holds. */
export type AvailabilityCheck = readonly [UnavailableReason, (context: AvailabilityContext) => boolean];

/** The reasons of those checks that hold, in their order. */
export function reasonsThatHold(
  context: AvailabilityContext,
  checks: readonly AvailabilityCheck[],
): readonly UnavailableReason[] {
  return checks.filter(([, holds]) => holds(context)).map(([reason]) => reason);
}

/** Whether the server lists its grants, and a grant is not among them. */
export function lacksGrant({ capabilities }: AvailabilityContext, grant: string): boolean {
  return Array.isArray(capabilities.grant_types_supported) && !capabilities.grant_types_supported.includes(grant);
}

/** The check of every method that uses the authorization code grant. */
export const NO_CODE_GRANT: AvailabilityCheck = ['no-grant', lacksCodeGrant];

/**
 * The list of grants is a hint: a server that issues codes has the grant for them. A server that describes itself without
 * an authorization endpoint does not have it.
 */
function lacksCodeGrant(context: AvailabilityContext): boolean {
  const {
    authorization_endpoint: page,
    response_types_supported: responses,
    token_endpoint: token,
  } = context.capabilities;
  const issuesCodes = page !== undefined && responses?.includes('code') === true;
  return (lacksGrant(context, 'authorization_code') && !issuesCodes) || (page === undefined && token !== undefined);
}
