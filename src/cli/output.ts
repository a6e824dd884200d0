// What the command prints to standard output.
import type { ListedSession, TerminalResponse } from '../core/terminal.ts';
import { CommandFailure, printable } from './failure.ts';
import { MESSAGES } from './messages.ts';

/** A token with its properties. */
export type TokenResponse = Extract<TerminalResponse, { readonly kind: 'token' }>;

/** With this user name, GitLab, Gitea, and Forgejo accept an access token as the password. */
const GIT_USERNAME = 'oauth2';
const KUBERNETES_GROUP = 'client.authentication.k8s.io';

/**
 * Returns a token or header that contains no line breaks and no other control characters.
 * @throws CommandFailure `invalid-response` if it does, because it could then add lines to the output.
 */
export function singleLine(value: unknown): string {
  if (typeof value !== 'string' || value === '' || /[\0-\x1f\x7f]/.test(value)) {
    throw new CommandFailure('invalid-response', MESSAGES['invalid-response']);
  }
  return value;
}

/** Returns a time as in RFC 3339; undefined if it's unknown or out of range. */
function timestamp(ms: unknown): string | undefined {
  return typeof ms === 'number' && Math.abs(ms) < 8.64e15
    ? new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
    : undefined;
}

/** Returns the output of `token`. */
export function formatToken(response: TokenResponse, isJson: boolean): string {
  const token = singleLine(response.token);
  return isJson
    ? `${JSON.stringify({
        access_token: token,
        expires_at: timestamp(response.expiresAt) ?? null,
        scopes: response.scopes,
        account: response.account,
      })}\n`
    : `${token}\n`;
}

/** Returns the output of `headers`: a line each, or a JSON object with the headers as its members. */
export function formatHeaders(headers: Readonly<Record<string, unknown>>, isJson: boolean): string {
  const entries = Object.entries(headers).map(([name, value]) => [singleLine(name), singleLine(value)] as const);
  return isJson
    ? `${JSON.stringify(Object.fromEntries(entries))}\n`
    : entries.map(([name, value]) => `${name}: ${value}\n`).join('');
}

/**
 * Returns an ExecCredential for kubectl.
 * @param execInfo the value of `KUBERNETES_EXEC_INFO`, which contains the requested version.
 */
export function formatExecCredential(response: TokenResponse, execInfo: string | undefined): string {
  const isBeta = execInfo?.includes(`"${KUBERNETES_GROUP}/v1beta1"`) === true;
  const expirationTimestamp = timestamp(response.expiresAt);
  return `${JSON.stringify({
    apiVersion: `${KUBERNETES_GROUP}/${isBeta ? 'v1beta1' : 'v1'}`,
    kind: 'ExecCredential',
    status: {
      token: singleLine(response.token),
      ...(expirationTimestamp === undefined ? {} : { expirationTimestamp }),
    },
  })}\n`;
}

/** Returns the output of `git-credential get`: attributes, as in gitcredentials(7). */
export function formatGitCredential(response: TokenResponse): string {
  const { expiresAt } = response;
  return [
    `username=${GIT_USERNAME}`,
    `password=${singleLine(response.token)}`,
    ...(typeof expiresAt === 'number' ? [`password_expiry_utc=${Math.floor(expiresAt / 1000)}`] : []),
    '',
  ].join('\n');
}

/** Makes Git fail instead of asking for a user name and password. */
export const GIT_QUIT = 'quit=1\n';

/** Returns the output of `list`. */
export function formatList(sessions: readonly ListedSession[], isJson: boolean): string {
  if (isJson) {
    const items = sessions.map(({ account, expiresAt, label, provider, scopes, state }) => ({
      provider,
      label,
      account: account ?? null,
      scopes: scopes ?? [],
      state,
      expires_at: timestamp(expiresAt) ?? null,
    }));
    return `${JSON.stringify(items)}\n`;
  }
  const rows = [
    ['PROVIDER', 'LABEL', 'ACCOUNT', 'STATE', 'EXPIRES'],
    ...sessions.map(({ account = '-', expiresAt, label, provider, state }) =>
      [provider, label, account, state, timestamp(expiresAt) ?? '-'].map((cell) => printable(cell)),
    ),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
