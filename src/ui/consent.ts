// Ask for Consent: for a server that issues a refresh token only after the person has consented.
import * as vscode from 'vscode';
import { mayLackConsent, promptWithConsent } from '../core/consent.ts';
import type { SignInMethod } from '../core/provider.ts';
import { loginHintOf, type SessionRecord } from '../core/session.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import type { ActionTarget } from './recoveryActions.ts';
import type { NotificationCenter } from './notificationCenter.ts';
import type { Settings } from '../host/settings.ts';
import type { SignInController } from '../auth/signInController.ts';
import * as notification from '../host/notificationMessages.ts';

/** What asking for consent works with. */
export interface ConsentDependencies {
  readonly signInController: SignInController;
  readonly sessionManager: SessionManager;
  readonly settings: Settings;
  readonly notifications: () => NotificationCenter;
}

/** What actions are about. */
interface Subjects {
  subjectOf(record: SessionRecord): ActionTarget;
  subjectAt(providerId: string): ActionTarget;
}

/**
 * Signs in again with the account and the scopes of a session that has no refresh token, and has the server ask for
 * consent. If that brings one, the entry asks for it at every sign-in from then on.
 */
export async function askForConsent(
  { providerId, sessionId }: ActionTarget,
  ports: ConsentDependencies,
  subjects: Subjects,
  method?: SignInMethod,
): Promise<void> {
  const { signInController, sessionManager, notifications, settings } = ports;
  const provider = settings.provider(providerId);
  const records = sessionManager.getAll(providerId).map(({ record }) => record);
  const record = records.find(({ id }) => id === sessionId) ?? records.find((one) => mayLackConsent(one, provider));
  if (provider === undefined || record === undefined) {
    await subjects.subjectAt(providerId).signIn();
    return;
  }
  const prompt = promptWithConsent(provider.authorizationParameters['prompt']);
  try {
    const { refreshToken } = await signInController.signIn(
      provider,
      record.scopes,
      { loginHint: loginHintOf(record), prompt },
      method,
    );
    if (refreshToken === undefined) {
      void vscode.window.showWarningMessage(notification.noRefreshTokenAfterConsent(provider.label));
      return;
    }
  } catch (error) {
    const subject = subjects.subjectOf(record);
    const again = (other?: SignInMethod): Promise<void> => askForConsent(subject, ports, subjects, other ?? method);
    notifications().reportFailure(error, { ...subject, signIn: again, retry: again });
    return;
  }
  try {
    await settings.changeEntry(providerId, ({ authorizationParameters }) => ({
      authorizationParameters: { ...(authorizationParameters as object | undefined), prompt },
    }));
    void vscode.window.showInformationMessage(notification.refreshTokenAfterConsent(provider.label));
  } catch {
    void vscode.window.showErrorMessage(notification.entryNotSaved(provider.label));
  }
}
