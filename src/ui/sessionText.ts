// The text about a session in the status bar and in the list behind it.
import { shownState, type SessionStatus } from '../core/status.ts';
import { formatTime } from '../host/formatting.ts';
import * as statusBar from '../host/statusBarMessages.ts';

/**
 * Returns the state of a session, or the time until that changes.
 * @param name the label of its provider.
 * @param now the current time, in ms since the Unix epoch.
 */
export function sessionText(status: SessionStatus, name: string, now: number): string {
  const { session, countdown } = status;
  const left = (countdown?.to ?? now) - now;
  switch (shownState(status)) {
    case 'ended':
      return statusBar.ended(name);
    case 'needs-attention':
      return statusBar.needsAttention(name);
    case 'ending':
      return statusBar.endsSoon(name, left);
    case 'retrying':
      return session.nextAttemptAt === undefined || session.refreshing
        ? statusBar.retrying(name)
        : statusBar.retryingAt(name, formatTime(session.nextAttemptAt, now));
    case 'refreshing':
      return statusBar.renewing(name);
    case 'signing-in':
    case 'signed-in':
    case 'signed-out':
      return countdown === undefined
        ? statusBar.signedIn(name)
        : countdown.means === 'end'
          ? statusBar.endsIn(name, left)
          : statusBar.renewsIn(name, left);
  }
}
