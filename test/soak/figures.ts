/** The figures of a run. */
export class Figures {
  simulations = 0;
  sessionDays = 0;
  /** Refresh tokens that reached the server, and those whose new tokens reached a window. */
  requests = 0;
  renewals = 0;
  served = 0;
  /** Sessions that ended without a sign-out, a revocation or a lost response. */
  unexpected = 0;
  readonly counts = new Map<string, number>();

  /** Counts something that has a kind: `kind: name`. */
  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  /** Returns everything of one kind, the most frequent first. */
  of(kind: string): [string, number][] {
    const prefix = `${kind}: `;
    return [...this.counts]
      .filter(([what]) => what.startsWith(prefix))
      .map(([what, count]): [string, number] => [what.slice(prefix.length), count])
      .sort(([, one], [, other]) => other - one);
  }

  /** Returns all figures as lines. */
  lines(): string[] {
    const list = (kind: string): string =>
      this.of(kind)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ') || 'none';
    return [
      `session-days         ${Math.round(this.sessionDays)} in ${this.simulations} simulations`,
      `network faults       ${list('fault')}`,
      `other faults         ${list('event')}`,
      `renewals             ${this.renewals}`,
      `requests per renewal ${(this.requests / Math.max(1, this.renewals)).toFixed(3)}`,
      `callers served       ${this.served}`,
      `callers refused      ${list('refused')}`,
      `sessions ended       ${list('over')}`,
      `windows when settled ${list('settled')}`,
      `unexpected sign-outs ${this.unexpected}`,
    ];
  }
}
