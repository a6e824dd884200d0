// When to speak up, and with which buttons: rarely, once, and never about what needs nobody.
import * as vscode from 'vscode';
import { MINUTE, type Clock, type Disposable } from '../core/clock.ts';
import { asFailure } from '../core/failure.ts';
import { isAlive, sessionEndOf, warnAt } from '../core/lifetime.ts';
import { REMEDIES, type Action } from '../core/remedy.ts';
import { lifetimesOf, type SessionRecord } from '../core/session.ts';
import { isUsable, type LiveSession } from '../core/status.ts';
import type { Finding, Keeper } from '../sessions/keeper.ts';
import type { RegistryChange } from '../sessions/registry.ts';
import { openProviderSettings, type Settings } from './settings.ts';
import * as text from './text.ts';

/** What the buttons of notifications do. */
export interface NotificationActions {
  signInAgain(record: SessionRecord): Promise<void>;
  renew(record: SessionRecord): Promise<void>;
  showLog(): void;
}

/** How many renewals may fail in a row before an outage is spoken of. */
const PATIENCE = 3;

/** What the buttons do that are about one session, or one attempt to sign in. */
export type OwnActions = Readonly<Record<'sign-in' | 'retry', () => Promise<void>>>;

/** Speaks to the person. */
export class Notifications implements Disposable {
  readonly #clock: Clock;
  readonly #keeper: Keeper;
  readonly #settings: Settings;
  readonly #actions: NotificationActions;
  /** When each session's warning may appear next, with the end that it is about. Dismissed means never for this end. */
  readonly #warned = new Map<string, { readonly end: number; again: number }>();
  /** The sessions whose present trouble has been spoken of. */
  readonly #spoken = new Set<string>();
  readonly #problemsTold = new Set<string>();
  /** The sessions whose token was dead when they were read: the status bar tells of them, no notification does. */
  readonly #deadAtStart = new Set<string>();

  constructor(clock: Clock, keeper: Keeper, settings: Settings, actions: NotificationActions) {
    this.#clock = clock;
    this.#keeper = keeper;
    this.#settings = settings;
    this.#actions = actions;
  }

  /** Looks at every session, as time passes: warns before an end, and speaks of trouble once a token has run out. */
  check(): void {
    for (const session of this.#keeper.all()) {
      this.#checkEnd(session);
      this.#checkTrouble(session);
    }
  }

