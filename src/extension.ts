// The composition root: creates what is needed at start. Everything else is created in onDemand.ts.
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { TakenIds } from './auth/idConflicts.ts';
import { PendingSignIns } from './auth/pendingSignIns.ts';
import { ProviderRegistry } from './auth/providerRegistry.ts';
import { delay, SECOND } from './core/clock.ts';
import { lazy } from './core/lazy.ts';
import { Declarations } from './host/declarations.ts';
import { COMMANDS, DECLARE_COMMAND, DPOP_COMMAND, PRODUCT, SESSIONS_TOOL, SHARED_FOLDER } from './host/ids.ts';
import { registerMcpServers } from './host/mcpRegistration.ts';
import { createRememberedNames } from './host/rememberedNames.ts';
import { createSecretStore } from './host/secrets.ts';
import { Settings } from './host/settings.ts';
import { bundleLoadFailed } from './host/startMessages.ts';
import { nodeCipher } from './node/cipher.ts';
import { readManagedSettings } from './node/managedFile.ts';
import { nodeSharedFolder } from './node/sharedFolder.ts';
import { nodeClock as clock } from './node/uptime.ts';
import type { OnDemandParts } from './onDemand.ts';
import { SessionsModule } from './sessions/sessionsModule.ts';
import { createBundleLoadErrorReporter } from './ui/bundleLoadError.ts';
import { ContextKeys } from './ui/contextKeys.ts';
import { DiagnosticsDocument } from './ui/diagnosticsDocument.ts';
import { StatusBar } from './ui/statusBar.ts';

/** How long, in ms, closing VS Code is delayed by renewals in progress; VS Code waits about 5 s. */
const DEACTIVATION_TIMEOUT = 4 * SECOND;

let stop = (): Promise<void> => Promise.resolve();

/** Stops Session Keeper. Waits for renewals in progress, whose new tokens would otherwise be lost. */
export function deactivate(): Promise<void> {
  return stop();
}

/** Starts Session Keeper. Doesn't wait for the network or the keyring. */
export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel(PRODUCT, { log: true });
  const declarations = new Declarations(context.globalState, clock, context.extension.id);
  const settings = new Settings(Math.random(), declarations, readManagedSettings());
  log.info(`${PRODUCT} started. Configured providers: ${settings.providers.length}.`);
  const pendingSignIns = new PendingSignIns();
  const mcpServersChanged = new vscode.EventEmitter<void>();
  const onDemand = lazy<OnDemandParts>(async () => {
    const { createOnDemandParts } = await import('./onDemand.ts');
    const parts = createOnDemandParts({
      clock,
      context,
      diagnosticsDocument,
      // Read at each call, because VS Code replaces it when proxy settings change.
      fetch: (input, init) => fetch(input, init),
      log,
      onDidChangeMcpServers: () => mcpServersChanged.fire(),
      onDidChangeTakenIds: () => statusBar.update(),
      pendingSignIns,
      process,
      providers,
      random: Math.random,
      sessions,
      settings,
      takenIds,
    });
    context.subscriptions.push(parts);
    return parts;
  }, createBundleLoadErrorReporter(log));
  /** Loads the parts on demand; returns undefined if they can't be loaded, which has already been reported. */
  const loaded = (): Promise<OnDemandParts | undefined> => onDemand.load().catch(() => undefined);
  const sessions = new SessionsModule({
    clock,
    log,
    onDemand,
    secrets: createSecretStore(context.secrets),
    folder: nodeSharedFolder(join(context.globalStorageUri.fsPath, SHARED_FOLDER), clock),
    cipher: nodeCipher,
    keyNames: createRememberedNames(context.globalState, 'keyNames'),
    provider: (id) => settings.provider(id),
    lifetimes: () => settings.lifetimes(),
    minimumValidity: () => settings.minimumValidity(),
    idleTimeouts: () => settings.idleTimeouts(),
  });
  const { liveSessions, scheduler, sessionManager } = sessions;
  const diagnosticsDocument = new DiagnosticsDocument(async () => (await loaded())?.diagnostics);
  const onCall = (isInteractive: boolean): void => {
    if (settings.countsAsActivity(isInteractive) && settings.idleTimeouts().size > 0) {
      void loaded().then((parts) => parts?.sessions.idleMonitor.recordActivity());
    }
  };
  const takenIds: TakenIds = new Map();
  const providers = new ProviderRegistry(settings, pendingSignIns, {
    clock,
    extensionId: context.extension.id,
    log,
    sessionManager,
    onDemand,
    onCall,
    takenIds,
  });
  const statusBar = new StatusBar(clock, sessionManager, pendingSignIns, settings, takenIds);
  const contextKeys = new ContextKeys(sessionManager);
  const show = (): void => {
    providers.sync();
    statusBar.update();
    contextKeys.update();
  };

  /** Loads the parts on demand; throws an error for VS Code to show if they can't be loaded. */
  const required = async (): Promise<OnDemandParts> => {
    const parts = await loaded();
    if (parts === undefined) {
      throw new Error(bundleLoadFailed());
    }
    return parts;
  };

  context.subscriptions.push(
    ...Object.entries(COMMANDS).map(([name, id]) =>
      vscode.commands.registerCommand(id, async () => (await loaded())?.commands[name as keyof typeof COMMANDS]()),
    ),
    vscode.commands.registerCommand(DPOP_COMMAND, async (...request: readonly unknown[]) =>
      (await required()).dpopHeaders(...request),
    ),
    vscode.commands.registerCommand(DECLARE_COMMAND, (manifest: unknown) => {
      log.info(`Providers declared by ${declarations.declare(manifest)}.`);
    }),
    registerMcpServers(
      mcpServersChanged.event,
      () => settings.providers.some(({ mcpServers }) => mcpServers.length > 0),
      async () => (await required()).mcpServers,
    ),
    vscode.lm.registerTool(SESSIONS_TOOL, { invoke: async () => (await required()).describeSessions() }),
    vscode.window.registerUriHandler({ handleUri: async (uri) => (await loaded())?.handleUri(uri) }),
    liveSessions.onDidChange(show),
    pendingSignIns.onDidChange(() => statusBar.update()),
    scheduler.onDidTick(show),
    settings.onDidChange(() => {
      onDemand.value?.onDidChangeSettings();
      providers.update();
      mcpServersChanged.fire();
      scheduler.checkNow();
    }),
    vscode.window.onDidChangeWindowState(({ focused }) => (focused ? sessions.wake() : undefined)),
    mcpServersChanged,
    statusBar,
    diagnosticsDocument,
    providers,
    pendingSignIns,
    sessions,
    settings,
    declarations,
    log,
  );

  // Deferred, because VS Code also starts other extensions. An earlier request loads the sessions on its own.
  const startTimer = clock.after(0, () => {
    sessions.start();
    if (settings.problems.length + settings.numberProblems.length > 0) {
      void loaded();
    }
  });
  stop = async () => {
    startTimer.dispose();
    sessions.dispose();
    await Promise.race([onDemand.value?.sessions.tokenRefresher.whenIdle(), delay(clock, DEACTIVATION_TIMEOUT)]);
  };
}
