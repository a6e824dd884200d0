// The notification that TLS certificates aren't verified, so that others can read the tokens. It's shown once, and again
// only after they were verified in the meantime.
import * as vscode from 'vscode';
import type { Disposable } from '../core/clock.ts';
import * as button from '../host/buttonLabels.ts';
import { tlsDisabled } from '../host/notificationMessages.ts';
import { openSettings } from '../host/openSettings.ts';
import type { Settings } from '../host/settings.ts';
import { STRICT_SSL, getTlsDisabledBy } from '../host/tlsVerification.ts';
import type { NotificationClaims } from '../locking/notificationClaims.ts';
import type { SessionNotification } from './sessionNotifications.ts';

/** What the notification depends on. */
export interface TlsNotificationDependencies {
  readonly env: NodeJS.ProcessEnv;
  readonly settings: Pick<Settings, 'providers'>;
  readonly notificationClaims: Pick<NotificationClaims, 'forget'>;
}

const KIND = 'tls';
const ID = 'certificates';

/** Returns the notification if it applies now: tokens are sent only if there is a provider. */
export function getTlsNotifications({ env, settings }: TlsNotificationDependencies): SessionNotification[] {
  const disabledBy = settings.providers.length === 0 ? undefined : getTlsDisabledBy(env);
  if (disabledBy === undefined) {
    return [];
  }
  return [
    {
      kind: KIND,
      id: ID,
      since: 0,
      variant: disabledBy,
      message: tlsDisabled(disabledBy),
      actions: disabledBy === 'setting' ? [{ label: button.openSettings(), run: () => openSettings(STRICT_SSL) }] : [],
    },
  ];
}

/**
 * Watches the setting, and calls back when it has changed. If certificates are verified now, also forgets that the
 * notification was shown by an earlier window.
 */
export function watchTlsVerification(dependencies: TlsNotificationDependencies, onDidChange: () => void): Disposable {
  if (getTlsDisabledBy(dependencies.env) === undefined) {
    void dependencies.notificationClaims.forget(ID, KIND);
  }
  return vscode.workspace.onDidChangeConfiguration((change) =>
    change.affectsConfiguration(STRICT_SSL) ? onDidChange() : undefined,
  );
}
