// The message for each failure category of core/failurePolicies.ts.
import * as vscode from 'vscode';
import { toFailure, type Failure } from '../core/failure.ts';
import { isTemporary, mentionsKeptSession, type Category } from '../core/failurePolicies.ts';

const { l10n } = vscode;

/**
 * Returns the message for a failure: what happened, and what to do if the user can do something.
 * @param hasSession whether there is a session, so that the message mentions that it's kept; a first sign-in has none.
 */
export function describeFailure(error: unknown, provider: string, hasSession = true): string {
  const failure = toFailure(error);
  const message = FAILURE_MESSAGES[failure.category](withHost(provider, failure.host), failure);
  return hasSession && mentionsKeptSession(failure.category)
    ? `${message} ${sessionKeptMessage(failure.category)}`
    : message;
}

/** Returns the label of a provider and the host of its server, unless that isn't known or is the label. */
export function withHost(provider: string, host: string | undefined): string {
  const [hostname] = host?.split(/:\d+$/) ?? [];
  return hostname === undefined || provider.toLowerCase().includes(hostname) ? provider : `${provider} (${host})`;
}

/** Returns what happens to the session, for a failure after which the user might think that it's lost. */
function sessionKeptMessage(category: Category): string {
  return (
    SESSION_KEPT_MESSAGES[category]?.() ??
    (isTemporary(category)
      ? l10n.t("You're still signed in. Retrying automatically.")
      : l10n.t("You're still signed in."))
  );
}

/** The same, for categories with a message of their own. */
const SESSION_KEPT_MESSAGES: Readonly<Partial<Record<Category, () => string>>> = {
  network: () => l10n.t("You're still signed in. Your session will be renewed when the server responds."),
};

type FailureMessage = (provider: string, failure: Failure) => string;

/** Adds the server's error description, if there is one and it says more than the error code. */
const withServerMessage = (text: string, { code, detail = '' }: Failure): string => {
  // The message has a period of its own.
  const quoted = detail.replace(/[.\s]+$/, '');
  return quoted === '' || quoted === code.replaceAll('_', ' ')
    ? text
    : l10n.t({
        message: '{0} Server message: "{1}".',
        args: [text, quoted],
        comment: ['{0} is a complete message.', "{1} is text from the server, which isn't translated."],
      });
};

/** The part of the response or document that is wrong; the code if that isn't known. */
const detailOrCode = ({ detail, code }: Failure): string => (detail === undefined || detail === '' ? code : detail);

/** Returns that a provider isn't configured. */
export const notConfigured = (provider: string): string => l10n.t('{0} is no longer configured.', provider);

