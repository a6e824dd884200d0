// The hints for a sign-in that another extension requested.
import type { AuthenticationSessionAccountInformation } from 'vscode';
import { endedFailure, loginHintOf } from '../core/session.ts';
import { hintsAfterFailure } from '../protocol/authorize.ts';
import type { SessionFilter, SessionManager } from '../sessions/sessionManager.ts';
import { findSessionToResume } from '../sessions/resumableSession.ts';
import type { SignInHints } from './pendingSignIns.ts';

/**
 * Returns the login hint for the server and which session the sign-in continues; if that session has ended, also what the
 * server required.
 * @param account the account that the caller requests; undefined for any.
 * @param serves which sessions already serve the caller, so that a sign-in is for another account; by default, by scopes.
 */
export function signInHintsFor(
  sessionManager: SessionManager,
  providerId: string,
  scopes: readonly string[],
  account: AuthenticationSessionAccountInformation | undefined,
  serves?: SessionFilter,
): SignInHints {
  const known = findSessionToResume(sessionManager, providerId, scopes, account?.id, serves);
  if (known === undefined) {
    return {
      loginHint: account?.label,
      wantsOtherAccount: account === undefined && sessionManager.getActive(providerId).length > 0,
    };
  }
  return {
    loginHint: loginHintOf(known),
    resumeSessionId: known.id,
    ...(known.ended === undefined ? {} : hintsAfterFailure(endedFailure(known.ended))),
  };
}
