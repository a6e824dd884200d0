// A refresh that was sent is listened to as long as its answer can come. Only its callers are released at the deadline.
import { SECOND, setDeadline, type Clock } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { REFRESH_LIMIT, type RefreshResponse } from '../protocol/refresh.ts';
import type { Transport } from '../protocol/transport.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import type { RunningRefresh } from './runningRefresh.ts';
import type { RefreshBackoff } from './refreshBackoff.ts';

/** What waiting needs from around it. */
export interface AwaitAnswerDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly liveSessions: LiveSessions;
  readonly transport: Transport;
}

/** The refresh that waits. */
export interface WaitingRefresh {
  /** The id of the session. */
  readonly id: string;
  readonly refresh: RunningRefresh;
  /** Whether the session is still the one that the refresh is about. */
  readonly isCurrent: () => boolean;
}

/**
 * Sends a refresh and waits for its answer as long as it takes. Once the deadline has passed, the callers are released,
 * and this window and the others know why.
 * @throws Failure what the request ends with.
 */
export async function awaitAnswer(
  { clock, log, liveSessions, transport }: AwaitAnswerDependencies,
  tries: RefreshBackoff,
  { id, isCurrent, refresh }: WaitingRefresh,
  send: () => Promise<RefreshResponse>,
): Promise<RefreshResponse> {
  await tries.endListening(id);
  const sentAt = clock.now();
  // An object, because what happens in the callback is hidden from the compiler's flow analysis.
  const state = { isLate: false };
  const timer = setDeadline(clock, transport.deadline, () => {
    state.isLate = true;
    const failure = new Failure('network', 'deadline');
    refresh.release(failure);
    const session = liveSessions.get(id);
    if (session !== undefined && isCurrent()) {
      void tries.recordPendingAnswer(session, failure, sentAt + REFRESH_LIMIT);
    }
  });
  try {
    const answer = await send();
    if (state.isLate) {
      log.info(
        `Session ${id.slice(0, 8)}: the server answered after ${Math.round((clock.now() - sentAt) / SECOND)} s. The answer is used.`,
      );
    }
    return answer;
  } finally {
    timer.dispose();
    // What is left to do takes no time worth mentioning.
    refresh.hold();
  }
}
