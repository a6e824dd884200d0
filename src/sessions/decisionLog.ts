// Logs decisions about a session and their reasons, each once rather than at each tick.
import { SECOND } from '../core/clock.ts';
import { tokenLifetimes } from '../core/session.ts';
import { sessionTime, type LiveSession } from '../core/status.ts';
import type { Log } from '../core/log.ts';

/** Logs decisions, each once. */
export class DecisionLog {
  readonly #log: Log;
  readonly #latest = new Map<string, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Logs a decision, unless the last one about the same session or provider was the same.
   * @param about the ID of a session or of a provider.
   * @param key identifies the decision, without values that change only with time.
   * @param message called only if it's logged.
   */
  logOnce(about: string, key: string, message: () => string, level: 'debug' | 'info' = 'debug'): void {
    if (this.#latest.get(about) !== key) {
      this.#latest.set(about, key);
      this.#log[level](message());
    }
  }
}

/**
 * Describes how long a session's access token is still valid or since when it has expired, and the source of that
 * information.
 */
export function describeToken(session: LiveSession, now: number): string {
  const { accessExpiresAt } = tokenLifetimes(session.record);
  const { ended, expirySource } = session.record;
  const own = sessionTime(session, now);
  const seconds = (time: number): number => Math.round(time / SECOND);
  const end = ended === undefined ? '' : `the session ended ${seconds(own - ended.at)} s ago (${ended.code}), `;
  if (accessExpiresAt === undefined) {
    return 'token expiry not specified by the server';
  }
  const left = accessExpiresAt - own;
  const source = ended === undefined ? ` (${expirySource})` : '';
  return `${end}the token ${left > 0 ? `is valid for ${seconds(left)} s` : `expired ${seconds(-left)} s ago`}${source}`;
}
