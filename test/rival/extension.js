// @ts-check
'use strict';

const vscode = require('vscode');

/**
 * Registers the provider before Session Keeper does, which starts later.
 *
 * @param {vscode.ExtensionContext} context
 */
function activate(context) {
  const changed = new vscode.EventEmitter();
  context.subscriptions.push(
    changed,
    vscode.authentication.registerAuthenticationProvider('acme', 'Rival', {
      onDidChangeSessions: changed.event,
      getSessions: async () => [],
      createSession: async () => {
        throw new Error('Rival has no sessions.');
      },
      removeSession: async () => {},
    }),
  );
}

module.exports = { activate };
