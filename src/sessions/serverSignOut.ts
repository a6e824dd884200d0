// What becomes of a session at its server once it is over here: its tokens are revoked, and the person may sign out there, too.
import { toFailure } from '../core/failure.ts';
import { formatFailure, type Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import type { Discovery } from '../protocol/discovery.ts';
import { logoutRequest, type EndSessionContext } from '../protocol/logout.ts';
import { revokeTokens, type Revocation } from '../protocol/revoke.ts';
import type { Transport } from '../protocol/transport.ts';
import { describeSession } from '../storage/record.ts';

/** What a farewell needs. */
export interface ServerSignOutDependencies {
  readonly discovery: Discovery;
  readonly transport: Transport;
  readonly log: Log;
}

/** A session that was signed out here: what becomes of it elsewhere. */
export interface ServerSignOut {
  /** Rejects with a Failure where the server did not confirm. */
  readonly atServer: Promise<Revocation>;
  /** Of which server the person signs out in the browser, too, where the entry wants that and the server has a page for it. Never rejects. */
  readonly page: Promise<EndSessionContext | undefined>;
}

/** Tells the server of a session that it is over; `provider` is undefined where it is none of those configured now. */
export function endSessionAtServer(
  record: SessionRecord,
  provider: Provider | undefined,
  ports: ServerSignOutDependencies,
): ServerSignOut {
  const atServer = revoke(record, provider, ports);
  atServer.catch(() => {});
  return { atServer, page: signOutPage(record, provider, ports) };
}

async function revoke(
  record: SessionRecord,
  provider: Provider | undefined,
  { discovery, log, transport }: ServerSignOutDependencies,
): Promise<Revocation> {
  if (provider === undefined || record.ended !== undefined) {
    return 'not-offered';
  }
  try {
    const revocation = await revokeTokens(await discovery.find(provider), record, transport);
    log.info(`${describeSession(record)}: revocation at the server: ${revocation}.`);
    return revocation;
  } catch (error) {
    const failure = toFailure(error);
    log.warn(
      `${describeSession(record)}: the server did not confirm the revocation: ${formatFailure(failure)}; it is not tried again.`,
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
    const leaving = {
      server: await discovery.find(provider),
      accountId: record.account.id,
      signedInAt: record.signedInAt,
      idToken: record.idToken,
    };
    const hasPage = logoutRequest(leaving) !== undefined;
    log.info(
      `${describeSession(record)}: ${hasPage ? 'there is a page to sign out at the server, too' : 'the server has no page to sign out at'}.`,
    );
    return hasPage ? leaving : undefined;
  } catch (error) {
    log.warn(
      `${describeSession(record)}: the page to sign out at the server is not known: ${formatFailure(toFailure(error))}.`,
    );
    return undefined;
  }
}
