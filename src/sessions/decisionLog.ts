// Logs what is decided about a session, and why: each decision once, not at each tick.
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
   * Logs a decision, unless the latest one about the same session or provider was the same.
   * @param about the id of a session or of a provider.
   * @param key what makes it this decision, without what changes by the passing of time alone.
   * @param message called only if it's logged.
   */
  logOnce(about: string, key: string, message: () => string, level: 'debug' | 'info' = 'debug'): void {
    if (this.#latest.get(about) !== key) {
      this.#latest.set(about, key);
      this.#log[level](message());
    }
  }
}

/** How long a session's access token still works or since when it doesn't, and how that is known. */
export function describeToken(session: LiveSession, now: number): string {
  const { accessExpiresAt } = tokenLifetimes(session.record);
  const { ended, expirySource } = session.record;
  const own = sessionTime(session, now);
  const seconds = (time: number): number => Math.round(time / SECOND);
  const end = ended === undefined ? '' : `the session ended ${seconds(own - ended.at)} s ago (${ended.code}), `;
  if (accessExpiresAt === undefined) {
    return 'the server never said when the token expires';
  }
  const left = accessExpiresAt - own;
  const source = ended === undefined ? ` (${expirySource})` : '';
  return `${end}the token ${left > 0 ? `works for ${seconds(left)} s more` : `expired ${seconds(-left)} s ago`}${source}`;
}
