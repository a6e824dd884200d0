import type { Disposable } from '../core/clock.ts';

/**
 * A folder of small files that all windows share. Calls may reject, and do if the disk is full or read-only, or if a
 * name isn't that of a file directly in the folder.
 */
export interface SharedFolder {
  /** Returns the names of its files; an empty list if it doesn't exist yet. */
  list(): Promise<string[]>;
  /** Returns the text of a file; undefined if it doesn't exist. */
  read(name: string): Promise<string | undefined>;
  /** Writes a file atomically: readers see the old text or the new one, and the new one survives a power failure. */
  write(name: string, text: string): Promise<void>;
  /**
   * Creates a file with its text, which survives a power failure; false if the file exists. Of concurrent calls, one
   * succeeds. Readers see the whole text, or briefly an empty file if the file system has no hard links.
   */
  create(name: string, text: string): Promise<boolean>;
  /** Deletes a file; a missing file isn't an error. */
  delete(name: string): Promise<void>;
  /** Reports the names of changed files, if the platform supports it. Changes may be reported twice or not at all. */
  watch(listener: (name: string) => void): Disposable;
}

/**
 * Encodes a text for use in a file name: characters that are separators, or invalid on some file system, become their
 * code.
 */
export function encodeFileName(text: string): string {
  return text.replace(/[^A-Za-z0-9-]/g, (character) => `~${character.charCodeAt(0).toString(16)}`);
}

/**
 * The highest number in a file name. Each change of a session or its lock increments the number by one, so a higher one
 * can't be from this extension.
 */
export const MAX_FILE_NUMBER = 1e9;

/** Parses a number in a file name; undefined unless this extension would have written it this way. */
export function parseFileNumber(text: string | undefined): number | undefined {
  const number = Number(text);
  return text === String(number) && number >= 1 && number <= MAX_FILE_NUMBER ? number : undefined;
}
