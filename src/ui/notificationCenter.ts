// Decides when to show a notification: only if the user must act, once in all windows, and only in the focused window.
import * as vscode from 'vscode';
import type { Clock, Disposable } from '../core/clock.ts';
import { mayLackConsent } from '../core/consent.ts';
import { toFailure, type Failure } from '../core/failure.ts';
import { isUnexpired } from '../core/lifetime.ts';
import { FAILURE_POLICIES, isReported, isUserCancellation } from '../core/failurePolicies.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import { sessionTime, type LiveSession } from '../core/status.ts';
import * as button from '../host/buttonLabels.ts';
import { muteNotification } from '../host/changeSettings.ts';
import { describeFailure } from '../host/failureMessages.ts';
import { PREFIX, SETTINGS, type NotificationKind } from '../host/ids.ts';
import { kindMuted } from '../host/notificationMessages.ts';
import { openSettings } from '../host/openSettings.ts';
import type { Settings } from '../host/settings.ts';
import { claimFileName, type ClaimKey, type NotificationClaims } from '../locking/notificationClaims.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import type { SessionChange } from '../storage/liveSessions.ts';
import { showDismissibleNotification, type NotificationAction } from './dismissibleNotification.ts';
import type { IdleNotifications } from './idleNotifications.ts';
import type { ActionTarget, RecoveryActions } from './recoveryActions.ts';
import { getNotifications, type SessionNotification } from './sessionNotifications.ts';

/** What the notifications depend on. */
export interface NotificationDependencies {
  readonly clock: Clock;
  readonly sessionManager: SessionManager;
  readonly notificationClaims: NotificationClaims;
  readonly settings: Settings;
  readonly actions: RecoveryActions;
  readonly idleNotifications: IdleNotifications;
  /** Returns the notifications that apply now and aren't about a session. */
  getOtherNotifications?(): readonly SessionNotification[];
  /** Returns the target of actions about a session. */
  targetForSession(record: SessionRecord): ActionTarget;
  /** Returns the target of actions about a provider. */
  targetForProvider(providerId: string): ActionTarget;
}

interface OpenNotification {
  readonly notification: SessionNotification;
  /** Closes it. */
  readonly controller: AbortController;
}

/** Shows the notifications about sessions and about failed user requests. */
export class NotificationCenter implements Disposable {
  readonly #dependencies: NotificationDependencies;
  /** The notifications that are shown, or are about to be, by kind and ID. */
  readonly #open = new Map<string, OpenNotification>();
  /** The notifications that have been shown here, or are shown by another window. */
  readonly #handled = new Map<string, SessionNotification>();
  /** The sessions of running commands, which show the outcome themselves. */
  readonly #userInitiated = new Set<string>();
  /** The sessions whose token had expired when they were loaded: only the status bar shows those. */
  readonly #deadAtStart = new Set<string>();
  #plannedUpdate: Disposable | undefined;
  #isDisposed = false;

  constructor(dependencies: NotificationDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Shows the notifications that apply now, and closes those that no longer do. Called as time passes, after each
   * change, and when the window gets focus.
   */
  update(): void {
    const notifications = this.#getNotifications();
    const current = new Set(notifications.map(claimFileName));
    for (const { controller, notification } of this.#open.values()) {
      if (!current.has(claimFileName(notification))) {
        controller.abort();
      }
    }
    for (const [name, { id, kind, since }] of this.#handled) {
      // Without a start time, an episode ends when its notification no longer applies. The next episode is shown again.
      if (since === 0 && !current.has(name)) {
        this.#handled.delete(name);
        void this.#dependencies.notificationClaims.forget(id, kind);
      }
    }
    for (const notification of notifications) {
      void this.#show(notification);
    }
  }

  /** Handles the change of a session; many changes lead to one {@link update}. */
  onChange({ before, after }: SessionChange): void {
    if (after === undefined) {
      this.#forget(before?.record.id);
    } else {
      this.#recordState(after, before === undefined);
    }
    this.#updateSoon();
  }

  #recordState(session: LiveSession, isNew: boolean): void {
    const { clock, notificationClaims } = this.#dependencies;
    const { ended, id, providerId, tokensRequestedAt, signedInAt } = session.record;
    if (ended === undefined && isUnexpired(tokenLifetimes(session.record), sessionTime(session, clock.now()))) {
      this.#deadAtStart.delete(id);
    } else if (isNew) {
      this.#deadAtStart.add(id);
    }
    if (isNew && tokensRequestedAt === signedInAt) {
      // After a new sign-in, the next sign-out due to inactivity is shown again.
      void notificationClaims.forget(providerId, 'idle');
    }
  }

