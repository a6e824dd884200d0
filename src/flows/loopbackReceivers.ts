// The loopback receivers of sign-ins. One that has finished still shows its last page for a while, and gives up its port
// if another sign-in needs it.
import type { Clock } from '../core/clock.ts';
import { raceAbort } from './abort.ts';
import { LoopbackReceiver, type LoopbackOptions } from './loopbackReceiver.ts';
import type { Pages } from './page.ts';

/** What loopback receivers need from around them. */
export interface LoopbackReceiversDependencies {
  readonly clock: Clock;
  /** The address at which the person's browser reaches a loopback address of this machine. */
  toExternalUrl(address: string): Promise<string>;
  /** Releases ports that something less urgent uses; returns whether there were any. */
  releasePorts(ports: readonly number[]): boolean;
}

/** Every loopback receiver of this window's sign-ins. */
export class LoopbackReceivers {
  readonly #dependencies: LoopbackReceiversDependencies;
  /** Those that still listen. */
  readonly #listening = new Set<LoopbackReceiver>();

  constructor(dependencies: LoopbackReceiversDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Opens a receiver. If its ports are taken by what can release them, it is tried once more.
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
   * Releases the ports on which a finished sign-in still shows its last page.
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
