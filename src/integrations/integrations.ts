// Creates what makes sessions usable outside extensions: the clipboard commands, Git, and MCP servers.
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
import { TokenClipboard } from './tokenClipboard.ts';
import { TokenSource } from './tokenSource.ts';

/** What the integrations depend on. `Target` is what a notification is about. */
export interface IntegrationsDependencies<Target> {
  readonly clock: Clock;
  readonly context: Pick<vscode.ExtensionContext, 'globalState'>;
  readonly log: Log;
  readonly sessions: {
    readonly liveSessions: Pick<LiveSessions, 'onDidChange'>;
    readonly scheduler: Pick<RefreshScheduler, 'onDidTick'>;
    readonly sessionManager: SessionManager;
  };
  readonly settings: Settings;
  readonly transport: Transport;
  /** Makes VS Code get the definitions of the MCP servers again. */
  readonly onDidChangeMcpServers: () => void;
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
  return {
    clipboard,
    mcpConsents,
    mcpServers,
    update: () => gitCredentials.update(),
    dispose: () => {
      clipboard.dispose();
      gitCredentials.dispose();
      mcpModes.dispose();
      listening.forEach((one) => one.dispose());
    },
  };
}
