// The texts of the diagnostics.
import * as vscode from 'vscode';
import * as button from '../host/buttonLabels.ts';
import { formatDuration } from '../host/formatting.ts';
import { describeEntryProblem, describeNumberProblem } from '../host/settingsMessages.ts';
import type { FindingCode, DiagnosticFinding, QuickFix, Severity } from './finding.ts';
import type { FindingNames, ReportMessages } from './report.ts';

const { l10n } = vscode;

/** Notification: the report was copied. */
export const diagnosticsCopied = (): string =>
  l10n.t('The diagnostics are in the clipboard. There is no token in them.');
/** Dialog: before a stored session is deleted. */
export const confirmRemove = (session: string): string =>
  l10n.t('Delete the stored session {0}? No server is told. This cannot be undone.', session);
/** Dialog: before a session is signed out. */
export const confirmSignOut = (session: string): string => l10n.t('Sign out of the session {0}?', session);
/** Dialog: before quarantined secrets are deleted. */
export const confirmDeleteQuarantined = (): string =>
  l10n.t('Delete what could not be read and was set aside? This cannot be undone.');

/** Returns the label of a quick fix, which is shown above its finding. */
export function quickFixLabel(quickFix: QuickFix): string {
  return QUICK_FIX_LABELS[quickFix]();
}

const QUICK_FIX_LABELS: Readonly<Record<QuickFix, () => string>> = {
  remove: button.confirmDelete,
  clear: () => l10n.t('Delete Them'),
  'sign-out': button.signOut,
  'sign-in': button.signInAgain,
  renew: button.renewNow,
  settings: button.openSettings,
  'add-provider': button.addProvider,
  'proxy-settings': () => button.forAction('proxy-settings'),
  log: button.showLog,
  check: () => l10n.t('Check Again'),
};

const SEVERITIES: Readonly<Record<Severity, () => string>> = {
  error: () => l10n.t('Error'),
  warning: () => l10n.t('Warning'),
  note: () => l10n.t('Note'),
};

type FindingMessage = (names: FindingNames, finding: DiagnosticFinding) => string;

