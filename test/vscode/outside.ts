// What the suite knows of the world outside of the extension host.
import * as vscode from 'vscode';
import type { Orders, ControlAnswer } from '../../tools/control.ts';
import type { JournalEntry } from '../../tools/identityJournal.ts';
import type { ServerAddresses, ServerName } from './servers.ts';

/** Where the real identity servers are that the runner has started. */
export const servers = JSON.parse(environment('SESSION_KEEPER_TEST_SERVERS')) as Readonly<
  Record<ServerName, ServerAddresses>
>;

/** The issuer of the usual one. */
export const { issuer } = servers.usual;

const control = environment('SESSION_KEEPER_TEST_CONTROL');

/** The scopes of a provider that names none. */
export const scopes = ['openid', 'profile', 'email', 'offline_access'];

/** VS Code's authentication API as a second, independent extension sees it. */
export interface Consumer {
  getSession(
    id: string,
    wanted: readonly string[] | vscode.AuthenticationWwwAuthenticateRequest,
    options?: vscode.AuthenticationGetSessionOptions,
  ): Thenable<SessionWithExpiry | undefined>;
  getAccounts(id: string): Thenable<readonly vscode.AuthenticationSessionAccountInformation[]>;
  onDidChangeSessions: vscode.Event<vscode.AuthenticationSessionsChangeEvent>;
}

/** A session with the fields that are not in the stable API yet. */
export type SessionWithExpiry = vscode.AuthenticationSession & {
  readonly expiresAfter?: number;
  readonly idToken?: string;
};

/** Gives orders to an identity server and to the person, and tells what has happened. */
export async function order(orders: Orders = {}): Promise<ControlAnswer> {
  const response = await fetch(control, { method: 'POST', body: JSON.stringify(orders) });
  if (!response.ok) {
    throw new Error(await response.text());
  }
  return (await response.json()) as ControlAnswer;
}

/** The requests for tokens of one grant type that have reached the usual server so far. */
export async function tokenRequests(grantType: string): Promise<JournalEntry[]> {
  const { journal } = await order();
  return journal.filter((entry) => entry.grantType === grantType);
}

/** The second extension, active. */
export async function consumer(): Promise<Consumer> {
  const extension = vscode.extensions.getExtension<Consumer>('session-keeper.session-keeper-consumer');
  if (extension === undefined) {
    throw new Error('The consumer extension is not there.');
  }
  return extension.activate();
}

/** Sets a setting of the user and waits until it has arrived. */
export async function configure(name: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration('sessionKeeper').update(name, value, vscode.ConfigurationTarget.Global);
}

/** An entry for the usual identity server. */
export function entry(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { id: 'acme', label: 'Acme', issuer, clientId: 'session-keeper-demo', ...fields };
}

/** Waits until a condition holds, looking again whenever VS Code has had a turn. */
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
