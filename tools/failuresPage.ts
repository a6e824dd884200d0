// The page that tells of every failure, made of the table and the sentences of the product, so that it cannot say
// anything else than they do. Only what to do about each is written here.
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

/** What to do about each: one sentence, or two, for the person and whoever helps them. */
const ADVICE: Readonly<Record<Category, string>> = {
  network:
    'Nothing: the return of this computer’s network is noticed within seconds, that of a server within ten minutes, or as soon as a token is needed. Where other pages load, look at the VPN, the firewall, and whether the server runs.',
  server: 'Nothing, unless it lasts: then tell whoever runs the server. The log has the status of each answer.',
  'rate-limited':
    'Nothing: all windows wait for as long as the server asks. Where it happens often, raise `sessionKeeper.refreshInterval`, or set it to 0, and ask for a higher limit there.',
  'lock-timeout': 'Close the window that does not respond, or wait: once it is gone, this one renews.',
  'unexpected-html':
    'Open any page in the browser and sign in to the network there, as hotels and trains want it. Elsewhere, check `issuer`, and whether a proxy answers in the place of the server.',
  proxy: 'Check `http.proxy` and its user and password. The proxy has to let requests through to the server.',
  certificate:
    'Look at the date and time of this computer first. Then install the certificate of your company’s own authority on this computer, and leave `http.systemCertificates` on. Do not switch the check of certificates off: whoever is on the way could read your tokens.',
  clock:
    'Set the date, time and time zone of this computer; best, let it set them by itself. The button says by how much the clocks differ.',
  'session-ended':
    'Sign in again. Servers end a session after a fixed time, after a password was changed, or when an administrator says so.',
  'session-expired':
    'Sign in again. If you want to sign in less often, ask whoever runs the server for a longer session lifetime.',
  'refresh-response-lost':
    'Sign in again. Where it happens often, ask for a grace period for used refresh tokens at the server.',
  'sign-in-needed': 'Sign in again: the page asks for your password even if the browser knows you.',
  'interaction-needed': 'Sign in again, and answer what the page asks.',
  'consent-needed': 'Sign in again, and allow what the page asks for. Where only an administrator may, ask one.',
  'second-factor': 'Sign in again, with your second factor at hand.',
  policy:
    'Sign in again. Where it comes back soon, ask your administrator how often a sign-in is wanted, or whether this computer has to be registered.',
  'password-expired': 'Sign in again, and choose a new password on the page.',
  'email-unverified': 'Follow the link in the mail that the server has sent you, then sign in again.',
  'refresh-rejected':
    'Nothing: the renewal is tried again within a minute or so. If the server rejects it again, you’re asked to sign in.',
  'refresh-rejected-again':
    'Sign in again, with the same account. Most likely the session was revoked or expired at the server, which doesn’t say so in a standard way.',
  'refresh-rejected-settings':
    'Undo the change of the provider’s settings, or correct it. If the settings are right, sign in again.',
  'client-rejected':
    'Compare `clientId` with the server’s own page for the client. Where the client has a secret, set it with **Set Client Secret…**; where it has none, the client has to be a public one.',
  'client-not-allowed':
    'At the server, allow the client the authorization code and the refresh token grant, and the accounts of your organisation.',
  'redirect-rejected':
    'Copy the redirect URI with the button, and register it for the client. If the server doesn’t accept any port, use a fixed port, or put the redirect URI that is registered into `redirectUri`.',
  'scope-rejected':
    'Take the scope out of `scopes`, or allow it for the client at the server. Another extension may have asked for it, too: the log tells the scopes.',
  'no-server':
    'Open `ISSUER/.well-known/openid-configuration` in a browser: it has to show JSON. Correct `issuer` until it does.',
  'endpoint-moved':
    'Ask whoever runs the server whether it has moved. Trust the new address if so; it gets your refresh token. Otherwise, wait: your session is kept.',
  'endpoint-conflict':
    'Check `issuer`, and `endpoints` if there are any: the sign-in page of an entry must not be that of another entry, which would get its codes.',
  'issuer-mismatch': 'Copy `issuer` from that JSON into the settings, to the letter: a slash at the end counts.',
  insecure: 'The server has to offer https for every address that it names. http is for servers on this computer only.',
  'unsupported-server':
    'Tell whoever runs the server: it needs an authorization and a token endpoint, PKCE with S256, tokens of the type Bearer, and ID tokens signed by a key of its own (RS256, ES256 and their like, neither HS256 nor none); one that binds tokens to a key needs `dpop` in the entry. If the server doesn’t bind its tokens although `dpop` is set, allow DPoP (RFC 9449) for the client there, or remove `dpop` and sign in again. URLs in the metadata can’t contain a user name. The diagnostics show what it says of itself.',
  configuration:
    'Compare the entry in the settings with the server’s own page for the client. What the server says of itself is in the diagnostics.',
  'proof-rejected':
    'Sign in again, which makes a new key. If it comes back, the client or the server may not be set up for DPoP (RFC 9449) with ES256: take `dpop` out of the entry, or allow it at the server.',
  'not-renewable':
    'Ask for your consent, which some servers need for a refresh token. Add `offline_access` to `scopes`, and allow refresh tokens for the client at the server, then sign in again. Until then, the session ends with the token.',
  'not-configured': 'Put the entry back into `sessionKeeper.providers`. The session is kept, and is there again.',
  'invalid-response': 'Try again. Where it lasts, send the diagnostics to whoever runs the server.',
  'untrusted-response':
    'Sign in again, in the tab that VS Code opens. Where it happens again, somebody may be in between: do not go on, and tell whoever runs the server.',
  'other-account':
    'Sign in again with the right account. Tell whoever runs the server: a renewal must never change whose session it is.',
  'unknown-error':
    'Try again. Where it lasts, look the word up in the server’s own documentation, or send the diagnostics to whoever runs it.',
  storage:
    'Unlock the keyring of this computer, then try again. On Linux, one has to be set up. Nothing is lost meanwhile. With `folder-owner` or `folder-link`, make the extension’s folder your own, or delete the link that is in its place, then reload all windows.',
  'token-in-other-window':
    'Reload this window. Where that does not help, its secrets are not those of the other windows: sign in again.',
  denied:
    'Sign in again, and press the button that allows. Where you did, ask your administrator whether you may use this client.',
  'invalid-callback': 'Sign in again, and finish within a minute or two, in the tab that VS Code has opened last.',
  'code-expired':
    'Get a new code, and type it in before it runs out; the dialog that shows it says until when it works.',
  'sign-in-timeout':
    'Sign in again. Where the page at the server shows an error about the redirect URI, or a blank page, register that URI: behind the status bar, while a sign-in waits, it can be copied; or use a fixed port. `sessionKeeper.signInTimeout` gives you longer.',
  'no-loopback':
    'Use the other way: sign in in the browser, copy the address on which it ends, and paste it. A firewall of this computer may be the reason.',
  canceled: 'Nothing: you have called it off, or the settings of the provider have changed.',
  replaced: 'Finish in the tab that was opened last.',
  'signed-out': 'Sign in again, if you want to.',
  'token-rejected':
    'Renew the session. Where that does not help, the token is for another service, or the service does not trust the server.',
  'insufficient-scope': 'Sign in again for more scopes, or add them to `scopes`.',
  'step-up-failed':
    'Sign in again, with your second factor at hand. Where it comes back, the server does not know the level (`acr_values`) or the age (`max_age`) that the service asks for, or does not offer it to this client: ask whoever runs them.',
  'invalid-challenge':
    'Tell whoever runs the service: its `WWW-Authenticate` header is wrong in the part that is named.',
  'protocol-step': 'Try again. Where it lasts, send the diagnostics to whoever runs the server.',
  unexpected: 'Try again. Where it happens again, this is a fault of Session Keeper: report it, with the diagnostics.',
};

