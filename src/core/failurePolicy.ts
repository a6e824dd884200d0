// The columns of the table of failure policies.

/** Something a person can choose to do about a failure. */
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
  | 'reload'
  | 'log'
  | 'diagnostics';

/** What becomes of a session whose refresh has failed, which is what the status bar shows. */
export type Outcome =
  /** It is kept, and it is only a matter of time: "retrying at 14:05". */
  | 'retrying'
  /** It is kept, and the person has to act: "needs attention". */
  | 'needs-attention'
  /** It is over, by a definite verdict: "sign in again". */
  | 'ended'
  /** It can't be refreshed any more: the person is asked to sign in, and it ends once its access token expires. */
  | 'ending'
  /** It is kept, and shown as before: the failure is that of one attempt or of one caller. */
  | 'no-change';

/** The step of the protocol at which something failed; some error codes mean different things at different steps. */
export type ProtocolStep =
  'discovery' | 'authorization' | 'exchange' | 'refresh' | 'revocation' | 'userinfo' | 'device' | 'resource';

/** All HTTP statuses of a hundred that no other row names. */
export type StatusClass = '1xx' | '2xx' | '3xx' | '4xx' | '5xx';

/** What is done about one category of failure. An absent list is empty, and an absent flag is false. */
export interface FailurePolicy {
  // What it is.

  /** The error codes of servers that mean it, as RFC 6749, OpenID Connect and their like define them. */
  readonly serverCodes?: readonly string[];
  /** Error codes of servers that mean it at one step only, whatever they mean elsewhere. */
  readonly serverCodesAtStep?: Readonly<Partial<Record<ProtocolStep, readonly string[]>>>;
  /** Codes of oauth4webapi, of Node, undici and TLS, and this product's own. */
  readonly localCodes?: readonly string[];
  /** What families of such codes begin with. */
  readonly localCodePrefixes?: readonly string[];
  /** Such codes of failures before there was a connection, so that nothing has reached the server. */
  readonly unsentCodes?: readonly string[];
  /** The HTTP statuses that mean it if the response says nothing more; the code of the failure is then `http-` and the status. */
  readonly httpStatuses?: readonly (number | StatusClass)[];

  // What becomes of the session, and what the person sees.

  /** What becomes of a session whose refresh has failed. */
  readonly outcome: Outcome;
  /** What the person is offered: at most two, the recommended one first. Empty if the person doesn't have to act. */
  readonly actions: readonly Action[];
  /** What is offered in addition if the person has just asked for what failed. */
  readonly additionalActions?: readonly Action[];
  /** Whether the message adds that the session is kept, because a person might think that it's lost. */
  readonly mentionsKeptSession?: boolean;
  /** Whether the person has stopped it, or started it again: nothing is wrong, so that nobody is warned. */
  readonly isUserCancellation?: boolean;
  /** The codes of it that aren't reported at all, because the person knows what they are doing. */
  readonly unreportedCodes?: readonly string[];

  // When a refresh is retried.

  /** How many times it is retried soon after the first failure, with growing delays. */
  readonly quickRetries?: number;
  /** How often, in ms, it is retried after that, for as long as it takes; if absent, it isn't retried automatically. */
  readonly retryInterval?: number;
  /** Whether it says something about this window only, so that other windows don't take it over. */
  readonly isWindowLocal?: boolean;

  // What it says about a refresh.

  /**
   * Whether the server may have processed the request, so that its response is lost, unless it is known that nothing was
   * sent. A list names the only codes of the category of which that is true.
   */
  readonly mayHaveReachedServer?: true | readonly string[];
  /**
   * The HTTP statuses with which it is, for a refresh that worked before with the same settings, a rejection that the
   * server doesn't explain: most likely, its refresh token is dead.
   */
  readonly rejectionStatuses?: readonly number[];
  /** The codes with which it is such a rejection, whatever the status. */
  readonly rejectionCodes?: readonly string[];
  /** Whether it is what such a rejection is turned into. */
  readonly isRefreshRejection?: boolean;
  /** Whether the server says that the refresh token is dead, but not why: what happened before may say more. */
  readonly lacksReason?: boolean;
  /** Whether the refresh token is of no use, so that the session lasts as long as its access token. */
  readonly marksNotRefreshable?: boolean;

  // What it says about a sign-in.

  /** The `prompt` (OpenID Connect Core 3.1.2.1) that the next sign-in needs after a code. */
  readonly prompts?: Readonly<Record<string, string>>;
  /** Whether a newer attempt has taken its place: whoever waits for this one gets the result of the newer one. */
  readonly isReplaced?: boolean;
  /** Whether a sign-in that asked for the scopes of an existing session, too, is tried again without those. */
  readonly retriesWithFewerScopes?: boolean;
  /** Whether another window has the lock. A sign-in is stored all the same: it counts for more than a refresh that hangs. */
  readonly lacksLock?: boolean;
  /** Whether the wizard tries the issuer with, or without, the slash at its end. */
  readonly retriesWithOtherSlash?: boolean;
  /** Whether the server wants a device to go on polling (RFC 8628 section 3.5). */
  readonly continuesPolling?: boolean;

  // What it says about the server, and about the client.

  /** Whether discovery stops at it instead of trying the other locations: always, or if there was no response. */
  readonly stopsDiscovery?: 'always' | 'without-response';
  /** How much it says about the server if every location failed; the failure with the highest number is reported. 1 if absent. */
  readonly discoverySignificance?: number;
  /** Whether what the server said before isn't used any more: it's another server, or no longer secure. */
  readonly distrustsMetadata?: boolean;
  /** Whether its error codes count even with a 5xx status: a failing server has no say in whether a session has ended. */
  readonly countsWith5xx?: boolean;
  /** Whether a web page as the body says more than the status that led to it. */
  readonly yieldsToHtml?: boolean;
  /** Whether the request is sent again with another way of client authentication: such a server looked at nothing else. */
  readonly retriesWithOtherAuthentication?: boolean;
  /**
   * Whether the server has accepted the client: 'no' if it rejects the client, or if the response isn't the server's;
   * 'unknown' if it may be about the way in which the client authenticates. If absent, it has, and looked at the request.
   */
  readonly clientAcceptance?: 'no' | 'unknown';

  // What failed on this computer.

  /** Whether VS Code's secret storage, or the shared folder, failed. */
  readonly isStorageFailure?: boolean;
}

/** The statuses with which a server that works rejects a request: success without tokens, and all 4xx but 407, 408, 425 and 429. */
export const REJECTION_STATUSES: readonly number[] = [
  ...Array.from({ length: 100 }, (_, index) => 200 + index),
  ...Array.from({ length: 100 }, (_, index) => 400 + index).filter((status) => ![407, 408, 425, 429].includes(status)),
];
