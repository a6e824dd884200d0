// The second composition root: creates what isn't needed at start. It's a separate bundle, which extension.ts loads when
// it's first needed, and a few seconds after start in any case.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { SECOND, type Clock, type Disposable } from './core/clock.ts';
import type { Log } from './core/log.ts';
import { ADD_PATH } from './core/providerLink.ts';
import type { DpopHeadersCommand } from './auth/dpopHeaders.ts';
import { askForUrl } from './auth/pasteUrl.ts';
import type { TakenIds } from './auth/idConflicts.ts';
import { IdOwnership } from './auth/idOwnership.ts';
import type { PendingSignIns } from './auth/pendingSignIns.ts';
import type { ProviderRegistry } from './auth/providerRegistry.ts';
import { RedirectEnvironment } from './auth/redirectEnvironment.ts';
import { SessionRequests } from './auth/sessionRequests.ts';
import { SignInController } from './auth/signInController.ts';
import { Diagnostics } from './diagnostics/diagnostics.ts';
import { EndSessionService } from './flows/endSession.ts';
import { freePortFor } from './flows/listener.ts';
import { SignInService } from './flows/signIn.ts';
import { UriCallbackRouter } from './flows/uriCallbackRouter.ts';
import { createConfirmations } from './auth/destinationConfirmation.ts';
import { openBrowser } from './host/browser.ts';
import { createRememberedNames } from './host/rememberedNames.ts';
import { CALLBACKS_FOLDER, SHARED_FOLDER, type COMMANDS } from './host/ids.ts';
import { signInPages, signOutPages } from './host/pageMessages.ts';
import type { Settings } from './host/settings.ts';
import { deleteAbandonedParts } from './node/abandonedParts.ts';
import { createIntegrations } from './integrations/integrations.ts';
import type { McpServers } from './integrations/mcpServers.ts';
import { describeSessions } from './integrations/sessionsTool.ts';
import { nodeCipher } from './node/cipher.ts';
import { addressesOf } from './node/lookup.ts';
import { nodeProcessLiveness } from './node/processLiveness.ts';
import { nodeSharedFolder } from './node/sharedFolder.ts';
import { nodeTerminalFiles } from './node/terminalFiles.ts';
import { nodeUptime } from './node/uptime.ts';
import { Discovery } from './protocol/discovery.ts';
import type { Transport } from './protocol/transport.ts';
import { ChallengeSessions } from './sessions/challengeSessions.ts';
import { OnDemandSessions } from './sessions/onDemandSessions.ts';
import type { ServerSignOut } from './sessions/serverSignOut.ts';
import type { SessionsModule } from './sessions/sessionsModule.ts';
import { ClientSecrets } from './storage/clientSecrets.ts';
import { Activity } from './ui/activity.ts';
import { Commands } from './ui/commands.ts';
import type { DiagnosticsDocument, DiagnosticsService } from './ui/diagnosticsDocument.ts';
import { registerNotificationLinks } from './ui/dismissibleNotification.ts';
import { IdleNotifications } from './ui/idleNotifications.ts';
import { NotificationCenter } from './ui/notificationCenter.ts';
import { ProblemReporter } from './ui/problemReporter.ts';
import { RecoveryActions } from './ui/recoveryActions.ts';
import { getTlsNotifications, watchTlsVerification } from './ui/tlsNotification.ts';
import { createWizards } from './wizard/wizards.ts';

/** The timeout of a request to a server, in ms. */
const RESPONSE_TIMEOUT = 20 * SECOND;

/** The parts that exist from the start. */
export interface StartParts {
  readonly clock: Clock;
  readonly context: vscode.ExtensionContext;
  readonly diagnosticsDocument: DiagnosticsDocument;
  readonly fetch: Transport['fetch'];
  readonly log: Log & Pick<vscode.LogOutputChannel, 'show'>;
  readonly pendingSignIns: PendingSignIns;
  readonly process: NodeJS.Process;
  readonly providers: ProviderRegistry;
  readonly random: () => number;
  readonly sessions: SessionsModule;
  readonly settings: Settings;
  readonly takenIds: TakenIds;
  /** Makes VS Code get the definitions of the MCP servers again. */
  readonly onDidChangeMcpServers: () => void;
  /** Updates the status bar. */
  onDidChangeTakenIds(): void;
}

/** The parts that are loaded on demand, as used by the start of the extension. */
export interface OnDemandParts extends Disposable {
  readonly commands: Readonly<Record<keyof typeof COMMANDS, () => unknown>>;
  readonly diagnostics: DiagnosticsService;
  readonly dpopHeaders: DpopHeadersCommand;
  readonly idOwnership: IdOwnership;
  readonly mcpServers: McpServers;
  readonly sessionRequests: SessionRequests;
  readonly sessions: OnDemandSessions;
  /** Returns the sessions for a language model. */
  describeSessions(): vscode.LanguageModelToolResult;
  /** Handles a URI that VS Code has opened in this window. */
  handleUri(uri: vscode.Uri): Promise<void>;
  /** Applies changed settings, before anything else uses them. */
  onDidChangeSettings(): void;
}