/** What the page calls the provider. */
const LABEL = 'Acme';

interface Part {
  readonly outcome: Outcome;
  readonly heading: string;
  readonly words: string;
}

const PARTS: readonly Part[] = [
  {
    outcome: 'retrying',
    heading: 'It passes by itself',
    words: `The session is kept, and the renewal is tried again until it works. The status bar says *${statusBar.retryingAt(LABEL, '14:05:10')}*; a notification comes only once another extension could not get a token, and goes away with the trouble.`,
  },
  {
    outcome: 'needs-attention',
    heading: 'Somebody has to look at it',
    words: `The session is kept, and goes on as soon as the reason is gone. The status bar says *${statusBar.needsAttention(LABEL)}*, and one notification tells why.`,
  },
  {
    outcome: 'ended',
    heading: 'The session is over',
    words: `The server has said so; signing in again is the only way on, with the same account and the same scopes. The token in hand is still given out for ${formatDuration(ENDED_GRACE)} at the most (*${statusBar.endsSoon(LABEL, ENDED_GRACE)}*), then the status bar says *${statusBar.ended(LABEL)}*. One notification tells of it, unless it was over already when VS Code started.`,
  },
  {
    outcome: 'ending',
    heading: 'The session can’t be renewed any more',
    words: `You’re asked to sign in again, with the same account and scopes. The access token is used until it expires (*${statusBar.endsSoon(LABEL, ENDED_GRACE)}*); then the session has ended, and the status bar shows *${statusBar.ended(LABEL)}*.`,
  },
  {
    outcome: 'no-change',
    heading: 'One attempt has not worked',
    words:
      'No session is changed by it, and the status bar says what it said before. Whoever has asked for it is told.',
  },
];

/** The whole page, in Markdown. */
export function failuresPage(): string {
  return [
    '# What can go wrong',
    '',
    '<!-- Made by `npm run docs` from src/core/failurePolicies.ts and src/host/failureMessages.ts. Do not edit. -->',
    '',
    `Everything that can go wrong has one name, one sentence and one way back. The buttons stand in the order in which they help; “…” is where the server’s own words stand, made harmless; ${LABEL} is the provider.`,
    '',
    'An extension that calls `getSession` gets an `Error` whose `name` is `SessionKeeper.` and the name of the table, `SessionKeeper.network` for one, and whose message is the sentence. The names are stable; new ones can come.',
    '',
    ...PARTS.flatMap(partOf),
    '## The codes behind the names',
    '',
    'What is decided, is decided by these codes, never by the text of a message. A code with a step in front of it has its meaning at that step only; `http-5xx` is every status of that hundred without a row of its own. A code that is not here is `unknown-error` where a server has sent it, `network` where a request has ended with it, and `unexpected` elsewhere; all of them keep the session.',
    '',
    ...table(
      ['name', 'error codes of servers', 'codes from this computer'],
      CATEGORIES.map((category) => [
        code(category),
        codes(serverCodesOf(FAILURE_POLICIES[category])),
        codes(localCodesOf(FAILURE_POLICIES[category])),
      ]),
    ),
    '',
  ].join('\n');
}

function partOf({ outcome, heading, words }: Part): string[] {
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
    words,
    '',
    ...table(['you see', 'what to do', 'buttons', 'tried again by itself', 'name'], rows),
    '',
  ];
}

/** The sentence, with an ellipsis where words of the server or a code go. */
function sentenceOf(category: Category): string {
  return describeFailure(new Failure(category, '…', { detail: '…' }), LABEL);
}

/** When a renewal is tried again by itself: the longest delay at first, and later. */
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
