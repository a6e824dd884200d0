// The encryption between the command `session-keeper` and a window. Both have the same key, from a file that only this
// user can read. Neither sends it. The window sends a random nonce first, and the command adds its own. From the key and
// both nonces, HKDF (RFC 5869) derives one key for each direction of this connection, and AES-256-GCM encrypts and
// authenticates each message. So a process without the key can neither request a token, nor receive one, nor replay a
// message of another connection.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** The length of a nonce, in bytes. */
export const NONCE_LENGTH = 32;
/** The length of the key, in bytes. */
export const KEY_LENGTH = 32;
const IV_LENGTH = 12;
const TAG_LENGTH = 16;
const ALGORITHM = 'aes-256-gcm';

/** The direction of a message. */
export type Direction = 'request' | 'response';

/** Returns a new nonce, or a new key. */
export function newNonce(): Buffer {
  return randomBytes(NONCE_LENGTH);
}

/** The messages of one direction of a connection, which must be opened in the order in which they were sealed. */
export class SealedMessages {
  readonly #key: Buffer;
  #count = 0;

  /**
   * Derives the key of a direction.
   * @param nonces the nonce of the window, followed by that of the command.
   */
  constructor(key: Uint8Array, nonces: Uint8Array, direction: Direction) {
    this.#key = Buffer.from(hkdfSync('sha256', key, nonces, `session-keeper terminal ${direction}`, KEY_LENGTH));
  }

  /** Encrypts the next message. */
  seal(text: string): Buffer {
    const cipher = createCipheriv(ALGORITHM, this.#key, this.#nextIv());
    return Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  /** Decrypts the next message; undefined if it isn't from a process that has the key, or not the next one. */
  open(sealed: Buffer): string | undefined {
    if (sealed.length < TAG_LENGTH) {
      return undefined;
    }
    const decipher = createDecipheriv(ALGORITHM, this.#key, this.#nextIv(), { authTagLength: TAG_LENGTH });
    decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_LENGTH)), decipher.final()]).toString();
    } catch {
      return undefined;
    }
  }

  /** The number of the message; a key is never used for two messages with the same number. */
  #nextIv(): Buffer {
    const iv = Buffer.alloc(IV_LENGTH);
    iv.writeUInt32BE((this.#count += 1), IV_LENGTH - 4);
    return iv;
  }
}

/** The length of the number before each frame, in bytes. */
const PREFIX_LENGTH = 4;

/** Returns a frame: the length of some bytes, and the bytes. */
export function toFrame(...parts: readonly Uint8Array[]): Buffer {
  const prefix = Buffer.alloc(PREFIX_LENGTH);
  prefix.writeUInt32BE(parts.reduce((sum, { length }) => sum + length, 0));
  return Buffer.concat([prefix, ...parts]);
}

/** Splits a stream into frames. */
export class FrameReader {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #length = 0;

  /**
   * Creates a reader for a stream.
   * @param limit the maximum length of a frame, in bytes.
   */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Adds bytes from the stream, and returns the frames that are complete.
   * @throws RangeError if a frame is too long; nothing can be read from the stream then.
   */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const frames: Buffer[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
      frames.push(frame);
    }
    return frames;
  }

  #next(): Buffer | undefined {
    if (this.#length < PREFIX_LENGTH) {
      return undefined;
    }
    if ((this.#chunks[0]?.length ?? 0) < PREFIX_LENGTH) {
      this.#chunks = [Buffer.concat(this.#chunks)];
    }
    const size = this.#chunks[0]?.readUInt32BE() ?? 0;
    if (size > this.#limit) {
      throw new RangeError('The frame is too long.');
    }
    const end = PREFIX_LENGTH + size;
    if (this.#length < end) {
      return undefined;
    }
    const bytes = Buffer.concat(this.#chunks);
    this.#length -= end;
    this.#chunks = this.#length === 0 ? [] : [bytes.subarray(end)];
    return bytes.subarray(PREFIX_LENGTH, end);
  }
}
