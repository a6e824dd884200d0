// What is decided about a session, and why, in the words of the log; the same decision is told once, not at each tick.
import { SECOND } from '../core/clock.ts';
import { tokenLifetimes } from '../core/session.ts';
import { sessionTime, type LiveSession } from '../core/status.ts';
import type { Log } from '../core/log.ts';

/** Tells decisions, each once. */
export class DecisionLog {
  readonly #log: Log;
  readonly #latest = new Map<string, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Tells a decision, unless the latest one about the same thing was the same.
   * @param about what it is about: the id of a session or of a provider.
   * @param key what makes it this decision; what changes by the passing of time alone is not in it.
   * @param level how much of the log a person has to see to be told of it.
   */
  tell(about: string, key: string, words: () => string, level: 'debug' | 'info' = 'debug'): void {
    if (this.#latest.get(about) !== key) {
      this.#latest.set(about, key);
      this.#log[level](words());
    }
  }
}

/** How long a session's access token still works or since when it does not, and where that is known from. */
export function describeToken(session: LiveSession, now: number): string {
  const { accessExpiresAt } = tokenLifetimes(session.record);
  const { ended, expirySource } = session.record;
  const own = sessionTime(session, now);
  const seconds = (time: number): number => Math.round(time / SECOND);
  const verdict = ended === undefined ? '' : `the session ended ${seconds(own - ended.at)} s ago (${ended.code}), `;
  if (accessExpiresAt === undefined) {
    return 'the server never said when the token expires';
  }
  const left = accessExpiresAt - own;
  const source = ended === undefined ? ` (${expirySource})` : '';
  return `${verdict}the token ${left > 0 ? `works for ${seconds(left)} s more` : `expired ${seconds(-left)} s ago`}${source}`;
}
