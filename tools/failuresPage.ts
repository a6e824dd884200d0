// The page about all errors, generated from the table of failure policies and the messages, so that it's always correct. Only
// the recommended actions are written here.
import { Failure } from '../src/core/failure.ts';
import {
  CATEGORIES,
  FAILURE_POLICIES,
  localCodesOf,
  serverCodesOf,
  type Category,
} from '../src/core/failurePolicies.ts';
import type { Outcome } from '../src/core/failurePolicy.ts';
import { retryDelay } from '../src/core/retry.ts';
import { ENDED_GRACE } from '../src/core/session.ts';
import { describeFailure } from '../src/host/failureMessages.ts';
import * as button from '../src/host/buttonLabels.ts';
import { formatDuration } from '../src/host/formatting.ts';
import * as statusBar from '../src/host/statusBarMessages.ts';

/** What to do about each failure, for the user and the administrator. */
const ADVICE: Readonly<Record<Category, string>> = {
  network:
    "Nothing: when your network returns, the session is renewed within seconds. When the server returns, it's renewed within ten minutes, or as soon as a token is needed. If other pages load, check your VPN and firewall, and whether the server is running.",
  server:
    "Nothing. If the problem persists, contact the server's administrator. The log shows the status of each response.",
  'rate-limited':
    "Nothing: all windows wait for the time that the server specifies. If this happens often, increase `sessionKeeper.refreshInterval` or set it to 0, and ask the server's administrator for a higher limit.",
  'lock-timeout': "Close the window that isn't responding, or wait. This window then renews the session.",
  'unexpected-html':
    "Open any page in your browser and sign in to the network, such as a hotel's Wi-Fi. Otherwise, check `issuer` and whether a proxy sends the response.",
  proxy: 'Check `http.proxy`, including the user name and password. The proxy must allow requests to the server.',
  certificate:
    "First check the date and time of your computer. Then install the certificate of your organization's certificate authority, and keep `http.systemCertificates` on. Don't turn off certificate verification: anyone on the network could read your tokens.",
  clock:
    'Set the date, time, and time zone of your computer, preferably automatically. The button shows the difference between the clocks.',
  'session-ended':
    'Sign in again. A server ends a session after a fixed time, after a password change, or when an administrator revokes it.',
  'session-expired':
    "Sign in again. To sign in less often, ask the server's administrator for a longer session lifetime.",
  'refresh-response-lost':
    "Sign in again. If this happens often, ask the server's administrator for a grace period for used refresh tokens.",
  'sign-in-needed': "Sign in again. The page asks for your password even if you're signed in there.",
  'interaction-needed': 'Sign in again and answer the questions on the page.',
  'consent-needed':
    'Sign in again and grant the requested permissions. If only an administrator can grant them, ask one.',
  'second-factor': 'Sign in again with your second factor.',
  policy:
    'Sign in again. If this happens often, ask your administrator how often you have to sign in, and whether your computer must be registered.',
  'password-expired': 'Sign in again and choose a new password on the page.',
  'email-unverified': 'Follow the link in the email from the server, then sign in again.',
  'refresh-rejected':
    "Nothing: the renewal is retried within about a minute. If the server rejects it again, you're asked to sign in.",
  'refresh-rejected-again':
    "Sign in again with the same account. The session was probably revoked or has expired, and the server doesn't report this with a standard error code.",
  'refresh-rejected-settings':
    "Undo or correct the change to the provider's settings. If the settings are correct, sign in again.",
  'client-rejected':
    'Compare `clientId` with the client at the server. If the client has a secret, enter it with **Set Client Secret…** from the Command Palette. Otherwise, it must be a public client.',
  'client-not-allowed':
    'At the server, allow the client the authorization code and refresh token grants, and the accounts of your organization.',
  'redirect-rejected':
    "Copy the redirect URI with the button and register it for the client. If the server doesn't allow any port, use a fixed port or set `redirectUri` to the registered one.",
  'scope-rejected':
    'Remove the scope from `scopes`, or allow it for the client at the server. Another extension may have requested it. The log shows the requested scopes.',
  'no-server':
    "Open `ISSUER/.well-known/openid-configuration` in a browser. If it doesn't show JSON, correct `issuer`.",
  'endpoint-moved':
    "Ask the server's administrator whether the endpoint has moved. If so, trust the new host, which will receive your refresh token. Otherwise, wait. Your session is kept.",
  'endpoint-conflict':
    "Check `issuer` and, if set, `endpoints`. A provider's sign-in page can't be that of another provider, which would receive its authorization codes.",
  'issuer-mismatch': 'Copy `issuer` from the server metadata exactly as shown, including a trailing slash.',
  insecure: 'The server must use HTTPS for all endpoints. HTTP is allowed for servers on this computer only.',
  'unsupported-server':
    "Contact the server's administrator. The server must have an authorization endpoint and a token endpoint, support PKCE with S256, issue Bearer tokens, and sign ID tokens with its own key (such as RS256 or ES256, but not HS256 or none). If it issues DPoP-bound tokens, set `dpop`. If it doesn't issue them although `dpop` is set, allow DPoP (RFC 9449) for the client, or remove `dpop` and sign in again. URLs in the metadata can't contain a user name. The diagnostics show the server metadata.",
  configuration:
    "Compare the provider's settings with the client at the server. The diagnostics show the server metadata.",
  'proof-rejected':
    "Sign in again to create a new key. If the problem persists, the client or the server may not support DPoP (RFC 9449) with ES256. Remove `dpop` from the provider's entry, or allow it at the server.",
  'not-renewable':
    'Choose **Ask for Consent**, because some servers only issue a refresh token with your consent. Otherwise, add `offline_access` to `scopes`, allow refresh tokens for the client at the server, and sign in again. Until then, the session ends when its access token expires.',
  'not-configured': 'Add the entry to `sessionKeeper.providers` again. The session is kept and then continues.',
  'invalid-response': "Try again. If the problem persists, send the diagnostics to the server's administrator.",
  'untrusted-response':
    "Sign in again in the tab that VS Code opens. If this happens again, an attacker may be involved. Don't continue, and contact the server's administrator.",
  'other-account':
    "Sign in again with the correct account. Contact the server's administrator, because a renewal must never change the account.",
  'unknown-error':
    "Try again. If the problem persists, look up the error code in the server's documentation, or send the diagnostics to its administrator.",
  storage:
    "Unlock the keyring, then try again. On Linux, a keyring must be set up. Meanwhile, nothing is lost. If the code is `folder-owner` or `folder-link`, take ownership of the extension's folder, or delete the link in its place. Then reload all windows.",
  'token-in-other-window':
    "Reload this window. If that doesn't help, this window uses a different keyring. Sign in again.",
  'account-not-allowed':
    'Sign in with an account that `allowedAccounts` allows. The new tokens were revoked. To select another account, sign out of the server in your browser first.',
  denied: 'Sign in again and allow access. If you did, ask your administrator whether you can use this client.',
  'invalid-callback': 'Sign in again, and finish within a few minutes in the tab that VS Code opened last.',
  'code-expired': 'Get a new code and enter it before it expires. The dialog shows when.',
  'sign-in-timeout':
    "Sign in again. If the server's page shows an error about the redirect URI or is blank, register the redirect URI or use a fixed port. To copy the redirect URI, select the status bar item during sign-in. For more time, increase `sessionKeeper.signInTimeout`.",
  'no-loopback':
    'Use another sign-in method: sign in with your browser, copy the URL of the final page, and paste it. A firewall on your computer may be the cause.',
  canceled: "Nothing: you canceled the sign-in, or the provider's settings have changed.",
  replaced: 'Finish in the tab that was opened last.',
  'signed-out': 'Sign in again if needed.',
  'token-rejected':
    "Renew the session. If that doesn't help, the token is for another service, or the service doesn't trust the server.",
  'insufficient-scope': 'Sign in again to request additional scopes, or add them to `scopes`.',
  'step-up-failed':
    "Sign in again with your second factor. If the problem persists, the server doesn't support the level (`acr_values`) or maximum age (`max_age`) that the service requires, or doesn't allow it for this client. Contact their administrators.",
  'invalid-challenge':
    "Contact the service's administrator. The message names the invalid part of the `WWW-Authenticate` header.",
  'protocol-step': "Try again. If the problem persists, send the diagnostics to the server's administrator.",
  unexpected: "Try again. If this happens again, it's a bug in Session Keeper. Report it with the diagnostics.",
};

