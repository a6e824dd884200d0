// The composition root: builds each part from the parts above it.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { SECOND } from './core/clock.ts';
import { freePortFor } from './flows/listener.ts';
import { SignInService } from './flows/signIn.ts';
import { EndSessionService } from './flows/endSession.ts';
import { UriCallbackRouter } from './flows/uriCallbackRouter.ts';
import { nodeCipher } from './node/cipher.ts';
import { nodeSharedFolder } from './node/sharedFolder.ts';
import { nodeProcessLiveness } from './node/processLiveness.ts';
import { nodeClock as clock, nodeUptime } from './node/uptime.ts';
import { Discovery } from './protocol/discovery.ts';
import type { Transport } from './protocol/transport.ts';
import { ClientSecrets } from './storage/clientSecrets.ts';
import type { ServerSignOut } from './sessions/serverSignOut.ts';
import { folderWithTimeout, storeWithTimeout } from './storage/timeouts.ts';
import { ChallengeSessions } from './sessions/challengeSessions.ts';
import { SessionsModule } from './sessions/sessionsModule.ts';
import { RecoveryActions } from './ui/recoveryActions.ts';
import { Activity } from './ui/activity.ts';
import { openBrowser } from './host/browser.ts';
import { Commands } from './ui/commands.ts';
import { ContextKeys } from './ui/contextKeys.ts';
import { DiagnosticsDocument } from './ui/diagnosticsDocument.ts';
import { RedirectEnvironment } from './auth/redirectEnvironment.ts';
import { CALLBACKS_FOLDER, SHARED_FOLDER } from './host/ids.ts';
import { IdleNotifications } from './ui/idleNotifications.ts';
import { keyNamesIn } from './host/keyNames.ts';
import { later } from './host/lazy.ts';
import { NotificationCenter } from './ui/notificationCenter.ts';
import { reportBundleLoadError } from './ui/bundleLoadError.ts';
import { askForAddress } from './auth/pasteUrl.ts';
import { registerDpopHeadersCommand } from './auth/dpopHeaders.ts';
import { ProviderRegistry } from './auth/providerRegistry.ts';
import { secretStore } from './host/secrets.ts';
import { Settings } from './host/settings.ts';
import { SignInController } from './auth/signInController.ts';
import { StatusBar } from './ui/statusBar.ts';
import * as text from './host/messages.ts';
import { registerToastLinks } from './ui/dismissibleNotification.ts';

/** How long a server may take for one answer, in ms. */
const ANSWER_DEADLINE = 20 * SECOND;

/** How long, in ms, VS Code is kept from closing for renewals that are on their way; it waits about 5 s. */
const LAST_MOMENTS = 4 * SECOND;

let leave = (): Promise<void> => Promise.resolve();

/** Ends Session Keeper, as soon as no renewal is on its way whose answer nobody would store. */
export function deactivate(): Promise<void> {
  return leave();
}

