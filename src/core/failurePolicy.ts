// The columns of the table of failure policies.

/** An action that the user can choose after a failure. */
export type Action =
  | 'sign-in'
  | 'retry'
  | 'settings'
  | 'scopes'
  | 'client-secret'
  | 'proxy-settings'
  | 'certificate-settings'
  | 'clock'
  | 'copy-redirect'
  | 'fixed-port'
  | 'ask-consent'
  | 'other-method'
  | 'new-code'
  | 'trust-endpoint'
  | 'reload'
  | 'log'
  | 'diagnostics';

/** What happens to a session whose refresh failed. The status bar shows it. */
export type Outcome =
  /** It's kept, and the refresh is retried automatically: "retrying at 14:05". */
  | 'retrying'
  /** It's kept, and the user must act: "needs attention". */
  | 'needs-attention'
  /** It has definitely ended: "sign in again". */
  | 'ended'
  /** It can't be refreshed anymore: the user is asked to sign in, and it ends once its access token expires. */
  | 'ending'
  /** It's kept, and shown as before: only one attempt or one caller failed. */
  | 'no-change';

/** The step of the protocol at which something failed; some error codes mean different things at different steps. */
export type ProtocolStep =
  'discovery' | 'authorization' | 'exchange' | 'refresh' | 'revocation' | 'userinfo' | 'device' | 'resource';

/** All HTTP statuses of a class that no other row names. */
export type StatusClass = '1xx' | '2xx' | '3xx' | '4xx' | '5xx';

/** The policy for one category of failure. An absent list is empty, and an absent flag is false. */
export interface FailurePolicy {
  // How it's recognized.

  /** The server error codes that mean it, as RFC 6749, OpenID Connect and related specifications define them. */
  readonly serverCodes?: readonly string[];
  /** Server error codes that mean it at one step only, whatever they mean elsewhere. */
  readonly serverCodesAtStep?: Readonly<Partial<Record<ProtocolStep, readonly string[]>>>;
  /** Codes of oauth4webapi, of Node, undici and TLS, and this product's own. */
  readonly localCodes?: readonly string[];
  /** Prefixes of such codes. */
  readonly localCodePrefixes?: readonly string[];
  /** Local codes of failures before there was a connection, so that nothing reached the server. */
  readonly unsentCodes?: readonly string[];
  /** Those that show that nothing even left this computer's network: no route, no name, no interface. */
  readonly offlineCodes?: readonly string[];
  /** The HTTP statuses that mean it if the response contains nothing more specific; the code of the failure is then `http-` and the status. */
  readonly httpStatuses?: readonly (number | StatusClass)[];

  // What happens to the session, and what the user sees.

  /** What becomes of a session whose refresh has failed. */
  readonly outcome: Outcome;
  /** The actions offered to the user: at most two, the recommended one first. Empty if the user doesn't have to act. */
  readonly actions: readonly Action[];
  /** The actions offered in addition if the user requested what failed. */
  readonly additionalActions?: readonly Action[];
  /** Whether the message adds that the session is kept, because users might think that it's lost. */
  readonly mentionsKeptSession?: boolean;
  /** Whether the user canceled it or restarted it: nothing is wrong, so there is no warning. */
  readonly isUserCancellation?: boolean;
  /** The codes of the category that aren't reported at all, because the user's own change caused them. */
  readonly unreportedCodes?: readonly string[];

  // When a refresh is retried.

  /**
   * The longest delay, in ms, before the first automatic retry. It doubles with each failure, see `retryDelay`.
   * If absent, there is no automatic retry.
   */
  readonly firstRetryWithin?: number;
  /** Whether it concerns this window only, so that other windows don't adopt it. */
  readonly isWindowLocal?: boolean;

  // What it means for a refresh.

  /**
   * Whether the server may have processed the request, so that its response is lost, unless it's known that nothing was
   * sent. A list contains the only codes of the category to which that applies.
   */
  readonly mayHaveReachedServer?: true | readonly string[];
  /**
   * The HTTP statuses with which a refresh that worked before with the same settings counts as an unexplained
   * rejection: most likely, its refresh token is no longer valid.
   */
  readonly rejectionStatuses?: readonly number[];
  /** The codes with which it is such a rejection, whatever the status. */
  readonly rejectionCodes?: readonly string[];
  /** Whether unexplained rejections are converted to it. */
  readonly isRefreshRejection?: boolean;
  /** Whether the server rejects the refresh token without a reason: the previous failure may be more specific. */
  readonly lacksReason?: boolean;
  /** Whether the refresh token can't be used, so that the session lasts as long as its access token. */
  readonly marksNotRefreshable?: boolean;

  // What it means for a sign-in.

  /** The `prompt` (OpenID Connect Core 3.1.2.1) that the next sign-in needs after a code. */
  readonly prompts?: Readonly<Record<string, string>>;
  /** Whether a newer attempt replaced it: callers that wait for this one get the result of the newer one. */
  readonly isReplaced?: boolean;
  /** Whether a sign-in that also requested the scopes of an existing session is retried without those. */
  readonly retriesWithFewerScopes?: boolean;
  /** Whether another window has the lock. A sign-in is stored anyway, because it takes priority over a refresh that hangs. */
  readonly lacksLock?: boolean;
  /** Whether the wizard retries the issuer with the trailing slash added or removed. */
  readonly retriesWithOtherSlash?: boolean;
  /** Whether the device keeps polling (RFC 8628 section 3.5). */
  readonly continuesPolling?: boolean;

  // What it means for the server and the client.

  /** Whether discovery stops at it instead of trying the other locations: always, or if there was no response. */
  readonly stopsDiscovery?: 'always' | 'without-response';
  /** How much it reveals about the server if every location failed; the failure with the highest number is reported. 1 if absent. */
  readonly discoverySignificance?: number;
  /** Whether cached metadata is no longer used: it's a different server, or no longer secure. */
  readonly distrustsMetadata?: boolean;
  /**
   * Whether its error codes count even with a 5xx status. Others don't: a failing server can't decide that a session
   * has ended.
   */
  readonly countsWith5xx?: boolean;
  /** Whether an HTML body is more specific than the status that led to the category. */
  readonly yieldsToHtml?: boolean;
  /**
   * Whether the request is sent again with the other client authentication method: a server that responds like this
   * checked nothing else.
   */
  readonly retriesWithOtherAuthentication?: boolean;
  /**
   * Whether the server accepted the client: 'no' if it rejects the client, or if the response isn't from the server;
   * 'unknown' if it may be about how the client authenticates. If absent, it accepted the client and checked the
   * request.
   */
  readonly clientAcceptance?: 'no' | 'unknown';

  // What failed on this computer.

  /** Whether SecretStorage, or the shared folder, failed. */
  readonly isStorageFailure?: boolean;
}

/**
 * The statuses with which a working server rejects a request: success without tokens, and all 4xx except 407, 408, 425
 * and 429.
 */
export const REJECTION_STATUSES: readonly number[] = [
  ...Array.from({ length: 100 }, (_, index) => 200 + index),
  ...Array.from({ length: 100 }, (_, index) => 400 + index).filter((status) => ![407, 408, 425, 429].includes(status)),
];
