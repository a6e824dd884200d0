// "Show Diagnostics": runs health checks, and creates a read-only document with quick fixes as code lenses.
import * as vscode from 'vscode';
import { delay, SECOND, type Clock } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import type { SessionRecord } from '../core/session.ts';
import type { IdConflict } from '../auth/idOwnership.ts';
import type { Discovery } from '../protocol/discovery.ts';
import type { ClientSecrets } from '../storage/clientSecrets.ts';
import type { ServerSignOut } from '../sessions/serverSignOut.ts';
import type { OnDemandSessions } from '../sessions/onDemandSessions.ts';
import type { SessionsModule } from '../sessions/sessionsModule.ts';
import type { ActionTarget } from '../ui/recoveryActions.ts';
import type { DiagnosticsService } from '../ui/diagnosticsDocument.ts';
import { APPLY_FIX_COMMAND, PREFIX, PRODUCT } from '../host/ids.ts';
import { describeFailure } from '../host/failureMessages.ts';
import { openEntry, openProviderSettings, openSettings } from '../host/openSettings.ts';
import type { Settings } from '../host/settings.ts';
import { certificateSettings, getTlsDisabledBy } from '../host/tlsVerification.ts';
import * as button from '../host/buttonLabels.ts';
import type { DiagnosticFacts, DiagnosticFinding, QuickFix } from './finding.ts';
import { getFindings } from './findings.ts';
import { formatProxy } from './redaction.ts';
import { createReport, type Report } from './report.ts';
import * as messages from './reportMessages.ts';

/** What the diagnostics depend on. */
export interface DiagnosticsDependencies {
  readonly clock: Clock;
  readonly extension: vscode.Extension<unknown>;
  readonly discovery: Discovery;
  readonly sessions: SessionsModule;
  readonly onDemandSessions: OnDemandSessions;
  readonly settings: Settings;
  readonly clientSecrets: ClientSecrets;
  /** The process that the extension runs in. */
  readonly process: Pick<NodeJS.Process, 'arch' | 'env' | 'platform' | 'versions'>;
  /** Checks which provider IDs other extensions use, too; without it, none are reported. */
  checkIds?(): Promise<readonly IdConflict[]>;
  /** Returns the target of actions for a session. */
  targetForSession(record: SessionRecord): ActionTarget;
  /** Returns the target of actions for a provider. */
  targetForProvider(providerId: string): ActionTarget;
  /** Opens the server's sign-out page, if there is one. Does not wait for it. */
  openSignOutPage(page: ServerSignOut['page']): void;
  /** Runs the wizard that adds a provider. */
  addProvider(): Promise<void>;
  showLog(): void;
}

/** The environment variables for network access. The report shows only whether they are set, not their values. */
const ENVIRONMENT_VARIABLES = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'NODE_EXTRA_CA_CERTS',
  'NODE_TLS_REJECT_UNAUTHORIZED',
];

/** How long, in ms, to wait for the stored sessions to load. */
const LOAD_TIMEOUT = 5 * SECOND;

/** The diagnostics. */
export class Diagnostics implements DiagnosticsService {
  readonly #dependencies: DiagnosticsDependencies;
  #report: Report | undefined;

  constructor(dependencies: DiagnosticsDependencies) {
    this.#dependencies = dependencies;
  }

  async text(): Promise<string> {
    this.#report ??= await this.#build();
    return this.#report.markdown;
  }

  async refresh(): Promise<void> {
    this.#report = await this.#build();
  }

  getCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const { markdown = '', findingLines = [] } = this.#report ?? {};
    // While the document still shows the previous report, the lines differ.
    return document.getText() !== markdown
      ? []
      : findingLines.flatMap(({ line, finding: { quickFix } }) => {
          return quickFix === undefined
            ? []
            : [
                new vscode.CodeLens(new vscode.Range(line, 0, line, 0), {
                  title: messages.quickFixLabel(quickFix),
                  command: APPLY_FIX_COMMAND,
                  arguments: [line],
                }),
              ];
        });
  }

  async copy(): Promise<void> {
    const { markdown } = await this.#build();
    await vscode.env.clipboard.writeText(markdown);
    void vscode.window.showInformationMessage(messages.diagnosticsCopied());
  }

  /** Applies only quick fixes of the current report. */
  async applyFix(line: unknown): Promise<void> {
    const finding = this.#report?.findingLines.find((candidate) => candidate.line === line)?.finding;
    if (finding?.quickFix === undefined) {
      return;
    }
    try {
      await this.#handlers[finding.quickFix](finding);
    } catch (error) {
      const { providerId = '' } = finding;
      void vscode.window.showWarningMessage(describeFailure(error, this.#dependencies.settings.nameOf(providerId)));
    }
    await this.refresh();
  }

  /** Shows progress in the status bar, because detecting an unresponsive keyring takes a while. */
  async #build(): Promise<Report> {
    return vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: PRODUCT }, () =>
      this.#gather(),
    );
  }

  async #gather(): Promise<Report> {
    const { clientSecrets, clock, discovery, extension, process, sessions, settings } = this.#dependencies;
    const { sessionManager, sessionStore, secretStorage } = sessions;
    const { health, renewalLock } = this.#dependencies.onDemandSessions;
    // If the sessions can't be read, that is a finding, not an error.
    await Promise.race([sessionManager.ready().catch(() => {}), delay(clock, LOAD_TIMEOUT)]);
    const [idConflicts, store, persistence, folder, quarantined, holders, files, secrets] = await Promise.all([
      this.#dependencies.checkIds?.(),
      health.store(),
      health.checkPersistence(vscode.env.sessionId),
      health.folder(),
      secretStorage.listQuarantined().then(
        (keys) => keys.length,
        () => undefined,
      ),
      renewalLock.listHolders().catch((error: unknown) => toFailure(error).code),
      sessionStore.listFiles(),
      Promise.all(
        settings.providers.map(async (provider) => [provider.id, await clientSecrets.state(provider)] as const),
      ),
    ]);
    const all = sessions.liveSessions.all();
    const facts: DiagnosticFacts = {
      now: clock.now(),
      providers: settings.providers,
      problems: settings.problems,
      numberProblems: settings.numberProblems,
      sessions: all,
      lost: files.present.filter(({ id }) => !all.some(({ record }) => record.id === id)),
      unknownServers: settings.providers.flatMap((provider) => {
        const failure = discovery.getCached(provider)?.error?.failure;
        return failure === undefined
          ? []
          : [{ providerId: provider.id, category: failure.category, code: failure.code }];
      }),
      store: { now: store, persistence },
      folder,
      isDegraded: renewalLock.isDegraded,
      quarantined,
      idConflicts,
      tlsDisabledBy: getTlsDisabledBy(process.env),
    };
    return createReport({
      facts,
      findings: getFindings(facts),
      environment: this.#getEnvironment(extension),
      network: this.#getNetworkSettings(),
      lifetimes: settings.lifetimes(),
      getKnownServer: (provider) => discovery.getCached(provider),
      declarerOf: (id) => settings.declarerOf(id),
      isManaged: (id) => settings.isManaged(id),
      clientSecrets: new Map(secrets),
      events: this.#dependencies.onDemandSessions.history.all(),
      lockHolders: holders,
      files,
      messages: messages.reportMessages,
    });
  }

  #getEnvironment(extension: vscode.Extension<unknown>): [string, string][] {
    const { arch, platform, versions } = this.#dependencies.process;
    const { version } = extension.packageJSON as { readonly version: unknown };
    const { appHost, appName, language, remoteName, uiKind } = vscode.env;
    return [
      [PRODUCT, String(version)],
      ['Editor', `${appName} ${vscode.version}`],
      ['Node', versions.node],
      ['Platform', `${platform} ${arch}`],
      ['Language', language],
      ['Window', uiKind === vscode.UIKind.Web ? 'browser' : 'desktop'],
      ['Host', appHost],
      ['Remote', remoteName ?? 'none'],
      ['Extension host', extension.extensionKind === vscode.ExtensionKind.UI ? 'UI' : 'workspace'],
    ];
  }

  #getNetworkSettings(): [string, string][] {
    const { env } = this.#dependencies.process;
    const proxy = httpSetting('proxy');
    const exceptions = httpSetting('noProxy');
    return [
      ['http.proxy', typeof proxy === 'string' ? formatProxy(proxy) : 'not set'],
      ...['proxySupport', 'proxyStrictSSL', 'systemCertificates'].map((name): [string, string] => [
        `http.${name}`,
        String(httpSetting(name)),
      ]),
      ['http.noProxy', `${Array.isArray(exceptions) ? exceptions.length : 0} exceptions`],
      ...ENVIRONMENT_VARIABLES.map((name): [string, string] => [
        name,
        (env[name] ?? env[name.toLowerCase()] ?? '') === '' ? 'not set' : 'set',
      ]),
    ];
  }

  #targetOf({ providerId = '', session }: DiagnosticFinding): ActionTarget {
    return session === undefined
      ? this.#dependencies.targetForProvider(providerId)
      : this.#dependencies.targetForSession(session.record);
  }

  readonly #handlers: Readonly<Record<QuickFix, (finding: DiagnosticFinding) => Promise<unknown>>> = {
    remove: async ({ session }) => {
      if (
        session !== undefined &&
        (await isSure(messages.confirmRemove(session.record.id.slice(0, 8)), button.confirmDelete()))
      ) {
        await this.#dependencies.sessions.sessionManager.removeLocally(session.record.id);
      }
    },
    'sign-out': async ({ session }) => {
      if (
        session !== undefined &&
        (await isSure(messages.confirmSignOut(session.record.id.slice(0, 8)), button.signOut()))
      ) {
        const { page } = await this.#dependencies.sessions.sessionManager.signOut(session.record.id);
        this.#dependencies.openSignOutPage(page);
      }
    },
    clear: async () => {
      if (await isSure(messages.confirmDeleteQuarantined(), button.confirmDelete())) {
        await this.#dependencies.sessions.secretStorage.deleteQuarantined();
      }
    },
    'sign-in': (finding) => this.#targetOf(finding).signIn(),
    renew: (finding) => this.#targetOf(finding).retry(),
    settings: ({ numberProblem, providerId }) =>
      numberProblem !== undefined
        ? openSettings(`${PREFIX}.${numberProblem.setting.name}`)
        : providerId === undefined
          ? openProviderSettings()
          : openEntry(this.#dependencies.clock, providerId),
    'add-provider': () => this.#dependencies.addProvider(),
    'proxy-settings': () => openSettings('http.proxy', ...certificateSettings()),
    log: () => {
      this.#dependencies.showLog();
      return Promise.resolve();
    },
    check: () => Promise.resolve(),
  };
}

function httpSetting(name: string): unknown {
  return vscode.workspace.getConfiguration('http').get(name);
}

async function isSure(question: string, yes: string): Promise<boolean> {
  return (await vscode.window.showWarningMessage(question, { modal: true }, yes)) !== undefined;
}
