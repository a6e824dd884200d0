// Sessions as VS Code hands them on to other extensions.
import type * as vscode from 'vscode';
import { decodeJwtClaims } from '../core/jwt.ts';
import { SECOND } from '../core/clock.ts';
import type { SessionToken } from '../core/provider.ts';
import { selectToken, type SessionRecord } from '../core/session.ts';

/**
 * A session as VS Code hands it on. `expiresAfter`, in ms from now, and `idToken` are what VS Code's own providers set;
 * they are not yet in the stable API, and extra fields pass through.
 */
export type SessionWithExpiry = vscode.AuthenticationSession & {
  readonly expiresAfter?: number;
  readonly idToken?: string;
};

/**
 * The session as one caller sees it: with the scopes that it asked for, to the letter, because VS Code compares them. The
 * access token is empty if there is none of this kind that works.
 * @param kind which token callers get.
 * @param now in ms since 1970.
 */
export function toAuthenticationSession(
  record: SessionRecord,
  kind: SessionToken,
  now: number,
  scopes: readonly string[] = record.scopes,
): SessionWithExpiry {
  const left = record.accessExpiresAt === undefined ? undefined : record.accessExpiresAt - now;
  return {
    id: record.id,
    accessToken: usableToken(record, kind, now) ?? '',
    ...(record.idToken === undefined ? {} : { idToken: record.idToken }),
    account: { ...record.account },
    scopes: [...scopes],
    ...(left === undefined || left < 1 ? {} : { expiresAfter: Math.floor(left) }),
  };
}

/** The token that callers get; undefined if there is none of this kind, or if it has expired. */
export function usableToken(record: SessionRecord, kind: SessionToken, now: number): string | undefined {
  const token = selectToken(record, kind);
  // A session that began before the entry wanted ID tokens is renewed by its access token's time, not by this one's.
  const exp = kind === 'id_token' && token !== undefined ? decodeJwtClaims(token)?.['exp'] : undefined;
  const isOver = typeof exp === 'number' && exp * SECOND - (record.skew ?? 0) <= now;
  return isOver ? undefined : token;
}

/** How two snapshots of a provider's sessions differ. */
export interface SessionChanges {
  readonly added: readonly SessionRecord[];
  readonly removed: readonly SessionRecord[];
  /** Those with a new token or a new sign-in. */
  readonly changed: readonly SessionRecord[];
  /** The unchanged other sessions of accounts that have lost one: VS Code removes a whole account from its menu with one session. */
  readonly survivors: readonly SessionRecord[];
}

/** The changes between two snapshots, by session id. */
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
