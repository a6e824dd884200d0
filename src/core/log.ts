import type { Failure } from './failure.ts';

/**
 * Where the story of the sessions is told. VS Code's `LogOutputChannel` has this shape.
 * No token, code, verifier or client secret is ever handed to it, at any level.
 */
export interface Log {
  trace(message: string): void;
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** How the log tells a failure: its category and code, harmless words of the server, the HTTP status. */
export function formatFailure({ message, status }: Failure): string {
  return status === undefined ? message : `${message}, HTTP ${status}`;
}

/** How the log tells a point in time, in ms since the Unix epoch; also one that no calendar holds. */
export function formatTimestamp(at: number): string {
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : 'beyond any calendar';
}

/** A log that keeps nothing. */
export const silentLog: Log = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
