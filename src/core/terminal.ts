// What the command `session-keeper` in a terminal and a window of VS Code send to each other.

/** The version of the protocol, which is the first byte that a window sends. */
export const TERMINAL_PROTOCOL = 1;

/** The maximum size of a request, in bytes. */
export const MAX_TERMINAL_REQUEST = 64 * 1024;

/** The maximum size of a response, in bytes. */
export const MAX_TERMINAL_RESPONSE = 8 * 1024 * 1024;

/** The environment variable with the ID of the terminal's window. It isn't secret, and grants nothing. */
export const WINDOW_VARIABLE = 'SESSION_KEEPER_WINDOW';

/** The pattern of the ID of a window. */
export const WINDOW_ID_PATTERN = /^[0-9a-f]{16}$/;

/** The subcommands. */
export const TERMINAL_COMMANDS = ['token', 'headers', 'exec', 'kubectl', 'git-credential', 'list', 'login'] as const;
/** One of the subcommands. */
export type TerminalCommand = (typeof TERMINAL_COMMANDS)[number];

/** A request of the command. All fields are untrusted, even though the sender has the key. */
export interface TerminalRequest {
  readonly command: TerminalCommand;
  /** The window of the terminal; undefined if the command runs elsewhere. */
  readonly window?: string | undefined;
  /** The ID of the provider; absent for `list`. */
  readonly provider?: string | undefined;
  /** The requested scopes; by default, the configured ones. */
  readonly scopes?: readonly string[] | undefined;
  /** The label or ID of the account. */
  readonly account?: string | undefined;
  /** Whether the user may be asked to sign in. */
  readonly signIn?: boolean | undefined;
  /** For `headers`, the URL of the request; for `git-credential`, the origin of the git server. */
  readonly url?: string | undefined;
  /** For `headers`, the HTTP method. */
  readonly method?: string | undefined;
  /** For `headers`, the latest `DPoP-Nonce` of the resource server (RFC 9449 section 9). */
  readonly nonce?: string | undefined;
}

/** A session or a provider without a session, as `list` shows it. */
export interface ListedSession {
  readonly provider: string;
  readonly label: string;
  /** Absent if no account is signed in. */
  readonly account?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** The state in English, such as `signed-in`. */
  readonly state: string;
  /** In ms since the Unix epoch; absent if it's unknown. */
  readonly expiresAt?: number | undefined;
}

/** A response of the window. Nothing or several times `waiting`, and then one of the others. */
export type TerminalResponse =
  | { readonly kind: 'waiting'; readonly for: 'consent' | 'sign-in' }
  | {
      readonly kind: 'token';
      readonly token: string;
      readonly account: string;
      readonly scopes: readonly string[];
      /** In ms since the Unix epoch; absent if it's unknown. */
      readonly expiresAt?: number | undefined;
    }
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> }
  /** The provider has no credentials for this git server. */
  | { readonly kind: 'none' }
  | { readonly kind: 'list'; readonly sessions: readonly ListedSession[] }
  | { readonly kind: 'signed-in'; readonly account: string }
  | {
      readonly kind: 'failure';
      readonly name: TerminalFailure;
      /** The name in the message, if it's more specific than that of the exit code. */
      readonly code?: string | undefined;
      /** What happened, and what to do, in the display language of VS Code. */
      readonly message: string;
    };

/**
 * The exit code for each failure. Those from 30 are for what becomes of a session whose renewal fails
 * (core/failurePolicy.ts). 126 and 127 are the codes of POSIX shells.
 */
export const EXIT_CODES = {
  'invalid-arguments': 2,
  'terminal-access-off': 10,
  'no-window': 11,
  'unsafe-folder': 12,
  'window-not-verified': 13,
  'invalid-response': 14,
  denied: 20,
  'no-answer': 21,
  'untrusted-workspace': 22,
  'unknown-provider': 23,
  'signed-out': 24,
  'several-accounts': 25,
  'bound-token': 26,
  'invalid-request': 27,
  retrying: 30,
  'needs-attention': 31,
  ended: 32,
  ending: 33,
  'no-change': 34,
  'command-failed': 126,
  'command-not-found': 127,
} as const;
/** One of the failures that have an exit code of their own. */
export type TerminalFailure = keyof typeof EXIT_CODES;
