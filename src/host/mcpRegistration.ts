// Registers the provider of MCP servers with VS Code, which asks it for definitions when it's first needed.
import * as vscode from 'vscode';
import type { Disposable } from '../core/clock.ts';
import { MCP_PROVIDER } from './ids.ts';

/** What provides the definitions, loaded on demand. */
export interface McpDefinitions {
  provide(): Promise<vscode.McpHttpServerDefinition[]>;
  resolve(label: string): Promise<vscode.McpHttpServerDefinition>;
}

/**
 * Registers the provider (`vscode.lm.registerMcpServerDefinitionProvider`).
 * @param onDidChange fires when VS Code should get the definitions again.
 * @param isUsed returns whether there are any servers.
 * @param load loads what provides the definitions.
 */
export function registerMcpServers(
  onDidChange: vscode.Event<void>,
  isUsed: () => boolean,
  load: () => Promise<McpDefinitions>,
): Disposable {
  return vscode.lm.registerMcpServerDefinitionProvider(MCP_PROVIDER, {
    onDidChangeMcpServerDefinitions: onDidChange,
    provideMcpServerDefinitions: async () => (isUsed() ? (await load()).provide() : []),
    resolveMcpServerDefinition: async ({ label }) => (await load()).resolve(label),
  });
}
