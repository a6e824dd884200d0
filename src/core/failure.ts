// What went wrong: one error class that carries a category of the closed set, and text of servers made harmless.
import type { Category } from './failurePolicies.ts';

/** What is known of a failure beside its category. */
export interface FailureDetails {
  /** The error that led to it. It stays in memory; only its code reaches a log. */
  readonly cause?: unknown;
  /** Words of the server or of a library, made harmless by {@link sanitizeServerText}. */
  readonly detail?: string | undefined;
  /** The HTTP status of the answer. */
  readonly status?: number | undefined;
  /** How long the server asks to wait, in ms (`Retry-After`, RFC 9110 section 10.2.3). */
  readonly retryAfter?: number | undefined;
  /** Whether it is certain that nothing has reached the server: there was no connection. */
  readonly wasNotSent?: boolean | undefined;
  /** The claims that the server wants the next sign-in to ask for (Microsoft Entra, Conditional Access): a JSON text. */
  readonly claims?: string | undefined;
}

/**
 * Something went wrong, and it is known what. The message is for logs and for callers of the editor's API;
 * the sentence that a person reads comes from the category and the code.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  /** Which of the closed set it is. */
  readonly category: Category;
  /** What exactly, as a stable word: an OAuth error code, a network code, or one of our own. */
  readonly code: string;
  /** Harmless words of the server, or nothing. */
  readonly detail: string | undefined;
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** How long the server asks to wait, in ms. */
  readonly retryAfter: number | undefined;
  /** Whether it is certain that nothing has reached the server. */
  readonly wasNotSent: boolean;
  /** The claims that the next sign-in has to ask for. */
  readonly claims: string | undefined;

  constructor(category: Category, code: string, details: FailureDetails = {}) {
    super(`${category} (${code})${details.detail ? `: ${details.detail}` : ''}`, { cause: details.cause });
    this.category = category;
    this.code = code;
    this.detail = details.detail;
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

/** The failure inside anything that was thrown: itself, or an unexpected one around it. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) {
    return error;
  }
  // The message of an error that nobody expected can quote what it was working on, a token included.
  return new Failure('unexpected', 'unexpected', {
    cause: error,
    detail: error instanceof Error ? sanitizeServerText(error.name) : undefined,
  });
}

/**
 * A name that a server gave, fit to be shown as one: on one line, without control characters and without the brackets
 * that make a link in a notification; else unchanged, because people recognise themselves by it. Cut to 100 characters.
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
 * Control, format and line-breaking characters, and halves of characters, can hide or reorder text; each run of them
 * becomes a space. The joiners U+200C and U+200D stay, which many scripts and emoji need.
 */
function toSingleLine(text: string): string {
  return text.replace(/(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ');
}

/** The first characters of a text, none of them cut in half. */
function truncate(text: string, length: number): string {
  return text.length > length
    ? `${text
        .slice(0, length - 1)
        .replace(/[\uD800-\uDBFF]$/, '')
        .trimEnd()}…`
    : text;
}

/** How long a text of a server may be when it is shown, in characters. */
const MAX_DETAIL_LENGTH = 200;

/**
 * Makes text of a server fit to be shown: on one line, without control characters (which can reorder or hide
 * text), without anything a Markdown view would turn into a link or a command, without what looks like a
 * token, and cut to 200 characters. The result can be empty.
 */
export function sanitizeServerText(text: string): string {
  // Tokens go before the marks that may be part of them, and links after the marks that may hide one.
  const clean = toSingleLine(text.slice(0, 8 * MAX_DETAIL_LENGTH))
    .replace(/[A-Za-z0-9_\-.~+/=]{40,}|(?=[A-Za-z_\-.~+/=]*\d)[A-Za-z0-9_\-.~+/=]{20,}/g, '…')
    .replace(/[[\]()<>`*_|\\$!#]+/g, ' ')
    .replace(/(?:\b[a-z][a-z0-9+.-]*:\/\/|\bwww\.|\b(?:command|data|javascript|vscode|mailto):)\S*/gi, '…')
    .replace(/ +/g, ' ')
    .trim();
  return truncate(clean, MAX_DETAIL_LENGTH);
}
