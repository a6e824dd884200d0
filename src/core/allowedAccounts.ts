// Which accounts may sign in to a provider.

/** The accounts that an entry allows. An account must match one value of each list. */
export interface AllowedAccounts {
  /** Names, with `*` for any characters. */
  readonly name?: readonly string[] | undefined;
  /** Domains of Google Workspace (`hd` claim). */
  readonly hd?: readonly string[] | undefined;
  /** Tenants of Microsoft Entra ID (`tid` claim). */
  readonly tid?: readonly string[] | undefined;
}

/**
 * Whether an account is allowed. Everything is compared without regard to case.
 * @param name the account's name, as the server reports it.
 * @param claims the claims of the verified ID token; without it, no domain and no tenant matches.
 */
export function isAllowedAccount(
  allowed: AllowedAccounts | undefined,
  name: string,
  claims: Readonly<Record<string, unknown>> = {},
): boolean {
  const values = { name, hd: claims['hd'], tid: claims['tid'] };
  return (['name', 'hd', 'tid'] as const).every((key) => {
    const patterns = allowed?.[key];
    const value = values[key];
    return patterns === undefined || (typeof value === 'string' && patterns.some((one) => matches(one, value)));
  });
}

/** Whether a text matches a pattern. Linear in the length of the text for each `*`. */
function matches(pattern: string, text: string): boolean {
  const [first = '', ...others] = pattern.toLowerCase().split('*');
  let rest = text.toLowerCase();
  const last = others.pop();
  if (last === undefined) {
    return rest === first;
  }
  if (!rest.startsWith(first) || !rest.slice(first.length).endsWith(last)) {
    return false;
  }
  rest = rest.slice(first.length, rest.length - last.length);
  for (const part of others) {
    const index = rest.indexOf(part);
    if (index < 0) {
      return false;
    }
    rest = rest.slice(index + part.length);
  }
  return true;
}
