// What can go wrong: a closed set of categories, and one error class that carries one of them.

/** Every category of failure. The words are stable: callers may switch on them. */
export const CATEGORIES = [
  /** The server cannot be reached, or its answer did not arrive in time. */
  'network',
  /** The server answered that it cannot answer now (5xx). */
  'server',
  /** The server asks to be left alone for a while (429). */
  'rate-limited',
  /** TLS, a proxy or a login page of the network stands between here and the server. */
  'not-trusted',
  /** The server has definitely ended the session, or its token ran out and cannot be renewed. */
  'session-ended',
  /** The server wants to see the person: consent, a second factor, a policy. */
  'sign-in-needed',
  /** The server does not accept the client id, or does not allow it this grant. */
  'client-rejected',
  /** The redirect address does not match what is registered at the server. */
  'redirect-rejected',
  /** The server does not know, or does not grant, a scope or resource. */
  'scope-rejected',
  /** The settings and what the server offers do not fit together. */
  'configuration',
  /** A time in the answer cannot be right: a clock is off. */
  'clock',
  /** The server answered with something that is malformed or must not be trusted. */
  'bad-answer',
  /** The person, or something in their name, called it off. */
  'cancelled',
  /** The session cannot be read from, or written to, where it is kept. */
  'storage',
  /** Another window is renewing the session, and does not come to an end. */
  'other-window',
  /** Nothing of the above; kept apart so that it is noticed. */
  'unexpected',
] as const;

/** One of the closed set of failure categories. */
export type Category = (typeof CATEGORIES)[number];

/** What is known of a failure beside its category. */
export interface FailureDetails {
  /** The error that led to it. It stays in memory; only its code reaches a log. */
  readonly cause?: unknown;
  /** Words of the server or of a library, made harmless by {@link harmless}. */
  readonly detail?: string | undefined;
  /** The HTTP status of the answer. */
  readonly status?: number | undefined;
  /** How long the server asks to wait, in ms (`Retry-After`, RFC 9110 section 10.2.3). */
  readonly retryAfter?: number | undefined;
  /** Whether it is certain that nothing has reached the server: there was no connection. */
  readonly wasNotSent?: boolean | undefined;
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

  constructor(category: Category, code: string, details: FailureDetails = {}) {
    super(`${category} (${code})${details.detail ? `: ${details.detail}` : ''}`, { cause: details.cause });
    this.category = category;
    this.code = code;
    this.detail = details.detail;
    this.status = details.status;
    this.retryAfter = details.retryAfter;
    this.wasNotSent = details.wasNotSent === true;
  }
}

/** The failure inside anything that was thrown: itself, or an unexpected one around it. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) {
    return error;
  }
  // The message of an error that nobody expected can quote what it was working on, a token included.
  return new Failure('unexpected', 'unexpected', { cause: error, detail: error instanceof Error ? harmless(error.name) : undefined });
}

/**
 * A name that a server gave, fit to be shown as one: on one line, without control characters and without the brackets
 * that make a link in a notification; else unchanged, because people recognise themselves by it. Cut to 100 characters.
 */
export function plainName(name: string): string {
  return cut(onOneLine(name.slice(0, 400)).replace(/[[\]<>`]/g, '').replace(/ +/g, ' ').trim(), 100);
}

/**
 * Control, format and line-breaking characters, and halves of characters, can hide or reorder text; each run of them
 * becomes a space. The joiners U+200C and U+200D stay, which many scripts and emoji need.
 */
function onOneLine(text: string): string {
  return text.replace(/(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ');
}

/** The first characters of a text, none of them cut in half. */
function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '').trimEnd()}…` : text;
}

/** How long a text of a server may be when it is shown, in characters. */
const LONGEST_DETAIL = 200;

/**
 * Makes text of a server fit to be shown: on one line, without control characters (which can reorder or hide
 * text), without anything a Markdown view would turn into a link or a command, without what looks like a
 * token, and cut to 200 characters. The result can be empty.
 */
export function harmless(text: string): string {
  // Tokens go before the marks that may be part of them, and links after the marks that may hide one.
  const clean = onOneLine(text.slice(0, 8 * LONGEST_DETAIL))
    .replace(/[A-Za-z0-9_\-.~+/=]{40,}|(?=[A-Za-z_\-.~+/=]*\d)[A-Za-z0-9_\-.~+/=]{20,}/g, '…')
    .replace(/[[\]()<>`*_|\\$!#]+/g, ' ')
    .replace(/(?:\b[a-z][a-z0-9+.-]*:\/\/|\bwww\.|\b(?:command|data|javascript|vscode|mailto):)\S*/gi, '…')
    .replace(/ +/g, ' ')
    .trim();
  return cut(clean, LONGEST_DETAIL);
}
