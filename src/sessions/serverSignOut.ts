// Signs a session out at its server: revokes its tokens (RFC 7009), and finds the server's sign-out page.
import type { Clock } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import { formatFailure, type Log } from '../core/log.ts';
import { parseProviders } from '../core/parseProviders.ts';
import type { Provider } from '../core/provider.ts';
import { loginHintOf, type SessionRecord } from '../core/session.ts';
import type { Discovery } from '../protocol/discovery.ts';
import { createLogoutRequest, type EndSessionContext } from '../protocol/logout.ts';
import type { Revocation } from '../protocol/revoke.ts';
import { describeSession } from '../storage/recordDescription.ts';
import type { Revocations } from './revocations.ts';

/** The dependencies of the sign-out. */
export interface ServerSignOutDependencies {
  readonly clock: Clock;
  readonly discovery: Discovery;
  readonly revocations: Revocations;
  readonly log: Log;
}

/** The outcome of a sign-out at the server. */
export interface ServerSignOut {
  /** Resolves when the revocation is stored, so that it survives this window. Never rejects. */
  readonly queued: Promise<void>;
  /** Rejects with a Failure if the server didn't confirm. The revocation is then retried. */
  readonly atServer: Promise<Revocation>;
  /**
   * What the sign-out page in the browser needs; undefined if the entry disables it or the server has none. Never
   * rejects.
   */
  readonly page: Promise<EndSessionContext | undefined>;
}

/**
 * Signs a session out at its server, whatever ended it: a server that requires a new sign-in may still accept the
 * refresh
 * token.
 * @param provider undefined if it's no longer configured; the session's issuer and client are then used.
 */
export function endSessionAtServer(
  record: SessionRecord,
  provider: Provider | undefined,
  dependencies: ServerSignOutDependencies,
): ServerSignOut {
  const page = signOutPage(record, provider, dependencies);
  const revokedAt = provider ?? formerProvider(record);
  if (revokedAt === undefined) {
    return { queued: Promise.resolve(), atServer: Promise.resolve('not-supported'), page };
  }
  const { confirmed, queued } = dependencies.revocations.start(record, revokedAt);
  return { queued, atServer: confirmed, page };
}

/** Returns a session's former provider, as far as the session knows it; undefined if that is invalid. */
function formerProvider({ clientId, issuer, providerId }: SessionRecord): Provider | undefined {
  return parseProviders([{ id: providerId, issuer, clientId }], []).providers[0];
}

async function signOutPage(
  record: SessionRecord,
  provider: Provider | undefined,
  { clock, discovery, log }: ServerSignOutDependencies,
): Promise<EndSessionContext | undefined> {
  if (provider === undefined || provider.signOutAtServer === false) {
    return undefined;
  }
  try {
    const context = {
      server: await discovery.find(provider),
      accountId: record.account.id,
      signedInAt: record.signedInAt,
      idToken: record.idToken,
      loginHint: loginHintOf(record),
      now: clock.now() + (record.skew ?? 0),
    };
    const hasPage = createLogoutRequest(context) !== undefined;
    log.info(
      `${describeSession(record)}: ${hasPage ? 'the server has a sign-out page' : 'the server has no sign-out page'}.`,
    );
    return hasPage ? context : undefined;
  } catch (error) {
    log.warn(
      `${describeSession(record)}: couldn't determine the server's sign-out page: ${formatFailure(toFailure(error))}.`,
    );
    return undefined;
  }
}
