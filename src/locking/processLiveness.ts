import type { Disposable } from '../core/clock.ts';

/** Makes this process visible to other processes until it ends or the registration is disposed of. */
export interface ProcessRegistration extends Disposable {
  /** The token with which other processes check it. */
  readonly token: string;
  /** The name of the process in the log. */
  readonly name: string;
}

/** Detects which processes are alive. Asks the operating system, and never guesses by time. */
export interface ProcessLiveness {
  /** Registers this process. */
  register(): Promise<ProcessRegistration>;
  /**
   * Returns whether a process is alive, including stopped ones; undefined if that can't be determined (another
   * machine).
   */
  isAlive(token: string): Promise<boolean | undefined>;
  /** Returns whether a live process responds. One that is stopped or hangs doesn't. */
  isResponding(token: string): Promise<boolean>;
}
