// The message for each failure category of core/failurePolicies.ts.
import * as vscode from 'vscode';
import { toFailure, type Failure } from '../core/failure.ts';
import { isTemporary, mentionsKeptSession, type Category } from '../core/failurePolicies.ts';

const { l10n } = vscode;

/**
 * Returns the message for a failure: what happened, and what to do if the user can do something.
 * @param hasSession whether there is a session, so that the message says if it is kept; a first sign-in has none.
 */
export function describeFailure(error: unknown, provider: string, hasSession = true): string {
  const failure = toFailure(error);
  const message = FAILURE_MESSAGES[failure.category](provider, failure);
  return hasSession && mentionsKeptSession(failure.category)
    ? `${message} ${sessionKeptMessage(failure.category)}`
    : message;
}

/** Returns what happens to the session, for a failure after which the user might think that it's lost. */
function sessionKeptMessage(category: Category): string {
  return (
    SESSION_KEPT_MESSAGES[category]?.() ??
    (isTemporary(category)
      ? l10n.t('Your session is kept, and the renewal is tried again.')
      : l10n.t('Your session is kept.'))
  );
}

/** The same, for categories with a message of their own. */
const SESSION_KEPT_MESSAGES: Readonly<Partial<Record<Category, () => string>>> = {
  network: () => l10n.t('Your session is kept, and is renewed as soon as the server answers again.'),
};

type FailureMessage = (provider: string, failure: Failure) => string;

/** Adds the server's error description, if there is one and it says more than the error code. */
const withServerMessage = (text: string, { code, detail }: Failure): string =>
  detail === undefined || detail === '' || detail === code.replaceAll('_', ' ')
    ? text
    : l10n.t('{0} The server says: “{1}”', text, detail);

/** The part of the response or document that is wrong; the code if that is not known. */
const detailOrCode = ({ detail, code }: Failure): string => (detail === undefined || detail === '' ? code : detail);

