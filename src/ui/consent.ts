// Ask for Consent: for servers that issue a refresh token only after the user has consented.
import * as vscode from 'vscode';
import { mayLackConsent, promptWithConsent } from '../core/consent.ts';
import type { SignInMethod } from '../core/provider.ts';
import { loginHintOf, type SessionRecord } from '../core/session.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import type { ActionTarget } from './recoveryActions.ts';
import type { NotificationCenter } from './notificationCenter.ts';
import { changeEntry } from '../host/changeSettings.ts';
import type { Settings } from '../host/settings.ts';
import type { SignInController } from '../auth/signInController.ts';
import * as notification from '../host/notificationMessages.ts';

/** What asking for consent depends on. */
export interface ConsentDependencies {
  readonly signInController: SignInController;
  readonly sessionManager: SessionManager;
  readonly settings: Settings;
  readonly notifications: () => NotificationCenter;
}

interface ActionTargets {
  targetForSession(record: SessionRecord): ActionTarget;
  targetForProvider(providerId: string): ActionTarget;
}

/**
 * Signs in again with the account and the scopes of a session that has no refresh token, so that the server asks for
 * consent. If the server then issues a refresh token, the provider's entry is changed to ask at every sign-in.
 */
export async function askForConsent(
  { providerId, sessionId }: ActionTarget,
  dependencies: ConsentDependencies,
  targets: ActionTargets,
  method?: SignInMethod,
): Promise<void> {
  const { signInController, sessionManager, notifications, settings } = dependencies;
  const provider = settings.provider(providerId);
  const records = sessionManager.getAll(providerId).map(({ record }) => record);
  const record =
    records.find(({ id }) => id === sessionId) ?? records.find((candidate) => mayLackConsent(candidate, provider));
  if (provider === undefined || record === undefined) {
    await targets.targetForProvider(providerId).signIn();
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
    const target = targets.targetForSession(record);
    const retry = (other?: SignInMethod): Promise<void> =>
      askForConsent(target, dependencies, targets, other ?? method);
    notifications().reportFailure(error, { ...target, signIn: retry, retry });
    return;
  }
  try {
    await changeEntry(settings, providerId, ({ authorizationParameters }) => ({
      authorizationParameters: { ...(authorizationParameters as object | undefined), prompt },
    }));
    void vscode.window.showInformationMessage(notification.refreshTokenAfterConsent(provider.label));
  } catch {
    void vscode.window.showErrorMessage(notification.entryNotSaved(provider.label));
  }
}
