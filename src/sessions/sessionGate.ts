// The gate in front of the sessions: whether they may be used at all. The callers don't know what closes it.
import type { SessionRecord } from '../core/session.ts';

/** Decides whether sessions may be used. None of its methods throws or rejects, except {@link start}. */
export interface SessionGate {
  /**
   * Prepares the gate. Called after the stored sessions were read and before any of them is used.
   * @returns a promise that resolves when {@link isBlocked} knows about all of them; each call returns the same one. It
   *   rejects if what decides can't be loaded; a later call tries again.
   */
  start(): Promise<void>;
  /**
   * Decides what must be decided before sessions may be used.
   * @returns a promise that resolves when that is done; `undefined` if there is nothing to decide.
   */
  evaluateBeforeUse(): Promise<void> | undefined;
  /** Returns whether a session must be neither handed out nor refreshed at the moment; from memory, at once. */
  isBlocked(record: SessionRecord): boolean;
  /** Called when a person has signed in, as soon as the session is listed. */
  onSignIn(): void;
}
