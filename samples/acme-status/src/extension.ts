import * as vscode from 'vscode';
import { watch, type SessionState } from 'session-keeper-client';

const session = { providerId: 'acme-status', scopes: ['openid', 'profile', 'email', 'offline_access'] };

/** Declares the provider, and shows the state of its session in the status bar. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  // Session Keeper doesn't see the manifest of an extension in another extension host.
  await vscode.commands.executeCommand('sessionKeeper.declareProvider', context.extension.packageJSON);

  const item = vscode.window.createStatusBarItem('acmeStatus', vscode.StatusBarAlignment.Left);
  item.name = 'Acme';
  item.command = 'acmeStatus.signIn';
  const watcher = watch(session);
  const show = (state: SessionState): void => {
    item.text = textOf(state);
    item.show();
  };
  context.subscriptions.push(
    item,
    watcher,
    watcher.onDidChange(show),
    vscode.commands.registerCommand('acmeStatus.signIn', () =>
      vscode.authentication.getSession(session.providerId, session.scopes, { createIfNone: true }),
    ),
  );
  show(await watcher.ready);
}

function textOf(state: SessionState): string {
  switch (state.kind) {
    case 'signed-out':
      return 'Acme: not signed in';
    case 'signed-in':
      return `Acme: ${state.account.label}`;
    case 'cannot-renew':
      return 'Acme: unavailable';
  }
}
