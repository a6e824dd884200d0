// The scopes that were asked for in vain: VS Code shows a badge for each list until a session with just these words is added.
import { servesScopes, type SessionRecord } from '../core/session.ts';

/** The lists of scopes for which VS Code shows a badge, for one provider. */
export class PendingRequests {
  readonly #lists = new Set<string>();
  /** The list that the Accounts menu offers to sign in with; any session of the provider fulfills it. */
  #menuList: string | undefined;

  /** Sets the scopes with which the Accounts menu offers to sign in. */
  setMenuScopes(scopes: readonly string[]): void {
    this.#menuList = scopes.join(' ');
  }

  /** Adds a list that no session serves. */
  add(scopes: readonly string[]): void {
    this.#lists.add(scopes.join(' '));
  }

  /** Removes the lists that a session fulfills, and returns them to the letter. */
  removeFulfilled(record: SessionRecord): string[][] {
    return this.#remove((list) => list === this.#menuList || servesScopes(record, [list]));
  }

  /** Removes every list, and returns them to the letter. */
  removeAll(): string[][] {
    return this.#remove(() => true);
  }

  #remove(isRemoved: (list: string) => boolean): string[][] {
    const removed = [...this.#lists].filter(isRemoved);
    for (const list of removed) {
      this.#lists.delete(list);
    }
    // VS Code keeps a list without scopes as one empty word.
    return removed.map((list) => list.split(' '));
  }
}
