// The names of the errors that other extensions get, for the client library, generated from the table of failure policies.
import { errorName } from '../src/core/failure.ts';
import {
  CATEGORIES,
  FAILURE_POLICIES,
  isTemporary,
  isUserCancellation,
  needsSignIn,
  type Category,
} from '../src/core/failurePolicies.ts';

/** The path of the generated file from the root folder. */
export const ERROR_NAMES_FILE = 'client/src/errorNames.ts';

/** The meaning of each category for the developer of another extension, in one sentence. */
const MEANINGS: Readonly<Record<Category, string>> = {
  network: "The server can't be reached, or doesn't respond in time.",
  server: 'The server is temporarily unavailable.',
  'rate-limited': 'The server is limiting requests.',
  'lock-timeout': "Another window is renewing the session and hasn't finished.",
  'unexpected-html': "A network login page or a proxy sent a web page instead of the server's response.",
  proxy: "The proxy doesn't let requests through to the server.",
  certificate: "The server's certificate isn't trusted.",
  clock: "The clock of this computer, or of the server, is wrong, so that the response can't be verified.",
  storage: "SecretStorage can't be read or written, for example because the keyring is locked.",
  'token-in-other-window': "Another window has renewed the session, and this window can't read the new tokens.",
  'session-ended': 'The server has ended the session.',
  'session-expired': 'The session has reached its maximum lifetime.',
  'refresh-response-lost':
    'The connection was interrupted during a renewal, and the server accepts each refresh token only once.',
  'sign-in-needed': 'The server requires a new sign-in.',
  'interaction-needed': 'The server requires additional input in the browser.',
  'consent-needed': "The server requires the user's consent.",
  'second-factor': 'The server requires a second factor.',
  policy: "The organization's policy requires a new sign-in.",
  'password-expired': "The user's password has expired.",
  'email-unverified': "The user's email address isn't verified.",
  'refresh-rejected': 'The server rejected the renewal once, without a known reason.',
  'refresh-rejected-again': 'The server keeps rejecting the renewal, without a known reason.',
  'refresh-rejected-settings': "The server rejects the renewal since the provider's settings were changed.",
  'client-rejected': 'The server rejects the client ID, or requires a client secret.',
  'client-not-allowed': "The client isn't allowed to sign in like this.",
  'redirect-rejected': "The redirect URI isn't registered for the client.",
  'scope-rejected': 'The server rejects one of the requested scopes.',
  'no-server': 'There is no OpenID Connect or OAuth server at the issuer URL.',
  'endpoint-moved': "The server's token endpoint has moved to another host. The user is asked whether to trust it.",
  'endpoint-conflict': 'The sign-in would open a page of another provider in the settings.',
  'issuer-mismatch': 'The server at the issuer URL reports a different issuer.',
  insecure: 'The server uses a URL without HTTPS.',
  'unsupported-server': "The server doesn't support something that Session Keeper requires, such as PKCE with S256.",
  configuration: "The provider's settings don't fit the server.",
  'proof-rejected': "The server rejected the session's DPoP proof.",
  'not-renewable': "The session can't be renewed, because it has no usable refresh token.",
  'not-configured': 'The provider was removed from the settings.',
  'invalid-response': "The server's response can't be understood.",
  'untrusted-response': "The response failed verification, so it wasn't used.",
  'other-account': "The server returned tokens for a different account, so they weren't used.",
  'unknown-error': "The server reported an error that Session Keeper doesn't know.",
  denied: 'The user, or a policy of the server, denied access.',
  'account-not-allowed': "The user signed in with an account that the provider's settings don't allow.",
  'invalid-callback': 'The sign-in response is invalid or has expired.',
  'code-expired': 'The device code has expired before it was used.',
  'sign-in-timeout': "The sign-in wasn't finished in time.",
  'no-loopback': "This computer doesn't let Session Keeper listen on its loopback address.",
  canceled: 'The user canceled the sign-in.',
  replaced: 'Another sign-in replaced this one.',
  'signed-out': 'The user signed out during the request.',
  'token-rejected':
    "Your server rejected the renewed access token, too (`invalid_token` in the header that you've passed).",
  'insufficient-scope': "The server didn't grant the requested scopes.",
  'step-up-failed':
    "The server didn't provide the requested level or time of authentication (`acr_values`, `max_age`).",
  'invalid-challenge': "The `WWW-Authenticate` header that you've passed can't be understood.",
  'protocol-step': "The server requires a step that isn't possible here.",
  unexpected: 'An error in Session Keeper; its log has the details.',
};

/** What a caller can do about an error. */
type Reaction = 'retry' | 'sign-in' | 'show' | 'none';

/** What the caller of `getSession` should do, if that doesn't follow from the policy. */
const ADVICE: Readonly<Partial<Record<Category, string>>> = {
  denied: "Don't retry without a user action.",
  'signed-out': "Don't retry without a user action.",
  'token-rejected': 'Check which audience and issuer your server accepts.',
  'insufficient-scope': 'Continue without features that need them, or show the message.',
  'step-up-failed': 'Show the message.',
  'invalid-challenge': 'Check what your server sends.',
};

/** What the caller of `getSession` should do, by its reaction. */
const ADVICE_FOR_REACTION: Readonly<Record<Reaction, string>> = {
  retry: 'Try again later.',
  'sign-in': 'Let the user sign in: call `getSession` with `createIfNone`.',
  show: 'Show the message: the user must act.',
  none: "Don't retry without a user action.",
};

function reactionTo(category: Category): Reaction {
  if (isTemporary(category)) {
    return 'retry';
  }
  if (isUserCancellation(category) || category === 'denied' || category === 'signed-out') {
    return 'none';
  }
  return needsSignIn(category) ? 'sign-in' : 'show';
}

/** What the caller of `getSession` should do after a failure, according to its policy. */
function adviceFor(category: Category): string {
  const reaction = reactionTo(category);
  const isOver = reaction === 'show' && FAILURE_POLICIES[category].outcome === 'no-change';
  return ADVICE[category] ?? (isOver ? 'Try again when the user does.' : ADVICE_FOR_REACTION[reaction]);
}

/** The entire file. */
export function errorNames(): string {
  return [
    '// The names of the errors with which `vscode.authentication.getSession` rejects for a provider of Session Keeper.',
    '// Generated by `npm run docs`; do not edit. Names can be added in later versions.',
    '',
    '/** The `name` of an error of Session Keeper. */',
    'export type SessionKeeperErrorName =',
    ...CATEGORIES.map(
      (category, index) =>
        `  /** ${MEANINGS[category]} ${adviceFor(category)} */\n  | '${errorName(category)}'${index === CATEGORIES.length - 1 ? ';' : ''}`,
    ),
    '',
    '/** What to do about an error: try again later, let the user sign in, show the message, or nothing. */',
    "export type Reaction = 'retry' | 'sign-in' | 'show' | 'none';",
    '',
    '/** What to do about each error. */',
    'export const REACTIONS: Readonly<Record<SessionKeeperErrorName, Reaction>> = {',
    ...CATEGORIES.map((category) => `  '${errorName(category)}': '${reactionTo(category)}',`),
    '};',
    '',
  ].join('\n');
}
