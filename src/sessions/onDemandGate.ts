// The idle sign-out as a gate that is loaded only if a provider has a limit.
import type { Lazy } from '../core/lazy.ts';
import type { SessionRecord } from '../core/session.ts';
import type { SessionGate } from './sessionGate.ts';

/** What the gate on demand works with. */
export interface OnDemandGateDependencies {
  readonly onDemand: Lazy<{ readonly sessions: { readonly idleMonitor: SessionGate } }>;
  /** After how long without activity, in ms, sessions are signed out: by provider id, of those with a limit. */
  idleTimeouts(): ReadonlyMap<string, number>;
}

/** Blocks the sessions of providers with a limit until the idle monitor is loaded, which then decides. */
export class OnDemandGate implements SessionGate {
  readonly #dependencies: OnDemandGateDependencies;

  constructor(dependencies: OnDemandGateDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Loads and starts the idle monitor if a provider has a limit.
   * @throws what loading it throws.
   */
  async start(): Promise<void> {
    if (this.#loaded !== undefined || this.#dependencies.idleTimeouts().size > 0) {
      await (this.#loaded ?? (await this.#dependencies.onDemand.load()).sessions.idleMonitor).start();
    }
  }

  evaluateBeforeUse(): Promise<void> | undefined {
    if (this.#loaded !== undefined) {
      return this.#loaded.evaluateBeforeUse();
    }
    // A limit that was set a moment ago. If the idle monitor can't be loaded, the sessions remain blocked.
    return this.#dependencies.idleTimeouts().size > 0 ? this.start().catch(() => {}) : undefined;
  }

  isBlocked(record: SessionRecord): boolean {
    return this.#loaded?.isBlocked(record) ?? this.#dependencies.idleTimeouts().has(record.providerId);
  }

  onSignIn(): void {
    this.#loaded?.onSignIn();
  }

  get #loaded(): SessionGate | undefined {
    return this.#dependencies.onDemand.value?.sessions.idleMonitor;
  }
}
