// @ts-check
'use strict';

const vscode = require('vscode');

const scopes = ['openid', 'profile', 'email', 'offline_access'];

/**
 * Registers the commands, and hands out VS Code's authentication API as this extension sees it:
 * a test that goes through it is another extension to Session Keeper.
 *
 * @param {vscode.ExtensionContext} context
 */
function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand('sessionKeeperConsumer.whoAmI', () => whoAmI({ createIfNone: true })),
    vscode.commands.registerCommand('sessionKeeperConsumer.whoAmISilently', () => whoAmI({ silent: true })),
    vscode.commands.registerCommand('sessionKeeperConsumer.callTool', callTool),
    ...showSettingsRevision(),
  );
  return {
    /**
     * @param {string} providerId
     * @param {readonly string[] | vscode.AuthenticationWwwAuthenticateRequest} wanted
     * @param {vscode.AuthenticationGetSessionOptions} [options]
     */
    getSession: (providerId, wanted, options) => vscode.authentication.getSession(providerId, wanted, options),
    /** @param {string} providerId */
    getAccounts: (providerId) => vscode.authentication.getAccounts(providerId),
    onDidChangeSessions: vscode.authentication.onDidChangeSessions,
  };
}

/** Shows the revision of the settings, without a visible text: extensions get changed settings a moment after VS Code. */
function showSettingsRevision() {
  const item = vscode.window.createStatusBarItem('settingsRevision', vscode.StatusBarAlignment.Left, -1000);
  const update = () => {
    const revision = vscode.workspace.getConfiguration('sessionKeeperConsumer').get('settingsRevision', 0);
    item.text = '';
    item.name = 'Settings Revision';
    item.accessibilityInformation = { label: `Settings ${String(revision)}` };
    if (revision > 0) {
      item.show();
    }
  };
  update();
  return [item, vscode.workspace.onDidChangeConfiguration(update)];
}

/**
 * Asks for a session and says whose it is.
 *
 * @param {vscode.AuthenticationGetSessionOptions} options
 */
async function whoAmI(options) {
  const providerId = vscode.workspace.getConfiguration('sessionKeeperConsumer').get('provider', 'acme');
  const { issuer, label } = providerSettings(providerId);
  try {
    const session = await vscode.authentication.getSession(providerId, scopes, options);
    if (session === undefined) {
      void vscode.window.showInformationMessage(`Nobody is signed in to ${label}.`);
      return undefined;
    }
    const name = await askForName(issuer, session.accessToken);
    void vscode.window.showInformationMessage(`${label} says: you are ${name}`);
    return name;
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown reason';
    void vscode.window.showErrorMessage(`${label} could not be asked: ${reason}`);
    return undefined;
  }
}

/** Calls the tool of an MCP server, and shows its result. */
async function callTool() {
  const tool = vscode.lm.tools.find(({ name }) => /counter.*count/.test(name));
  if (tool === undefined) {
    void vscode.window.showErrorMessage('There is no such tool.');
    return;
  }
  try {
    const { content } = await vscode.lm.invokeTool(tool.name, { input: {}, toolInvocationToken: undefined });
    const texts = content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : ''));
    void vscode.window.showInformationMessage(`The tool says: ${texts.join('')}`);
  } catch (error) {
    void vscode.window.showErrorMessage(
      `The tool failed: ${error instanceof Error ? error.message : 'unknown reason'}`,
    );
  }
}

/**
 * Reads where a provider is from Session Keeper's own setting.
 *
 * @param {string} providerId
 * @returns {{ issuer: string, label: string }}
 */
function providerSettings(providerId) {
  /** @type {readonly { id?: string, label?: string, issuer?: string }[]} */
  const providers = vscode.workspace.getConfiguration('sessionKeeper').get('providers', []);
  const found = providers.find((provider) => (provider.id ?? 'oidc') === providerId);
  return { issuer: found?.issuer ?? '', label: found?.label ?? providerId };
}

/**
 * @param {string} issuer
 * @param {string} accessToken
 * @returns {Promise<string>}
 */
async function askForName(issuer, accessToken) {
  const metadata = await readJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const endpoint = metadata['userinfo_endpoint'];
  if (typeof endpoint !== 'string') {
    throw new Error('the server names no userinfo endpoint');
  }
  const claims = await readJson(endpoint, { authorization: `Bearer ${accessToken}` });
  return String(claims['name'] ?? claims['preferred_username'] ?? claims['sub']);
}

/**
 * @param {string} address
 * @param {Record<string, string>} [headers]
 * @returns {Promise<Record<string, unknown>>}
 */
async function readJson(address, headers = {}) {
  const answer = await fetch(address, { headers });
  if (!answer.ok) {
    throw new Error(`the server answered ${answer.status}`);
  }
  return /** @type {Record<string, unknown>} */ (await answer.json());
}

module.exports = { activate };
