// Signs out of idle sessions, in one of the windows that detect them.
import { delay, SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import type { SessionRecord } from '../core/session.ts';
import type { NotificationClaims } from '../locking/notificationClaims.ts';
import type { CrossWindowSync } from '../storage/crossWindowSync.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import { describeSession } from '../storage/recordDescription.ts';

/** The dependencies of the sign-out. */
export interface IdleSignOutDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly notificationClaims: NotificationClaims;
  readonly crossWindowSync: CrossWindowSync;
  readonly liveSessions: LiveSessions;
  /** Signs out of a session. `atServer` rejects if the server hasn't confirmed it. */
  signOut(id: string): Promise<{ readonly atServer: Promise<Exclude<SignOutOutcome, 'unconfirmed'>> }>;
  /** Waits a while for the outcome of a sign-out that any window has started. Never rejects. */
  outcomeOf(record: SessionRecord): Promise<SignOutOutcome>;
}

/** The outcome of a sign-out at the server; `unconfirmed` if it's retried. */
export type SignOutOutcome = 'revoked' | 'not-supported' | 'unconfirmed';

/** A session that was signed out. */
export interface IdleEnd {
  readonly record: SessionRecord;
  /** Its idle timeout, in ms. */
  readonly timeout: number;
  /** Never rejects. */
  readonly outcome: Promise<SignOutOutcome>;
}

/** How long, in ms, the server may take to confirm a sign-out before it counts as unconfirmed. */
const CONFIRMATION_TIMEOUT = 10 * SECOND;

/** How long, in ms, the window that signs out of a session may take before another one does. */
const SIGN_OUT_TIMEOUT = 5 * SECOND;

/** The sign-outs that are running in this window. */
export class IdleSignOut implements Disposable {
  readonly #dependencies: IdleSignOutDependencies;
  /** By session ID. Activity doesn't stop them; a new sign-in does. */
  readonly #running = new Map<string, { readonly signedInAt: number; readonly done: Promise<void> }>();
  readonly #signedOut = new Emitter<IdleEnd>();
  #isDisposed = false;

  constructor(dependencies: IdleSignOutDependencies) {
    this.#dependencies = dependencies;
  }

  /** Fires when a session was signed out; not if the user has signed in again in the meantime. */
  get onDidSignOut(): Emitter<IdleEnd>['event'] {
    return this.#signedOut.event;
  }

  /** Starts signing out of a session whose idle timeout, in ms, has passed. */
  start(record: SessionRecord, timeout: number): void {
    this.#running.set(record.id, { signedInAt: record.signedInAt, done: this.#run(record, timeout) });
  }

  /** Returns whether a session is being signed out of, since the same sign-in. */
  isRunning({ id, signedInAt }: SessionRecord): boolean {
    return this.#running.get(id)?.signedInAt === signedInAt;
  }

  /** Fires {@link onDidSignOut} for a session with an idle timeout, in ms, that another window has signed out of. */
  reportSignedOut(record: SessionRecord, timeout: number): void {
    if (!this.isRunning(record)) {
      this.#signedOut.fire({ record, timeout, outcome: this.#dependencies.outcomeOf(record) });
    }
  }

  /** Resolves when the sign-outs that are running now are done. */
  async whenDone(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  /** Leaves the sign-outs that haven't begun to other windows. */
  dispose(): void {
    this.#isDisposed = true;
    this.#signedOut.dispose();
  }

  async #run(record: SessionRecord, timeout: number): Promise<void> {
    const { clock, crossWindowSync, liveSessions, log, notificationClaims } = this.#dependencies;
    const { id } = record;
    if (!(await notificationClaims.tryClaim({ kind: 'idle-sign-out', id, since: record.signedInAt }, clock.now()))) {
      await delay(clock, SIGN_OUT_TIMEOUT);
    }
    await crossWindowSync.sync(id).catch(() => {});
    const isStillListed = liveSessions.get(id)?.record.signedInAt === record.signedInAt;
    const signingOut = isStillListed && !this.#isDisposed ? this.#dependencies.signOut(id) : undefined;
    if (liveSessions.get(id) === undefined) {
      this.#signedOut.fire({ record, timeout, outcome: this.#outcomeOf(record, signingOut) });
    }
    await signingOut?.catch((error: unknown) =>
      log.warn(`${describeSession(record)}: signed out, but still stored (${toFailure(error).code}).`),
    );
    await notificationClaims.forget(id);
    this.#running.delete(id);
  }

  async #outcomeOf(
    record: SessionRecord,
    signingOut: ReturnType<IdleSignOutDependencies['signOut']> | undefined,
  ): Promise<SignOutOutcome> {
    const { clock } = this.#dependencies;
    const signOut = await signingOut?.catch(() => undefined);
    return signOut === undefined
      ? this.#dependencies.outcomeOf(record)
      : Promise.race([
          signOut.atServer.catch(() => 'unconfirmed' as const),
          delay(clock, CONFIRMATION_TIMEOUT).then(() => 'unconfirmed' as const),
        ]);
  }
}