const FAILURE_MESSAGES: Readonly<Record<Category, FailureMessage>> = {
  network: (provider) => l10n.t("Couldn't reach {0}.", provider),
  server: (provider) => l10n.t('{0} is temporarily unavailable.', provider),
  'rate-limited': (provider) => l10n.t('Too many requests to {0}.', provider),
  'lock-timeout': (provider) =>
    l10n.t(
      "Waiting for another VS Code window to finish renewing your {0} session. Close that window if it isn't responding.",
      provider,
    ),

  'unexpected-html': (provider, { code, detail }) =>
    code.startsWith('http-3') && detail !== undefined && detail !== ''
      ? l10n.t({
          message:
            'A request to {0} was redirected to {1}. You may need to sign in to your network, or check the issuer URL.',
          args: [provider, detail],
          comment: ['{1} is a host.'],
        })
      : l10n.t(
          'Received a web page instead of a response from {0}. You may need to sign in to your network, or check the issuer URL.',
          provider,
        ),
  proxy: (provider) => l10n.t('The proxy server rejected the connection to {0}.', provider),
  certificate: (provider, { code }) =>
    code === 'CERT_HAS_EXPIRED'
      ? l10n.t("Couldn't connect to {0}. Its certificate has expired, or your computer's clock is wrong.", provider)
      : l10n.t(
          "Couldn't connect to {0} because its certificate isn't trusted. You may need to install your organization's certificate.",
          provider,
        ),
  clock: (provider) => l10n.t("Your computer's clock doesn't match the clock of {0}.", provider),

  'session-ended': (provider, failure) =>
    withServerMessage(l10n.t('{0} ended your session. Sign in again.', provider), failure),
  'session-expired': (provider, failure) =>
    withServerMessage(l10n.t('Your {0} session expired. Sign in again.', provider), failure),
  'refresh-response-lost': (provider) =>
    l10n.t("Your {0} session couldn't be renewed because the connection was interrupted. Sign in again.", provider),
  'sign-in-needed': (provider, failure) =>
    withServerMessage(l10n.t('{0} requires you to sign in again.', provider), failure),
  'interaction-needed': (provider, failure) =>
    withServerMessage(l10n.t('{0} requires additional input. Sign in again to continue.', provider), failure),
  'consent-needed': (provider, failure) =>
    withServerMessage(l10n.t('{0} requires your consent. Sign in again to continue.', provider), failure),
  'second-factor': (provider, failure) =>
    withServerMessage(l10n.t('{0} requires multifactor authentication. Sign in again to continue.', provider), failure),
  policy: (provider, failure) =>
    withServerMessage(l10n.t("Your organization's policy requires you to sign in to {0} again.", provider), failure),
  'password-expired': (provider) => l10n.t('Your {0} password has expired. Sign in again to change it.', provider),
  'email-unverified': (provider) =>
    l10n.t('{0} requires a verified email address. Verify your email, then sign in again.', provider),

  'refresh-rejected': (provider, failure) =>
    withServerMessage(l10n.t('{0} rejected the renewal of your session.', provider), failure),
  'refresh-rejected-again': (provider, failure) =>
    withServerMessage(l10n.t('{0} no longer renews your session. Sign in again.', provider), failure),
  'refresh-rejected-settings': (provider, failure) =>
    withServerMessage(
      l10n.t('{0} rejected the renewal of your session after its settings changed.', provider),
      failure,
    ),

  'client-rejected': (provider, failure) =>
    withServerMessage(l10n.t('{0} rejected the client ID or requires a client secret.', provider), failure),
  'client-not-allowed': (provider, failure) =>
    withServerMessage(l10n.t("{0} doesn't allow this client to use the requested grant type.", provider), failure),
  'redirect-rejected': (provider, failure) =>
    withServerMessage(
      l10n.t('{0} rejected the redirect URI. Register it for your client, or use a fixed port.', provider),
      failure,
    ),
  'scope-rejected': (provider, failure) =>
    withServerMessage(l10n.t("{0} doesn't grant one of the requested scopes.", provider), failure),
  'no-server': (provider) => l10n.t('No OpenID Connect or OAuth server found at the issuer URL of {0}.', provider),
  'endpoint-moved': (provider, { detail }) => {
    const [, host = '…', previous = '…'] = /^(.*) \((.*)\)$/.exec(detail ?? '') ?? [];
    return l10n.t({
      message:
        '{0} now requires tokens to be sent to a different host: {1} (previously {2}). Renewals are paused until you trust it.',
      args: [provider, host, previous],
      comment: ['{1} and {2} are hosts.'],
    });
  },
  'endpoint-conflict': (provider, failure) =>
    l10n.t({
      message:
        'Sign-in to {0} was blocked because it would open a page of another provider: {1}. Check the issuer URL.',
      args: [provider, failure.detail ?? '…'],
      comment: ['{1} is the host, with the other provider in parentheses.'],
    }),
  'issuer-mismatch': (provider, failure) =>
    failure.code === 'issuer-setting'
      ? l10n.t({
          message:
            '{0} reports a different issuer: {1}. If this is your server, use it as "issuer", starting with https.',
          args: [provider, detailOrCode(failure).replace(/^https?:\/\//i, '')],
          comment: ['{1} is a URL without its scheme.'],
        })
      : l10n.t('The server of {0} reports a different issuer. Use the exact issuer URL it reports.', provider),
  insecure: (provider, failure) =>
    l10n.t({
      message: '{0} uses an insecure URL ({1}). HTTPS is required.',
      args: [provider, detailOrCode(failure)],
      comment: ['{1} is an endpoint or a host.'],
    }),
  'unsupported-server': (provider, failure) => {
    if (failure.code !== 'token-type') {
      return l10n.t({
        message: "{0} doesn't support a required security feature: {1}.",
        args: [provider, detailOrCode(failure)],
        comment: ['{1} is the technical name of the feature.'],
      });
    }
    return failure.detail?.toLowerCase() === 'dpop'
      ? l10n.t('{0} issues DPoP-bound tokens. Turn on "dpop" for this provider.', provider)
      : l10n.t("{0} didn't issue a DPoP-bound token, which its settings require.", provider);
  },
  configuration: (provider, failure) =>
    withServerMessage(l10n.t("The settings of {0} don't match what the server supports.", provider), failure),
  'proof-rejected': (provider, failure) =>
    withServerMessage(
      l10n.t('{0} rejected the DPoP proof for this session. Sign in again, or check "dpop" in Settings.', provider),
      failure,
    ),
  'not-renewable': (provider) =>
    l10n.t("This session can't be renewed because {0} didn't issue a usable refresh token.", provider),
  'not-configured': (provider) => notConfigured(provider),

  'invalid-response': (provider, failure) =>
    l10n.t({
      message: 'Received an invalid response from {0} ({1}).',
      args: [provider, detailOrCode(failure)],
      comment: ['{1} is the part that is invalid, or an error code.'],
    }),
  'untrusted-response': (provider) => l10n.t('The response from {0} failed verification and was rejected.', provider),
  'other-account': (provider) =>
    l10n.t("{0} returned tokens for a different account. They weren't used. Sign in again.", provider),
  'unknown-error': (provider, failure) =>
    withServerMessage(
      l10n.t({
        message: '{0} reported an unknown error: "{1}".',
        args: [provider, failure.code],
        comment: ['{1} is an error code.'],
      }),
      failure,
    ),

  storage: () => l10n.t("Couldn't access the stored session. Make sure your keyring is unlocked."),
  'token-in-other-window': (provider) =>
    l10n.t(
      "Another window renewed your {0} session, but this window can't read the new tokens. Reload this window.",
      provider,
    ),

  'account-not-allowed': (provider) =>
    l10n.t("This account isn't allowed to sign in to {0} here. Sign in with another account.", provider),
  denied: (provider) => l10n.t('{0} reported that access was denied.', provider),
  'invalid-callback': (provider) => l10n.t('The sign-in response from {0} is invalid or expired. Try again.', provider),
  'code-expired': (provider) => l10n.t('The code for {0} expired before it was used.', provider),
  'sign-in-timeout': (provider) =>
    l10n.t(
      'Sign-in to {0} timed out. If your browser showed an error, check the client ID and the redirect URI.',
      provider,
    ),
  'no-loopback': (provider, { code, detail }) =>
    code === 'ports-in-use'
      ? l10n.t({
          message: 'Couldn\'t sign in to {0}. All ports in "{1}" are in use by other programs.',
          args: [provider, detail ?? 'redirectPorts'],
          comment: ['{1} is the name of a setting.'],
        })
      : l10n.t("Couldn't sign in to {0} because this computer's loopback address can't be used.", provider),
  canceled: (provider) => l10n.t('Sign-in to {0} was canceled.', provider),
  replaced: (provider) => l10n.t('A newer sign-in to {0} replaced this one.', provider),
  'signed-out': (provider) => l10n.t("You're signed out of {0}.", provider),

  'token-rejected': (provider) => l10n.t('The access token for {0} was rejected. Try renewing it.', provider),
  'insufficient-scope': (provider, { code }) =>
    code === 'scope-not-granted'
      ? l10n.t("You're signed in to {0}, but it didn't grant all requested scopes.", provider)
      : l10n.t("The access token for {0} doesn't have the required scopes. Sign in again to add them.", provider),
  'step-up-failed': (provider, { code }) =>
    code === 'auth-too-old'
      ? l10n.t("A recent sign-in is required, but {0} didn't ask you to sign in again.", provider)
      : l10n.t("{0} didn't provide the required level of authentication.", provider),
  'invalid-challenge': (provider, failure) =>
    l10n.t({
      message: 'A service sent an invalid authentication challenge for {0} ({1}).',
      args: [provider, detailOrCode(failure)],
      comment: ['{1} is the part that is invalid, or an error code.'],
    }),
  'protocol-step': (provider, failure) =>
    l10n.t({
      message: '{0} requires an additional step that isn\'t supported: "{1}".',
      args: [provider, failure.code],
      comment: ['{1} is an error code.'],
    }),

  unexpected: (provider) => l10n.t('An unexpected error occurred with {0}. See the log for details.', provider),
};
