// When to speak up, and with which buttons: rarely, once in all windows, and never about what needs nobody.
import * as vscode from 'vscode';
import type { Clock, Disposable } from '../core/clock.ts';
import { mayLackConsent } from '../core/consent.ts';
import { toFailure, type Failure } from '../core/failure.ts';
import { isUnexpired } from '../core/lifetime.ts';
import { FAILURE_POLICIES, isReported, isUserCancellation } from '../core/failurePolicies.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import { sessionTime, type LiveSession } from '../core/status.ts';
import type { LoadIssue } from '../sessions/sessionLoader.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import { claimFileName, type ClaimKey, type NotificationClaims } from '../locking/notificationClaims.ts';
import type { SessionChange } from '../storage/liveSessions.ts';
import type { RecoveryActions, ActionTarget } from './recoveryActions.ts';
import type { IdleNotifications } from './idleNotifications.ts';
import { PREFIX, SETTINGS, type NotificationKind } from '../host/ids.ts';
import { getNotifications, type SessionNotification } from './sessionNotifications.ts';
import { describeFailure } from '../host/failureMessages.ts';
import { openProviderSettings, openSettings } from '../host/openSettings.ts';
import type { Settings } from '../host/settings.ts';
import * as button from '../host/buttonLabels.ts';
import { describeLoadIssue } from '../host/loadIssueMessages.ts';
import * as notification from '../host/notificationMessages.ts';
import { describeEntryProblem, describeNumberProblem } from '../host/settingsMessages.ts';
import { showDismissibleNotification, type NotificationAction } from './dismissibleNotification.ts';

/** What the notifications work with. */
export interface NotificationDependencies {
  readonly clock: Clock;
  readonly sessionManager: SessionManager;
  readonly notificationClaims: NotificationClaims;
  readonly settings: Settings;
  readonly actions: RecoveryActions;
  readonly idleNotifications: IdleNotifications;
  /** What an action is about, where it is about a session. */
  subjectOf(record: SessionRecord): ActionTarget;
  /** What an action is about, where it is about a provider. */
  subjectAt(providerId: string): ActionTarget;
  /** Deletes a stored session that is of no use here. */
  remove(id: string): Promise<void>;
  showLog(): void;
}

/** Speaks to the person. */
export class NotificationCenter implements Disposable {
  readonly #dependencies: NotificationDependencies;
  /** What is being shown, or is about to be, by kind and id; and what takes it away. */
  readonly #open = new Map<string, { readonly news: SessionNotification; readonly controller: AbortController }>();
  /** What has been told, or is for another window to tell. */
  readonly #handled = new Map<string, SessionNotification>();
  readonly #problemsTold = new Set<string>();
  /** The sessions that the person is just doing something about, who is told of the outcome anyway. */
  readonly #userInitiated = new Set<string>();
  /** The sessions whose token was dead when they were read: the status bar tells of them, no notification does. */
  readonly #deadAtStart = new Set<string>();
  /** The look at everything that is about to happen. */
  #planned: Disposable | undefined;
  #isOver = false;

  constructor(ports: NotificationDependencies) {
    this.#dependencies = ports;
  }

  /**
   * Looks at every session: tells what is news, and takes back what is no longer so. Called as time passes, after each
   * change, and when the window is looked at: only the window that the person looks at speaks.
   */
  check(): void {
    const news = this.#news();
    const current = new Set(news.map(claimFileName));
    for (const { controller, news: shown } of this.#open.values()) {
      if (!current.has(claimFileName(shown))) {
        controller.abort();
      }
    }
    for (const [name, { id, kind, since }] of this.#handled) {
      // What has no beginning ends here: should it come again, it is told again.
      if (since === 0 && !current.has(name)) {
        this.#handled.delete(name);
        void this.#dependencies.notificationClaims.forget(id, kind);
      }
    }
    for (const one of news) {
      void this.#tell(one);
    }
  }

  /** Notes whether a session was dead already when it was read, and whether it is gone; then looks at all, once for many changes. */
  onChange({ before, after }: SessionChange): void {
    if (after === undefined) {
      this.#forget(before?.record.id);
    } else {
      this.#noteState(after, before === undefined);
    }
    this.#checkSoon();
  }

