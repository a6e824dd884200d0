// Which ways to sign in there are where VS Code runs, at this server: a table of what each needs, with a reason for every no.
import { isLoopbackHost } from '../core/address.ts';
import { SIGN_IN_METHODS, type Provider, type SignInMethod } from '../core/provider.ts';
import { DEVICE_GRANT } from '../protocol/device.ts';
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
   * True in a program: VS Code brings what goes to its own loopback address to a remote host.
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
  /** The host of the page, as far as VS Code's own links tell. */
  readonly pageHost: string | undefined;
}

/** What follows of what VS Code tells. */
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

/** Why a way is not there. */
export type UnavailableReason = keyof typeof REASONS;

/** Whether what VS Code tells is only a likelihood, which a person who names the way knows better. */
type Weight = 'fact' | 'guess';

/** The reasons, each with its weight: a guess does not count against a way that the entry names. */
export const REASONS = {
  /** A web worker cannot open a port. */
  'cannot-listen': 'fact',
  /** The browser runs on another computer than this code, so that its 127.0.0.1 is another one. */
  'browser-elsewhere': 'guess',
  /** A server has to know the editor's address before, and only the entry can say that it does. */
  'not-registered': 'guess',
  /** To a page, VS Code gives an address that is another one each time. */
  'address-changes': 'guess',
  /** A link to the editor opens it where the browser is; a remote host of it is not told. */
  'link-elsewhere': 'guess',
  /** The server names no device authorization endpoint (RFC 8628 section 4). */
  'no-device-endpoint': 'fact',
  /** The server lists the grants that it knows, and this way's is not among them. */
  'no-grant': 'fact',
} as const satisfies Readonly<Record<string, Weight>>;

/** What a way depends on. */
interface FlowContext {
  readonly environment: Environment;
  readonly provider: Provider;
  readonly offers: ServerCapabilities;
}

/** When a reason holds. */
type Check = readonly [UnavailableReason, (situation: FlowContext) => boolean];

const lacks =
  (grant: string) =>
  ({ offers }: FlowContext): boolean =>
    Array.isArray(offers.grant_types_supported) && !offers.grant_types_supported.includes(grant);
/**
 * The list of grants is a hint: a server that issues codes has the grant for them. One that describes itself without a
 * page to sign in at has none.
 */
const noCode: Check = [
  'no-grant',
  (situation) => {
    const {
      authorization_endpoint: page,
      response_types_supported: responses,
      token_endpoint: token,
    } = situation.offers;
    return (
      (lacks('authorization_code')(situation) && !(page !== undefined && responses?.includes('code') === true)) ||
      (page === undefined && token !== undefined)
    );
  },
];

/** What is in the way of each way. */
const CHECKS: Readonly<Record<SignInMethod, readonly Check[]>> = {
  loopback: [
    ['cannot-listen', ({ environment }) => environment.isWorker],
    ['browser-elsewhere', ({ environment }) => environment.isBrowser && !environment.isPageLocal],
    noCode,
  ],
  uri: [
    ['not-registered', ({ provider }) => provider.signInMethod !== 'uri'],
    ['address-changes', ({ environment }) => environment.isBrowser],
    ['link-elsewhere', ({ environment }) => environment.isRemote && !environment.isBrowser],
    noCode,
  ],
  device: [
    ['no-device-endpoint', ({ offers }) => offers.device_authorization_endpoint === undefined],
    ['no-grant', lacks(DEVICE_GRANT)],
  ],
  // It needs nothing but a clipboard.
  paste: [noCode],
};

/** A way, and the first reason against it; undefined where there is none. */
export interface FlowAvailability {
  readonly way: SignInMethod;
  readonly reason: UnavailableReason | undefined;
}

/**
 * Every way, with the reason against it where there is one: what the provider's entry names first, then the most
 * convenient one first. Of the way that the entry names, only facts count against it.
 */
export function evaluateFlows(
  environment: Environment,
  provider: Provider,
  offers: ServerCapabilities,
): FlowAvailability[] {
  const situation = { environment, provider, offers };
  const order = SIGN_IN_METHODS.toSorted(
    (one, other) => Number(other === provider.signInMethod) - Number(one === provider.signInMethod),
  );
  return order.map((way) => {
    const counts = ([reason]: Check): boolean => REASONS[reason] === 'fact' || way !== provider.signInMethod;
    return { way, reason: CHECKS[way].find((check) => counts(check) && check[1](situation))?.[0] };
  });
}

/** Whether the browser finds back to a port of this machine, with whatever. */
export function canUseLoopback(environment: Environment, provider: Provider): boolean {
  return evaluateFlows(environment, provider, {}).some(({ reason, way }) => way === 'loopback' && reason === undefined);
}

/** The ways that are there, in the order in which they are tried. */
export function availableFlows(verdicts: readonly FlowAvailability[]): SignInMethod[] {
  return verdicts.filter(({ reason }) => reason === undefined).map(({ way }) => way);
}

/** The ways to offer after one has not worked: those that follow it first, then those before it. */
export function fallbackFlows(tried: SignInMethod | undefined, possible: readonly SignInMethod[]): SignInMethod[] {
  const place = tried === undefined ? -1 : possible.indexOf(tried);
  return [...possible.slice(place + 1), ...possible.slice(0, Math.max(0, place))];
}
