// Shows the result of a sign-out.
import * as vscode from 'vscode';
import { toFailure } from '../core/failure.ts';
import { isStorageFailure } from '../core/failurePolicies.ts';
import * as notification from '../host/notificationMessages.ts';
import { combineSignOuts } from '../sessions/accountSignOut.ts';
import type { ServerSignOut } from '../sessions/serverSignOut.ts';

/** What was signed out of. */
export interface SignedOutOf {
  /** The label of the provider. */
  readonly provider: string;
  /** The label of the account, if it's a single one. */
  readonly account?: string;
}

/**
 * Shows whether a sign-out succeeded here and at the server. Never rejects.
 * @param openPage opens the sign-out page of the server.
 */
export async function showSignOutResult(
  signingOut: Promise<readonly ServerSignOut[]>,
  { account, provider }: SignedOutOf,
  openPage: (page: ServerSignOut['page']) => void = () => {},
): Promise<void> {
  try {
    const { atServer, page } = combineSignOuts(await signingOut);
    openPage(page);
    const message =
      (await atServer) === 'revoked'
        ? notification.signedOut(provider, account)
        : notification.signedOutWithoutRevocation(provider);
    void vscode.window.showInformationMessage(message);
  } catch (error) {
    const isStored = isStorageFailure(toFailure(error).category);
    void vscode.window.showWarningMessage(
      isStored ? notification.signedOutNotDeleted(provider) : notification.signedOutUnconfirmed(provider),
    );
  }
}
