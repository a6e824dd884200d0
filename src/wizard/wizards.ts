// Creates the commands that ask several questions: Add Provider and Add MCP Server.
import * as vscode from 'vscode';
import type { Provider } from '../core/provider.ts';
import { freePortFor } from '../flows/listener.ts';
import { AddMcpServer, type AddMcpServerDependencies } from './addMcpServer.ts';
import { AddProviderWizard } from './addProviderWizard.ts';
import type { AddProviderWizardDependencies } from './wizardStep.ts';

/** What the wizards depend on. */
export interface WizardsDependencies
  extends
    Pick<AddProviderWizardDependencies, 'callbackUri' | 'clientSecrets' | 'discovery' | 'settings'>,
    Pick<AddMcpServerDependencies, 'transport'> {
  readonly context: Pick<vscode.ExtensionContext, 'extension' | 'extensionUri'>;
  readonly sessions: Pick<AddMcpServerDependencies, 'sessionManager'>;
  readonly integrations: { readonly mcpConsents: AddMcpServerDependencies['consents'] };
  readonly onDidChangeMcpServers: () => void;
  readonly random: () => number;
  readonly commands: () => { signInTo(provider: Provider, scopes: readonly string[]): Promise<void> };
}

/** The wizards. */
export interface Wizards {
  /** Adds and edits providers. */
  readonly wizard: AddProviderWizard;
  /** Adds an MCP server. */
  addMcpServer(): Promise<void>;
}

/** Creates the wizards. */
export function createWizards(dependencies: WizardsDependencies): Wizards {
  const { commands, context, integrations, onDidChangeMcpServers, random, sessions } = dependencies;
  const wizard = new AddProviderWizard({
    ...dependencies,
    extensionId: context.extension.id,
    getInstructions: (product) => vscode.Uri.joinPath(context.extensionUri, 'docs', 'servers', `${product}.md`),
    proposePort: () => freePortFor([], random),
    signIn: (added) => commands().signInTo(added, added.scopes),
  });
  const mcpServer = new AddMcpServer({
    ...dependencies,
    consents: integrations.mcpConsents,
    sessionManager: sessions.sessionManager,
    addProvider: () => wizard.run(),
    onDidChange: onDidChangeMcpServers,
    signIn: (selected, scopes) => commands().signInTo(selected, scopes),
  });
  return { wizard, addMcpServer: () => mcpServer.run() };
}
