// The language model tool that reports the sessions, so that an agent can explain a rejected request. It never contains a token.
import * as vscode from 'vscode';
import type { Clock } from '../core/clock.ts';
import { shownState, statusOf, type LiveSession, type State } from '../core/status.ts';
import { describeFailure } from '../host/failureMessages.ts';
import type { Settings } from '../host/settings.ts';

/** What the tool depends on. */
export interface SessionsToolDependencies {
  readonly clock: Clock;
  readonly settings: Pick<Settings, 'lifetimes' | 'providers'>;
  readonly sessions: { readonly liveSessions: { all(): readonly LiveSession[] } };
}

/** The end of the range of dates, in ms since the Unix epoch. */
const MAX_TIME = 8.64e15;

/** What a state means, for a language model. */
const MEANINGS: Readonly<Record<State, string>> = {
  ended: 'The session has ended. The user must sign in again: command "Session Keeper: Sign In…".',
  'needs-attention': "The session can't be renewed until the user fixes the cause.",
  ending: "The session ends soon and can't be renewed. The user should sign in again.",
  retrying: 'Signed in. The server is temporarily unavailable, and renewal is retried automatically.',
  'signing-in': 'A sign-in is in progress.',
  refreshing: 'Signed in. The token is being renewed.',
  'signed-in': 'Signed in. Tokens are renewed automatically.',
  'signed-out': 'Signed out. The user must sign in: command "Session Keeper: Sign In…".',
};

/** Returns the result of the tool (`vscode.lm.registerTool`): JSON with each provider and its sessions. */
export function describeSessions(dependencies: SessionsToolDependencies): vscode.LanguageModelToolResult {
  const { settings, sessions } = dependencies;
  const all = sessions.liveSessions.all();
  const providers = settings.providers.map(({ id, label }) => {
    const own = all.filter(({ record }) => record.providerId === id);
    return {
      id,
      label,
      sessions: own.length === 0 ? MEANINGS['signed-out'] : own.map((one) => describe(one, label, dependencies)),
    };
  });
  const none = 'No providers are configured. The user can run the command "Session Keeper: Add Provider…".';
  const text = providers.length === 0 ? none : JSON.stringify({ providers });
  return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
}

function describe(
  session: LiveSession,
  provider: string,
  { clock, settings }: SessionsToolDependencies,
): Readonly<Record<string, unknown>> {
  const status = statusOf(session, settings.lifetimes(), clock.now());
  const { failure, record } = session;
  // A sum can be out of the range of dates.
  const at = (time = Infinity): string | undefined =>
    Math.abs(time) > MAX_TIME ? undefined : new Date(time).toISOString();
  return {
    account: record.account.label,
    scopes: record.scopes,
    state: shownState(status),
    meaning: MEANINGS[shownState(status)],
    problem: failure === undefined ? undefined : describeFailure(failure, provider),
    accessTokenExpires: at(status.accessExpiresAt),
    sessionEnds: at(status.sessionEndsAt),
  };
}
