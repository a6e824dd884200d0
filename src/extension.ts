// Builds the house. Read it from top to bottom: each part needs only what stands above it.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { SECOND } from './core/clock.ts';
import { freePortFor } from './flows/listener.ts';
import { SignIns } from './flows/signIn.ts';
import { SignOuts } from './flows/signOut.ts';
import { Links } from './flows/uri.ts';
import { machineCipher } from './machine/cipher.ts';
import { diskFolder } from './machine/folder.ts';
import { machineLife } from './machine/life.ts';
import { machineClock as clock, machineUptime } from './machine/uptime.ts';
import { Discovery } from './protocol/discovery.ts';
import type { Transport } from './protocol/transport.ts';
import { ClientSecrets } from './sessions/clientSecrets.ts';
import type { SignOut } from './sessions/farewell.ts';
import { patientFolder, patientStore } from './sessions/patience.ts';
import { Demands } from './sessions/demands.ts';
import { Sessions } from './sessions/sessions.ts';
import { Actions } from './vscode/actions.ts';
import { Activity } from './vscode/activity.ts';
import { openBrowser } from './vscode/browser.ts';
import { Commands } from './vscode/commands.ts';
import { ContextKeys } from './vscode/contextKeys.ts';
import { DiagnosticsDocument } from './vscode/diagnosticsDocument.ts';
import { Surroundings } from './vscode/environment.ts';
import { LINKS_FOLDER, SHARED_FOLDER } from './vscode/ids.ts';
import { IdleNews } from './vscode/idleNews.ts';
import { keyNamesIn } from './vscode/keyNames.ts';
import { later } from './vscode/later.ts';
import { Notifications } from './vscode/notifications.ts';
import { reportPartGone } from './vscode/partGone.ts';
import { askForAddress } from './vscode/paste.ts';
import { registerProofs } from './vscode/proof.ts';
import { Providers } from './vscode/providers.ts';
import { secretStore } from './vscode/secrets.ts';
import { Settings } from './vscode/settings.ts';
import { SignInDesk } from './vscode/signInDesk.ts';
import { StatusBar } from './vscode/statusBar.ts';
import * as text from './vscode/text.ts';
import { registerToastLinks } from './vscode/toast.ts';

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
  const folder = diskFolder(join(context.globalStorageUri.fsPath, SHARED_FOLDER), clock);
  const clientSecrets = new ClientSecrets(patientStore(secrets, clock), patientFolder(folder, clock));
  const discovery = new Discovery(transport, (provider) => clientSecrets.read(provider));

  const sessions = new Sessions({
    clock, log, discovery, transport, secrets, folder,
    life: machineLife(),
    cipher: machineCipher,
    keyNames: keyNamesIn(context.globalState),
    provider: (id) => settings.provider(id),
    lifetimes: () => settings.lifetimes(),
    freshness: () => settings.freshness(),
    uptime: machineUptime,
    idleTimeouts: () => settings.idleTimeouts(),
    random: Math.random,
    newId: randomUUID,
    onAlone: () => notifications.reportAlone(),
  });
  const { idleness, keeper, notices, refresher, registry, scheduler } = sessions;

  const surroundings = new Surroundings(context.extension);
  const links = new Links({ clock, log, cipher: machineCipher, folder: diskFolder(join(context.globalStorageUri.fsPath, LINKS_FOLDER), clock) });
  const template = (): Promise<string> => readFile(context.asAbsolutePath('media/sign-in-page.html'), 'utf8');
  const signOuts = new SignOuts({
    clock, log, openBrowser,
    environment: () => surroundings.environment(),
    reach: (address) => surroundings.reach(address),
    deadline: () => settings.signInTimeout(),
    makeWay: (ports) => signIns.makeWay(ports),
    pages: async (provider) => text.signOutPages(provider.label, await template()),
  });
  const openSignOutPage = (page: SignOut['page']): void => void signOuts.open(page);
  const signIns: SignIns = new SignIns({
    clock, discovery, transport, log, links, openBrowser, askForAddress,
    environment: () => surroundings.environment(),
    reach: (address) => surroundings.reach(address),
    link: () => surroundings.link(),
    random: Math.random,
    makeWay: (ports) => signOuts.makeWay(ports),
    isAnybodyIn: ({ id }) => keeper.list(id).length > 0,
    pages: async (provider) => text.pages(provider.label, await template()),
  });
  const desk = new SignInDesk(signIns, keeper, settings);
  const showLog = (): void => log.show();
  const onPartGone = (error: unknown): void => reportPartGone(log, error);
  const actions = new Actions({
    clock, settings, clientSecrets, transport, showLog,
    reportFailure: (error, subject) => notifications.reportFailure(error, subject),
    otherWays: (provider) => desk.otherWays(provider),
    addressesOf: (provider, way) => surroundings.addressesOf(provider, way),
    redirectOf: ({ id }) => desk.waiting().find(({ provider }) => provider.id === id)?.redirect,
    lastWay: (provider) => desk.lastWay(provider),
    proposePort: (preferred) => freePortFor(preferred, Math.random),
    askForConsent: (subject) => commands.askForConsent(subject),
    copyDiagnostics: () => diagnostics.copy(),
    noteSkew: (id, skew) => keeper.all(id).forEach(({ record }) => registry.update(record.id, { skew })),
  });
  const guide = later(async () => {
    const { Guide } = await import('./onDemand.ts');
    return new Guide({
      clientSecrets, discovery, settings,
      pageOn: (product) => vscode.Uri.joinPath(context.extensionUri, 'docs', 'servers', `${product}.md`),
      addressesOf: (provider) => surroundings.addressesOf(provider),
      proposePort: () => freePortFor([], Math.random),
      signIn: (provider) => commands.signInTo(provider, provider.scopes),
    });
  }, onPartGone);
  const commands: Commands = new Commands({
    clock, keeper, refresher, desk, settings, actions, openSignOutPage, showLog,
    addProvider: async () => (await guide())?.run(),
    notifications: () => notifications,
    showDiagnostics: () => diagnostics.show(),
    copyDiagnostics: () => diagnostics.copy(),
  });
  const diagnostics: DiagnosticsDocument = new DiagnosticsDocument(later(async () => {
    const { Diagnostics } = await import('./onDemand.ts');
    return new Diagnostics({
      clientSecrets, clock, discovery, sessions, settings, process, openSignOutPage, showLog,
      addProvider: () => commands.addProvider(),
      extension: context.extension,
      subjectOf: (record) => commands.subjectOf(record),
      subjectAt: (id) => commands.subjectAt(id),
    });
  }, onPartGone));
  const idleNews = new IdleNews({
    clock, idleness,
    sessions: () => keeper.all(),
    nameOf: (id) => settings.nameOf(id),
    subjectOf: (record) => commands.subjectOf(record),
  });
  const notifications: Notifications = new Notifications({
    clock, keeper, notices, settings, actions, idleNews, showLog,
    subjectOf: (record) => commands.subjectOf(record),
    subjectAt: (id) => commands.subjectAt(id),
    remove: (id) => keeper.discard(id),
  });
  const signInUnconfigured = (): Promise<never> => {
    commands.offerToAddProvider();
    return Promise.reject(new Error(text.sayNoProvider()));
  };
  const reportNotRevoked = (label: string): void => void vscode.window.showWarningMessage(text.saySignedOutHereOnly(label));
  const onCall = (): void => {
    if (settings.callsCountAsActivity()) {
      idleness.noteActivity();
    }
  };
  const offerAnotherWay: Commands['offerAnotherWay'] = (...failed) => commands.offerAnotherWay(...failed);
  const demands = new Demands({ clock, keeper, refresher });
  const providers = new Providers(settings, { clock, log, keeper, demands, desk, offerAnotherWay, signInUnconfigured, openSignOutPage, reportNotRevoked, onCall });
  const activity = new Activity(clock, idleness);
  const statusBar = new StatusBar(clock, keeper, desk, settings);
  const contextKeys = new ContextKeys(keeper);

  const show = (): void => {
    providers.sync();
    statusBar.update();
    contextKeys.update();
  };

  context.subscriptions.push(
    commands.register(),
    surroundings.receive(links),
    registerToastLinks(),
    registerProofs(keeper),
    keeper.onFindings((findings) => void notifications.reportFindings(findings)),
    registry.onDidChange((change) => {
      show();
      notifications.onChange(change);
    }),
    desk.onDidChange(() => statusBar.update()),
    desk.onStillWaiting((still) => commands.tellStillWaiting(still)),
    scheduler.onDidTick(() => {
      show();
      notifications.check();
    }),
    settings.onDidChange(() => {
      discovery.forget();
      idleness.configure();
      activity.update();
      providers.update();
      scheduler.hurry();
      void notifications.reportProblems();
    }),
    idleNews.onDidChange(() => notifications.check()),
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused) {
        sessions.wake();
        notifications.check();
      }
    }),
    activity, idleNews, notifications, statusBar, diagnostics, providers, desk, signOuts, sessions, settings, log,
  );

  // In a moment: VS Code has other extensions to start, and a caller that comes before has its session read all the same.
  const begin = clock.after(0, () => {
    void notifications.reportProblems();
    sessions.start();
    void links.sweep();
    // What is left now tells a later session of the editor whether secrets are kept. Nobody waits for it.
    keeper.ready().then(() => sessions.health.persistence(vscode.env.sessionId), () => {});
  });
  leave = async () => {
    begin.dispose();
    sessions.dispose();
    await Promise.race([refresher.idle(), new Promise<void>((resolve) => clock.after(LAST_MOMENTS, resolve))]);
  };
}
