/** A person who can sign in at the identity server. */
export interface Account {
  /** The subject: stable, and not the name. */
  readonly sub: string;
  /** What the person types. */
  readonly username: string;
  /** What the person types after it. */
  readonly password: string;
  /** The full name. */
  readonly name: string;
  /** The email address. */
  readonly email: string;
}

/** The accounts of the demonstration: `demo` and `second`, each with its name as its password. */
export const demoAccounts: readonly Account[] = [
  { sub: 'account-1001', username: 'demo', password: 'demo', name: 'Demo Account', email: 'demo@example.com' },
  { sub: 'account-1002', username: 'second', password: 'second', name: 'Second Account', email: 'second@example.com' },
];

/**
 * Finds the account that a login hint means.
 *
 * @param accounts the accounts
 * @param hint a name, an email address or a subject
 * @returns the account, if there is one
 */
export function accountByHint(accounts: readonly Account[], hint: string): Account | undefined {
  return accounts.find((account) => [account.username, account.email, account.sub].includes(hint));
}
