// The sign-in methods: which of them are available where VS Code runs, at this server, and in which order they are tried.
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

/** The flow of what a settings entry names as its sign-in method; undefined if there is none of that name. */
export function findFlow(name: unknown): SignInFlow | undefined {
  return SIGN_IN_FLOWS.find(({ id }) => id === name);
}

/** A sign-in method, and the first reason for which it is unavailable; undefined if it is available. */
export interface FlowAvailability {
  readonly method: SignInMethod;
  readonly reason: UnavailableReason | undefined;
}

/**
 * Every sign-in method, with the reason for which it is unavailable: first the one that the provider's entry names, then
 * the others in their order. Against the one that the entry names, only certain reasons count.
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

/** Whether the browser can come back to a port of this machine, after whatever request. */
export function canUseLoopback(environment: Environment, provider: Provider): boolean {
  return unavailableReason(loopbackFlow, { environment, provider, capabilities: {} }) === undefined;
}

/** The methods that are available, in the order in which they are tried. */
export function availableFlows(evaluated: readonly FlowAvailability[]): SignInMethod[] {
  return evaluated.filter(({ reason }) => reason === undefined).map(({ method }) => method);
}

/** The methods to offer after one has failed: those that follow it first, then those before it. */
export function fallbackFlows(tried: SignInMethod | undefined, available: readonly SignInMethod[]): SignInMethod[] {
  const place = tried === undefined ? -1 : available.indexOf(tried);
  return [...available.slice(place + 1), ...available.slice(0, Math.max(0, place))];
}

/**
 * The redirect URIs to register at a provider's server for a sign-in method. For no method in particular, and for one
 * without a redirect URI, they are those of the first method that has one: the client may be used with that one, too.
 * @param method undefined for the one that the provider's entry names.
 * @param callbackUri the URI at which the editor hands callbacks to this extension, as it is registered.
 */
export function redirectUrisFor(provider: Provider, method: SignInMethod | undefined, callbackUri: string): string[] {
  const named = findFlow(method ?? provider.signInMethod);
  const lists = [...(named === undefined ? [] : [named]), ...SIGN_IN_FLOWS].map((flow) =>
    flow.redirectUris(provider, callbackUri),
  );
  return lists.find((uris) => uris.length > 0) ?? [];
}
