// The environment that VS Code runs in, the server metadata, and why a sign-in method is unavailable there.
import { isLoopbackHost } from '../core/secureUrl.ts';
import type { Provider } from '../core/provider.ts';
import type { ServerContext } from '../protocol/discovery.ts';

/** The environment, as far as VS Code reveals it. */
export interface Environment {
  /** Whether the window is a page in a browser. */
  readonly isBrowser: boolean;
  /** Whether this code runs on a remote host: over SSH, in WSL, in a container, or on the server of the page. */
  readonly isRemote: boolean;
  /** Whether this code runs in a web worker of the browser, which can't listen on ports. */
  readonly isWorker: boolean;
  /**
   * Whether the page itself is loaded from a loopback address, so that its browser most likely runs on this computer. True
   * on the desktop: VS Code forwards its loopback ports to a remote host.
   */
  readonly isPageLocal: boolean;
}

/** VS Code's information about the environment. */
export interface HostInfo {
  /** Whether the window is a page in a browser. */
  readonly isBrowser: boolean;
  /** What the window is connected to: `ssh-remote`, `wsl`, `dev-container`, `codespaces`; in a browser, the server of the page. */
  readonly remoteName: string | undefined;
  /** Whether this code runs on the same side as the workspace, rather than the window. */
  readonly isAtWorkspace: boolean;
  /** The host of the page, as far as VS Code's own URIs show it. */
  readonly pageHost: string | undefined;
}

/** Derives the environment from VS Code's information. */
export function environmentOf({ isAtWorkspace, isBrowser, pageHost, remoteName }: HostInfo): Environment {
  const isRemote = remoteName !== undefined && isAtWorkspace;
  const isPageLocal = !isBrowser || (pageHost !== undefined && isLoopbackHost(pageHost));
  return { isBrowser, isRemote, isWorker: isBrowser && !isRemote, isPageLocal };
}

/** The known server metadata (RFC 8414 section 2). */
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
 * Why a sign-in method is unavailable. A reason that is only `likely` doesn't apply to the method in the provider's entry,
 * because the user knows better.
 */
export const UNAVAILABLE_REASONS = {
  /** A web worker can't listen on a port. */
  'cannot-listen': 'certain',
  /** The browser runs on a different computer than this code, with a different 127.0.0.1. */
  'browser-elsewhere': 'likely',
  /** The editor's callback URI must be registered at the server, which only the entry can confirm. */
  'not-registered': 'likely',
  /** In a browser, VS Code's callback URI is different each time. */
  'address-changes': 'likely',
  /** The callback URI opens the editor on the browser's computer; a remote host doesn't receive it. */
  'link-elsewhere': 'likely',
  /** The server metadata contains no device authorization endpoint (RFC 8628 section 4). */
  'no-device-endpoint': 'certain',
  /** The server lists its grant types, and this method's isn't among them. */
  'no-grant': 'certain',
} as const satisfies Readonly<Record<string, 'certain' | 'likely'>>;

/** One of these reasons. */
export type UnavailableReason = keyof typeof UNAVAILABLE_REASONS;

/** A reason, and whether it applies. */
export type AvailabilityCheck = readonly [UnavailableReason, (context: AvailabilityContext) => boolean];

/** The reasons that apply, in order. */
export function reasonsThatHold(
  context: AvailabilityContext,
  checks: readonly AvailabilityCheck[],
): readonly UnavailableReason[] {
  return checks.filter(([, holds]) => holds(context)).map(([reason]) => reason);
}

/** Whether the server lists its grant types without this one. */
export function lacksGrant({ capabilities }: AvailabilityContext, grant: string): boolean {
  return Array.isArray(capabilities.grant_types_supported) && !capabilities.grant_types_supported.includes(grant);
}

/** The check for every method that uses the authorization code grant. */
export const NO_CODE_GRANT: AvailabilityCheck = ['no-grant', lacksCodeGrant];

/**
 * The list of grant types is a hint: a server that issues codes supports the grant for them. A server whose metadata has no
 * authorization endpoint doesn't.
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