const FAILURE_MESSAGES: Readonly<Record<Category, FailureMessage>> = {
  network: (provider) => l10n.t('{0} cannot be reached, or takes too long to answer.', provider),
  server: (provider) => l10n.t('{0} has a problem of its own and cannot answer now.', provider),
  'rate-limited': (provider) => l10n.t('{0} asks to wait a little before the next request.', provider),
  'lock-timeout': (provider) =>
    l10n.t(
      'Another window is renewing the session at {0} and does not finish. Is it stopped or not responding? It is tried again.',
      provider,
    ),

  'unexpected-html': (provider, { code, detail }) =>
    code.startsWith('http-3') && detail !== undefined && detail !== ''
      ? l10n.t(
          '{0} redirects to another server, {1}, which isn’t followed. You may need to sign in to your network, or check the issuer URL.',
          provider,
          detail,
        )
      : l10n.t(
          'Where {0} should answer, there is a web page: a login page of the network, a proxy, or a wrong issuer address.',
          provider,
        ),
  proxy: (provider) => l10n.t('The proxy between this computer and {0} refuses to pass requests on.', provider),
  certificate: (provider, { code }) =>
    code === 'CERT_HAS_EXPIRED'
      ? l10n.t(
          'The certificate of {0} has expired, or the clock of this computer is wrong, so nothing was sent.',
          provider,
        )
      : l10n.t(
          'The certificate of {0} is not trusted by this computer, so nothing was sent. A company’s own certificate may have to be installed.',
          provider,
        ),
  clock: (provider) =>
    l10n.t(
      'A time in the answer of {0} cannot be right: the clock of this computer, or of the server, is off.',
      provider,
    ),

  'session-ended': (provider, failure) =>
    withServerMessage(l10n.t('{0} ended your session. Sign in again.', provider), failure),
  'session-expired': (provider, failure) =>
    withServerMessage(l10n.t('Your {0} session expired. Sign in again.', provider), failure),
  'refresh-response-lost': (provider) =>
    l10n.t('Your {0} session couldn’t be renewed because the connection was interrupted. Sign in again.', provider),
  'sign-in-needed': (provider, failure) =>
    withServerMessage(l10n.t('{0} wants you to sign in again before it goes on.', provider), failure),
  'interaction-needed': (provider, failure) =>
    withServerMessage(
      l10n.t('{0} has a question for you in the browser before it goes on. Sign in again to see it.', provider),
      failure,
    ),
  'consent-needed': (provider, failure) =>
    withServerMessage(l10n.t('{0} needs your consent before it goes on. Sign in again to give it.', provider), failure),
  'second-factor': (provider, failure) =>
    withServerMessage(l10n.t('{0} wants a second proof that it is you. Sign in again to give it.', provider), failure),
  policy: (provider, failure) =>
    withServerMessage(
      l10n.t('A rule of your organisation at {0} asks for a new sign-in. This is no fault of yours.', provider),
      failure,
    ),
  'password-expired': (provider) =>
    l10n.t('Your password at {0} has expired. Sign in again, and choose a new one there.', provider),
  'email-unverified': (provider) =>
    l10n.t('{0} wants your e-mail address to be verified. Verify it there, then sign in again.', provider),

  'refresh-rejected': (provider, failure) =>
    withServerMessage(l10n.t('{0} rejected the renewal of your session.', provider), failure),
  'refresh-rejected-again': (provider, failure) =>
    withServerMessage(l10n.t('{0} no longer renews your session. Sign in again.', provider), failure),
  'refresh-rejected-settings': (provider, failure) =>
    withServerMessage(
      l10n.t(
        '{0} rejected the renewal of your session after its settings were changed. Check the settings, or sign in again.',
        provider,
      ),
      failure,
    ),

  'client-rejected': (provider, failure) =>
    withServerMessage(
      l10n.t(
        '{0} does not accept the client id, or wants a client secret with it. Check "clientId" in the settings.',
        provider,
      ),
      failure,
    ),
  'client-not-allowed': (provider, failure) =>
    withServerMessage(
      l10n.t(
        '{0} does not allow this client to sign in this way. Allow it the grant there, or sign in another way.',
        provider,
      ),
      failure,
    ),
  'redirect-rejected': (provider, failure) =>
    withServerMessage(
      l10n.t('{0} doesn’t accept the redirect URI. Register it for this client there, or use a fixed port.', provider),
      failure,
    ),
  'scope-rejected': (provider, failure) =>
    withServerMessage(
      l10n.t('{0} does not grant a scope that was asked for. Check "scopes" in the settings.', provider),
      failure,
    ),
  'no-server': (provider) =>
    l10n.t(
      'There is no OpenID Connect or OAuth server at the issuer address of {0}. Check "issuer" in the settings.',
      provider,
    ),
  'endpoint-moved': (provider, failure) =>
    l10n.t({
      message: '{0} now wants your tokens sent to another address: {1}. Renewals are on hold until you decide.',
      args: [provider, failure.detail ?? '…'],
      comment: ['{1} is the new host, with the previous one in parentheses.'],
    }),
  'endpoint-conflict': (provider, failure) =>
    l10n.t({
      message:
        'Signing in to {0} was stopped: it would open a page of another provider in your settings, {1}. Check the issuer of {0}.',
      args: [provider, failure.detail ?? '…'],
      comment: ['{1} is the host, with the other provider in parentheses.'],
    }),
  'issuer-mismatch': (provider, failure) =>
    failure.code === 'issuer-setting'
      ? l10n.t(
          '{0} identifies itself by another issuer, {1}. If that is your server, enter it as "issuer" in the settings, with https at the beginning.',
          provider,
          detailOrCode(failure).replace(/^https?:\/\//i, ''),
        )
      : l10n.t(
          'The server at the issuer address of {0} calls itself something else. Copy the issuer to the letter into the settings.',
          provider,
        ),
  insecure: (provider, failure) =>
    l10n.t(
      '{0} wants credentials sent without encryption (“{1}” is not https). That is refused.',
      provider,
      detailOrCode(failure),
    ),
  'unsupported-server': (provider, failure) => {
    if (failure.code !== 'token-type') {
      return l10n.t(
        '{0} lacks something that signing in safely needs, or says it wrongly: “{1}”.',
        provider,
        detailOrCode(failure),
      );
    }
    return failure.detail?.toLowerCase() === 'dpop'
      ? l10n.t(
          '{0} binds its tokens to a key, which the settings of the provider do not ask for. Put "dpop" into them.',
          provider,
        )
      : l10n.t(
          '{0} issued an access token that isn’t bound to a key, which its settings require. The token isn’t used.',
          provider,
        );
  },
  configuration: (provider, failure) =>
    withServerMessage(
      l10n.t('The settings and what {0} offers do not fit together. Check the provider’s settings.', provider),
      failure,
    ),
  'proof-rejected': (provider, failure) =>
    withServerMessage(
      l10n.t(
        '{0} does not accept the proof that the key of this session is held here. Sign in again to make a new key, or check "dpop" in the settings.',
        provider,
      ),
      failure,
    ),
  'not-renewable': (provider) =>
    l10n.t(
      'This session cannot be renewed: {0} gave no refresh token that it accepts. Ask for your consent, add "offline_access" to its scopes, or allow it at the server.',
      provider,
    ),
  'not-configured': (provider) => l10n.t('{0} is not set up any more.', provider),

  'invalid-response': (provider, failure) =>
    l10n.t('The answer of {0} could not be understood and was not used ({1}).', provider, detailOrCode(failure)),
  'untrusted-response': (provider) =>
    l10n.t('An answer that should come from {0} must not be trusted, and was thrown away. Start again.', provider),
  'other-account': (provider) =>
    l10n.t('The renewal at {0} brought the tokens of somebody else. They were not used; sign in again.', provider),
  'unknown-error': (provider, failure) =>
    withServerMessage(l10n.t('{0} reports an error that is not known here: “{1}”.', provider, failure.code), failure),

  storage: () =>
    l10n.t(
      'The sign-in could not be read from, or written to, the secret storage of VS Code. Is the keyring of this computer unlocked?',
    ),
  'token-in-other-window': (provider) =>
    l10n.t(
      'Another window has renewed the session at {0}, and this one cannot read the new tokens. Reload this window; if that does not help, sign in again.',
      provider,
    ),

  denied: (provider) => l10n.t('{0} reports that access was denied: by you, or by a rule there.', provider),
  'invalid-callback': (provider) =>
    l10n.t('What the browser brought back from {0} is used up, too old or incomplete. Start again.', provider),
  'code-expired': (provider) => l10n.t('The code for signing in to {0} has run out before it was used.', provider),
  'sign-in-timeout': (provider) =>
    l10n.t(
      'Nobody finished signing in to {0} in time. If the page there showed an error, check the client id and register the redirect URI; if the browser could not come back, use another way.',
      provider,
    ),
  'no-loopback': (_, { code, detail }) =>
    code === 'ports-in-use'
      ? l10n.t(
          'Other programs use all the ports that "{0}" names, so the browser cannot bring the answer here.',
          detail ?? 'redirectPorts',
        )
      : l10n.t(
          'This computer does not let Session Keeper listen on its loopback address, where the browser brings the answer.',
        ),
  canceled: (provider) => l10n.t('Signing in to {0} was canceled.', provider),
  replaced: (provider) => l10n.t('Another attempt to sign in to {0} has taken the place of this one.', provider),
  'signed-out': (provider) => l10n.t('You are signed out of {0}.', provider),

  'token-rejected': (provider) =>
    l10n.t(
      'The access token of {0} was refused where it was used. Renew it; if that does not help, look into the diagnostics.',
      provider,
    ),
  'insufficient-scope': (provider, { code }) =>
    code === 'scope-not-granted'
      ? l10n.t('You are signed in to {0}, but it did not allow all that was asked for.', provider)
      : l10n.t('The access token of {0} does not allow what was asked for. Sign in again for more.', provider),
  'step-up-failed': (provider, { code }) =>
    code === 'auth-too-old'
      ? l10n.t('{0} did not ask you to sign in anew, though a recent sign-in is wanted.', provider)
      : l10n.t('{0} signed you in, but not in the stronger way that is wanted.', provider),
  'invalid-challenge': (provider, failure) =>
    l10n.t('What a service wants of a token of {0} could not be understood (“{1}”).', provider, detailOrCode(failure)),
  'protocol-step': (provider, failure) =>
    l10n.t('{0} asks for one more step, which could not be taken (“{1}”).', provider, failure.code),

  unexpected: (provider) => l10n.t('Something unexpected went wrong with {0}. The log says more.', provider),
};
