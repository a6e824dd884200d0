// Decides whether sessions may be used at all. Callers don't know the reason.
import type { SessionRecord } from '../core/session.ts';

/** Decides whether sessions may be used. Only {@link start} may reject. */
export interface SessionGate {
  /**
   * Prepares the gate. Called after the stored sessions were read and before any of them is used.
   * @returns a promise that resolves when {@link isBlocked} knows about all of them; each call returns the same one. It
   * rejects if loading fails; a later call tries again.
   */
  start(): Promise<void>;
  /**
   * Completes decisions that are due before sessions may be used.
   * @returns a promise that resolves afterwards; `undefined` if there is nothing to decide.
   */
  evaluateBeforeUse(): Promise<void> | undefined;
  /** Returns whether a session must be neither returned to callers nor refreshed now. Answers from memory. */
  isBlocked(record: SessionRecord): boolean;
  /** Called after a sign-in, as soon as the session is listed. */
  onSignIn(): void;
}
