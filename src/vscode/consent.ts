// Ask for Consent: for a server that issues a refresh token only after the person has consented.
import * as vscode from 'vscode';
import { mayLackConsent, promptWithConsent } from '../core/consent.ts';
import type { Way } from '../core/provider.ts';
import { loginHintOf, type SessionRecord } from '../core/session.ts';
import type { Keeper } from '../sessions/keeper.ts';
import type { Subject } from './actions.ts';
import type { Notifications } from './notifications.ts';
import type { Settings } from './settings.ts';
import type { SignInDesk } from './signInDesk.ts';
import * as text from './text.ts';

/** What asking for consent works with. */
export interface ConsentPorts {
  readonly desk: SignInDesk;
  readonly keeper: Keeper;
  readonly settings: Settings;
  readonly notifications: () => Notifications;
}

/** What actions are about. */
interface Subjects {
  subjectOf(record: SessionRecord): Subject;
  subjectAt(providerId: string): Subject;
}

/**
 * Signs in again with the account and the scopes of a session that has no refresh token, and has the server ask for
 * consent. If that brings one, the entry asks for it at every sign-in from then on.
 */
export async function askForConsent({ providerId, sessionId }: Subject, ports: ConsentPorts, subjects: Subjects, way?: Way): Promise<void> {
  const { desk, keeper, notifications, settings } = ports;
  const provider = settings.provider(providerId);
  const records = keeper.all(providerId).map(({ record }) => record);
  const record = records.find(({ id }) => id === sessionId) ?? records.find((one) => mayLackConsent(one, provider));
  if (provider === undefined || record === undefined) {
    await subjects.subjectAt(providerId).signIn();
    return;
  }
  const prompt = promptWithConsent(provider.authorizationParameters['prompt']);
  try {
    const { refreshToken } = await desk.signIn(provider, record.scopes, { loginHint: loginHintOf(record), prompt }, way);
    if (refreshToken === undefined) {
      void vscode.window.showWarningMessage(text.sayConsentDidNotHelp(provider.label));
      return;
    }
  } catch (error) {
    const subject = subjects.subjectOf(record);
    const again = (other?: Way): Promise<void> => askForConsent(subject, ports, subjects, other ?? way);
    notifications().reportFailure(error, { ...subject, signIn: again, retry: again });
    return;
  }
  try {
    await settings.changeEntry(providerId, ({ authorizationParameters }) => ({ authorizationParameters: { ...(authorizationParameters as object | undefined), prompt } }));
    void vscode.window.showInformationMessage(text.sayConsentHelped(provider.label));
  } catch {
    void vscode.window.showErrorMessage(text.sayEntryNotSaved(provider.label));
  }
}
