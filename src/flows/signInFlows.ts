// The sign-in methods: which are available in this environment at this server, and in which order they're tried.
import { SIGN_IN_METHODS, type Provider, type SignInMethod } from '../core/provider.ts';
import {
  UNAVAILABLE_REASONS,
  type AvailabilityContext,
  type Environment,
  type ServerCapabilities,
  type UnavailableReason,
} from './availability.ts';
import { deviceFlow } from './deviceFlow.ts';
import { loopbackFlow } from './loopbackFlow.ts';
import { pasteFlow } from './pasteFlow.ts';
import type { SignInFlow } from './signInFlow.ts';
import { uriFlow } from './uriFlow.ts';

const FLOWS: { readonly [M in SignInMethod]: SignInFlow<M> } = {
  loopback: loopbackFlow,
  uri: uriFlow,
  device: deviceFlow,
  paste: pasteFlow,
};

/** Every sign-in method, in the order of {@link SIGN_IN_METHODS}. */
export const SIGN_IN_FLOWS: readonly SignInFlow[] = SIGN_IN_METHODS.map((method) => FLOWS[method]);

/** The flow of a sign-in method. */
export function getFlow(method: SignInMethod): SignInFlow {
  return FLOWS[method];
}

/** The flow of the sign-in method named in an entry; undefined if there is no such method. */
export function findFlow(name: unknown): SignInFlow | undefined {
  return SIGN_IN_FLOWS.find(({ id }) => id === name);
}

/** A sign-in method, and the first reason why it's unavailable; undefined if it's available. */
export interface FlowAvailability {
  readonly method: SignInMethod;
  readonly reason: UnavailableReason | undefined;
}

/**
 * Every sign-in method with the reason why it's unavailable: first the method in the provider's entry, then the others in
 * their order. For the method in the entry, only certain reasons apply.
 */
export function evaluateFlows(
  environment: Environment,
  provider: Provider,
  capabilities: ServerCapabilities,
): FlowAvailability[] {
  const order = SIGN_IN_FLOWS.toSorted(
    (one, other) => Number(other.id === provider.signInMethod) - Number(one.id === provider.signInMethod),
  );
  return order.map((flow) => ({
    method: flow.id,
    reason: unavailableReason(flow, { environment, provider, capabilities }),
  }));
}

function unavailableReason(flow: SignInFlow, context: AvailabilityContext): UnavailableReason | undefined {
  const isNamed = flow.id === context.provider.signInMethod;
  return flow.unavailableBecause(context).find((reason) => UNAVAILABLE_REASONS[reason] === 'certain' || !isNamed);
}

/** Whether the browser can return to a port of this machine, after any request. */
export function canUseLoopback(environment: Environment, provider: Provider): boolean {
  return unavailableReason(loopbackFlow, { environment, provider, capabilities: {} }) === undefined;
}

/** The available methods, in the order in which they're tried. */
export function availableFlows(evaluated: readonly FlowAvailability[]): SignInMethod[] {
  return evaluated.filter(({ reason }) => reason === undefined).map(({ method }) => method);
}

/** The methods to offer after one has failed: first those that follow it, then those before it. */
export function fallbackFlows(tried: SignInMethod | undefined, available: readonly SignInMethod[]): SignInMethod[] {
  const place = tried === undefined ? -1 : available.indexOf(tried);
  return [...available.slice(place + 1), ...available.slice(0, Math.max(0, place))];
}

/**
 * The redirect URIs to register at a provider's server for a sign-in method. If no method is given, or it has no redirect
 * URI, they are those of the first method that has one: the client may also be used with that method.
 * @param method undefined for the method in the provider's entry.
 * @param callbackUri the URI at which the editor passes callbacks to this extension, as registered.
 */
export function redirectUrisFor(provider: Provider, method: SignInMethod | undefined, callbackUri: string): string[] {
  const named = findFlow(method ?? provider.signInMethod);
  const lists = [...(named === undefined ? [] : [named]), ...SIGN_IN_FLOWS].map((flow) =>
    flow.redirectUris(provider, callbackUri),
  );
  return lists.find((uris) => uris.length > 0) ?? [];
}