  /** Speaks of a session that has just definitely ended. One that was dead at start says nothing. */
  onChange({ before, after }: RegistryChange): void {
    const id = (after ?? before)?.record.id ?? '';
    if (after?.failure === undefined) {
      this.#spoken.delete(id);
    }
    if (after === undefined) {
      return;
    }
    if (isAlive(lifetimesOf(after.record), this.#clock.now())) {
      this.#deadAtStart.delete(id);
    } else if (before === undefined) {
      this.#deadAtStart.add(id);
    }
    const hasJustEnded = before?.record.ended === undefined && after.record.ended !== undefined;
    if (before !== undefined && hasJustEnded && after.failure !== undefined && !this.#deadAtStart.has(id)) {
      void this.#offer(after, after.failure);
    }
  }

  /** Reports what is wrong in the settings: each problem once, until it is mended. */
  async reportProblems(): Promise<void> {
    const { problems } = this.#settings;
    const sentences = problems.map(text.problemSentence);
    for (const told of this.#problemsTold) {
      if (!sentences.includes(told)) {
        this.#problemsTold.delete(told);
      }
    }
    const news = sentences.filter((one) => !this.#problemsTold.has(one));
    await Promise.all(
      news.map(async (one) => {
        this.#problemsTold.add(one);
        if ((await vscode.window.showWarningMessage(one, text.labelOpenSettings())) !== undefined) {
          await openProviderSettings();
        }
      }),
    );
  }

  /** Reports what was found wrong in the store. */
  async reportFindings(findings: readonly Finding[]): Promise<void> {
    await Promise.all(
      findings.map(async (finding) => {
        const provider = 'providerId' in finding ? this.#nameOf(finding.providerId) : '';
        if ((await vscode.window.showWarningMessage(text.findingSentence(finding, provider), text.labelShowLog())) !== undefined) {
          this.#actions.showLog();
        }
      }),
    );
  }

  /** Tells that something that the person has just asked for did not work, with what they can do about it. */
  async reportFailure(error: unknown, provider: string, own: OwnActions): Promise<void> {
    const failure = asFailure(error);
    if (failure.category === 'cancelled' && failure.code !== 'access_denied' && failure.code !== 'sign-in-deadline') {
      return;
    }
    await this.#ask(text.sentence(failure, provider), REMEDIES[failure.category].actions, own);
  }

  dispose(): void {
    this.#warned.clear();
    this.#spoken.clear();
  }

  #checkEnd({ record }: LiveSession): void {
    const now = this.#clock.now();
    const lifetimes = lifetimesOf(record);
    const end = sessionEndOf(lifetimes);
    const due = warnAt(lifetimes, this.#settings.lifetimes());
    if (end === undefined || due === undefined || record.ended !== undefined || !isUsable(record, now) || end <= now) {
      return;
    }
    const warned = this.#warned.get(record.id);
    if (now < due || (warned?.end === end && now < warned.again)) {
      return;
    }
    this.#warned.set(record.id, { end, again: Infinity });
    void this.#warn(record, end);
  }

  async #warn(record: SessionRecord, end: number): Promise<void> {
    const left = end - this.#clock.now();
    const words = text.sayEndsSoon(this.#nameOf(record.providerId), record.account.label, left);
    // In the last minute there is no later.
    const later = left < MINUTE ? [] : [text.labelRemindMeLater()];
    const chosen = await vscode.window.showWarningMessage(words, text.labelSignInAgain(), ...later);
    if (chosen === text.labelSignInAgain()) {
      await this.#actions.signInAgain(record);
    } else if (chosen === text.labelRemindMeLater()) {
      const now = this.#clock.now();
      // Half of what is left: always before the end, and with time to act.
      const wait = (end - now) / 2;
      this.#warned.set(record.id, { end, again: now + wait });
      this.#clock.after(wait, () => this.check());
    }
  }

  /** A passing failure is the status bar's matter; once no token works any more, callers are refused, and it is said once. */
  #checkTrouble(session: LiveSession): void {
    const { failure, record } = session;
    if (failure === undefined || record.ended !== undefined || this.#spoken.has(record.id)) {
      return;
    }
    const needsPerson = REMEDIES[failure.category].retry !== 'quick';
    // After a sleep the first tries often come before the network does.
    const keepsFailing = session.failures > PATIENCE && !isAlive(lifetimesOf(record), this.#clock.now());
    if (needsPerson || keepsFailing) {
      void this.#offer(session, failure);
    }
  }

  async #offer({ record }: LiveSession, failure: NonNullable<LiveSession['failure']>): Promise<void> {
    this.#spoken.add(record.id);
    await this.#ask(text.sentence(failure, this.#nameOf(record.providerId)), REMEDIES[failure.category].actions, {
      'sign-in': () => this.#actions.signInAgain(record),
      retry: () => this.#actions.renew(record),
    });
  }

  async #ask(words: string, actions: readonly Action[], own: OwnActions): Promise<void> {
    const doing: Readonly<Record<Action, () => unknown>> = {
      ...own,
      settings: openProviderSettings,
      'proxy-settings': () => vscode.commands.executeCommand('workbench.action.openSettings', 'http.proxy'),
      log: () => this.#actions.showLog(),
    };
    const chosen = await vscode.window.showWarningMessage(words, ...actions.map(text.actionLabel));
    const action = actions.find((one) => text.actionLabel(one) === chosen);
    await (action === undefined ? undefined : doing[action]());
  }

  #nameOf(providerId: string): string {
    return this.#settings.provider(providerId)?.label ?? providerId;
  }
}
