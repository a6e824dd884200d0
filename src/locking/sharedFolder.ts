import type { Disposable } from '../core/clock.ts';

/**
 * A folder of small files that all windows share. Its calls may reject, and do where the disk is full or read-only, and if
 * a name isn't that of a file in the folder itself.
 */
export interface SharedFolder {
  /** The names of the files in it; none where it does not exist yet. */
  list(): Promise<string[]>;
  /** The text of a file; undefined where it does not exist. */
  read(name: string): Promise<string | undefined>;
  /** Writes a file so that a reader sees the old text or the new one, never a part, and so that it outlasts a power cut. */
  write(name: string, text: string): Promise<void>;
  /**
   * Creates a file with its text, so that it outlasts a power cut; false if there is one already. Of many that try at
   * once, one succeeds. A reader sees the whole text, or for a moment an empty one where the file system has no hard links.
   */
  create(name: string, text: string): Promise<boolean>;
  /** Deletes a file; one that does not exist is no error. */
  delete(name: string): Promise<void>;
  /** Tells the names of files that change, where the platform tells; some changes may be told twice, or not at all. */
  watch(listener: (name: string) => void): Disposable;
}

/** A text as a part of a file name: every character that some file system cannot have, or that parts names, is written as its number. */
export function encodeFileName(text: string): string {
  return text.replace(/[^A-Za-z0-9-]/g, (character) => `~${character.charCodeAt(0).toString(16)}`);
}

/**
 * The highest number that a file name may have. Each change of a session or of its lock counts one further, so that no
 * real one ever gets there; whatever has a higher number is none of this extension's files.
 */
export const MAX_FILE_NUMBER = 1e9;

/** The number in a file name, as it's written; undefined if it's none that this extension would have written. */
export function parseFileNumber(text: string | undefined): number | undefined {
  const number = Number(text);
  return text === String(number) && number >= 1 && number <= MAX_FILE_NUMBER ? number : undefined;
}
