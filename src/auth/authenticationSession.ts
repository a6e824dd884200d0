// Sessions in the form that VS Code passes to other extensions.
import type * as vscode from 'vscode';
import { decodeJwtClaims } from '../core/jwt.ts';
import { SECOND } from '../core/clock.ts';
import type { SessionToken } from '../core/provider.ts';
import { selectToken, type SessionRecord } from '../core/session.ts';

/**
 * A session for other extensions. VS Code's own providers set `expiresAfter`, in ms from now, and `idToken`. `expiresAfter` isn't
 * in the stable API yet, but VS Code passes additional fields unchanged.
 */
export type SessionWithExpiry = vscode.AuthenticationSession & {
  readonly expiresAfter?: number;
  readonly idToken?: string;
};

/**
 * Returns a session for one caller, with exactly the scopes that it requested, because VS Code compares them. The access
 * token is empty if there is no valid token of this kind.
 * @param kind which token callers get.
 * @param now in ms since the Unix epoch.
 */
export function toAuthenticationSession(
  record: SessionRecord,
  kind: SessionToken,
  now: number,
  scopes: readonly string[] = record.scopes,
): SessionWithExpiry {
  const expiresAfter = record.accessExpiresAt === undefined ? undefined : record.accessExpiresAt - now;
  return {
    id: record.id,
    accessToken: usableToken(record, kind, now) ?? '',
    ...(record.idToken === undefined ? {} : { idToken: record.idToken }),
    account: { ...record.account },
    scopes: [...scopes],
    ...(expiresAfter === undefined || expiresAfter < 1 ? {} : { expiresAfter: Math.floor(expiresAfter) }),
  };
}

/** Returns the token that callers get; undefined if there is none of this kind, or if it has expired. */
export function usableToken(record: SessionRecord, kind: SessionToken, now: number): string | undefined {
  const token = selectToken(record, kind);
  // If the entry was changed to use ID tokens after the session started, renewals follow the access token's expiry.
  const expiresAt = kind === 'id_token' ? idTokenExpiry(record) : undefined;
  return expiresAt !== undefined && expiresAt <= now ? undefined : token;
}

/** Returns when the token that callers get expires, in ms since the Unix epoch; undefined if it's unknown. */
export function tokenExpiresAt(record: SessionRecord, kind: SessionToken): number | undefined {
  return (kind === 'id_token' ? idTokenExpiry(record) : undefined) ?? record.accessExpiresAt;
}

function idTokenExpiry({ idToken, skew = 0 }: SessionRecord): number | undefined {
  const exp = idToken === undefined ? undefined : decodeJwtClaims(idToken)?.['exp'];
  return typeof exp === 'number' ? exp * SECOND - skew : undefined;
}

/** How two snapshots of a provider's sessions differ. */
export interface SessionChanges {
  readonly added: readonly SessionRecord[];
  readonly removed: readonly SessionRecord[];
  /** Those with a new token or a new sign-in. */
  readonly changed: readonly SessionRecord[];
  /** The unchanged sessions of accounts that have lost another session: with a session, VS Code removes its account from the menu. */
  readonly survivors: readonly SessionRecord[];
}

/** Returns the changes between two snapshots, which are by session ID. */
export function sessionChanges(
  before: ReadonlyMap<string, SessionRecord>,
  now: ReadonlyMap<string, SessionRecord>,
): SessionChanges {
  const added = [...now.values()].filter(({ id }) => !before.has(id));
  const removed = [...before.values()].filter(({ id }) => !now.has(id));
  const changed = [...now.values()].filter((record) => {
    const old = before.get(record.id);
    return old !== undefined && (old.accessToken !== record.accessToken || old.signedInAt !== record.signedInAt);
  });
  const survivors = [...now.values()].filter(
    (record) =>
      removed.some(({ account }) => account.id === record.account.id) &&
      !added.includes(record) &&
      !changed.includes(record),
  );
  return { added, removed, changed, survivors };
}