/** Creates the parts and starts them. Doesn't wait for the network or the keyring. */
export function createOnDemandParts(start: StartParts): OnDemandParts {
  const { clock, context, diagnosticsDocument, log, pendingSignIns, random, settings } = start;
  const { folder, liveSessions, notificationClaims, scheduler, secrets, sessionManager } = start.sessions;
  const transport: Transport = { fetch: start.fetch, clock, log, timeout: RESPONSE_TIMEOUT, lookup: addressesOf };
  const [sharedPath, callbacksPath] = [
    join(context.globalStorageUri.fsPath, SHARED_FOLDER),
    join(context.globalStorageUri.fsPath, CALLBACKS_FOLDER),
  ] as const;
  const clientSecrets = new ClientSecrets(secrets, folder);
  const discovery = new Discovery(transport, (provider) => clientSecrets.read(provider));
  const sessions = new OnDemandSessions({
    started: start.sessions,
    discovery,
    transport,
    liveness: nodeProcessLiveness(),
    uptime: nodeUptime,
    random,
    gracePeriod: () => settings.gracePeriod(),
    newId: randomUUID,
    onDidDegrade: (code) => problemReporter.warnSyncDisabled(code, sharedPath),
  });
  const { idleMonitor, tokenRefresher } = sessions;

  const redirectEnvironment = new RedirectEnvironment(context.extension);
  const uriCallbackRouter = new UriCallbackRouter({
    clock,
    log,
    cipher: nodeCipher,
    folder: nodeSharedFolder(callbacksPath, clock),
  });
  const template = (): Promise<string> => readFile(context.asAbsolutePath('media/sign-in-page.html'), 'utf8');
  const endSessionService = new EndSessionService({
    clock,
    log,
    openBrowser,
    environment: () => redirectEnvironment.getEnvironment(),
    toExternalUrl: (address) => redirectEnvironment.toExternalUrl(address),
    deadline: () => settings.signInTimeout(),
    releasePorts: (ports) => signInService.releasePorts(ports),
    pages: async (provider) => signOutPages(provider.label, await template()),
  });
  const openSignOutPage = (page: ServerSignOut['page']): void => void endSessionService.open(page);
  const signInService: SignInService = new SignInService({
    clock,
    discovery,
    transport,
    log,
    uriCallbackRouter,
    openBrowser,
    askForAddress: askForUrl,
    environment: () => redirectEnvironment.getEnvironment(),
    toExternalUrl: (address) => redirectEnvironment.toExternalUrl(address),
    getCallbackUri: () => redirectEnvironment.getCallbackUri(),
    random,
    releasePorts: (ports) => endSessionService.releasePorts(ports),
    revokeUnused: (unused) => sessions.revocations.revokeUnused(unused),
    providers: () => settings.providers,
    ...createConfirmations(context.globalState, settings),
    issuersWithIss: createRememberedNames(context.globalState, 'issuersWithIss'),
    pages: async (provider) => signInPages(provider.label, await template()),
  });
  const signInController = new SignInController(signInService, pendingSignIns, sessionManager, settings);
  const showLog = (): void => log.show();
  const actions = new RecoveryActions({
    trustEndpoints: (id) => sessions.trustEndpoints(id),
    clock,
    settings,
    clientSecrets,
    transport,
    showLog,
    reportFailure: (error, target) => notifications.reportFailure(error, target),
    otherMethods: (provider) => signInController.otherMethods(provider),
    callbackUri: redirectEnvironment.callbackUri,
    getPendingRedirect: ({ id }) => signInController.getPending().find(({ provider }) => provider.id === id)?.redirect,
    lastMethod: (provider) => signInController.lastMethod(provider),
    proposePort: (preferred) => freePortFor(preferred, random),
    askForConsent: (target) => commands.askForConsent(target),
    copyDiagnostics: () => diagnosticsDocument.copy(),
    recordSkew: (id, skew) =>
      sessionManager.getAll(id).forEach(({ record }) => liveSessions.patch(record.id, { skew })),
  });
  const later = { commands: () => commands, notifications: () => notifications };
  const integrations = createIntegrations({
    ...start,
    ...later,
    signInController,
    terminalFiles: nodeTerminalFiles(context, start.process, clock),
    transport,
  });
  const { callbackUri } = redirectEnvironment;
  const wizards = createWizards({ ...start, ...later, callbackUri, clientSecrets, discovery, integrations, transport });
  const commands: Commands = new Commands({
    integrations,
    clock,
    sessionManager,
    tokenRefresher,
    signInController,
    settings,
    actions,
    openSignOutPage,
    showLog,
    ...wizards,
    notifications: () => notifications,
    showDiagnostics: () => diagnosticsDocument.show(),
    copyDiagnostics: () => diagnosticsDocument.copy(),
  });
  const idOwnership = new IdOwnership({ ...start, extensionId: context.extension.id });
  const diagnostics = new Diagnostics({
    checkIds: () => idOwnership.check(),
    clientSecrets,
    clock,
    discovery,
    sessions: start.sessions,
    onDemandSessions: sessions,
    settings,
    process: start.process,
    openSignOutPage,
    showLog,
    addProvider: () => commands.addProvider(),
    extension: context.extension,
    targetForSession: (record) => commands.targetForSession(record),
    targetForProvider: (id) => commands.targetForProvider(id),
  });
  const idleNotifications = new IdleNotifications({
    clock,
    idleMonitor,
    sessions: () => sessionManager.getAll(),
    nameOf: (id) => settings.nameOf(id),
    targetForSession: (record) => commands.targetForSession(record),
  });
  const tlsDependencies = { env: start.process.env, settings, notificationClaims };
  const notifications: NotificationCenter = new NotificationCenter({
    clock,
    sessionManager,
    notificationClaims,
    settings,
    actions,
    idleNotifications,
    getOtherNotifications: () => getTlsNotifications(tlsDependencies),
    targetForSession: (record) => commands.targetForSession(record),
    targetForProvider: (id) => commands.targetForProvider(id),
  });
  const problemReporter: ProblemReporter = new ProblemReporter({
    clock,
    settings,
    actions,
    showLog,
    targetForProvider: (id) => commands.targetForProvider(id),
    liveSessions,
    sessionManager,
  });
  const challengeSessions = new ChallengeSessions({ clock, sessionManager, tokenRefresher });
  const sessionRequests = new SessionRequests({
    clock,
    sessionManager,
    challengeSessions,
    signInController,
    openSignOutPage,
    offerOtherMethod: (...failed) => commands.offerOtherMethod(...failed),
    offerToAddProvider: () => commands.offerToAddProvider(),
  });
  const activity = new Activity(clock, idleMonitor);
  const disposables: readonly Disposable[] = [
    registerNotificationLinks(),
    sessions.storedSessionIssues.onDidFindIssues((issues) => void problemReporter.reportLoadIssues(issues)),
    liveSessions.onDidChange((change) => notifications.onChange(change)),
    liveSessions.onDidChange(() => problemReporter.update()),
    signInController.onStillWaiting((stillWaiting) => commands.showStillWaiting(stillWaiting)),
    scheduler.onDidTick(() => notifications.update()),
    scheduler.onDidTick(() => idOwnership.checkIfStale()),
    vscode.extensions.onDidChange(() => void idOwnership.check()),
    idleNotifications.onDidChange(() => notifications.update()),
    watchTlsVerification(tlsDependencies, () => notifications.update()),
    vscode.window.onDidChangeWindowState(({ focused }) => (focused ? notifications.update() : undefined)),
    activity,
    integrations,
    idleNotifications,
    notifications,
    signInController,
    endSessionService,
  ];

  // The sessions that were loaded before are new to the notifications.
  liveSessions.all().forEach((after) => notifications.onChange({ before: undefined, after }));
  notifications.update();
  void problemReporter.reportSettingsProblems();
  sessions.start();
  void uriCallbackRouter.cleanUp();
  void idOwnership.check();
  integrations.update();
  [sharedPath, callbacksPath].forEach((path) => void deleteAbandonedParts(path, clock.now()));
  void problemReporter.checkFolder(folder, sharedPath);
  void sessions.checkPersistence(vscode.env.sessionId);
  return {
    commands: commands.handlers(),
    diagnostics,
    idOwnership,
    dpopHeaders: integrations.dpopHeaders,
    mcpServers: integrations.mcpServers,
    describeSessions: () => describeSessions(start),
    sessionRequests,
    sessions,
    handleUri: (uri) =>
      uri.path === ADD_PATH
        ? wizards.wizard.addFromLink(uri.query)
        : redirectEnvironment.handleUri(uri, uriCallbackRouter),
    onDidChangeSettings: () => {
      discovery.clear();
      // By then, the changed providers are registered.
      clock.after(SECOND, () => void idOwnership.check());
      idleMonitor.configure();
      activity.update();
      integrations.update();
      void problemReporter.reportSettingsProblems();
      problemReporter.update();
      sessions.storedSessionIssues.onDidChangeProviders();
    },
    dispose: () => disposables.forEach((one) => one.dispose()),
  };
}
