// What the suite uses outside of the extension host.
import * as vscode from 'vscode';
import type { ControlCommand, ControlResponse } from '../../tools/control.ts';
import type { JournalEntry } from '../../tools/identityJournal.ts';
import type { ServerAddresses, ServerName } from './servers.ts';

/** The URLs of the real identity servers that the runner has started. */
export const servers = JSON.parse(environment('SESSION_KEEPER_TEST_SERVERS')) as Readonly<
  Record<ServerName, ServerAddresses>
>;

/** The issuer of the default server. */
export const { issuer } = servers.usual;

const controlUrl = environment('SESSION_KEEPER_TEST_CONTROL');

/** The scopes of a provider without configured scopes. */
export const scopes = ['openid', 'profile', 'email', 'offline_access'];

/** VS Code's authentication API, called by a second extension. */
export interface Consumer {
  getSession(
    id: string,
    wanted: readonly string[] | vscode.AuthenticationWwwAuthenticateRequest,
    options?: vscode.AuthenticationGetSessionOptions,
  ): Thenable<SessionWithExpiry | undefined>;
  getAccounts(id: string): Thenable<readonly vscode.AuthenticationSessionAccountInformation[]>;
  onDidChangeSessions: vscode.Event<vscode.AuthenticationSessionsChangeEvent>;
}

/** A session with the fields that aren't in the stable API yet. */
export type SessionWithExpiry = vscode.AuthenticationSession & {
  readonly expiresAfter?: number;
  readonly idToken?: string;
};

/** Controls an identity server and the simulated user, and returns what has happened. */
export async function control(command: ControlCommand = {}): Promise<ControlResponse> {
  const response = await fetch(controlUrl, { method: 'POST', body: JSON.stringify(command) });
  if (!response.ok) {
    throw new Error(await response.text());
  }
  return (await response.json()) as ControlResponse;
}

/** Returns the token requests of a grant type that have reached the default server so far. */
export async function tokenRequests(grantType: string): Promise<JournalEntry[]> {
  const { journal } = await control();
  return journal.filter((entry) => entry.grantType === grantType);
}

/** Returns the second extension, activated. */
export async function consumer(): Promise<Consumer> {
  const extension = vscode.extensions.getExtension<Consumer>('session-keeper.session-keeper-consumer');
  if (extension === undefined) {
    throw new Error('The consumer extension is not there.');
  }
  return extension.activate();
}

/** Changes a user setting and waits until it takes effect. */
export async function configure(name: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration('sessionKeeper').update(name, value, vscode.ConfigurationTarget.Global);
}

/** Returns an entry for the default identity server. */
export function entry(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { id: 'acme', label: 'Acme', issuer, clientId: 'session-keeper-demo', ...fields };
}

/**
 * Signs out of the account that is used, by the command. If earlier tests left sessions whose providers they removed, the
 * command lists these, too, after the account.
 */
export async function signOut(): Promise<void> {
  await acceptFirst('signed out', () => vscode.commands.executeCommand('sessionKeeper.signOut'));
}

/** Runs an action, selects the first item whenever VS Code asks, and returns the result. Rejects if the action does. */
export async function acceptFirst<T>(what: string, run: () => Thenable<T>, limit?: number): Promise<T> {
  let isDone = false;
  const running = Promise.resolve(run()).finally(() => {
    isDone = true;
  });
  // Handled below, but it can reject before.
  running.catch(() => {});
  await eventually(
    what,
    async () => {
      await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      return isDone;
    },
    limit,
  );
  return running;
}

/** Waits until a condition is met, and checks it repeatedly. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  limit = 10_000,
): Promise<T> {
  const end = Date.now() + limit;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) {
      return found;
    }
    if (Date.now() > end) {
      throw new Error(`Not within ${String(limit / 1000)} s: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set: start the suite with npm run test:vscode.`);
  }
  return value;
}
