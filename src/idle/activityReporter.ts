// Reports activity in this window to the other windows, at most once per interval.
import type { Clock, Disposable } from '../core/clock.ts';
import type { LastActivityFile } from './lastActivityFile.ts';

/** The dependencies of the reporter. */
export interface ActivityReporterDependencies {
  readonly clock: Clock;
  readonly file: LastActivityFile;
  /** Returns the machine's uptime, in ms, including sleep. */
  uptime(): number;
  /** Returns the shortest time between two reports, in ms; `undefined` if there is nothing to report. */
  interval(): number | undefined;
  /** Returns the last activity that this window knows of, as an uptime in ms. */
  lastActivity(): number;
  /** Resolves when a report may be written. Doesn't reject. */
  whenReady(): Promise<void>;
  /** Called with the last activity in the file, as an uptime in ms, before a report is written. */
  onRead(lastActivity: number): void;
}

/** Writes the last activity to the file. */
export class ActivityReporter implements Disposable {
  readonly #dependencies: ActivityReporterDependencies;
  #reportedAt = -Infinity;
  #timer: Disposable | undefined;

  constructor(dependencies: ActivityReporterDependencies) {
    this.#dependencies = dependencies;
  }

  /** Reports at once if the last report was an interval ago, otherwise when that time has passed. */
  reportSoon(): void {
    const interval = this.#dependencies.interval();
    if (this.#timer === undefined && interval !== undefined) {
      const wait = this.#reportedAt + interval - this.#dependencies.uptime();
      this.#timer = this.#dependencies.clock.after(Math.max(0, wait), () => void this.#report());
    }
  }

  /** Forgets the last report, so that the next one comes at once. */
  reset(): void {
    this.#reportedAt = -Infinity;
  }

  /** Deletes the file and cancels the report that is due. */
  stop(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    void this.#dependencies.file.delete();
  }

  /** Makes the report that is due now. */
  dispose(): void {
    if (this.#timer !== undefined) {
      this.#timer.dispose();
      void this.#report();
    }
  }

  async #report(): Promise<void> {
    const { file } = this.#dependencies;
    this.#timer = undefined;
    this.#reportedAt = this.#dependencies.uptime();
    await this.#dependencies.whenReady();
    const reported = await file.read();
    this.#dependencies.onRead(reported);
    const lastActivity = this.#dependencies.lastActivity();
    if (this.#dependencies.interval() !== undefined && lastActivity > reported) {
      await file.write(lastActivity);
    }
  }
}
