import type { Failure } from './failure.ts';

/**
 * The log, with the shape of VS Code's `LogOutputChannel`. It never receives a token, code, verifier or client secret,
 * at any level.
 */
export interface Log {
  trace(message: string): void;
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Formats a failure for the log: category, code, sanitized text from the server, and HTTP status. */
export function formatFailure({ message, status }: Failure): string {
  return status === undefined ? message : `${message}, HTTP ${status}`;
}

/** Formats a time in ms since the Unix epoch for the log. Accepts values outside the range of `Date`. */
export function formatTimestamp(at: number): string {
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : 'out of range';
}

/** A log that discards everything. */
export const silentLog: Log = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
