// The accounts that the user has selected for servers, if several are signed in.
import * as vscode from 'vscode';
import { isSameAccount, type AccountIdentity } from '../core/accounts.ts';
import type { IssuedToken } from './tokenSource.ts';

/** Asks which account to use, once for each server until the window closes. */
export class AccountSelection {
  readonly #selected = new Map<string, AccountIdentity>();

  /**
   * Returns the token of the selected account, or the only one.
   * @param key identifies the server.
   * @returns undefined if there is no token, or the user cancels.
   */
  async select(tokens: readonly IssuedToken[], key: string, title: () => string): Promise<IssuedToken | undefined> {
    const account = this.#selected.get(key);
    const selected = account && tokens.find(({ record }) => isSameAccount(record, account));
    if (selected !== undefined || tokens.length < 2) {
      return selected ?? tokens[0];
    }
    const items = tokens.map((issued) => ({ label: issued.record.account.label, issued }));
    const picked = await vscode.window.showQuickPick(items, { title: title(), ignoreFocusOut: true });
    if (picked !== undefined) {
      const { account: pickedAccount, issuer, providerId } = picked.issued.record;
      this.#selected.set(key, { account: pickedAccount, issuer, providerId });
    }
    return picked?.issued;
  }
}
