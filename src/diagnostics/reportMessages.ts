// The texts of the diagnostics.
import * as vscode from 'vscode';
import * as button from '../host/buttonLabels.ts';
import { formatDuration } from '../host/formatting.ts';
import { describeEntryProblem, describeNumberProblem } from '../host/settingsMessages.ts';
import type { FindingCode, DiagnosticFinding, QuickFix, Severity } from './finding.ts';
import type { FindingNames, ReportMessages } from './report.ts';

const { l10n } = vscode;

/** Notification: the report was copied. */
export const diagnosticsCopied = (): string => l10n.t('Diagnostics copied to the clipboard. They contain no tokens.');
/** Dialog: before a stored session is deleted. */
export const confirmRemove = (session: string): string =>
  l10n.t("Delete the stored session {0} without signing out at the server? You can't undo this action.", session);
/** Dialog: before a session is signed out. */
export const confirmSignOut = (session: string): string => l10n.t('Sign out of the session {0}?', session);
/** Dialog: before quarantined secrets are deleted. */
export const confirmDeleteQuarantined = (): string =>
  l10n.t("Delete the quarantined secrets? You can't undo this action.");

/** Returns the label of a quick fix, which is shown above its finding. */
export function quickFixLabel(quickFix: QuickFix): string {
  return QUICK_FIX_LABELS[quickFix]();
}

const QUICK_FIX_LABELS: Readonly<Record<QuickFix, () => string>> = {
  remove: button.confirmDelete,
  clear: () => l10n.t('Delete Quarantined Secrets'),
  'sign-out': button.signOut,
  'sign-in': button.signInAgain,
  renew: button.renewNow,
  settings: button.openSettings,
  'add-provider': button.addProvider,
  'proxy-settings': () => button.forAction('proxy-settings'),
  log: button.showLog,
  check: button.checkAgain,
};

const SEVERITIES: Readonly<Record<Severity, () => string>> = {
  error: () => l10n.t('Errors'),
  warning: () => l10n.t('Warnings'),
  note: () => l10n.t('Information'),
};

type FindingMessage = (names: FindingNames, finding: DiagnosticFinding) => string;

