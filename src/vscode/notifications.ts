// When to speak up, and with which buttons: rarely, once in all windows, and never about what needs nobody.
import * as vscode from 'vscode';
import type { Clock, Disposable } from '../core/clock.ts';
import { mayLackConsent } from '../core/consent.ts';
import { asFailure, type Failure } from '../core/failure.ts';
import { isAlive } from '../core/lifetime.ts';
import { REMEDIES } from '../core/remedy.ts';
import { lifetimesOf, type SessionRecord } from '../core/session.ts';
import { timeFor, type LiveSession } from '../core/status.ts';
import type { Finding, Keeper } from '../sessions/keeper.ts';
import { nameOfNotice, type Notice, type Notices } from '../sessions/notices.ts';
import type { RegistryChange } from '../sessions/registry.ts';
import type { Actions, Subject } from './actions.ts';
import type { IdleNews } from './idleNews.ts';
import { PREFIX, SETTINGS, type Kind } from './ids.ts';
import { newsOf, type News } from './news.ts';
import { failureSentence } from './sentences.ts';
import { openProviderSettings, openSettings, type Settings } from './settings.ts';
import * as text from './text.ts';
import { showToast, type Choice } from './toast.ts';

/** What the notifications work with. */
export interface NotificationPorts {
  readonly clock: Clock;
  readonly keeper: Keeper;
  readonly notices: Notices;
  readonly settings: Settings;
  readonly actions: Actions;
  readonly idleNews: IdleNews;
  /** What an action is about, where it is about a session. */
  subjectOf(record: SessionRecord): Subject;
  /** What an action is about, where it is about a provider. */
  subjectAt(providerId: string): Subject;
  /** Deletes a stored session that is of no use here. */
  remove(id: string): Promise<void>;
  showLog(): void;
}

/** Speaks to the person. */
export class Notifications implements Disposable {
  readonly #ports: NotificationPorts;
  /** What is being shown, or is about to be, by kind and id; and what takes it away. */
  readonly #open = new Map<string, { readonly news: News; readonly controller: AbortController }>();
  /** What has been told, or is for another window to tell. */
  readonly #settled = new Map<string, News>();
  readonly #problemsTold = new Set<string>();
  /** The sessions that the person is just doing something about, who is told of the outcome anyway. */
  readonly #asking = new Set<string>();
  /** The sessions whose token was dead when they were read: the status bar tells of them, no notification does. */
  readonly #deadAtStart = new Set<string>();
  /** The look at everything that is about to happen. */
  #planned: Disposable | undefined;
  #isOver = false;

  constructor(ports: NotificationPorts) {
    this.#ports = ports;
  }

  /**
   * Looks at every session: tells what is news, and takes back what is no longer so. Called as time passes, after each
   * change, and when the window is looked at: only the window that the person looks at speaks.
   */
  check(): void {
    const news = this.#news();
    const current = new Set(news.map(nameOfNotice));
    for (const { controller, news: shown } of this.#open.values()) {
      if (!current.has(nameOfNotice(shown))) {
        controller.abort();
      }
    }
    for (const [name, { id, kind, since }] of this.#settled) {
      // What has no beginning ends here: should it come again, it is told again.
      if (since === 0 && !current.has(name)) {
        this.#settled.delete(name);
        void this.#ports.notices.forget(id, kind);
      }
    }
    for (const one of news) {
      void this.#tell(one);
    }
  }

  /** Notes whether a session was dead already when it was read, and whether it is gone; then looks at all, once for many changes. */
  onChange({ before, after }: RegistryChange): void {
    if (after === undefined) {
      this.#forget(before?.record.id);
    } else {
      this.#noteState(after, before === undefined);
    }
    this.#checkSoon();
  }