  #noteState(session: LiveSession, isNew: boolean): void {
    const { clock, notificationClaims } = this.#dependencies;
    const { ended, id, providerId, tokensRequestedAt, signedInAt } = session.record;
    if (ended === undefined && isUnexpired(tokenLifetimes(session.record), sessionTime(session, clock.now()))) {
      this.#deadAtStart.delete(id);
    } else if (isNew) {
      this.#deadAtStart.add(id);
    }
    if (isNew && tokensRequestedAt === signedInAt) {
      // Somebody has just signed in, so that the next sign-out for idle time is told again.
      void notificationClaims.forget(providerId, 'idle');
    }
  }

  #forget(id = ''): void {
    void this.#dependencies.notificationClaims.forget(id);
    for (const [name, news] of this.#handled) {
      if (news.id === id) {
        this.#handled.delete(name);
      }
    }
  }

  #checkSoon(): void {
    if (this.#planned === undefined) {
      this.#planned = this.#dependencies.clock.after(0, () => {
        this.#planned = undefined;
        this.check();
      });
    }
  }

  /** Reports what is wrong in the settings: each problem once, until it is mended. */
  async reportProblems(): Promise<void> {
    const { numberProblems, problems } = this.#dependencies.settings;
    const found = [
      ...problems.map((problem) => ({ words: describeEntryProblem(problem), open: openProviderSettings })),
      ...numberProblems.map((problem) => ({
        words: describeNumberProblem(problem),
        open: () => openSettings(`${PREFIX}.${problem.setting.name}`),
      })),
    ];
    for (const told of this.#problemsTold) {
      if (!found.some(({ words }) => words === told)) {
        this.#problemsTold.delete(told);
      }
    }
    const news = found.filter(({ words }) => !this.#problemsTold.has(words));
    await Promise.all(
      news.map(async ({ words, open }) => {
        this.#problemsTold.add(words);
        if ((await vscode.window.showWarningMessage(words, button.openSettings())) !== undefined) {
          await open();
        }
      }),
    );
  }

  /** Reports what was found wrong in the store. */
  async reportFindings(findings: readonly LoadIssue[]): Promise<void> {
    await Promise.all(findings.map((finding) => this.#reportFinding(finding)));
  }

  /** Says that this window cannot take turns with the others. */
  warnSyncDisabled(): void {
    void vscode.window
      .showWarningMessage(notification.syncDisabled(), button.showLog())
      .then((chosen) => (chosen === undefined ? undefined : this.#dependencies.showLog()));
  }

  /** Whether the end of a session is told as news: not where it was dead at start, nor where the person does not want to be told. */
  notifiesEnd(id: string): boolean {
    return !this.#deadAtStart.has(id) && !this.#dependencies.settings.isMuted('ended');
  }

  /** Runs a task that the person has asked for and will be told about: what comes of it is no news besides. */
  async answering<T>(id: string, task: () => Promise<T>): Promise<T> {
    this.#userInitiated.add(id);
    try {
      return await task();
    } finally {
      this.#userInitiated.delete(id);
    }
  }

  /**
   * Tells that something that the person has just asked for did not work, with what they can do about it. A command is
   * over when its work is: it does not wait for the answer, which may never come.
   */
  reportFailure(error: unknown, subject: ActionTarget): void {
    const failure = toFailure(error);
    if (isReported(failure)) {
      void this.#offer(failure, subject);
    }
  }

  dispose(): void {
    this.#planned?.dispose();
    this.#isOver = true;
    for (const { controller } of this.#open.values()) {
      controller.abort();
    }
  }

  async #offer(failure: Failure, subject: ActionTarget): Promise<void> {
    const { actions, additionalActions = [] } = FAILURE_POLICIES[failure.category];
    const offers = await this.#dependencies.actions.offers([...actions, ...additionalActions], subject);
    if (offers.length > 0) {
      const words = describeFailure(
        failure,
        this.#dependencies.settings.nameOf(subject.providerId),
        subject.hasSession,
      );
      const labels = offers.map(({ label }) => label);
      const chosen = await (isUserCancellation(failure.category)
        ? vscode.window.showInformationMessage(words, ...labels)
        : vscode.window.showWarningMessage(words, ...labels));
      await offers.find(({ label }) => label === chosen)?.run();
    }
  }

  async #reportFinding(finding: LoadIssue): Promise<void> {
    const { actions } = this.#dependencies;
    const provider = 'providerId' in finding ? this.#dependencies.settings.nameOf(finding.providerId) : '';
    const first =
      finding.kind === 'foreign' ? [button.confirmDelete()] : finding.kind === 'lost' ? [button.signIn()] : [];
    const chosen = await vscode.window.showWarningMessage(
      describeLoadIssue(finding, provider),
      ...first,
      button.showLog(),
    );
    if (chosen === button.showLog()) {
      this.#dependencies.showLog();
    } else if (chosen !== undefined && finding.kind === 'lost') {
      await actions.run('sign-in', this.#dependencies.subjectAt(finding.providerId));
    } else if (chosen !== undefined && finding.kind === 'foreign') {
      const again = (): Promise<void> => this.#dependencies.remove(finding.id);
      await actions.run('retry', { ...this.#dependencies.subjectAt(finding.providerId), retry: again });
    }
  }

  #news(): SessionNotification[] {
    const { actions, clock, idleNotifications, sessionManager, settings } = this.#dependencies;
    const sessions = sessionManager.getAll();
    return [
      ...getNotifications(sessions, {
        now: clock.now(),
        lifetimes: settings.lifetimes(),
        nameOf: (id) => this.#dependencies.settings.nameOf(id),
        subjectAt: (id) => this.#dependencies.subjectAt(id),
        subjectOf: (record) => this.#dependencies.subjectOf(record),
        choice: (action, subject) => ({ label: button.forAction(action), run: () => actions.run(action, subject) }),
        mayLackConsent: (record) => mayLackConsent(record, sessionManager.providerOf(record)),
        wasDeadAtStart: (id) => this.#deadAtStart.has(id),
        snooze: (notice, until) => this.#putOff(notice, until),
      }),
      ...idleNotifications.getNotifications(),
    ];
  }

  /** Tells one thing, if this is the window that the person looks at, and no other window has told it. */
  async #tell(news: SessionNotification): Promise<void> {
    const { clock, notificationClaims, settings } = this.#dependencies;
    const key = `${news.kind} ${news.id}`;
    const name = claimFileName(news);
    const isKnown = this.#open.has(key) || this.#handled.has(name);
    if (isKnown || this.#isOver || settings.isMuted(news.kind) || !vscode.window.state.focused) {
      return;
    }
    const isAnswer = news.isOutcome === true && this.#userInitiated.has(news.id);
    const controller = new AbortController();
    this.#open.set(key, { news, controller });
    try {
      const isMine = await notificationClaims.tryClaim(news, clock.now());
      // A warning that another window has told may be put off there, and come again in this one.
      if (isMine || news.kind !== 'ending') {
        this.#handled.set(name, news);
      }
      if (isMine && !isAnswer && !controller.signal.aborted) {
        await this.#show(news, controller.signal);
      }
    } finally {
      this.#open.delete(key);
      if (controller.signal.aborted) {
        // Something else of the same kind may wait for its place.
        this.#checkSoon();
      }
    }
  }

  async #show(
    { choices: [first, ...others], isBusy = false, kind, words }: SessionNotification,
    signal: AbortSignal,
  ): Promise<void> {
    // VS Code gives what is in progress no button to close it.
    const dismiss: NotificationAction = { label: button.dismiss(), run: () => {} };
    const never: NotificationAction = { label: button.doNotShowAgain(), run: () => this.#mute(kind) };
    await showDismissibleNotification({ words, button: first, links: [...others, dismiss, never], isBusy }, signal);
  }

  async #putOff(notice: ClaimKey & { readonly kind: NotificationKind }, until: number): Promise<void> {
    const { clock, notificationClaims } = this.#dependencies;
    this.#handled.delete(claimFileName(notice));
    await notificationClaims.snooze(notice, until);
    clock.after(until - clock.now(), () => this.check());
  }

  async #mute(kind: NotificationKind): Promise<void> {
    try {
      await this.#dependencies.settings.mute(kind);
    } catch {
      // VS Code cannot write the file of the settings; there it says why.
      await openSettings(`${PREFIX}.${SETTINGS.mutedNotifications}`);
      return;
    }
    const chosen = await vscode.window.showInformationMessage(notification.kindMuted(), button.openSettings());
    if (chosen !== undefined) {
      await openSettings(`${PREFIX}.${SETTINGS.mutedNotifications}`);
    }
  }
}
