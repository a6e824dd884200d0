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

/** A log that keeps nothing. */
export const silentLog: Log = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
