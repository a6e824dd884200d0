import type { Log } from '../../src/core/log.ts';

/** Returns a log that passes each line on, with its level. */
export function logTo(write: (line: string, level: keyof Log) => unknown): Log {
  const at =
    (level: keyof Log) =>
    (line: string): void =>
      void write(line, level);
  return { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
