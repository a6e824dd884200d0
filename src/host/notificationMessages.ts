// The texts of notifications.
import * as vscode from 'vscode';
import { MINUTE } from '../core/clock.ts';
import { formatDuration, formatList } from './formatting.ts';
import type { TlsDisabledBy } from './tlsVerification.ts';

const { l10n } = vscode;

/** A sign-in succeeded. */
export const signedIn = (provider: string, account: string): string =>
  l10n.t('Signed in to {0} as {1}.', provider, account);
/** A sign-out succeeded. */
export const signedOut = (provider: string, account: string | undefined): string =>
  account === undefined
    ? l10n.t('Signed out of {0}.', provider)
    : l10n.t({
        message: 'Signed out of {0} ({1}).',
        args: [provider, account],
        comment: ['{1} is an account.'],
      });
/** A sign-out succeeded here, but the server didn't confirm it. */
export const signedOutUnconfirmed = (provider: string): string =>
  l10n.t("Signed out of {0} in VS Code, but the server didn't confirm. Session Keeper will try again.", provider);
/** A session was signed out, and its server has no way to revoke tokens. */
export const signedOutWithoutRevocation = (provider: string): string =>
  l10n.t(
    "Signed out of {0} in VS Code. The server can't revoke tokens, so they remain valid until they expire.",
    provider,
  );
/** A sign-out succeeded, but the stored session couldn't be deleted. */
export const signedOutNotDeleted = (provider: string): string =>
  l10n.t("Signed out of {0}, but the stored session couldn't be deleted. It may return after a restart.", provider);
/** A renewal that the user requested succeeded. */
export const renewed = (provider: string, account: string): string =>
  l10n.t({
    message: 'Renewed your {0} session ({1}).',
    args: [provider, account],
    comment: ['{1} is an account.'],
  });
/** A session ends soon. Shows a point in time, because it may be read long after it was shown. */
export const endsSoon = (provider: string, account: string, at: string): string =>
  l10n.t({
    message: 'Your {0} session ({1}) expires at {2}. Sign in again to avoid interruption.',
    args: [provider, account, at],
    comment: ['{1} is an account, {2} is a time.'],
  });
/** A session will be signed out due to inactivity, and when. */
export const idleWarning = (provider: string, at: string): string =>
  l10n.t({
    message: "You'll be signed out of {0} at {1} due to inactivity.",
    args: [provider, at],
    comment: ['{1} is a time.'],
  });
/** A session was signed out after this many ms of inactivity. */
export const signedOutIdle = (provider: string, timeout: number): string =>
  l10n.t({
    message: 'You were signed out of {0} after {1} of inactivity.',
    args: [provider, formatDuration(timeout)],
    comment: ['{1} is a duration such as "30 minutes".'],
  });
/** A session was signed out due to inactivity, but the server didn't confirm it. */
export const signedOutIdleUnconfirmed = (provider: string, timeout: number): string =>
  l10n.t({
    message: "You were signed out of {0} after {1} of inactivity. The server hasn't confirmed it yet. Retrying.",
    args: [provider, formatDuration(timeout)],
    comment: ['{1} is a duration such as "30 minutes".'],
  });
/** A session was signed out due to inactivity, and its server can't revoke tokens. */
export const signedOutIdleWithoutRevocation = (provider: string, timeout: number): string =>
  l10n.t({
    message: "You were signed out of {0} after {1} of inactivity. Tokens can't be revoked and work until they expire.",
    args: [provider, formatDuration(timeout)],
    comment: ['{1} is a duration such as "30 minutes".'],
  });
/** No provider is configured. */
export const noProvider = (): string => l10n.t('No providers are configured. Add one to get started.');
/** This window can't coordinate with the others. */
export const syncDisabled = (): string =>
  l10n.t("Session Keeper can't write to its storage folder. Until this is fixed, use only one VS Code window.");
/** This window doesn't use the shared folder at a path, because it's a link or belongs to another user. */
export const folderRefused = (path: string, isLink: boolean): string =>
  isLink
    ? l10n.t({
        message:
          "The storage folder {0} isn't used because it's a symbolic link. Delete the link and reload all windows. Until then, use only one window.",
        args: [path],
        comment: ['{0} is a path.'],
      })
    : l10n.t({
        message:
          "The storage folder {0} isn't used because another user owns it. Change its owner or delete it, and reload all windows. Until then, use only one window.",
        args: [path],
        comment: ['{0} is a path.'],
      });
/** The latest tokens are in memory only. */
export const tokensNotSaved = (provider: string): string =>
  l10n.t(
    "Couldn't save your latest {0} tokens. They will be lost if VS Code restarts. Make sure your keyring is unlocked.",
    provider,
  );
/** TLS certificates aren't verified, because of a setting or of the environment. */
export const tlsDisabled = (by: TlsDisabledBy): string =>
  by === 'setting'
    ? l10n.t(
        'TLS certificates aren\'t verified because "http.proxyStrictSSL" is off. Others on your network could read your tokens.',
      )
    : l10n.t(
        "TLS certificates aren't verified because NODE_TLS_REJECT_UNAUTHORIZED is 0. Others on your network could read your tokens. Remove the variable and restart VS Code.",
      );
