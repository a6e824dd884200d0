// What the package exports.
export { createFetch, type FetchOptions } from './createFetch.ts';
export {
  isSessionKeeperError,
  isTemporary,
  isUserCancellation,
  needsSignIn,
  SignInRequiredError,
  type SessionKeeperError,
} from './errors.ts';
export type { SessionKeeperErrorName } from './errorNames.ts';
export type { SessionOptions } from './sessions.ts';
export {
  createTokenCredential,
  type AccessToken,
  type CredentialOptions,
  type GetTokenOptions,
  type TokenCredential,
} from './tokenCredential.ts';
export { watch, type SessionState, type SessionWatcher } from './watch.ts';
