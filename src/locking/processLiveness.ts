import type { Disposable } from '../core/clock.ts';

/** How windows know of each other whether they still live: asked of the operating system, never guessed from the time. */
export interface ProcessLiveness {
  /** A sign that other windows can ask after; it goes out with this process, or when it is disposed of. */
  begin(): Promise<
    Disposable & {
      readonly sign: string;
      /** What a person finds this process by, for the log. */ readonly name?: string;
    }
  >;
  /** Whether the window with a sign lives; undefined where that cannot be told from here (another machine). A stopped one lives. */
  lives(sign: string): Promise<boolean | undefined>;
}
