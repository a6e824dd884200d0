// The baseline for all measurements: the minimal extension with an authentication provider.
import * as vscode from 'vscode';

const sessions: vscode.AuthenticationSession[] = [];

/** Registers a provider whose only session is a constant in memory. */
export function activate(context: vscode.ExtensionContext): void {
  const changed = new vscode.EventEmitter<vscode.AuthenticationProviderAuthenticationSessionsChangeEvent>();
  const provider: vscode.AuthenticationProvider = {
    onDidChangeSessions: changed.event,
    getSessions: () => Promise.resolve(sessions),
    createSession: (scopes) => {
      const session = { id: 'floor', accessToken: 'floor', account: { id: 'floor', label: 'floor' }, scopes };
      sessions.push(session);
      changed.fire({ added: [session], removed: [], changed: [] });
      return Promise.resolve(session);
    },
    removeSession: () => Promise.resolve(),
  };
  context.subscriptions.push(
    changed,
    vscode.authentication.registerAuthenticationProvider('floor', 'Floor', provider, {
      supportsMultipleAccounts: true,
    }),
  );
}
