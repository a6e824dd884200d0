// What a person is told of idle time: that a session is going to be signed out, and that it was.
import * as vscode from 'vscode';
import type { Clock, Disposable } from '../core/clock.ts';
import type { SessionRecord } from '../core/session.ts';
import type { Idleness } from '../sessions/idleness.ts';
import * as text from './text.ts';

/** What the notices work with. */
export interface IdleNoticesPorts {
  readonly clock: Clock;
  readonly idleness: Idleness;
  /** What people call a provider. */
  nameOf(providerId: string): string;
  /** Signs in with the account and the scopes of a session that is over. */
  signInAgain(record: SessionRecord): Promise<void>;
}

/** Tells the person, until the result is disposed of. */
export function tellOfIdleTime(ports: IdleNoticesPorts): Disposable {
  const { clock, idleness } = ports;
  const listening = [
    idleness.onDidWarn(({ record, endsAt }) => {
      const words = text.sayIdle(ports.nameOf(record.providerId), endsAt - clock.now());
      void vscode.window.showWarningMessage(words, text.labelStaySignedIn()).then((chosen) => {
        if (chosen !== undefined) {
          idleness.noteActivity();
        }
      });
    }),
    idleness.onDidSignOut(({ record, after }) => {
      const words = text.saySignedOutIdle(ports.nameOf(record.providerId), after);
      void vscode.window.showInformationMessage(words, text.labelSignIn()).then((chosen) => (chosen === undefined ? undefined : ports.signInAgain(record)));
    }),
  ];
  return { dispose: () => listening.forEach((one) => one.dispose()) };
}
