/** Which requests a fault concerns. */
export interface FaultTarget {
  /** The path, exactly or by pattern; every path if absent. */
  readonly path?: string | RegExp;
  /** The HTTP method; every method if absent. */
  readonly method?: string;
  /** The grant type of a token request; every request if absent. */
  readonly grantType?: string;
}

/** A function that changes the JSON of an answer. */
export type Rewrite = (body: Readonly<Record<string, unknown>>) => unknown;

/** What goes wrong. */
export type FaultAction =
  /** The connection is dropped before the request is handled. */
  | { readonly kind: 'dropBefore' }
  /** The request is handled and everything it changes is kept, but its answer is lost. */
  | { readonly kind: 'dropAfter' }
  /** The answer is late; `when` says whether the request is handled before or after the wait (default: after it). */
  | { readonly kind: 'delay'; readonly milliseconds: number; readonly when?: 'before' | 'after' }
  /** Something else is answered; with `commit`, after the request has been handled. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body?: string | Readonly<Record<string, unknown>>;
      readonly headers?: Readonly<Record<string, string>>;
      readonly commit?: boolean;
    }
  /** A web page is answered where JSON is expected, as a portal or a proxy in between does. */
  | { readonly kind: 'html'; readonly status?: number }
  /** The `Date` header is wrong by so many seconds; positive is in the future. */
  | { readonly kind: 'shiftDate'; readonly seconds: number }
  /** The JSON of an answer is changed after the request has been handled. */
  | { readonly kind: 'rewrite'; readonly body: Rewrite };

/** A fault to switch on. */
export interface Fault extends FaultTarget {
  /** How many requests it concerns; without it, all until it is removed. */
  readonly times?: number;
  /** What goes wrong. */
  readonly action: FaultAction;
}

/** The faults that are switched on at one server. */
export class Faults {
  readonly #active = new Map<Fault, number>();

  /**
   * Switches a fault on. Several can concern the same request; they act in the order they were added.
   *
   * @param fault the fault
   * @returns a function that switches it off
   */
  add(fault: Fault): () => void {
    const own = { ...fault };
    this.#active.set(own, fault.times ?? Infinity);
    return () => {
      this.#active.delete(own);
    };
  }

  /** Switches every fault off. */
  clear(): void {
    this.#active.clear();
  }

  /**
   * What goes wrong with one request; each fault named here has one occasion less.
   *
   * @param request the request
   * @returns what goes wrong, in order
   */
  take(request: {
    readonly path: string;
    readonly method: string;
    readonly grantType?: string | undefined;
  }): FaultAction[] {
    const actions: FaultAction[] = [];
    for (const [fault, left] of this.#active) {
      const concerns =
        matchesPath(fault.path, request.path) &&
        (fault.method === undefined || fault.method === request.method) &&
        (fault.grantType === undefined || fault.grantType === request.grantType);
      if (concerns) {
        actions.push(fault.action);
        if (left <= 1) {
          this.#active.delete(fault);
        } else {
          this.#active.set(fault, left - 1);
        }
      }
    }
    return actions;
  }
}

function matchesPath(wanted: string | RegExp | undefined, path: string): boolean {
  return wanted === undefined || (typeof wanted === 'string' ? wanted === path : wanted.test(path));
}
