// The texts of notifications.
import * as vscode from 'vscode';
import { MINUTE } from '../core/clock.ts';
import { formatDuration } from './formatting.ts';
import type { TlsDisabledBy } from './tlsVerification.ts';

const { l10n } = vscode;

/** A sign-in succeeded. */
export const signedIn = (provider: string, account: string): string =>
  l10n.t('Signed in to {0} as {1}.', provider, account);
/** A sign-out succeeded. */
export const signedOut = (provider: string, account: string): string =>
  l10n.t('Signed out of {0} as {1}.', provider, account);
/** A sign-out succeeded here, but the server didn’t confirm it. */
export const signedOutUnconfirmed = (provider: string): string =>
  l10n.t('Signed out of {0} in VS Code. The server hasn’t confirmed it yet; Session Keeper will try again.', provider);
/** A session was signed out, and its server has no way to revoke tokens. */
export const signedOutWithoutRevocation = (provider: string): string =>
  l10n.t('Signed out of {0} in VS Code. The server can’t revoke tokens, so they work until they expire.', provider);
/** A sign-out succeeded, but the stored session couldn’t be deleted. */
export const signedOutNotDeleted = (provider: string): string =>
  l10n.t(
    'You are signed out of {0}, but the stored session could not be deleted and may come back after a restart.',
    provider,
  );
/** A renewal that the user requested succeeded. */
export const renewed = (provider: string, account: string): string =>
  l10n.t('The session of {1} at {0} is renewed.', provider, account);
/** A session ends soon. Shows a point in time, because it may be read long after it was shown. */
export const endsSoon = (provider: string, account: string, at: string): string =>
  l10n.t('Your session of {1} at {0} ends at {2}. Sign in again now to go on without a break.', provider, account, at);
/** A session will be signed out due to inactivity, and when. */
export const idleWarning = (provider: string, at: string): string =>
  l10n.t('You will be signed out of {0} at {1} because nobody is active.', provider, at);
/** A session was signed out after this many ms of inactivity. */
export const signedOutIdle = (provider: string, timeout: number): string =>
  l10n.t('You were signed out of {0} after {1} without activity.', provider, formatDuration(timeout));
/** The same, but the server didn’t confirm it. */
export const signedOutIdleUnconfirmed = (provider: string, timeout: number): string =>
  l10n.t(
    'You were signed out of {0} in VS Code after {1} of inactivity. The server hasn’t confirmed it yet; Session Keeper will try again.',
    provider,
    formatDuration(timeout),
  );
/** The same, and its server has no way to revoke tokens. */
export const signedOutIdleWithoutRevocation = (provider: string, timeout: number): string =>
  l10n.t(
    'You were signed out of {0} in VS Code after {1} of inactivity. The server can’t revoke tokens, so they work until they expire.',
    provider,
    formatDuration(timeout),
  );
/** No provider is configured. */
export const noProvider = (): string =>
  l10n.t('No provider is set up yet. Add one: an issuer and a client id are all it takes.');
/** This window can’t coordinate with the others. */
export const syncDisabled = (): string =>
  l10n.t(
    'Session Keeper cannot write to its folder: is the disk full, or read-only? Until it can, windows do not know of each other. Keep one open.',
  );
/** This window doesn’t use the shared folder at a path, because it’s a link or belongs to another user. */
export const folderRefused = (path: string, isLink: boolean): string =>
  isLink
    ? l10n.t(
        'Session Keeper does not use its folder {0}, because it is a link. Delete the link, then reload all windows. Until then, windows do not know of each other. Keep one open.',
        path,
      )
    : l10n.t(
        'Session Keeper does not use its folder {0}, because it belongs to another user of this computer. Make yourself its owner, or delete it, then reload all windows. Until then, windows do not know of each other. Keep one open.',
        path,
      );
/** The latest tokens are in memory only. */
export const tokensNotSaved = (provider: string): string =>
  l10n.t(
    'The newest tokens of {0} could not be stored. You stay signed in; a restart could lose them. Storing is tried again. Is the keyring of this computer unlocked?',
    provider,
  );