/** Starts Session Keeper. It does not wait for the network or for the keyring. */
export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel(text.PRODUCT, { log: true });
  const settings = new Settings(Math.random());
  log.info(`${text.PRODUCT} starts with ${settings.providers.length} provider(s).`);
  // `fetch` is looked up at each call, because VS Code replaces it when proxy settings change.
  const transport: Transport = { fetch: (input, init) => fetch(input, init), clock, log, deadline: ANSWER_DEADLINE };
  const secrets = secretStore(context.secrets);
  const folder = nodeSharedFolder(join(context.globalStorageUri.fsPath, SHARED_FOLDER), clock);
  const clientSecrets = new ClientSecrets(storeWithTimeout(secrets, clock), folderWithTimeout(folder, clock));
  const discovery = new Discovery(transport, (provider) => clientSecrets.read(provider));

  const sessions = new SessionsModule({
    clock,
    log,
    discovery,
    transport,
    secrets,
    folder,
    liveness: nodeProcessLiveness(),
    cipher: nodeCipher,
    keyNames: keyNamesIn(context.globalState),
    provider: (id) => settings.provider(id),
    lifetimes: () => settings.lifetimes(),
    minimumValidity: () => settings.minimumValidity(),
    uptime: nodeUptime,
    idleTimeouts: () => settings.idleTimeouts(),
    random: Math.random,
    newId: randomUUID,
    onDidDegrade: () => notifications.warnSyncDisabled(),
  });
  const { idleMonitor, sessionManager, notificationClaims, tokenRefresher, liveSessions, scheduler } = sessions;

  const redirectEnvironment = new RedirectEnvironment(context.extension);
  const uriCallbackRouter = new UriCallbackRouter({
    clock,
    log,
    cipher: nodeCipher,
    folder: nodeSharedFolder(join(context.globalStorageUri.fsPath, CALLBACKS_FOLDER), clock),
  });
  const template = (): Promise<string> => readFile(context.asAbsolutePath('media/sign-in-page.html'), 'utf8');
  const signOuts = new EndSessionService({
    clock,
    log,
    openBrowser,
    environment: () => redirectEnvironment.environment(),
    toExternalUrl: (address) => redirectEnvironment.toExternalUrl(address),
    deadline: () => settings.signInTimeout(),
    releasePorts: (ports) => signIns.releasePorts(ports),
    pages: async (provider) => text.signOutPages(provider.label, await template()),
  });
  const openSignOutPage = (page: ServerSignOut['page']): void => void signOuts.open(page);
  const signIns: SignInService = new SignInService({
    clock,
    discovery,
    transport,
    log,
    uriCallbackRouter,
    openBrowser,
    askForAddress,
    environment: () => redirectEnvironment.environment(),
    toExternalUrl: (address) => redirectEnvironment.toExternalUrl(address),
    getCallbackUri: () => redirectEnvironment.getCallbackUri(),
    random: Math.random,
    releasePorts: (ports) => signOuts.releasePorts(ports),
    hasSession: ({ id }) => sessionManager.getActive(id).length > 0,
    pages: async (provider) => text.pages(provider.label, await template()),
  });
  const signInController = new SignInController(signIns, sessionManager, settings);
  const showLog = (): void => log.show();
  const onBundleLoadError = (error: unknown): void => reportBundleLoadError(log, error);
  const actions = new RecoveryActions({
    clock,
    settings,
    clientSecrets,
    transport,
    showLog,
    reportFailure: (error, subject) => notifications.reportFailure(error, subject),
    otherMethods: (provider) => signInController.otherMethods(provider),
    callbackUri: redirectEnvironment.callbackUri,
    redirectOf: ({ id }) => signInController.waiting().find(({ provider }) => provider.id === id)?.redirect,
    lastMethod: (provider) => signInController.lastMethod(provider),
    proposePort: (preferred) => freePortFor(preferred, Math.random),
    askForConsent: (subject) => commands.askForConsent(subject),
    copyDiagnostics: () => diagnostics.copy(),
    noteSkew: (id, skew) => sessionManager.getAll(id).forEach(({ record }) => liveSessions.update(record.id, { skew })),
  });
  const guide = later(async () => {
    const { AddProviderWizard } = await import('./onDemand.ts');
    return new AddProviderWizard({
      clientSecrets,
      discovery,
      settings,
      pageOn: (product) => vscode.Uri.joinPath(context.extensionUri, 'docs', 'servers', `${product}.md`),
      callbackUri: redirectEnvironment.callbackUri,
      proposePort: () => freePortFor([], Math.random),
      signIn: (provider) => commands.signInTo(provider, provider.scopes),
    });
  }, onBundleLoadError);
  const commands: Commands = new Commands({
    clock,
    sessionManager,
    tokenRefresher,
    signInController,
    settings,
    actions,
    openSignOutPage,
    showLog,
    addProvider: async () => (await guide())?.run(),
    notifications: () => notifications,
    showDiagnostics: () => diagnostics.show(),
    copyDiagnostics: () => diagnostics.copy(),
  });
  const diagnostics: DiagnosticsDocument = new DiagnosticsDocument(
    later(async () => {
      const { Diagnostics } = await import('./onDemand.ts');
      return new Diagnostics({
        clientSecrets,
        clock,
        discovery,
        sessions,
        settings,
        process,
        openSignOutPage,
        showLog,
        addProvider: () => commands.addProvider(),
        extension: context.extension,
        subjectOf: (record) => commands.subjectOf(record),
        subjectAt: (id) => commands.subjectAt(id),
      });
    }, onBundleLoadError),
  );
  const idleNotifications = new IdleNotifications({
    clock,
    idleMonitor,
    sessions: () => sessionManager.getAll(),
    nameOf: (id) => settings.nameOf(id),
    subjectOf: (record) => commands.subjectOf(record),
  });
  const notifications: NotificationCenter = new NotificationCenter({
    clock,
    sessionManager,
    notificationClaims,
    settings,
    actions,
    idleNotifications,
    showLog,
    subjectOf: (record) => commands.subjectOf(record),
    subjectAt: (id) => commands.subjectAt(id),
    remove: (id) => sessionManager.removeLocally(id),
  });
  const signInUnconfigured = (): Promise<never> => {
    commands.offerToAddProvider();
    return Promise.reject(new Error(text.sayNoProvider()));
  };
  const reportNotRevoked = (label: string): void =>
    void vscode.window.showWarningMessage(text.saySignedOutHereOnly(label));
  const onCall = (): void => {
    if (settings.callsCountAsActivity()) {
      idleMonitor.recordActivity();
    }
  };
  const offerOtherMethod: Commands['offerOtherMethod'] = (...failed) => commands.offerOtherMethod(...failed);
  const challengeSessions = new ChallengeSessions({ clock, sessionManager, tokenRefresher });
  const providers = new ProviderRegistry(settings, {
    clock,
    log,
    sessionManager,
    challengeSessions,
    signInController,
    offerOtherMethod,
    signInUnconfigured,
    openSignOutPage,
    reportNotRevoked,
    onCall,
  });
  const activity = new Activity(clock, idleMonitor);
  const statusBar = new StatusBar(clock, sessionManager, signInController, settings);
  const contextKeys = new ContextKeys(sessionManager);

  const show = (): void => {
    providers.sync();
    statusBar.update();
    contextKeys.update();
  };

  context.subscriptions.push(
    commands.register(),
    vscode.window.registerUriHandler({ handleUri: (uri) => redirectEnvironment.handleUri(uri, uriCallbackRouter) }),
    registerToastLinks(),
    registerDpopHeadersCommand(sessionManager),
    sessionManager.onDidFindIssues((findings) => void notifications.reportFindings(findings)),
    liveSessions.onDidChange((change) => {
      show();
      notifications.onChange(change);
    }),
    signInController.onDidChange(() => statusBar.update()),
    signInController.onStillWaiting((still) => commands.tellStillWaiting(still)),
    scheduler.onDidTick(() => {
      show();
      notifications.check();
    }),
    settings.onDidChange(() => {
      discovery.forget();
      idleMonitor.configure();
      activity.update();
      providers.update();
      scheduler.checkNow();
      void notifications.reportProblems();
    }),
    idleNotifications.onDidChange(() => notifications.check()),
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused) {
        sessions.wake();
        notifications.check();
      }
    }),
    activity,
    idleNotifications,
    notifications,
    statusBar,
    diagnostics,
    providers,
    signInController,
    signOuts,
    sessions,
    settings,
    log,
  );

  // In a moment: VS Code has other extensions to start, and a caller that comes before has its session read all the same.
  const begin = clock.after(0, () => {
    void notifications.reportProblems();
    sessions.start();
    void uriCallbackRouter.cleanUp();
    // What is left now tells a later session of the editor whether secrets are kept. Nobody waits for it.
    sessionManager.ready().then(
      () => sessions.health.persistence(vscode.env.sessionId),
      () => {},
    );
  });
  leave = async () => {
    begin.dispose();
    sessions.dispose();
    await Promise.race([tokenRefresher.whenIdle(), new Promise<void>((resolve) => clock.after(LAST_MOMENTS, resolve))]);
  };
}