/** The label of the provider on the page. */
const LABEL = 'Acme';

interface Part {
  readonly outcome: Outcome;
  readonly heading: string;
  readonly text: string;
}

const PARTS: readonly Part[] = [
  {
    outcome: 'retrying',
    heading: 'Temporary problems',
    text: `The session is kept, and the renewal is retried until it succeeds. The status bar shows *${statusBar.retryingAt(LABEL, '14:05:10')}*. You're notified only if another extension needs a token and can't get one. The notification disappears when the problem is solved.`,
  },
  {
    outcome: 'needs-attention',
    heading: 'Needs attention',
    text: `The session is kept and continues when the cause is fixed. The status bar shows *${statusBar.needsAttention(LABEL)}*, and one notification shows the cause.`,
  },
  {
    outcome: 'ended',
    heading: 'Session ended',
    text: `The server has ended the session. Sign in again with the same account and scopes. Extensions still get the access token for up to ${formatDuration(ENDED_GRACE)} (*${statusBar.endsSoon(LABEL, ENDED_GRACE)}*). Then the status bar shows *${statusBar.ended(LABEL)}*. You're notified once, unless the session had already ended when VS Code started.`,
  },
  {
    outcome: 'ending',
    heading: "Session can't be renewed",
    text: `You're asked to sign in again with the same account and scopes. The access token is used until it expires (*${statusBar.endsSoon(LABEL, ENDED_GRACE)}*). Then the session ends, and the status bar shows *${statusBar.ended(LABEL)}*.`,
  },
  {
    outcome: 'no-change',
    heading: 'Failed attempts',
    text: "Sessions and the status bar don't change. If you or an extension requested the action, the error is reported.",
  },
];

