/** A user who can sign in at the identity server. */
export interface Account {
  /** The subject: stable, and different from the name. */
  readonly sub: string;
  /** The user name. */
  readonly username: string;
  /** The password. */
  readonly password: string;
  /** The full name. */
  readonly name: string;
  /** The email address. */
  readonly email: string;
}

/** The accounts of the demo: `demo` and `second`, each with its name as its password. */
export const demoAccounts: readonly Account[] = [
  { sub: 'account-1001', username: 'demo', password: 'demo', name: 'Demo Account', email: 'demo@example.com' },
  { sub: 'account-1002', username: 'second', password: 'second', name: 'Second Account', email: 'second@example.com' },
];

/**
 * Finds the account for a login hint.
 *
 * @param accounts the accounts
 * @param hint a name, an email address or a subject
 * @returns the account; undefined if there is none
 */
export function accountByHint(accounts: readonly Account[], hint: string): Account | undefined {
  return accounts.find((account) => [account.username, account.email, account.sub].includes(hint));
}
