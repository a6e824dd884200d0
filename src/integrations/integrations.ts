// Creates what makes sessions usable outside extensions: the clipboard commands, Git, MCP servers, and the command for
// terminals.
import * as vscode from 'vscode';
import type { Clock, Disposable } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import { createRememberedNames } from '../host/rememberedNames.ts';
import type { Settings } from '../host/settings.ts';
import type { RefreshScheduler } from '../sessions/refreshScheduler.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import type { Transport } from '../protocol/transport.ts';
import type { RememberedNames } from '../core/rememberedNames.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import { GitCredentials } from './gitCredentials.ts';
import { McpModes } from './mcpModes.ts';
import { McpNotifications } from './mcpNotifications.ts';
import { McpServers } from './mcpServers.ts';
import { createDpopHeadersCommand, type DpopHeadersCommand } from '../auth/dpopHeaders.ts';
import type { SignInController } from '../auth/signInController.ts';
import { TerminalAccess, readWindowId, type TerminalFiles } from './terminalAccess.ts';
import { TerminalConsent } from './terminalConsent.ts';
import { TerminalRequests } from './terminalRequests.ts';
import { TokenClipboard } from './tokenClipboard.ts';
import { TokenSource } from './tokenSource.ts';

/** What the integrations depend on. `Target` is what a notification is about. */
export interface IntegrationsDependencies<Target> {
  readonly clock: Clock;
  readonly context: Pick<
    vscode.ExtensionContext,
    'environmentVariableCollection' | 'extension' | 'globalState' | 'workspaceState'
  >;
  readonly log: Log;
  readonly sessions: {
    readonly liveSessions: LiveSessions;
    readonly scheduler: Pick<RefreshScheduler, 'onDidTick'>;
    readonly sessionManager: SessionManager;
  };
  readonly settings: Settings;
  readonly transport: Transport;
  /** Makes VS Code get the definitions of the MCP servers again. */
  readonly onDidChangeMcpServers: () => void;
  readonly signInController: Pick<SignInController, 'signIn'>;
  readonly terminalFiles: TerminalFiles;
  readonly commands: () => {
    signInTo(provider: Provider, scopes: readonly string[]): Promise<void>;
    targetForSession(record: SessionRecord): Target;
    targetForProvider(id: string): Target;
  };
  readonly notifications: () => { reportFailure(error: unknown, target: Target): void };
}

/** The integrations. */
export interface Integrations extends Disposable {
  readonly clipboard: TokenClipboard;
  readonly mcpServers: McpServers;
  /** The MCP servers that the user has allowed to get tokens. */
  readonly mcpConsents: RememberedNames;
  readonly dpopHeaders: DpopHeadersCommand;
  readonly terminal: TerminalAccess;
  /** Applies the settings. */
  update(): void;
}

/** Creates the integrations. Git isn't used before the first update. */
export function createIntegrations<Target>({
  clock,
  context,
  log,
  sessions: { liveSessions, scheduler, sessionManager },
  settings,
  signInController,
  terminalFiles,
  transport,
  onDidChangeMcpServers,
  commands,
  notifications,
}: IntegrationsDependencies<Target>): Integrations {
  const tokenSource = new TokenSource({ clock, sessionManager, settings });
  const clipboard = new TokenClipboard({
    clock,
    log,
    sessionManager,
    settings,
    tokenSource,
    confirmed: createRememberedNames(context.globalState, 'confirmed'),
    reportFailure: (error, record) => notifications().reportFailure(error, commands().targetForSession(record)),
  });
  const gitCredentials = new GitCredentials({
    log,
    settings,
    tokenSource,
    signIn: (provider) => commands().signInTo(provider, provider.scopes),
    reportFailure: (error, { id }) => notifications().reportFailure(error, commands().targetForProvider(id)),
  });
  const mcpConsents = createRememberedNames(context.globalState, 'mcpServers');
  const mcpModes = new McpModes({
    clock,
    log,
    version: vscode.version,
    observed: createRememberedNames(context.globalState, 'mcpVersions'),
    onDidChange: onDidChangeMcpServers,
  });
  const mcpNotifications = new McpNotifications({
    clock,
    settings,
    signIn: (provider, scopes) => commands().signInTo(provider, scopes),
    reportFailure: (error, { id }) => notifications().reportFailure(error, commands().targetForProvider(id)),
  });
  const mcpServers = new McpServers({
    clock,
    log,
    modes: mcpModes,
    sessionManager,
    settings,
    tokenSource,
    transport,
    consents: mcpConsents,
    onDidChange: onDidChangeMcpServers,
    notify: (refusal, server) => void mcpNotifications.notify(refusal, server),
  });
  const listening = [
    liveSessions.onDidChange(() => mcpServers.update()),
    scheduler.onDidTick(() => mcpServers.update()),
  ];
  const windowId = readWindowId(context.workspaceState, terminalFiles.newWindowId());
  const consent = new TerminalConsent({
    clock,
    workspaceState: context.workspaceState,
    nameOf: (id) => settings.nameOf(id),
  });
  const dpopHeaders = createDpopHeadersCommand(sessionManager);
  const requests = new TerminalRequests({
    clock,
    consent,
    dpopHeaders,
    liveSessions,
    log,
    sessionManager,
    settings,
    tokenSource,
    windowId,
    signIn: (provider, scopes) => signInController.signIn(provider, scopes),
  });
  const terminal = new TerminalAccess({ consent, context, files: terminalFiles, log, requests, settings, windowId });
  return {
    mcpConsents,
    mcpServers,
    clipboard,
    dpopHeaders,
    terminal,
    update: () => {
      gitCredentials.update();
      void terminal.update();
    },
    dispose: () => {
      clipboard.dispose();
      terminal.dispose();
      gitCredentials.dispose();
      mcpModes.dispose();
      listening.forEach((one) => one.dispose());
    },
  };
}
