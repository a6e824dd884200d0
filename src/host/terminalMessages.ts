// The texts about programs in the terminal that use a session.
import * as vscode from 'vscode';

const { l10n } = vscode;

/** What a program requests. */
export interface TerminalQuestion {
  readonly provider: string;
  readonly account: string;
  /** The name of the workspace; undefined if there is none. */
  readonly workspace: string | undefined;
  /** Whether the program runs in a terminal of this window. */
  readonly isOwnTerminal: boolean;
  /** The scopes, if the program requests others than the configured ones. */
  readonly scopes: readonly string[] | undefined;
}

/** Asks whether a program may use a session. */
export function consentQuestion({ account, isOwnTerminal, provider, scopes, workspace }: TerminalQuestion): string {
  const question = !isOwnTerminal
    ? l10n.t({
        message: 'A program outside the terminals of this window requests access to {0} ({1}).',
        args: [provider, account],
        comment: ['{0} is the name of an identity server, {1} is an account.'],
      })
    : workspace === undefined
      ? l10n.t({
          message: 'A program in the terminal requests access to {0} ({1}).',
          args: [provider, account],
          comment: ['{0} is the name of an identity server, {1} is an account.'],
        })
      : l10n.t({
          message: 'A program in the terminal of "{0}" requests access to {1} ({2}).',
          args: [workspace, provider, account],
          comment: ['{0} is a workspace, {1} is the name of an identity server, {2} is an account.'],
        });
  return scopes === undefined
    ? question
    : l10n.t({
        message: '{0} Scopes: {1}',
        args: [question, scopes.join(' ')],
        comment: ['{0} is a sentence.'],
      });
}

/** Asks whether the user signs in because a program requests it. */
export const signInQuestion = (provider: string): string =>
  l10n.t('A program in the terminal requests that you sign in to {0}.', provider);

/** Allows it in this workspace from now on. */
export const allowForWorkspace = (): string => l10n.t('Allow for This Workspace');
/** Allows it for one request. */
export const allowOnce = (): string => l10n.t('Allow Once');
/** Denies it until the window closes. */
export const deny = (): string => l10n.t('Deny');

// What the command prints.

/** The user denied the access. */
export const denied = (provider: string): string =>
  l10n.t(
    'Access to {0} was denied. To change this, run "Session Keeper: Manage Terminal Access…" in VS Code.',
    provider,
  );
/** The user didn't answer in time. */
export const noAnswer = (): string => l10n.t('There was no answer in VS Code. Allow access there, and try again.');
/** The workspace isn't trusted. */
export const untrustedWorkspace = (): string =>
  l10n.t('The workspace isn\'t trusted. Run "Workspaces: Manage Workspace Trust" in VS Code.');
/** No provider has this ID. */
export const unknownProvider = (id: string, known: readonly string[]): string =>
  known.length === 0
    ? l10n.t('No providers are configured. Run "Session Keeper: Add Provider…" in VS Code.')
    : l10n.t({
        message: 'No provider has the ID "{0}". Configured providers: {1}',
        args: [id, known.join(', ')],
        comment: ['{1} is a list of IDs.'],
      });
/** There is no session. */
export const signedOut = (provider: string, id: string): string =>
  l10n.t({
    message: 'You\'re signed out of {0}. Run "session-keeper login {1}", or add --sign-in.',
    args: [provider, id],
    comment: ['{1} is the ID of the provider. "session-keeper login" and "--sign-in" are commands.'],
  });
/** No session has the requested scopes or account. */
export const noMatchingSession = (provider: string): string =>
  l10n.t({
    message: 'No session of {0} has this account and these scopes. To sign in, add --sign-in.',
    args: [provider],
    comment: ['"--sign-in" is an option of a command.'],
  });
/** Several accounts are signed in. */
export const severalAccounts = (provider: string, accounts: readonly string[]): string =>
  l10n.t({
    message: 'Several accounts are signed in to {0}. Add --account with one of: {1}',
    args: [provider, accounts.join(', ')],
    comment: ['{1} is a list of accounts. "--account" is an option of a command.'],
  });
/** The token is DPoP-bound, so it can't be used alone. */
export const boundToken = (provider: string): string =>
  l10n.t({
    message: 'The access token of {0} is DPoP-bound. Use "session-keeper headers" for each request.',
    args: [provider],
    comment: ['"session-keeper headers" is a command.'],
  });
/** The request doesn't follow the protocol, or its URL isn't secure. */
export const invalidRequest = (): string =>
  l10n.t('The request is invalid. A URL must use https: or a loopback address.');

// Manage Terminal Access…

/** Offers to turn it on. */
export const offerToTurnOn = (): string =>
  l10n.t({
    message: "Programs in the terminal can use your sessions with the command session-keeper. You're asked first.",
    comment: ['"session-keeper" is the name of a command.'],
  });
/** Turns it on. */
export const turnOn = (): string => l10n.t('Turn On Terminal Access');
/** Turns it off. */
export const turnOff = (): string => l10n.t('Turn Off Terminal Access');
/** It was turned on. */
export const turnedOn = (): string =>
  l10n.t({
    message: 'Terminal access is on. Open a new terminal, and run session-keeper list.',
    comment: ['"session-keeper list" is a command.'],
  });
/** It couldn't be turned on. */
export const couldNotListen = (): string =>
  l10n.t("Couldn't turn on terminal access because there's no private folder for it. See the log.");
/** The terminals of this window belong to another computer. */
export const remoteTerminals = (): string =>
  l10n.t(
    'The terminals of this window run on a remote host. To use your sessions there, install Session Keeper there.',
  );
/** Describes the environment variables of the terminal. */
export const variablesDescription = (): string =>
  l10n.t({
    message: 'Adds the command session-keeper, with which programs can request access to your sessions.',
    comment: ['"session-keeper" is the name of a command.'],
  });
/** The administrator has turned it off. */
export const turnedOffByOrganization = (): string => l10n.t('Terminal access is turned off by your organization.');
/** Title of the list of permissions. */
export const manageTitle = (): string => l10n.t('Programs in the terminals of this workspace');
/** Placeholder of the list of permissions. */
export const managePlaceholder = (): string => l10n.t('Select a permission to remove it');
/** A permission. */
export const allowed = (): string => l10n.t('Allowed for this workspace');
/** A denial. */
export const deniedUntilClosed = (): string => l10n.t('Denied until the window closes');
