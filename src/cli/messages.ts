// What the command prints about its own failures; those of the window come from VS Code. In English, because the command
// doesn't have VS Code's translations.
import type { TerminalFailure } from '../core/terminal.ts';

/** The failures that the command detects. */
type OwnFailure =
  | 'terminal-access-off'
  | 'no-window'
  | 'unsafe-folder'
  | 'window-not-verified'
  | 'invalid-response'
  | 'command-failed'
  | 'command-not-found';

/** What happened, and what to do. */
export const MESSAGES: Readonly<Record<OwnFailure & TerminalFailure, string>> = {
  'terminal-access-off': 'Terminal access is off. In VS Code, run "Session Keeper: Manage Terminal Access…".',
  'no-window': 'No VS Code window answered. Open a window or reload it, and try again.',
  'unsafe-folder': 'Other users could read the key of terminal access. In VS Code, reload the window.',
  'window-not-verified': "The window couldn't be verified. Reload all VS Code windows.",
  'invalid-response': 'The response of the window is invalid. Reload all VS Code windows.',
  'command-failed': "Couldn't run the command.",
  'command-not-found': "The command wasn't found.",
};

/** Printed while the window waits for the user. */
export const WAITING: Readonly<Record<'consent' | 'sign-in', string>> = {
  consent: 'session-keeper: Waiting for your permission in VS Code…',
  'sign-in': 'session-keeper: Waiting for your sign-in in VS Code…',
};

/** How to use the command. */
export const USAGE = `Usage:
  session-keeper token <provider> [--json]
  session-keeper headers <provider> --url URL [--method METHOD] [--nonce NONCE] [--json]
  session-keeper exec <provider> [--var NAME] -- command …
  session-keeper kubectl <provider>
  session-keeper git-credential <provider> get
  session-keeper list [--json]
  session-keeper login <provider>

Options:
  --scope SCOPE    requests these scopes instead of the configured ones; can be repeated
  --account NAME   selects one of several accounts
  --sign-in        waits for you to sign in, if needed
  --help           shows this text

Exit codes: https://marketplace.visualstudio.com/items?itemName=session-keeper.session-keeper (docs/use-everywhere.md)
`;
