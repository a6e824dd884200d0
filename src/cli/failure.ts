import { EXIT_CODES, type TerminalFailure } from '../core/terminal.ts';

/** A failure of the command: its message is one line on standard error, and its name determines the exit code. */
export class CommandFailure extends Error {
  readonly exitCode: number;
  /** The name at the end of the line. */
  readonly code: string;

  constructor(name: TerminalFailure, message: string, code: string = name) {
    super(message);
    this.exitCode = EXIT_CODES[name];
    this.code = code;
  }

  /** Returns the line, without characters that a terminal would interpret. */
  toLine(): string {
    return `session-keeper: ${printable(this.message)} (${printable(this.code)})`;
  }
}

/** Replaces control characters, which could change what a terminal shows. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