/** Returns the page, in Markdown. */
export function failuresPage(): string {
  return [
    '# Errors',
    '',
    '<!-- Generated by `npm run docs` from src/core/failurePolicies.ts and src/host/failureMessages.ts. Do not edit. -->',
    '',
    `Each error has a stable name, a message, and recommended actions, with the most helpful one first. In the messages, "…" stands for text from the server, and ${LABEL} is the provider.`,
    '',
    'Extensions that call `getSession` get an `Error`. Its `name` is `SessionKeeper.` and the name in the table, such as `SessionKeeper.network`. Its `message` is the one in the table. Names never change, but new ones can be added.',
    '',
    ...PARTS.flatMap(partOf),
    '## Error codes',
    '',
    "Errors are identified by these codes, never by the text of a message. A code with a prefix, such as `refresh:`, applies to that step only. `http-5xx` includes all status codes in that range that aren't listed. Other codes are `unknown-error` if the server sent them, `network` if a request failed with them, and `unexpected` otherwise. In all of these cases, the session is kept.",
    '',
    ...table(
      ['name', 'server error codes', 'local error codes'],
      CATEGORIES.map((category) => [
        code(category),
        codes(serverCodesOf(FAILURE_POLICIES[category])),
        codes(localCodesOf(FAILURE_POLICIES[category])),
      ]),
    ),
    '',
  ].join('\n');
}

function partOf({ outcome, heading, text }: Part): string[] {
  const rows = CATEGORIES.filter((category) => FAILURE_POLICIES[category].outcome === outcome).map((category) => [
    sentenceOf(category),
    ADVICE[category],
    FAILURE_POLICIES[category].actions.map(button.forAction).join(', '),
    againOf(category),
    code(category),
  ]);
  return [
    `## ${heading}`,
    '',
    text,
    '',
    ...table(['message', 'what to do', 'actions', 'retried automatically', 'name'], rows),
    '',
  ];
}

/** Returns the message, with an ellipsis for text from the server or a code. */
function sentenceOf(category: Category): string {
  return describeFailure(new Failure(category, '…', { detail: '…' }), LABEL);
}

/** Returns when a renewal is retried automatically: the longest delay at first, and later. */
function againOf(category: Category): string {
  const failure = new Failure(category, 'x');
  const [first, last] = [1, 100].map((failures) => retryDelay(failure, failures, 1));
  if (first === undefined || last === undefined) {
    return 'no';
  }
  return first === last
    ? `within ${formatDuration(last)}`
    : `within ${formatDuration(first)}, later ${formatDuration(last)}`;
}

const code = (word: string): string => `\`${word}\``;
const codes = (words: readonly string[]): string => words.map(code).join(' ');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
      .replaceAll('|  |', '| |')
      .replaceAll('|  |', '| |'),
  );
}