const FINDING_MESSAGES: Readonly<Record<FindingCode, FindingMessage>> = {
  'identity-mismatch': ({ detail, session }) =>
    l10n.t(
      "The ID token of session {0} doesn't match its issuer, client, or user (claims: {1}). Delete the session and sign in again.",
      session,
      detail,
    ),
  'id-taken': ({ detail, provider }, { detail: extension }) =>
    extension === undefined
      ? l10n.t(
          'VS Code requests sessions of {0} from another extension that uses the same ID. Change "id" in the settings.',
          provider,
        )
      : l10n.t(
          'VS Code requests sessions of {0} from the extension {1}, which uses the same ID. Change "id" in the settings.',
          provider,
          detail,
        ),
  'id-declared': ({ detail, provider }) =>
    l10n.t(
      'The extension {1} declares the same ID as {0}, so VS Code may request sessions from it instead. Change "id" in the settings.',
      provider,
      detail,
    ),
  'tls-off': (_, { detail }) =>
    detail === 'setting'
      ? l10n.t(
          'TLS certificates aren\'t verified because "http.proxyStrictSSL" is off, so your tokens can be intercepted. Turn it on.',
        )
      : l10n.t(
          "TLS certificates aren't verified because NODE_TLS_REJECT_UNAUTHORIZED is set to 0, so your tokens can be intercepted. Remove the variable and restart VS Code.",
        ),
  'store-fails': ({ detail }) =>
    l10n.t("VS Code's SecretStorage isn't available ({0}). Unlock your keyring, then check again.", detail),
  'store-forgets': () =>
    l10n.t(
      "VS Code's SecretStorage isn't keeping secrets. Check your keyring. Until this is fixed, sessions end when VS Code closes.",
    ),
  'store-not-persistent': () =>
    l10n.t(
      "A secret stored before VS Code was last closed is missing. Your keyring doesn't persist secrets, or this is another browser or computer. Set up a keyring, or sign in each time VS Code starts.",
    ),
  unsaved: ({ session }) =>
    l10n.t(
      "The latest tokens of session {0} aren't saved yet and will be lost if VS Code restarts. Unlock your keyring. Saving is retried automatically.",
      session,
    ),
  'folder-fails': ({ detail }) =>
    l10n.t(
      "Session Keeper can't use its storage folder ({0}). Check whether the disk is full or read-only. Until this is fixed, use only one VS Code window.",
      detail,
    ),
  'cross-window-sync-off': () =>
    l10n.t("This window couldn't coordinate a renewal with other windows. Use only one window, and check your disk."),
  'test-server': ({ provider, session }) =>
    l10n.t(
      "Session {0} was created at a test server on this computer that isn't configured for {1}, and is ignored. Sign out of it.",
      session,
      provider,
    ),
  'configuration-mismatch': ({ provider, session }) =>
    l10n.t(
      'Session {0} was created for a different {1} configuration (issuer, client ID, or endpoints) and is ignored. Sign out of it, or restore the previous settings.',
      session,
      provider,
    ),
  'not-configured': ({ provider, session }) =>
    l10n.t(
      "Session {0} belongs to the provider {1}, which isn't configured, and is ignored. Add the provider again, or sign out of the session.",
      session,
      provider,
    ),
  lost: ({ detail, provider }) =>
    l10n.t('The stored session {0} at {1} is missing from the keyring. Sign in again.', detail, provider),
  ended: ({ provider, session }) => l10n.t('Session {0} has ended. Sign in to {1} again.', session, provider),
  'renewal-fails': ({ detail, session }) =>
    l10n.t(
      "Couldn't renew session {0} ({1}). The session is kept. Try again, or check the log for details.",
      session,
      detail,
    ),
  'server-unknown': ({ detail, provider }) =>
    l10n.t(
      "Couldn't read the server metadata of {0} ({1}). Check the issuer in the settings and your network connection.",
      provider,
      detail,
    ),
  'clock-off': ({ provider }, { skew = 0 }) =>
    skew > 0
      ? l10n.t(
          "Your computer's clock is {1} behind the clock of {0}. Check the date, time, and time zone, then renew.",
          provider,
          formatDuration(skew),
        )
      : l10n.t(
          "Your computer's clock is {1} ahead of the clock of {0}. Check the date, time, and time zone, then renew.",
          provider,
          formatDuration(-skew),
        ),
  'nothing-configured': (_, { quickFix }) =>
    quickFix === 'add-provider'
      ? l10n.t('No providers are configured. Add one to get started.')
      : l10n.t('No valid provider is configured. Fix the entries in Settings.'),
  'entry-not-used': ({ problem }) => (problem === undefined ? '' : describeEntryProblem(problem)),
  'setting-out-of-range': (_, { numberProblem }) =>
    numberProblem === undefined ? '' : describeNumberProblem(numberProblem),
  'same-label': ({ provider, session }) =>
    l10n.t(
      "Two accounts at {0} have the same name, so VS Code can't distinguish them. Sign out of session {1}, then sign in again.",
      provider,
      session,
    ),
  'no-refresh-token': ({ provider, session }) =>
    l10n.t(
      'Session {0} can\'t be renewed because {1} didn\'t issue a refresh token. Add "offline_access" to the scopes, and allow it at the server.',
      session,
      provider,
    ),
  'lifetime-unknown': ({ provider, session }) =>
    l10n.t(
      '{1} didn\'t specify the lifetime of the access token of session {0}. Set "assumedLifetime" so that it\'s renewed in time.',
      session,
      provider,
    ),
  'quarantined-secrets': ({ detail }) =>
    l10n.t(
      "Quarantined secrets that couldn't be read: {0}. Delete them unless you plan to use a later version of Session Keeper again.",
      detail,
    ),
};

/** The texts of the report. */
export const reportMessages: ReportMessages = {
  introduction: () =>
    l10n.t(
      'This report is safe to share. It contains no tokens, personal names, or proxy passwords. It includes your server URLs.',
    ),
  nothingFound: () => l10n.t('No problems found.'),
  severity: (severity) => SEVERITIES[severity](),
  finding: (finding, names) => FINDING_MESSAGES[finding.code](names, finding),
};
