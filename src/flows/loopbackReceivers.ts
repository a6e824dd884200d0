// The loopback receivers of sign-ins. A finished one still serves its final page for a while, and releases its port if
// another sign-in needs it.
import type { Clock } from '../core/clock.ts';
import { raceAbort } from './abort.ts';
import { LoopbackReceiver, type LoopbackOptions } from './loopbackReceiver.ts';
import type { Pages } from './page.ts';

/** The dependencies of loopback receivers. */
export interface LoopbackReceiversDependencies {
  readonly clock: Clock;
  /** The URL at which the user's browser reaches a loopback URL of this machine. */
  toExternalUrl(address: string): Promise<string>;
  /** Releases ports in use for something less urgent. Returns whether there were any. */
  releasePorts(ports: readonly number[]): boolean;
}

/** All loopback receivers of this window's sign-ins. */
export class LoopbackReceivers {
  readonly #dependencies: LoopbackReceiversDependencies;
  /** Those that are still listening. */
  readonly #listening = new Set<LoopbackReceiver>();

  constructor(dependencies: LoopbackReceiversDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Opens a receiver. If its ports are in use and can be released, it's tried once more.
   * @throws Failure `no-loopback`, or the signal's reason.
   */
  async open(target: LoopbackOptions, pages: Pages, signal: AbortSignal): Promise<LoopbackReceiver> {
    const { clock } = this.#dependencies;
    const open = (): Promise<LoopbackReceiver> =>
      LoopbackReceiver.open(clock, pages, {
        ...target,
        toExternalUrl: (address) => raceAbort(this.#dependencies.toExternalUrl(address), signal),
      });
    const receiver = await open().catch((error: unknown) => {
      const { ports = [] } = target;
      const isReleased = [this.releasePorts(ports), this.#dependencies.releasePorts(ports)].includes(true);
      if (!isReleased) {
        throw error;
      }
      return open();
    });
    this.#listening.add(receiver);
    void receiver.closed.then(() => this.#listening.delete(receiver));
    return receiver;
  }

  /**
   * Releases the ports on which a finished sign-in still serves its final page.
   * @returns whether there were any.
   */
  releasePorts(ports: readonly number[]): boolean {
    const blocking = [...this.#listening].filter((receiver) => receiver.isOver && ports.includes(receiver.port));
    for (const receiver of blocking) {
      receiver.dispose();
      this.#listening.delete(receiver);
    }
    return blocking.length > 0;
  }
}
