/** Which requests a fault applies to. */
export interface FaultTarget {
  /** The path, exactly or by pattern; every path if absent. */
  readonly path?: string | RegExp;
  /** The HTTP method; every method if absent. */
  readonly method?: string;
  /** The grant type of a token request; every request if absent. */
  readonly grantType?: string;
}

/** A function that changes the JSON of a response. */
export type Rewrite = (body: Readonly<Record<string, unknown>>) => unknown;

/** What goes wrong. */
export type FaultAction =
  /** The connection is dropped before the request is handled. */
  | { readonly kind: 'dropBefore' }
  /** The request is handled with all its effects, but its response is lost. */
  | { readonly kind: 'dropAfter' }
  /** The response is late; `when` determines whether the request is handled before or after the delay (after it by default). */
  | { readonly kind: 'delay'; readonly milliseconds: number; readonly when?: 'before' | 'after' }
  /** Another response is sent; with `commit`, after the request has been handled. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body?: string | Readonly<Record<string, unknown>>;
      readonly headers?: Readonly<Record<string, string>>;
      readonly commit?: boolean;
    }
  /** An HTML page is sent instead of JSON, as by a portal or a proxy. */
  | { readonly kind: 'html'; readonly status?: number }
  /** The `Date` header is wrong by this number of seconds; a positive number is in the future. */
  | { readonly kind: 'shiftDate'; readonly seconds: number }
  /** The JSON of a response is changed after the request has been handled. */
  | { readonly kind: 'rewrite'; readonly body: Rewrite };

/** A fault to enable. */
export interface Fault extends FaultTarget {
  /** The number of requests that it applies to; if absent, all until it's removed. */
  readonly times?: number;
  /** What goes wrong. */
  readonly action: FaultAction;
}

/** The enabled faults of one server. */
export class Faults {
  readonly #active = new Map<Fault, number>();

  /**
   * Enables a fault. Several can apply to the same request, in the order in which they were added.
   *
   * @param fault the fault
   * @returns a function that disables it
   */
  add(fault: Fault): () => void {
    const own = { ...fault };
    this.#active.set(own, fault.times ?? Infinity);
    return () => {
      this.#active.delete(own);
    };
  }

  /** Disables every fault. */
  clear(): void {
    this.#active.clear();
  }

  /**
   * The faults of one request. The remaining count of each returned fault is decremented.
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
