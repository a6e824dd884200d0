// The interface of a sign-in method and its dependencies. Each method is one object in a file of its own; signInFlows.ts lists them.
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
  /** The target of its redirect URI: a port of this machine, the editor, or none. */
  readonly redirectsTo: 'loopback-port' | 'editor' | 'nowhere';
  /** All reasons why it's unavailable, the one to report first; empty if it's available. */
  unavailableBecause(context: AvailabilityContext): readonly UnavailableReason[];
  /**
   * The redirect URIs to register at the provider's server; empty for a method without one.
   * @param callbackUri the URI at which the editor passes callbacks to this extension, as registered.
   */
  redirectUris(provider: Provider, callbackUri: string): string[];
  /**
   * Starts a sign-in, up to the point where the user must act.
   * @throws Failure, or the reason of the context's signal.
   */
  start(context: FlowContext): Promise<FlowRun>;
}

/** One run of a flow. */
export interface FlowRun {
  /**
   * Waits for the user, and gets the tokens.
   * @throws Failure, or the reason of the context's signal.
   */
  tokens(): Promise<Tokens>;
  /** Ends the run, and shows the outcome in the user's browser if there is a page for it. Without an error, it succeeded. */
  finish(error?: unknown): void;
}

/** What a run is started with. */
export interface FlowContext {
  readonly request: SignInRequest;
  readonly server: ServerContext;
  /** Cancels the sign-in; the flow rejects with its reason. */
  readonly signal: AbortSignal;
  readonly dependencies: FlowDependencies;
  readonly loopbackReceivers: LoopbackReceivers;
  /**
   * Checks a page before the user is sent there.
   * @throws Failure `endpoint-conflict`, or `canceled` if the user declines an unusual page.
   */
  readonly checkPage: (page: string) => Promise<void>;
  /** Removes the user's deadline, for a flow whose deadline the server sets. */
  readonly clearDeadline: () => void;
}

/** The dependencies of flows. */
export interface FlowDependencies {
  /** The environment that VS Code runs in. */
  environment(): Promise<Environment>;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly log: Log;
  /** Opens a URL in the user's browser, exactly as passed. */
  openBrowser(address: string): Promise<void>;
  /** The pages of this sign-in, in the user's language. */
  pages(provider: Provider): Promise<Pages>;
  /** Asks the user for the URL of the final page. */
  askForAddress(provider: Provider): AskForAddress;
  /** The issuers that have sent `iss` (RFC 9207); from then on, it's required. */
  readonly issuersWithIss: RememberedNames;
  readonly uriCallbackRouter: Pick<UriCallbackRouter, 'createReceiver'>;
  /** The URI at which the editor passes callbacks to this extension, as the browser opens it. */
  getCallbackUri(): Promise<string>;
  /** A number in [0, 1). */
  random(): number;
}

/** The parameters of a sign-in. */
export interface SignInRequest {
  readonly provider: Provider;
  readonly scopes: readonly string[];
  /** The hints for the server. */
  readonly hints?: AuthorizationHints | undefined;
  /** The sign-in method; undefined for the first available one. */
  readonly method?: SignInMethod | undefined;
  /** How long the user may take, in ms; for a code that they enter, the server's limit applies instead. */
  readonly deadline: number;
  /** Cancels the sign-in, which rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /**
   * Called with a function that returns the URL for the browser, so that it can be opened again or copied. The function
   * returns a new URL each time, because a pushed request can be used only once, and not for long (RFC 9126 section 4).
   */
  readonly onAddress?: (address: () => Promise<string>) => void;
  /** Called with the redirect URI that is sent to the server. */
  readonly onRedirect?: (redirectUri: string, method: SignInMethod) => void;
  /** Called if the browser hasn't returned to this machine for a while. The signal is aborted once that no longer matters. */
  readonly onStillWaiting?: (over: AbortSignal) => void;
  /** Called with the code to show to the user. The signal is aborted once the code is no longer needed. */
  readonly onCode?: (code: ShownCode, over: AbortSignal) => void;
}

/** The details of a code that the user enters. */
export type ShownCode = Pick<DeviceCode, 'userCode' | 'verificationUri' | 'verificationUriComplete' | 'expiresAt'>;