const FINDING_MESSAGES: Readonly<Record<FindingCode, FindingMessage>> = {
  'identity-mismatch': ({ detail, session }) =>
    l10n.t(
      'The ID token of session {0} is not of the issuer, client or person that the session says (claims: {1}). Delete it and sign in again.',
      session,
      detail,
    ),
  'id-taken': ({ detail, provider }, { detail: extension }) =>
    extension === undefined
      ? l10n.t(
          'VS Code asks another extension for sessions of {0}, because it uses the same ID. Change "id" in the settings.',
          provider,
        )
      : l10n.t(
          'VS Code asks the extension {1} for sessions of {0}, because it uses the same ID. Change "id" in the settings.',
          provider,
          detail,
        ),
  'id-declared': ({ detail, provider }) =>
    l10n.t(
      'The extension {1} declares the same ID as {0}, so VS Code may ask it for sessions. Change "id" in the settings.',
      provider,
      detail,
    ),
  'tls-off': (_, { detail }) =>
    detail === 'setting'
      ? l10n.t(
          'Certificates are not checked, because the setting "http.proxyStrictSSL" is off: anybody on the way can read the tokens. Switch it on.',
        )
      : l10n.t(
          'Certificates are not checked, because NODE_TLS_REJECT_UNAUTHORIZED is 0 in the environment: anybody on the way can read the tokens. Take it out, and start VS Code again.',
        ),
  'store-fails': ({ detail }) =>
    l10n.t(
      'The secret storage of VS Code cannot be used ({0}). Unlock the keyring of this computer, then check again.',
      detail,
    ),
  'store-forgets': () =>
    l10n.t(
      'The secret storage of VS Code takes a secret and does not have it afterwards. Check the keyring of this computer; until then, sessions end with VS Code.',
    ),
  'store-not-persistent': () =>
    l10n.t(
      'A secret that was stored before VS Code was last closed is gone: the keyring does not keep it, or this is another browser or computer. Set up a keyring, or sign in after each start.',
    ),
  unsaved: ({ session }) =>
    l10n.t(
      'The newest tokens of session {0} are in memory only and would be lost on a restart. Unlock the keyring; storing is tried again.',
      session,
    ),
  'folder-fails': ({ detail }) =>
    l10n.t(
      'The folder of Session Keeper cannot be used ({0}). Check whether the disk is full or read-only; until then, keep one window open.',
      detail,
    ),
  'cross-window-sync-off': () =>
    l10n.t(
      'This window could not take turns with the others when it last renewed. Keep one window open, and check the disk.',
    ),
  'test-server': ({ provider, session }) =>
    l10n.t(
      'Session {0} was made at a test server on this computer, which is not how {1} is set up. It is not used. Delete it.',
      session,
      provider,
    ),
  'configuration-mismatch': ({ provider, session }) =>
    l10n.t(
      'Session {0} was made for another issuer or client id, or other endpoints, than {1} has now. It is not used. Delete it, or set the old values again.',
      session,
      provider,
    ),
  'not-configured': ({ provider, session }) =>
    l10n.t(
      'Session {0} belongs to the provider {1}, which is not set up. It is not used. Set the provider up again, or delete the session.',
      session,
      provider,
    ),
  lost: ({ detail, provider }) =>
    l10n.t(
      'The stored session {0} at {1} is gone: the keyring has lost it. It did not expire. Sign in again.',
      detail,
      provider,
    ),
  ended: ({ provider, session }) => l10n.t('Session {0} has ended. Sign in to {1} again.', session, provider),
  'renewal-fails': ({ detail, session }) =>
    l10n.t(
      'The renewal of session {0} fails ({1}). The session is kept. Try again, or look into the log for the reason.',
      session,
      detail,
    ),
  'server-unknown': ({ detail, provider }) =>
    l10n.t(
      'What {0} says of itself could not be read ({1}). Check the issuer in the settings, and the network.',
      provider,
      detail,
    ),
  'clock-off': ({ provider }, { skew = 0 }) =>
    skew > 0
      ? l10n.t(
          'The clock of this computer is {1} behind that of {0}. Check its date, time and time zone, then renew.',
          provider,
          formatDuration(skew),
        )
      : l10n.t(
          'The clock of this computer is {1} ahead of that of {0}. Check its date, time and time zone, then renew.',
          provider,
          formatDuration(-skew),
        ),
  'nothing-configured': () => l10n.t('No provider is set up. Add one: an issuer and a client id are all it takes.'),
  'entry-not-used': ({ problem }) => (problem === undefined ? '' : describeEntryProblem(problem)),
  'setting-out-of-range': (_, { numberProblem }) =>
    numberProblem === undefined ? '' : describeNumberProblem(numberProblem),
  'same-label': ({ provider, session }) =>
    l10n.t(
      'Two accounts at {0} have the same name, so VS Code cannot tell them apart. Sign out of session {1} and sign in again.',
      provider,
      session,
    ),
  'no-refresh-token': ({ provider, session }) =>
    l10n.t(
      'Session {0} ends with its access token: {1} sent no refresh token. Add "offline_access" to the scopes, and allow it at the server.',
      session,
      provider,
    ),
  'lifetime-unknown': ({ provider, session }) =>
    l10n.t(
      '{1} does not say how long the access token of session {0} lives. Set "assumedLifetime", so that it is renewed in time.',
      session,
      provider,
    ),
  'quarantined-secrets': ({ detail }) =>
    l10n.t(
      'Stored texts that could not be read lie set aside: {0}. Delete them, unless a later version of Session Keeper is to be used again.',
      detail,
    ),
};

/** The texts of the report. */
export const reportMessages: ReportMessages = {
  introduction: () =>
    l10n.t(
      'Made for a ticket: there is no token in it, no name of a person, and no password of a proxy. It does hold the addresses of your servers.',
    ),
  nothingFound: () => l10n.t('Everything that was looked at is in order.'),
  severity: (severity) => SEVERITIES[severity](),
  finding: (finding, names) => FINDING_MESSAGES[finding.code](names, finding),
};
