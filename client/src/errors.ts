// The errors with which a request for a session can fail, and what to do about each.
import { REACTIONS, type Reaction, type SessionKeeperErrorName } from './errorNames.ts';

/** An error of Session Keeper. Its message is for the user, in their language. VS Code passes on nothing else. */
export interface SessionKeeperError extends Error {
  readonly name: SessionKeeperErrorName;
}

/** No user is signed in, and the user may not be asked to. */
export class SignInRequiredError extends Error {
  override readonly name = 'SignInRequiredError';

  constructor(providerId: string) {
    super(`A sign-in to the authentication provider "${providerId}" is required.`);
  }
}

const PREFIX = 'SessionKeeper.';

/** Whether a value is an error of Session Keeper. Names that this version doesn't know count, too. */
export function isSessionKeeperError(error: unknown): error is SessionKeeperError {
  return error instanceof Error && error.name.startsWith(PREFIX);
}

/** Whether a later attempt can succeed without the user. */
export function isTemporary(error: unknown): boolean {
  return reactionTo(error) === 'retry';
}

/** Whether the user has to sign in: by a request for a session that may ask for it. */
export function needsSignIn(error: unknown): boolean {
  return error instanceof SignInRequiredError || reactionTo(error) === 'sign-in';
}

/** Whether the user decided against it, so that nothing should be shown or retried. */
export function isUserCancellation(error: unknown): boolean {
  return (
    reactionTo(error) === 'none' ||
    // VS Code's own errors: the user closed its question, or didn't allow the extension to use the account.
    (error instanceof Error &&
      (error.name === 'Canceled' || /^(?:Cancell?ed$|User did not consent)/u.test(error.message)))
  );
}

function reactionTo(error: unknown): Reaction | undefined {
  const reactions: Readonly<Record<string, Reaction | undefined>> = REACTIONS;
  return isSessionKeeperError(error) ? reactions[error.name] : undefined;
}
