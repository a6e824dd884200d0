// Signs a session out at its server: revokes its tokens (RFC 7009), and finds the page where the person signs out there, too.
import { toFailure } from '../core/failure.ts';
import { formatFailure, type Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import type { Discovery } from '../protocol/discovery.ts';
import { createLogoutRequest, type EndSessionContext } from '../protocol/logout.ts';
import { revokeTokens, type Revocation } from '../protocol/revoke.ts';
import type { Transport } from '../protocol/transport.ts';
import { describeSession } from '../storage/record.ts';

/** What it works with. */
export interface ServerSignOutDependencies {
  readonly discovery: Discovery;
  readonly transport: Transport;
  readonly log: Log;
}

/** The outcome of a sign-out at the server. */
export interface ServerSignOut {
  /** Rejects with a Failure if the server didn't confirm. */
  readonly atServer: Promise<Revocation>;
  /** What the sign-out page in the browser needs; undefined if the entry doesn't want it, or the server has none. Never rejects. */
  readonly page: Promise<EndSessionContext | undefined>;
}

/**
 * Signs a session out at its server.
 * @param provider undefined if the session's provider isn't configured any more; then nothing is sent.
 */
export function endSessionAtServer(
  record: SessionRecord,
  provider: Provider | undefined,
  dependencies: ServerSignOutDependencies,
): ServerSignOut {
  const atServer = revoke(record, provider, dependencies);
  atServer.catch(() => {});
  return { atServer, page: signOutPage(record, provider, dependencies) };
}

async function revoke(
  record: SessionRecord,
  provider: Provider | undefined,
  { discovery, log, transport }: ServerSignOutDependencies,
): Promise<Revocation> {
  if (provider === undefined || record.ended !== undefined) {
    return 'not-supported';
  }
  try {
    const revocation = await revokeTokens(await discovery.find(provider), record, transport);
    log.info(`${describeSession(record)}: revocation at the server: ${revocation}.`);
    return revocation;
  } catch (error) {
    const failure = toFailure(error);
    log.warn(
      `${describeSession(record)}: the server didn't confirm the revocation: ${formatFailure(failure)}. It isn't tried again.`,
    );
    throw failure;
  }
}

async function signOutPage(
  record: SessionRecord,
  provider: Provider | undefined,
  { discovery, log }: ServerSignOutDependencies,
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
    };
    const hasPage = createLogoutRequest(context) !== undefined;
    log.info(
      `${describeSession(record)}: ${hasPage ? 'the server has a sign-out page' : 'the server has no sign-out page'}.`,
    );
    return hasPage ? context : undefined;
  } catch (error) {
    log.warn(`${describeSession(record)}: the server's sign-out page isn't known: ${formatFailure(toFailure(error))}.`);
    return undefined;
  }
}
