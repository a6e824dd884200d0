/** Receives a complete line of text, without its line break. */
export type Log = (line: string) => void;

/** A log that prints to standard output. */
export const printLog: Log = (line) => {
  process.stdout.write(`${line}\n`);
};

/** A log that discards everything. */
export const silentLog: Log = () => undefined;

/** How often, if the line can't be rewritten, unfinished work is reported. */
const reminderMilliseconds = 15_000;

/**
 * Prints the progress of work and its duration.
 * On a terminal, the seconds are updated in place; elsewhere (such as in CI), a line is printed now and then.
 *
 * @param log receives the lines; the terminal is used only if this is {@link printLog}
 * @param title what is being done, such as `Downloading VS Code 1.139.1 (about 600 MB on disk)`
 * @param work the work itself
 * @returns the result of the work
 * @throws whatever the work throws, after printing that it failed
 */
export async function withProgress<T>(log: Log, title: string, work: () => Promise<T>): Promise<T> {
  const inPlace = log === printLog && process.stdout.isTTY;
  const startedAt = Date.now();
  const line = (): string => `${title} … ${String(Math.round((Date.now() - startedAt) / 1000))} s`;

  if (inPlace) {
    process.stdout.write(line());
  } else {
    log(`${title} …`);
  }
  const reminder = setInterval(
    () => {
      if (inPlace) {
        process.stdout.write(`\r${line()}`);
      } else {
        log(line());
      }
    },
    inPlace ? 1000 : reminderMilliseconds,
  );

  const finish = (outcome: string): void => {
    clearInterval(reminder);
    if (inPlace) {
      process.stdout.write(`\r${line()}, ${outcome}\n`);
    } else {
      log(`${line()}, ${outcome}`);
    }
  };
  try {
    const result = await work();
    finish('done');
    return result;
  } catch (error) {
    finish('failed');
    throw error;
  }
}