  #noteState(session: LiveSession, isNew: boolean): void {
    const { clock, notices } = this.#ports;
    const { ended, id, providerId, renewedAt, signedInAt } = session.record;
    if (ended === undefined && isAlive(lifetimesOf(session.record), timeFor(session, clock.now()))) {
      this.#deadAtStart.delete(id);
    } else if (isNew) {
      this.#deadAtStart.add(id);
    }
    if (isNew && renewedAt === signedInAt) {
      // Somebody has just signed in, so that the next sign-out for idle time is told again.
      void notices.forget(providerId, 'idle');
    }
  }

  #forget(id = ''): void {
    void this.#ports.notices.forget(id);
    for (const [name, news] of this.#settled) {
      if (news.id === id) {
        this.#settled.delete(name);
      }
    }
  }

  #checkSoon(): void {
    if (this.#planned === undefined) {
      this.#planned = this.#ports.clock.after(0, () => {
        this.#planned = undefined;
        this.check();
      });
    }
  }

  /** Reports what is wrong in the settings: each problem once, until it is mended. */
  async reportProblems(): Promise<void> {
    const { numberProblems, problems } = this.#ports.settings;
    const found = [
      ...problems.map((problem) => ({ words: text.problemSentence(problem), open: openProviderSettings })),
      ...numberProblems.map((problem) => ({ words: text.numberProblemSentence(problem), open: () => openSettings(`${PREFIX}.${problem.setting.name}`) })),
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
        if ((await vscode.window.showWarningMessage(words, text.labelOpenSettings())) !== undefined) {
          await open();
        }
      }),
    );
  }

  /** Reports what was found wrong in the store. */
  async reportFindings(findings: readonly Finding[]): Promise<void> {
    await Promise.all(findings.map((finding) => this.#reportFinding(finding)));
  }

  /** Says that this window cannot take turns with the others. */
  reportAlone(): void {
    void vscode.window
      .showWarningMessage(text.sayAlone(), text.labelShowLog())
      .then((chosen) => (chosen === undefined ? undefined : this.#ports.showLog()));
  }

  /** Whether the end of a session is told as news: not where it was dead at start, nor where the person does not want to be told. */
  tellsOfEnd(id: string): boolean {
    return !this.#deadAtStart.has(id) && !this.#ports.settings.isMuted('ended');
  }

  /** Runs a task that the person has asked for and will be told about: what comes of it is no news besides. */
  async answering<T>(id: string, task: () => Promise<T>): Promise<T> {
    this.#asking.add(id);
    try {
      return await task();
    } finally {
      this.#asking.delete(id);
    }
  }

  /**
   * Tells that something that the person has just asked for did not work, with what they can do about it. A command is
   * over when its work is: it does not wait for the answer, which may never come.
   */
  reportFailure(error: unknown, subject: Subject): void {
    const failure = asFailure(error);
    // Who changes the settings while a sign-in waits knows what they are doing.
    if (failure.code !== 'entry-changed') {
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

  async #offer(failure: Failure, subject: Subject): Promise<void> {
    const { actions } = REMEDIES[failure.category];
    // A server that shows a blank page to a redirect URI that it doesn't know is the likeliest reason for a browser that never came back.
    const offers = await this.#ports.actions.offers(failure.category === 'sign-in-timeout' ? [...actions, 'fixed-port'] : actions, subject);
    if (offers.length > 0) {
      const words = failureSentence(failure, this.#ports.settings.nameOf(subject.providerId), subject.hasSession);
      const labels = offers.map(({ label }) => label);
      const isTheirWish = failure.category === 'cancelled';
      const chosen = await (isTheirWish ? vscode.window.showInformationMessage(words, ...labels) : vscode.window.showWarningMessage(words, ...labels));
      await offers.find(({ label }) => label === chosen)?.run();
    }
  }

  async #reportFinding(finding: Finding): Promise<void> {
    const { actions } = this.#ports;
    const provider = 'providerId' in finding ? this.#ports.settings.nameOf(finding.providerId) : '';
    const first = finding.kind === 'foreign' ? [text.labelRemove()] : finding.kind === 'lost' ? [text.labelSignIn()] : [];
    const chosen = await vscode.window.showWarningMessage(text.findingSentence(finding, provider), ...first, text.labelShowLog());
    if (chosen === text.labelShowLog()) {
      this.#ports.showLog();
    } else if (chosen !== undefined && finding.kind === 'lost') {
      await actions.run('sign-in', this.#ports.subjectAt(finding.providerId));
    } else if (chosen !== undefined && finding.kind === 'foreign') {
      const again = (): Promise<void> => this.#ports.remove(finding.id);
      await actions.run('retry', { ...this.#ports.subjectAt(finding.providerId), retry: again });
    }
  }

  #news(): News[] {
    const { actions, clock, idleNews, keeper, settings } = this.#ports;
    const sessions = keeper.all();
    return [
      ...newsOf(sessions, {
        now: clock.now(),
        lifetimes: settings.lifetimes(),
        nameOf: (id) => this.#ports.settings.nameOf(id),
        subjectAt: (id) => this.#ports.subjectAt(id),
        subjectOf: (record) => this.#ports.subjectOf(record),
        choice: (action, subject) => ({ label: text.actionLabel(action), run: () => actions.run(action, subject) }),
        mayLackConsent: (record) => mayLackConsent(record, keeper.providerOf(record)),
        wasDeadAtStart: (id) => this.#deadAtStart.has(id),
        putOff: (notice, until) => this.#putOff(notice, until),
      }),
      ...idleNews.news(),
    ];
  }

  /** Tells one thing, if this is the window that the person looks at, and no other window has told it. */
  async #tell(news: News): Promise<void> {
    const { clock, notices, settings } = this.#ports;
    const key = `${news.kind} ${news.id}`;
    const name = nameOfNotice(news);
    const isKnown = this.#open.has(key) || this.#settled.has(name);
    if (isKnown || this.#isOver || settings.isMuted(news.kind) || !vscode.window.state.focused) {
      return;
    }
    const isAnswer = news.isOutcome === true && this.#asking.has(news.id);
    const controller = new AbortController();
    this.#open.set(key, { news, controller });
    try {
      const isMine = await notices.claim(news, clock.now());
      // A warning that another window has told may be put off there, and come again in this one.
      if (isMine || news.kind !== 'ending') {
        this.#settled.set(name, news);
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

  async #show({ choices: [button, ...others], isBusy = false, kind, words }: News, signal: AbortSignal): Promise<void> {
    // VS Code gives what is in progress no button to close it.
    const dismiss: Choice = { label: text.labelDismiss(), run: () => {} };
    const never: Choice = { label: text.labelDoNotShowAgain(), run: () => this.#mute(kind) };
    await showToast({ words, button, links: [...others, dismiss, never], isBusy }, signal);
  }

  async #putOff(notice: Notice & { readonly kind: Kind }, until: number): Promise<void> {
    const { clock, notices } = this.#ports;
    this.#settled.delete(nameOfNotice(notice));
    await notices.putOff(notice, until);
    clock.after(until - clock.now(), () => this.check());
  }

  async #mute(kind: Kind): Promise<void> {
    try {
      await this.#ports.settings.mute(kind);
    } catch {
      // VS Code cannot write the file of the settings; there it says why.
      await openSettings(`${PREFIX}.${SETTINGS.mutedNotifications}`);
      return;
    }
    const chosen = await vscode.window.showInformationMessage(text.sayMuted(), text.labelOpenSettings());
    if (chosen !== undefined) {
      await openSettings(`${PREFIX}.${SETTINGS.mutedNotifications}`);
    }
  }
}
