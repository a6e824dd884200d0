// The error class for everything that can fail, with a category of a closed set, and sanitizing of text from servers.
import type { Category } from './failurePolicies.ts';

/** What is known about a failure in addition to its category and code. */
export interface FailureDetails {
  /** The error that caused it. It isn't logged, except for its code. */
  readonly cause?: unknown;
  /** Text from the server or a library, sanitized by {@link sanitizeServerText}. */
  readonly detail?: string | undefined;
  /** The host of the server, if there was no complete response. */
  readonly host?: string | undefined;
  /** The HTTP status of the response. */
  readonly status?: number | undefined;
  /** How long the server asks the client to wait, in ms (`Retry-After`, RFC 9110 section 10.2.3). */
  readonly retryAfter?: number | undefined;
  /** Whether the request certainly didn't reach the server, because there was no connection. */
  readonly wasNotSent?: boolean | undefined;
  /** The claims that the next sign-in must request (Microsoft Entra, Conditional Access), as JSON. */
  readonly claims?: string | undefined;
}

/**
 * A known failure. The message is for logs and for callers of VS Code's API; the message for the user is derived from
 * the category and the code.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  /** The category, one of a closed set. */
  readonly category: Category;
  /** The exact reason, as a stable identifier: an OAuth error code, a network error code, or one of our own. */
  readonly code: string;
  /** Sanitized text from the server, if there is any. */
  readonly detail: string | undefined;
  /** The sanitized host of the server, if there was no complete response. */
  readonly host: string | undefined;
  /** The HTTP status, if there was a response. */
  readonly status: number | undefined;
  /** How long the server asks the client to wait, in ms. */
  readonly retryAfter: number | undefined;
  /** Whether the request certainly didn't reach the server. */
  readonly wasNotSent: boolean;
  /** The claims that the next sign-in must request, as JSON. */
  readonly claims: string | undefined;

  constructor(category: Category, code: string, details: FailureDetails = {}) {
    // A code may come from a server or a file.
    const safeCode = /^[\w.:-]{1,100}$/.test(code) ? code : 'unknown-error';
    super(`${category} (${safeCode})${details.detail ? `: ${details.detail}` : ''}`, { cause: details.cause });
    this.category = category;
    this.code = safeCode;
    this.detail = details.detail;
    this.host = details.host === undefined ? undefined : sanitizeDisplayName(details.host);
    this.status = details.status;
    this.retryAfter = details.retryAfter;
    this.wasNotSent = details.wasNotSent === true;
    this.claims = details.claims;
  }
}

/** The `name` of the error that another extension gets for a category of failure. It is part of the public interface. */
export function errorName(category: Category): `SessionKeeper.${Category}` {
  return `SessionKeeper.${category}`;
}

/** Converts anything thrown to a failure. Anything that isn't a failure becomes one of the category `unexpected`. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) {
    return error;
  }
  // The message of an unexpected error can contain the data being processed, including tokens.
  return new Failure('unexpected', 'unexpected', {
    cause: error,
    detail: error instanceof Error ? sanitizeServerText(error.name) : undefined,
  });
}

/**
 * Sanitizes a name from a server for display: on one line, without control characters and without the brackets that
 * form a link in a notification. Otherwise unchanged, because users recognize their names by it. Truncated to 100
 * characters.
 */
export function sanitizeDisplayName(name: string): string {
  return truncate(
    toSingleLine(name.slice(0, 400))
      .replace(/[[\]<>`]/g, '')
      .replace(/ +/g, ' ')
      .trim(),
    100,
  );
}

/**
 * Control, format and line-breaking characters and lone surrogates can hide or reorder text; each run of them becomes a
 * space. The joiners U+200C and U+200D stay, which many scripts and emoji need.
 */
function toSingleLine(text: string): string {
  return text.replace(/(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ');
}

/** The beginning of a text. Surrogate pairs aren't split. */
function truncate(text: string, length: number): string {
  return text.length > length
    ? `${text
        .slice(0, length - 1)
        .replace(/[\uD800-\uDBFF]$/, '')
        .trimEnd()}…`
    : text;
}

/** The maximum length of displayed text from a server, in characters. */
const MAX_DETAIL_LENGTH = 200;

/**
 * Sanitizes text from a server for display: on one line, without control characters (which can hide or reorder text),
 * without anything that a Markdown view would turn into a link or a command, without anything that looks like a token,
 * and truncated to 200 characters. The result can be empty.
 */
export function sanitizeServerText(text: string): string {
  // Tokens are removed before the punctuation that may be part of them, and links after the punctuation that may hide
  // them.
  const clean = toSingleLine(text.slice(0, 8 * MAX_DETAIL_LENGTH))
    .replace(/[A-Za-z0-9_\-.~+/=]{40,}|(?=[A-Za-z_\-.~+/=]*\d)[A-Za-z0-9_\-.~+/=]{20,}/g, '…')
    .replace(/[[\]()<>`*_|\\$!#]+/g, ' ')
    .replace(/(?:\b[a-z][a-z0-9+.-]*:\/\/|\bwww\.|\b(?:command|data|javascript|vscode|mailto):)\S*/gi, '…')
    .replace(/ +/g, ' ')
    .trim();
  return truncate(clean, MAX_DETAIL_LENGTH);
}
