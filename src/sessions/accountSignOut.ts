// Signs out of an account, which may have several sessions.
import type { ServerSignOut } from './serverSignOut.ts';

/**
 * Combines the sign-outs of an account's sessions: the revocation succeeds if that of every session does, and one
 * sign-out page is enough for the account.
 */
export function combineSignOuts(all: readonly ServerSignOut[]): ServerSignOut {
  const atServer = Promise.all(all.map((one) => one.atServer)).then((revocations) =>
    revocations.every((revocation) => revocation === 'revoked') ? ('revoked' as const) : ('not-supported' as const),
  );
  atServer.catch(() => {});
  return {
    queued: Promise.all(all.map(({ queued }) => queued)).then(() => {}),
    atServer,
    page: Promise.all(all.map(({ page }) => page)).then((pages) => pages.find((page) => page !== undefined)),
  };
}
