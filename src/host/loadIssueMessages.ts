// The problems with stored sessions.
import * as vscode from 'vscode';
import { Failure, sanitizeDisplayName } from '../core/failure.ts';
import { parseUrl } from '../core/secureUrl.ts';
import type { SessionRecord } from '../core/session.ts';
import type { LoadIssue } from '../sessions/storedSessionIssues.ts';
import { describeFailure } from './failureMessages.ts';

const { l10n } = vscode;

/** Returns why a session isn't used: its provider isn't configured any more. */
export const describeUnused = (record: Pick<SessionRecord, 'issuer' | 'providerId'>): string =>
  describeFailure(new Failure('not-configured', 'not-configured'), unconfiguredName(record), false);

/** Returns the name of a provider that isn't configured: its label isn't known any more, so the server is named, too. */
function unconfiguredName({ issuer, providerId }: { readonly issuer: string; readonly providerId: string }): string {
  const id = sanitizeDisplayName(providerId);
  const host = parseUrl(issuer)?.host;
  return host === undefined ? id : `${id} (${host})`;
}

/**
 * Returns the problem with a stored session.
 * @param provider the label of its provider.
 */
export function describeLoadIssue(finding: LoadIssue, provider: string): string {
  switch (finding.kind) {
    case 'quarantined':
      return l10n.t({
        message: "A stored session couldn't be read and was quarantined ({0}). Sign in again.",
        args: [finding.reason],
        comment: ["{0} is a technical reason, which isn't translated."],
      });
    case 'newer':
      return l10n.t('A stored session requires a newer version of Session Keeper. Update the extension to use it.');
    case 'lost':
      return l10n.t('Your stored {0} session is missing from the keyring. Sign in again.', provider);
    case 'unconfigured':
      return l10n.t(
        "{0} is no longer configured, but you're still signed in. Sign out to revoke its tokens.",
        unconfiguredName(finding),
      );
    case 'foreign':
      return finding.isMoved === true
        ? l10n.t('A stored session was created for different {0} endpoints and is ignored.', provider)
        : l10n.t({
            message:
              'A stored session was created for a different {0} configuration ({1}, client ID {2}) and is ignored.',
            args: [provider, sanitizeDisplayName(finding.issuer), sanitizeDisplayName(finding.clientId)],
            comment: ['{1} is the issuer URL of a server.'],
          });
  }
}
