/** Takes one finished line of text, without its line end. */
export type Log = (line: string) => void;

/** A log that prints to standard output. */
export const printLog: Log = (line) => {
  process.stdout.write(`${line}\n`);
};

/** A log that keeps quiet. */
export const silentLog: Log = () => undefined;

/** How often an unfinished piece of work says that it is still going on, where the line cannot be rewritten. */
const reminderMilliseconds = 15_000;

/**
 * Says what is being done, while it is done, and how long it took.
 * On a terminal the seconds count up in place; elsewhere (in CI, say) a line appears now and then.
 *
 * @param log receives the lines; the terminal is used only where this is {@link printLog}
 * @param title what is being done, for example `Fetching VS Code 1.139.1 (about 600 MB on disk)`
 * @param work the work itself
 * @returns what the work gives
 * @throws whatever the work throws, after saying that it failed
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
