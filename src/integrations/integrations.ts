// Creates what makes sessions usable outside extensions: the clipboard commands and Git.
import type * as vscode from 'vscode';
import type { Clock, Disposable } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import { createRememberedNames } from '../host/rememberedNames.ts';
import type { Settings } from '../host/settings.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import { GitCredentials } from './gitCredentials.ts';
import { TokenClipboard } from './tokenClipboard.ts';
import { TokenSource } from './tokenSource.ts';

/** What the integrations depend on. `Target` is what a notification is about. */
export interface IntegrationsDependencies<Target> {
  readonly clock: Clock;
  readonly context: Pick<vscode.ExtensionContext, 'globalState'>;
  readonly log: Log;
  readonly sessions: { readonly sessionManager: SessionManager };
  readonly settings: Settings;
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
  /** Applies the settings. */
  update(): void;
}

/** Creates the integrations. Git isn't used before the first update. */
export function createIntegrations<Target>({
  clock,
  context,
  log,
  sessions: { sessionManager },
  settings,
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
  return {
    clipboard,
    update: () => gitCredentials.update(),
    dispose: () => {
      clipboard.dispose();
      gitCredentials.dispose();
    },
  };
}
