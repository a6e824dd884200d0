// What was found wrong with the stored sessions.
import * as vscode from 'vscode';
import { sanitizeDisplayName } from '../core/failure.ts';
import type { LoadIssue } from '../sessions/storedSessionIssues.ts';

const { l10n } = vscode;

/**
 * Returns what is wrong with a stored session.
 * @param provider the label of its provider.
 */
export function describeLoadIssue(finding: LoadIssue, provider: string): string {
  switch (finding.kind) {
    case 'quarantined':
      return l10n.t(
        'A stored session could not be read and was set aside unchanged ({0}). Sign in again where you were signed in.',
        finding.reason,
      );
    case 'newer':
      return l10n.t(
        'A stored session was written by a later version of Session Keeper and was left alone. Update Session Keeper to use it.',
      );
    case 'lost':
      return l10n.t(
        'The stored session at {0} is gone: the keyring of this computer, or another window in the browser, has lost it. It did not expire. Sign in again.',
        provider,
      );
    case 'unconfigured':
      return l10n.t(
        'You’re still signed in to {0}, which isn’t in your settings anymore. Sign out to revoke its tokens, or keep the session for later.',
        sanitizeDisplayName(finding.issuer),
      );
    case 'foreign':
      if (finding.isMoved === true) {
        return l10n.t(
          'A stored session does not belong to {0} as it is set up now: "endpoints" in the settings leads elsewhere than when it was made. It is set apart, and its tokens are not sent there.',
          provider,
        );
      }
      return l10n.t(
        'A stored session does not belong to {0} as it is set up now: it was made at {1} with the client id “{2}”. It is set apart and not used.',
        provider,
        sanitizeDisplayName(finding.issuer),
        sanitizeDisplayName(finding.clientId),
      );
  }
}
