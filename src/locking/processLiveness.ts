import type { Disposable } from '../core/clock.ts';

/** This process as other processes can find it, until it ends or is disposed of. */
export interface ProcessRegistration extends Disposable {
  /** What other processes ask about it with. */
  readonly token: string;
  /** What a person finds this process by, for the log. */
  readonly name: string;
}

/** Which processes are alive, as the operating system knows it; never guessed from the time. */
export interface ProcessLiveness {
  /** Registers this process. */
  register(): Promise<ProcessRegistration>;
  /** Whether a process is alive, stopped ones included; undefined if that can't be told from here (another machine). */
  isAlive(token: string): Promise<boolean | undefined>;
  /** Whether a process that is alive answers: one that is stopped, or hangs, doesn't. */
  isResponding(token: string): Promise<boolean>;
}
