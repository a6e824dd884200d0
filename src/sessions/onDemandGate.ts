// A gate that loads the idle sign-out only if a provider has an idle timeout.
import type { Lazy } from '../core/lazy.ts';
import type { SessionRecord } from '../core/session.ts';
import type { SessionGate } from './sessionGate.ts';

/** The dependencies of the gate. */
export interface OnDemandGateDependencies {
  readonly onDemand: Lazy<{ readonly sessions: { readonly idleMonitor: SessionGate } }>;
  /** Returns the idle timeouts, in ms, of the providers that have one, by provider ID. */
  idleTimeouts(): ReadonlyMap<string, number>;
}

/** Blocks the sessions of providers with an idle timeout until the idle monitor is loaded, which then decides. */
export class OnDemandGate implements SessionGate {
  readonly #dependencies: OnDemandGateDependencies;

  constructor(dependencies: OnDemandGateDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Loads and starts the idle monitor if a provider has an idle timeout.
   * @throws the error of loading it.
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
    // A timeout that was just configured. If the idle monitor can't be loaded, the sessions remain blocked.
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
