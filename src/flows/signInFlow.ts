// What a sign-in method is, and what it works with. Each method is one object in a file of its own; signInFlows.ts lists them.
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Provider, SignInMethod } from '../core/provider.ts';
import type { RememberedNames } from '../core/rememberedNames.ts';
import type { AuthorizationHints } from '../protocol/authorize.ts';
import type { DeviceCode } from '../protocol/device.ts';
import type { ServerContext } from '../protocol/discovery.ts';
import type { Tokens } from '../protocol/tokens.ts';
import type { Transport } from '../protocol/transport.ts';
import type { AvailabilityContext, Environment, UnavailableReason } from './availability.ts';
import type { LoopbackReceivers } from './loopbackReceivers.ts';
import type { Pages } from './page.ts';
import type { AskForAddress } from './pasteFlow.ts';
import type { UriCallbackRouter } from './uriCallbackRouter.ts';

/** One sign-in method. */
export interface SignInFlow<M extends SignInMethod = SignInMethod> {
  /** Its name in the settings. */
  readonly id: M;
  /** Where its redirect URI leads: to a port of this machine, to the editor, or nowhere because it has none. */
  readonly redirectsTo: 'loopback-port' | 'editor' | 'nowhere';
  /** Every reason for which it is unavailable, the first one to be named first; empty if it is available. */
  unavailableBecause(context: AvailabilityContext): readonly UnavailableReason[];
  /**
   * The redirect URIs to register at the provider's server; empty for a method without one.
   * @param callbackUri the URI at which the editor hands callbacks to this extension, as it is registered.
   */
  redirectUris(provider: Provider, callbackUri: string): string[];
  /**
   * Starts one sign-in, up to where the person is needed.
   * @throws Failure, or the reason of the context's signal.
   */
  start(context: FlowContext): Promise<FlowRun>;
}

/** One run of a flow. */
export interface FlowRun {
  /**
   * Waits for the person, and gets the tokens.
   * @throws Failure, or the reason of the context's signal.
   */
  tokens(): Promise<Tokens>;
  /** Ends it, and shows the outcome in the person's browser if there is a page for that; without an error it succeeded. */
  finish(error?: unknown): void;
}

/** What a flow starts from. */
export interface FlowContext {
  readonly request: SignInRequest;
  readonly server: ServerContext;
  /** Calls the sign-in off; the flow rejects with its reason. */
  readonly signal: AbortSignal;
  readonly dependencies: FlowDependencies;
  readonly loopbackReceivers: LoopbackReceivers;
  /**
   * Checks a page before the person is sent there.
   * @throws Failure `endpoint-conflict`, or `canceled` if the person refuses an unusual one.
   */
  readonly checkPage: (page: string) => Promise<void>;
  /** Removes the person's deadline, for a flow in which the server sets one. */
  readonly clearDeadline: () => void;
}

/** What flows need from around them. */
export interface FlowDependencies {
  /** Where VS Code runs. */
  environment(): Promise<Environment>;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly log: Log;
  /** Opens an address in the person's browser; the address must arrive to the letter. */
  openBrowser(address: string): Promise<void>;
  /** The pages of this sign-in, in the person's language. */
  pages(provider: Provider): Promise<Pages>;
  /** Asks the person for the address on which the browser has ended. */
  askForAddress(provider: Provider): AskForAddress;
  /** The issuers that have sent `iss` (RFC 9207), from which it's required from then on. */
  readonly issuersWithIss: RememberedNames;
  readonly uriCallbackRouter: Pick<UriCallbackRouter, 'createReceiver'>;
  /** The URI at which the editor hands callbacks to this extension, as the browser follows it. */
  getCallbackUri(): Promise<string>;
  /** A number in [0, 1). */
  random(): number;
}

/** What a sign-in is about. */
export interface SignInRequest {
  readonly provider: Provider;
  readonly scopes: readonly string[];
  /** What the server is told about it. */
  readonly hints?: AuthorizationHints | undefined;
  /** The sign-in method; undefined for the first one that is available. */
  readonly method?: SignInMethod | undefined;
  /** How long the person may take, in ms; for a code that they type the server's own limit counts instead. */
  readonly deadline: number;
  /** Calls it off; the reason is what the sign-in rejects with. */
  readonly signal: AbortSignal;
  /**
   * Called with what gives the address for the browser, so that it can be opened again or copied: each time one that
   * works, because a pushed request is good for one visit, and not for long (RFC 9126 section 4).
   */
  readonly onAddress?: (address: () => Promise<string>) => void;
  /** Called with the redirect URI that is sent to the server. */
  readonly onRedirect?: (redirectUri: string, method: SignInMethod) => void;
  /** Called when the browser hasn't come back to this machine for a while; the signal is aborted once that is over. */
  readonly onStillWaiting?: (over: AbortSignal) => void;
  /** Called with the code that the person has to type, to show it; the signal is aborted once it is of no use any more. */
  readonly onCode?: (code: ShownCode, over: AbortSignal) => void;
}

/** What a person has to know of a code that they type. */
export type ShownCode = Pick<DeviceCode, 'userCode' | 'verificationUri' | 'verificationUriComplete' | 'expiresAt'>;