/** The clocks of this computer and of the server differ. `skew` is how far the server's clock is ahead, in ms. */
export const clockSkew = (provider: string, skew: number): string =>
  skew > 0
    ? l10n.t({
        message: "Your computer's clock is {1} behind {0}. Check your date, time, and time zone.",
        args: [provider, formatDuration(skew)],
        comment: ['{1} is a duration such as "10 minutes".'],
      })
    : l10n.t({
        message: "Your computer's clock is {1} ahead of {0}. Check your date, time, and time zone.",
        args: [provider, formatDuration(-skew)],
        comment: ['{1} is a duration such as "10 minutes".'],
      });
/** Whether the clocks differ so little that they're considered the same. `skew` is in ms; undefined if it couldn't be measured. */
const isSameTime = (skew: number | undefined): boolean => skew !== undefined && Math.abs(skew) < MINUTE;
/** The difference of the clocks, in ms, as just measured; undefined if it couldn't be measured. */
export const clockComparison = (provider: string, skew: number | undefined, at: string): string =>
  skew === undefined
    ? l10n.t({
        message: "Couldn't compare clocks because {0} didn't report a time. Your computer's time is {1}.",
        args: [provider, at],
        comment: ['{1} is a time.'],
      })
    : isSameTime(skew)
      ? l10n.t({
          message: "Your computer's clock matches {0} (measured at {1}).",
          args: [provider, at],
          comment: ['{1} is a time.'],
        })
      : l10n.t({
          message: '{0} Measured at {1}.',
          args: [clockSkew(provider, skew), at],
          comment: ['{0} is a complete message, {1} is a time.'],
        });
/** A kind of notification was muted. */
export const kindMuted = (): string =>
  l10n.t("You won't see this notification again. You can change this in Settings.");
/** A client secret was saved. */
export const clientSecretSaved = (provider: string): string => l10n.t('Client secret for {0} saved.', provider);
/** A client secret was removed. */
export const clientSecretRemoved = (provider: string): string => l10n.t('Client secret for {0} removed.', provider);
/** Redirect URIs that the server must accept with any port were copied. */
export const redirectUrisForAnyPortCopied = (uris: readonly string[], provider: string): string =>
  l10n.t({
    message:
      'Copied {0}. Add it to the redirect URIs of your client at {1}, for any port. If the server compares ports, use a fixed port.',
    args: [formatList(uris), provider],
    comment: ['{0} is one or more URIs.'],
  });
/** Redirect URIs were copied; each must be registered exactly as it is. */
export const redirectUrisCopied = (uris: readonly string[], provider: string): string =>
  uris.length > 1
    ? l10n.t({
        message: 'Copied {0}. Add them to the redirect URIs of your client at {1}, exactly as shown.',
        args: [formatList(uris), provider],
        comment: ['{0} is two or more URIs.'],
      })
    : l10n.t({
        message: 'Copied {0}. Add it to the redirect URIs of your client at {1}, exactly as shown.',
        args: [formatList(uris), provider],
        comment: ['{0} is a URI.'],
      });
/** Follows one of these two: the post-logout redirect URIs to register. */
export const postLogoutUris = (uris: readonly string[]): string =>
  l10n.t({
    message: 'Also add {0} to its post-logout redirect URIs.',
    args: [formatList(uris)],
    comment: ['{0} is one or more URIs.'],
  });
/** The browser hasn't returned for a while. */
export const stillWaiting = (provider: string, uri: string): string =>
  l10n.t({
    message:
      'Still waiting for your browser. If {0} shows an error, check the client ID and register this redirect URI: {1}.',
    args: [provider, uri],
    comment: ['{0} is a provider.'],
  });
/** The settings of a provider couldn't be written. */
export const entryNotSaved = (provider: string): string =>
  l10n.t("Couldn't change the settings of {0}. Check settings.json for errors or unsaved changes.", provider);
/** A sign-in got no refresh token, although it requested one. */
export const noRefreshToken = (provider: string, account: string): string =>
  l10n.t({
    message:
      "Your {0} session ({1}) can't be renewed because the server didn't issue a refresh token. It may require your consent.",
    args: [provider, account],
    comment: ['{1} is an account.'],
  });
/** Asking for consent got a refresh token. */
export const refreshTokenAfterConsent = (provider: string): string =>
  l10n.t('Your {0} session is now renewable. Each sign-in asks for consent.', provider);
/** Asking for consent got no refresh token. */
export const noRefreshTokenAfterConsent = (provider: string): string =>
  l10n.t(
    "{0} didn't issue a refresh token, even with your consent. Allow refresh tokens (offline access) for this client at the server.",
    provider,
  );
/** There is no session for a command. */
export const noSession = (): string => l10n.t("You're not signed in.");
