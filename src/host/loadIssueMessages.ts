// The problems with stored sessions.
import * as vscode from 'vscode';
import { sanitizeDisplayName } from '../core/failure.ts';
import { parseUrl } from '../core/secureUrl.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import type { LoadIssue, UnconfiguredProvider } from '../sessions/storedSessionIssues.ts';
import { notConfigured, withHost } from './failureMessages.ts';

const { l10n } = vscode;

/**
 * Returns why a session isn't used.
 * @param provider the provider that is configured with its ID; undefined if there is none.
 */
export function describeUnused(record: SessionRecord, provider: Provider | undefined): string {
  if (provider === undefined) {
    return notConfigured(unconfiguredName(record));
  }
  const isMoved = record.issuer === provider.issuer && record.clientId === provider.clientId;
  return describeForeign({ ...record, ...(isMoved ? { isMoved } : {}) }, provider.label);
}

/** Returns the name of a provider that isn't configured, with the host of its server. */
function unconfiguredName({ issuer, providerId, providerLabel = providerId }: UnconfiguredProvider): string {
  return withHost(sanitizeDisplayName(providerLabel), parseUrl(issuer)?.host);
}

/**
 * Returns the problem with a stored session.
 * @param provider the label of its provider, if it's configured.
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
      return describeForeign(finding, provider);
  }
}

interface ForeignSession {
  readonly issuer: string;
  readonly clientId: string;
  /** Whether only the endpoints differ. */
  readonly isMoved?: true;
}

function describeForeign({ clientId, isMoved, issuer }: ForeignSession, provider: string): string {
  return isMoved === true
    ? l10n.t('A stored session was created for different {0} endpoints and is ignored.', provider)
    : l10n.t({
        message: 'A stored session was created for a different {0} configuration ({1}, client ID {2}) and is ignored.',
        args: [provider, sanitizeDisplayName(issuer), sanitizeDisplayName(clientId)],
        comment: ['{1} is the issuer URL of a server.'],
      });
}