/** TLS certificates aren’t verified, because of a setting or of the environment. */
export const tlsDisabled = (by: TlsDisabledBy): string =>
  by === 'setting'
    ? l10n.t(
        'TLS certificates aren’t verified because "http.proxyStrictSSL" is off. Others on your network could read your tokens.',
      )
    : l10n.t(
        'TLS certificates aren’t verified because NODE_TLS_REJECT_UNAUTHORIZED is 0. Others on your network could read your tokens. Remove the variable and restart VS Code.',
      );
/** The clocks of this computer and of the server differ. `skew` is how far the server’s clock is ahead, in ms. */
export const clockSkew = (provider: string, skew: number): string =>
  skew > 0
    ? l10n.t(
        'The clock of this computer is {1} behind that of {0}. Check its date, time and time zone.',
        provider,
        formatDuration(skew),
      )
    : l10n.t(
        'The clock of this computer is {1} ahead of that of {0}. Check its date, time and time zone.',
        provider,
        formatDuration(-skew),
      );
/** The difference of the clocks, in ms, as just measured; undefined if it couldn’t be measured. */
export const clockComparison = (provider: string, skew: number | undefined, at: string): string =>
  skew === undefined
    ? l10n.t(
        'The clocks could not be compared, because no answer of {0} tells the time. On this computer it is {1}.',
        provider,
        at,
      )
    : Math.abs(skew) < MINUTE
      ? l10n.t('The clocks of this computer and of {0} agree, as measured at {1}.', provider, at)
      : l10n.t('{0} Measured at {1}.', clockSkew(provider, skew), at);
/** A kind of notification was muted. */
export const kindMuted = (): string =>
  l10n.t('You will not be told of this kind of thing any more. The settings can undo that.');
/** A client secret was saved. */
export const clientSecretSaved = (provider: string): string =>
  l10n.t('The client secret for {0} is kept in the secret storage.', provider);
/** A client secret was removed. */
export const clientSecretRemoved = (provider: string): string =>
  l10n.t('The client for {0} has no secret any more.', provider);
/** A redirect URI that the server must accept with any port was copied. */
export const redirectUriForAnyPortCopied = (uri: string, provider: string): string =>
  l10n.t(
    'Copied {0}. Add it to your client at {1} as a redirect URI for any port. If the server compares ports, use a fixed port instead.',
    uri,
    provider,
  );
/** Redirect URIs were copied; each must be registered exactly as it is. */
export const redirectUrisCopied = (uris: string, provider: string): string =>
  l10n.t('Copied {0}. Add to your client at {1} as a redirect URI, exactly as shown.', uris, provider);
/** Follows one of these two: the post-logout redirect URIs to register. */
export const postLogoutUris = (uris: string): string => l10n.t('Also add {0} as a post-logout redirect URI.', uris);
/** The browser hasn’t returned for a while. */
export const stillWaiting = (provider: string, uri: string): string =>
  l10n.t(
    'Still waiting for your browser. If {0} shows an error or a blank page, it may not accept this redirect URI: {1}.',
    provider,
    uri,
  );
/** The settings of a provider couldn’t be written. */
export const entryNotSaved = (provider: string): string =>
  l10n.t('Couldn’t change the settings of {0}. Check settings.json for errors or unsaved changes.', provider);
/** A sign-in got no refresh token, although it requested one. */
export const noRefreshToken = (provider: string, account: string): string =>
  l10n.t(
    '{0} didn’t issue a refresh token for {1}, so the session can’t be renewed. The server may need your consent first.',
    provider,
    account,
  );
/** Asking for consent got a refresh token. */
export const refreshTokenAfterConsent = (provider: string): string =>
  l10n.t('Your {0} session can be renewed now. Session Keeper will ask for consent whenever you sign in.', provider);
/** Asking for consent got no refresh token. */
export const noRefreshTokenAfterConsent = (provider: string): string =>
  l10n.t(
    '{0} didn’t issue a refresh token after asking for consent either. Allow refresh tokens (offline access) for this client at the server.',
    provider,
  );
/** There is no session for a command. */
export const noSession = (): string => l10n.t('Nobody is signed in.');
