// The scopes of requests that no session serves. VS Code shows a badge for each list of scopes until a session with exactly
// that list is added.
import type { SessionRecord } from '../core/session.ts';
import { servesScopes, type ScopePolicy } from '../core/sessionScopes.ts';

/** The lists of scopes for which VS Code shows a badge, for one provider. */
export class PendingRequests {
  readonly #lists = new Set<string>();
  /** The list that the Accounts menu signs in with; any session of the provider fulfills it. */
  #menuList: string | undefined;

  /** Sets the scopes that the Accounts menu signs in with. */
  setMenuScopes(scopes: readonly string[]): void {
    this.#menuList = scopes.join(' ');
  }

  /** Adds a list that no session serves. */
  add(scopes: readonly string[]): void {
    this.#lists.add(scopes.join(' '));
  }

  /** Removes the lists that a session fulfills, and returns them unchanged. */
  removeFulfilled(record: SessionRecord, policy: ScopePolicy | undefined): string[][] {
    return this.#remove(
      (list) => list === this.#menuList || (policy !== undefined && servesScopes(record, [list], policy)),
    );
  }

  /** Removes every list, and returns them unchanged. */
  removeAll(): string[][] {
    return this.#remove(() => true);
  }

  #remove(isRemoved: (list: string) => boolean): string[][] {
    const removed = [...this.#lists].filter(isRemoved);
    for (const list of removed) {
      this.#lists.delete(list);
    }
    // VS Code stores an empty list as a list with one empty string.
    return removed.map((list) => list.split(' '));
  }
}