  #forget(id = ''): void {
    void this.#dependencies.notificationClaims.forget(id);
    for (const [name, notification] of this.#handled) {
      if (notification.id === id) {
        this.#handled.delete(name);
      }
    }
  }

  #updateSoon(): void {
    if (this.#plannedUpdate === undefined) {
      this.#plannedUpdate = this.#dependencies.clock.after(0, () => {
        this.#plannedUpdate = undefined;
        this.update();
      });
    }
  }

  /** Returns whether the end of a session leads to a notification: not if it had ended at start, or if that kind is muted. */
  notifiesEnd(id: string): boolean {
    return !this.#deadAtStart.has(id) && !this.#dependencies.settings.isMuted('ended');
  }

  /**
   * Runs a task that the user has requested for a session. Its outcome leads to no notification here, because the caller
   * shows it.
   */
  async runUserInitiated<T>(id: string, task: () => Promise<T>): Promise<T> {
    this.#userInitiated.add(id);
    try {
      return await task();
    } finally {
      this.#userInitiated.delete(id);
    }
  }

  /**
   * Shows that something that the user requested failed, with the recovery actions. Doesn't wait for their choice, which
   * may never come.
   */
  reportFailure(error: unknown, target: ActionTarget): void {
    const failure = toFailure(error);
    if (isReported(failure)) {
      void this.#showFailure(failure, target);
    }
  }

  dispose(): void {
    this.#plannedUpdate?.dispose();
    this.#isDisposed = true;
    for (const { controller } of this.#open.values()) {
      controller.abort();
    }
  }

  async #showFailure(failure: Failure, target: ActionTarget): Promise<void> {
    const { actions, settings } = this.#dependencies;
    const policy = FAILURE_POLICIES[failure.category];
    const items = await actions.getItems([...policy.actions, ...(policy.additionalActions ?? [])], target);
    if (items.length > 0) {
      const message = describeFailure(failure, settings.nameOf(target.providerId), target.hasSession);
      const labels = items.map(({ label }) => label);
      const selected = await (isUserCancellation(failure.category)
        ? vscode.window.showInformationMessage(message, ...labels)
        : vscode.window.showWarningMessage(message, ...labels));
      await items.find(({ label }) => label === selected)?.run();
    }
  }

  #getNotifications(): SessionNotification[] {
    const { actions, clock, idleNotifications, sessionManager, settings } = this.#dependencies;
    return [
      ...getNotifications(sessionManager.getAll(), {
        now: clock.now(),
        lifetimes: settings.lifetimes(),
        nameOf: (id) => settings.nameOf(id),
        targetForProvider: (id) => this.#dependencies.targetForProvider(id),
        targetForSession: (record) => this.#dependencies.targetForSession(record),
        createAction: (action, target) => ({ label: button.forAction(action), run: () => actions.run(action, target) }),
        mayLackConsent: (record) => mayLackConsent(record, sessionManager.providerOf(record)),
        wasDeadAtStart: (id) => this.#deadAtStart.has(id),
        snooze: (key, until) => this.#snooze(key, until),
      }),
      ...idleNotifications.getNotifications(),
      ...(this.#dependencies.getOtherNotifications?.() ?? []),
    ];
  }

  /** Shows a notification if this window has the focus and no window has shown it. */
  async #show(notification: SessionNotification): Promise<void> {
    const { clock, notificationClaims, settings } = this.#dependencies;
    const { id, isOutcome = false, kind } = notification;
    const key = `${kind} ${id}`;
    const name = claimFileName(notification);
    const isKnown = this.#open.has(key) || this.#handled.has(name);
    if (isKnown || this.#isDisposed || settings.isMuted(kind) || !vscode.window.state.focused) {
      return;
    }
    const isShownByCaller = isOutcome && this.#userInitiated.has(id);
    const controller = new AbortController();
    this.#open.set(key, { notification, controller });
    try {
      const isMine = await notificationClaims.tryClaim(notification, clock.now());
      // A warning that another window has shown may be snoozed there, and be shown again by this one.
      if (isMine || kind !== 'ending') {
        this.#handled.set(name, notification);
      }
      if (isMine && !isShownByCaller && !controller.signal.aborted) {
        await this.#showClaimed(notification, controller.signal);
      }
    } finally {
      this.#open.delete(key);
      if (controller.signal.aborted) {
        // Another notification of the same kind may wait for this one to close.
        this.#updateSoon();
      }
    }
  }

  async #showClaimed(notification: SessionNotification, signal: AbortSignal): Promise<void> {
    if (notification.isFinal === true) {
      // Not awaited: the next episode is shown even if this message is still open.
      void this.#showMessage(notification);
    } else {
      await this.#showUntilClosed(notification, signal);
    }
  }

  async #showMessage({ actions, kind, message }: SessionNotification): Promise<void> {
    const items = [...actions, this.#muteAction(kind)];
    const selected = await vscode.window.showWarningMessage(message, ...items.map(({ label }) => label));
    await items.find(({ label }) => label === selected)?.run();
  }

  async #showUntilClosed(
    { actions: [first, ...others], kind, message }: SessionNotification,
    signal: AbortSignal,
  ): Promise<void> {
    // VS Code shows no close button on progress notifications.
    const dismiss: NotificationAction = { label: button.dismiss(), run: () => {} };
    // The warning before an idle sign-out appears in an inactive window, and must close when the user is back.
    const settings = kind === 'idle' ? undefined : this.#dependencies.settings;
    await showDismissibleNotification(
      { message, button: first, links: [...others, dismiss, this.#muteAction(kind)] },
      signal,
      settings,
    );
  }

  #muteAction(kind: NotificationKind): NotificationAction {
    return { label: button.dontShowAgain(), run: () => this.#mute(kind) };
  }

  async #snooze(key: ClaimKey & { readonly kind: NotificationKind }, until: number): Promise<void> {
    const { clock, notificationClaims } = this.#dependencies;
    this.#handled.delete(claimFileName(key));
    await notificationClaims.snooze(key, until);
    clock.after(until - clock.now(), () => this.update());
  }

  async #mute(kind: NotificationKind): Promise<void> {
    const openMuted = (): Promise<void> => openSettings(`${PREFIX}.${SETTINGS.mutedNotifications}`);
    try {
      await muteNotification(this.#dependencies.settings, kind);
    } catch {
      // VS Code can't write the settings file. The settings editor shows why.
      await openMuted();
      return;
    }
    if ((await vscode.window.showInformationMessage(kindMuted(), button.openSettings())) !== undefined) {
      await openMuted();
    }
  }
}
