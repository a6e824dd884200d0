// When to speak up, and with which buttons: rarely, once, and never about what needs nobody.
import * as vscode from 'vscode';
import { MINUTE, type Clock, type Disposable } from '../core/clock.ts';
import { asFailure } from '../core/failure.ts';
import { isAlive, sessionEndOf, warnAt } from '../core/lifetime.ts';
import { REMEDIES, actionsFor, type Action } from '../core/remedy.ts';
import { lifetimesOf, type SessionRecord } from '../core/session.ts';
import { isUsable, timeFor, type LiveSession } from '../core/status.ts';
import type { Finding, Keeper } from '../sessions/keeper.ts';
import type { Ledger } from '../sessions/ledger.ts';
import type { RegistryChange } from '../sessions/registry.ts';
import { openProviderSettings, type Settings } from './settings.ts';
import * as text from './text.ts';

/** What the buttons of notifications do. */
export interface NotificationActions {
  signInAgain(record: SessionRecord): Promise<void>;
  renew(record: SessionRecord): Promise<void>;
  /** Signs in to a provider anew. */
  signIn(providerId: string): Promise<void>;
  /** Deletes a stored session that is of no use here. */
  remove(id: string): Promise<void>;
  showLog(): void;
}

/** How many renewals may fail in a row before an outage is spoken of. */
const PATIENCE = 3;

/** How far, in ms, two clocks may be apart before it is spoken of. */
const NOTABLE_SKEW = 5 * MINUTE;

/** What the buttons do that are about one session, or one attempt to sign in. */
export type OwnActions = Readonly<Record<'sign-in' | 'retry', () => Promise<void>>>;

/** Speaks to the person. */
export class Notifications implements Disposable {
  readonly #clock: Clock;
  readonly #keeper: Keeper;
  readonly #ledger: Ledger;
  readonly #settings: Settings;
  readonly #actions: NotificationActions;
  /** When each session's warning may appear next, with the end that it is about. Dismissed means never for this end. */
  readonly #warned = new Map<string, { readonly end: number; again: number }>();
  /** The sessions whose present trouble has been spoken of. */
  readonly #spoken = new Set<string>();
  readonly #problemsTold = new Set<string>();
  /** The sessions whose newest tokens the store does not take, which has been spoken of. */
  readonly #unsavedTold = new Set<string>();
  /** The providers whose clock is far from this machine's. */
  readonly #skewed = new Set<string>();
  /** The sessions whose token was dead when they were read: the status bar tells of them, no notification does. */
  readonly #deadAtStart = new Set<string>();

  constructor(clock: Clock, keeper: Keeper, ledger: Ledger, settings: Settings, actions: NotificationActions) {
    this.#clock = clock;
    this.#keeper = keeper;
    this.#ledger = ledger;
    this.#settings = settings;
    this.#actions = actions;
  }

  /** Looks at every session, as time passes: warns before an end, and speaks of trouble once a token has run out. */
  check(): void {
    const skews = new Map<string, number>();
    // The latest answer of each server counts.
    for (const session of [...this.#keeper.all()].sort((one, other) => one.record.renewedAt - other.record.renewedAt)) {
      this.#checkEnd(session);
      this.#checkTrouble(session);
      this.#checkStored(session);
      if (session.skew !== undefined) {
        skews.set(session.record.providerId, session.skew);
      }
    }
    for (const [providerId, skew] of skews) {
      void this.#checkClock(providerId, skew);
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
    if (isAlive(lifetimesOf(after.record), timeFor(after, this.#clock.now()))) {
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
        const first = finding.kind === 'foreign' ? [text.labelRemove()] : finding.kind === 'lost' ? [text.labelSignIn()] : [];
        const chosen = await vscode.window.showWarningMessage(text.findingSentence(finding, provider), ...first, text.labelShowLog());
        if (chosen === text.labelShowLog()) {
          this.#actions.showLog();
        } else if (chosen !== undefined && finding.kind === 'lost') {
          await this.#actions.signIn(finding.providerId);
        } else if (chosen !== undefined) {
          const again = (): Promise<void> => this.#actions.remove(finding.id);
          await again().catch((error: unknown) => this.reportFailure(error, provider, { 'sign-in': again, retry: again }));
        }
      }),
    );
  }

  /** Says that this window cannot take turns with the others. */
  reportAlone(): void {
    void this.#ask(text.sayAlone(), ['log'], { 'sign-in': nothing, retry: nothing });
  }

  /**
   * Tells that something that the person has just asked for did not work, with what they can do about it. A command is
   * over when its work is: it does not wait for the answer, which may never come.
   */
  reportFailure(error: unknown, provider: string, own: OwnActions): void {
    const failure = asFailure(error);
    if (failure.category === 'cancelled' && failure.code !== 'access_denied' && failure.code !== 'sign-in-deadline') {
      return;
    }
    void this.#ask(text.sentence(failure, provider), actionsFor(failure), own);
  }

  dispose(): void {
    this.#warned.clear();
    this.#spoken.clear();
  }

  /** Tokens that would be lost on a restart are a person's matter, once for each time that it happens. */
  #checkStored({ record, unsaved, renewing }: LiveSession): void {
    if (renewing) {
      return;
    }
    if (!unsaved) {
      this.#unsavedTold.delete(record.id);
    } else if (!this.#unsavedTold.has(record.id)) {
      this.#unsavedTold.add(record.id);
      void this.#ask(text.sayUnsaved(this.#nameOf(record.providerId)), ['log'], { 'sign-in': nothing, retry: nothing });
    }
  }

  /** A clock that is far off is told of once, in one window, until it is right again. */
  async #checkClock(providerId: string, skew: number): Promise<void> {
    const isFarOff = Math.abs(skew) > NOTABLE_SKEW;
    if (isFarOff === this.#skewed.has(providerId)) {
      return;
    }
    const note = `clock-${providerId}`;
    if (!isFarOff) {
      this.#skewed.delete(providerId);
      await this.#ledger.noteOver(note);
      return;
    }
    this.#skewed.add(providerId);
    if (await this.#ledger.noteTold(note)) {
      await this.#ask(text.saySkewed(this.#nameOf(providerId), skew), ['log'], { 'sign-in': nothing, retry: nothing });
    }
  }

  #checkEnd(session: LiveSession): void {
    const { record, setBack = 0 } = session;
    const now = timeFor(session, this.#clock.now());
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
    void this.#warn(record, end - setBack);
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
    const keepsFailing = session.failures > PATIENCE && !isAlive(lifetimesOf(record), timeFor(session, this.#clock.now()));
    if (needsPerson || keepsFailing) {
      void this.#offer(session, failure);
    }
  }

  async #offer({ record }: LiveSession, failure: NonNullable<LiveSession['failure']>): Promise<void> {
    this.#spoken.add(record.id);
    await this.#ask(text.sentence(failure, this.#nameOf(record.providerId)), actionsFor(failure), {
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

const nothing = (): Promise<void> => Promise.resolve();
