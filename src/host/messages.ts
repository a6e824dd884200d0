// The sentences that a person reads, each a function of its own, so that the bundle can shorten its name. `l10n` is
// taken apart from `vscode` here, which is how the extraction of strings finds it.
import * as vscode from 'vscode';
import { MINUTE } from '../core/clock.ts';
import { sanitizeDisplayName } from '../core/failure.ts';
import type { ProblemCode, SettingProblem } from '../core/parseProviders.ts';
import { SIGN_IN_METHODS, type SignInMethod } from '../core/provider.ts';
import type { Action } from '../core/failurePolicy.ts';
import type { Pages, SignOutPages } from '../flows/page.ts';
import type { LoadIssue } from '../sessions/sessionLoader.ts';
import { PREFIX } from './ids.ts';
import type { NumberProblem } from './numberSettings.ts';
import { failureSentence } from './failureMessages.ts';
import { formatDuration, labelReload, labelShowLog } from './startMessages.ts';

export * from './startMessages.ts';

const { env, l10n } = vscode;

/** An address as a person types it: without its scheme. */
const placeName = (address: string): string => sanitizeDisplayName(address.replace(/^https?:\/\//, ''));

/** Pick: sign in to one provider. */
export const labelSignInTo = (provider: string): string => l10n.t('Sign In to {0}…', provider);
/** Button: say that somebody is there. */
export const labelStaySignedIn = (): string => l10n.t('Stay Signed In');
/** Button: sign in again with the same account. */
export const labelSignInAgain = (): string => l10n.t('Sign In Again');
/** Button: try a failed renewal again. */
export const labelRetryNow = (): string => l10n.t('Retry Now');
/** Button: warn again later. */
export const labelRemindMeLater = (): string => l10n.t('Remind Me Later');
/** Button: go to the settings. */
export const labelOpenSettings = (): string => l10n.t('Open Settings');
/** Pick: show the diagnostics. */
export const labelShowDiagnostics = (): string => l10n.t('Show Diagnostics');
/** Button and pick: add a provider. */
export const labelAddProvider = (): string => l10n.t('Add Provider…');
/** Pick: open the page of a waiting sign-in again. */
export const labelOpenPageAgain = (): string => l10n.t('Open the Sign-In Page Again');
/** Pick: copy the address of that page. */
export const labelCopyAddress = (): string => l10n.t('Copy the Sign-In Address');
/** Pick: give a waiting sign-in up. */
export const labelCancelSignIn = (): string => l10n.t('Cancel Signing In');
/** Link: send a notification away. */
export const labelDismiss = (): string => l10n.t('Dismiss');
/** Link: tell of this kind of thing no more. */
export const labelDoNotShowAgain = (): string => l10n.t('Do Not Show Again');
/** Button: delete a stored session. */
export const labelRemove = (): string => l10n.t('Delete It');
/** Pick: the heading above what belongs to no session. */
export const labelGeneral = (): string => l10n.t('General');

/** Button and pick: copy the redirect URI that has to be registered. */
const labelCopyRedirectUri = (): string => l10n.t('Copy Redirect URI');
/** Button, link and pick: choose a fixed port for the redirect URI. */
const labelUseFixedPort = (): string => l10n.t('Use a Fixed Port…');
/** Link: sign in by another method. */
export const labelTryAnotherMethod = (): string => l10n.t('Try Another Method');
/** Button and pick: sign in again, and have the server ask for consent. */
export const labelAskForConsent = (): string => l10n.t('Ask for Consent');

/** The label of an action that a failure offers. */
export function actionLabel(action: Action): string {
  return ACTION_LABELS[action]();
}

const ACTION_LABELS: Readonly<Record<Action, () => string>> = {
  'sign-in': labelSignInAgain,
  retry: labelRetryNow,
  settings: labelOpenSettings,
  scopes: () => l10n.t('Edit Scopes'),
  'client-secret': () => l10n.t('Set Client Secret…'),
  'proxy-settings': () => l10n.t('Check Proxy Settings'),
  'certificate-settings': () => l10n.t('Check Certificate Settings'),
  clock: () => l10n.t('Check the Clock'),
  'copy-redirect': labelCopyRedirectUri,
  'fixed-port': labelUseFixedPort,
  'ask-consent': labelAskForConsent,
  'other-method': () => l10n.t('Use Another Way to Sign In'),
  'new-code': () => l10n.t('Get a New Code'),
  reload: labelReload,
  log: labelShowLog,
  diagnostics: () => l10n.t('Copy Diagnostics'),
};

/** The name of a sign-in method. */
export function methodName(method: SignInMethod): string {
  return METHOD_NAMES[method]();
}

/** What happens with that method. */
export function methodDetail(method: SignInMethod): string {
  return METHOD_DETAILS[method]();
}

const METHOD_NAMES: Readonly<Record<SignInMethod, () => string>> = {
  loopback: () => l10n.t('Sign In in the Browser'),
  uri: () => l10n.t('Sign In with a Link to VS Code'),
  device: () => l10n.t('Sign In with a Code'),
  paste: () => l10n.t('Sign In and Paste the Address'),
};

const METHOD_DETAILS: Readonly<Record<SignInMethod, () => string>> = {
  loopback: () => l10n.t('The browser of this computer brings the answer back by itself.'),
  uri: () => l10n.t('The browser opens VS Code with the answer.'),
  device: () => l10n.t('You type a short code on a page, on this computer or on any other device.'),
  paste: () => l10n.t('The browser ends on a page that it cannot show, and you copy the address of that page.'),
};

/** Title of the pick of a sign-in method. */
export const pickMethod = (provider: string): string => l10n.t('How do you want to sign in to {0}?', provider);
/** Title of the pick of a provider to sign in to. */
export const pickProvider = (): string => l10n.t('Which provider do you want to sign in to?');
/** Title of the pick of a session to sign out. */
export const pickSignOut = (): string => l10n.t('Which session do you want to sign out?');
/** Title of the pick of a session to renew. */
export const pickRenew = (): string => l10n.t('Which session do you want to renew?');
/** Title of the pick behind the status bar item. */
export const pickSessions = (): string => l10n.t('Sessions and what can be done');

/** Progress: which provider a sign-in is for. */
export const saySigningIn = (provider: string): string => l10n.t('Signing in to {0}', provider);
/** Progress: that the browser is where to go on. */
export const sayFinishInBrowser = (): string => l10n.t('finish in the browser');
/** Progress: the code to type, and where. */
export const sayEnterCode = (code: string, address: string): string =>
  l10n.t('enter the code {0} at {1}', code, placeName(address));
/** Dialog: the code to type, in large letters. */
export const sayCode = (code: string): string => code;
/** Dialog: what the code is for, where to type it, and until when. */
export const sayWhereToEnter = (provider: string, address: string, until: string): string =>
  l10n.t(
    'Enter this code at {1} to sign in to {0}. It works until {2}. Enter no code that somebody else has sent you.',
    provider,
    placeName(address),
    until,
  );
/** Button: copy the code, and go to the page where it is typed. */
export const labelCopyCodeAndOpen = (): string => l10n.t('Copy Code and Open Page');
/** Button: go to the page where the code is typed. */
export const labelOpenPage = (): string => l10n.t('Open Page');
/** Button: stay here, and type the code elsewhere. */
export const labelOtherDevice = (): string => l10n.t('Use Another Device');
/** Pick: copy the code of a waiting sign-in. */
export const labelCopyCode = (): string => l10n.t('Copy the Code');
/** Notification: a sign-in worked. */
export const saySignedIn = (provider: string, account: string): string =>
  l10n.t('Signed in to {0} as {1}.', provider, account);
/** Notification: a sign-out worked. */
export const saySignedOut = (provider: string, account: string): string =>
  l10n.t('Signed out of {0} as {1}.', provider, account);
/** Notification: signed out here, not confirmed by the server. */
export const saySignedOutHereOnly = (provider: string): string =>
  l10n.t(
    'You are signed out of {0} here, but the server did not confirm it: its session may live on until it runs out.',
    provider,
  );
/** Notification: signed out, but the stored session could not be deleted. */
export const saySignedOutNotDeleted = (provider: string): string =>
  l10n.t(
    'You are signed out of {0}, but the stored session could not be deleted and may come back after a restart.',
    provider,
  );
/** Notification: a renewal that the person asked for worked. */
export const sayRenewed = (provider: string, account: string): string =>
  l10n.t('The session of {1} at {0} is renewed.', provider, account);
/** Notification: the warning before a session ends, with the point in time: it may be read long after it was shown. */
export const sayEndsSoon = (provider: string, account: string, at: string): string =>
  l10n.t('Your session of {1} at {0} ends at {2}. Sign in again now to go on without a break.', provider, account, at);
/** Notification: the warning before a session is signed out because nobody is active, with the point in time. */
export const sayIdle = (provider: string, at: string): string =>
  l10n.t('You will be signed out of {0} at {1} because nobody is active.', provider, at);
/** Notification: a session was signed out because nobody was active for so long. */
export const saySignedOutIdle = (provider: string, timeout: number): string =>
  l10n.t('You were signed out of {0} after {1} without activity.', provider, formatDuration(timeout));
/** Notification: nothing is set up yet, and how little it takes. */
export const sayNoProvider = (): string =>
  l10n.t('No provider is set up yet. Add one: an issuer and a client id are all it takes.');
/** Error of the command for headers: the token is of no session, or of one that has been renewed since. */
export const sayNoSuchToken = (): string =>
  l10n.t('No session has this access token now. Call getSession again for the token that counts.');
/** Error of the command for headers: it was called wrongly. */
export const sayBadProofRequest = (): string =>
  l10n.t(
    'Pass an access token, and of the request its "url" (https, or http on this computer), and where needed its "method" and "nonce".',
  );
/** Notification: this window cannot take turns with the others. */
export const sayAlone = (): string =>
  l10n.t(
    'Session Keeper cannot write to its folder: is the disk full, or read-only? Until it can, windows do not know of each other. Keep one open.',
  );
/** Notification: the newest tokens are in memory only. */
export const sayUnsaved = (provider: string): string =>
  l10n.t(
    'The newest tokens of {0} could not be stored. You stay signed in; a restart could lose them. Storing is tried again. Is the keyring of this computer unlocked?',
    provider,
  );
/** Notification: the clock of this machine, or of the server, is far off. */
export const saySkewed = (provider: string, skew: number): string =>
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
/** Notification: how far the clocks are apart, as just measured. */
export const sayClock = (provider: string, skew: number | undefined, at: string): string =>
  skew === undefined
    ? l10n.t(
        'The clocks could not be compared, because no answer of {0} tells the time. On this computer it is {1}.',
        provider,
        at,
      )
    : Math.abs(skew) < MINUTE
      ? l10n.t('The clocks of this computer and of {0} agree, as measured at {1}.', provider, at)
      : l10n.t('{0} Measured at {1}.', saySkewed(provider, skew), at);
/** Notification: a kind of notification is muted. */
export const sayMuted = (): string =>
  l10n.t('You will not be told of this kind of thing any more. The settings can undo that.');
/** Title of the box for a client's secret. */
export const titleClientSecret = (provider: string): string => l10n.t('Client Secret for {0}', provider);
/** What to type into that box. */
export const promptClientSecret = (clientId: string): string =>
  l10n.t(
    'The secret that the server has given to the client “{0}”. It is kept in the secret storage of VS Code. Leave it empty for a client without one.',
    clientId,
  );
/** Notification: a client's secret is kept. */
export const sayClientSecretKept = (provider: string): string =>
  l10n.t('The client secret for {0} is kept in the secret storage.', provider);
/** Notification: a client's secret is forgotten. */
export const sayClientSecretForgotten = (provider: string): string =>
  l10n.t('The client for {0} has no secret any more.', provider);
/** Notification: the redirect URI is in the clipboard, and what to do with it. */
export const sayRedirectUriCopied = (uri: string, provider: string): string =>
  l10n.t(
    'Copied {0}. Add it to your client at {1} as a redirect URI for any port. If the server compares ports, use a fixed port instead.',
    uri,
    provider,
  );
/** Notification: the redirect URIs are in the clipboard; each has to be registered as it is. */
export const sayRedirectUrisCopied = (uris: string, provider: string): string =>
  l10n.t('Copied {0}. Add to your client at {1} as a redirect URI, exactly as shown.', uris, provider);
/** What is added if the browser also returns from signing out at the server. */
export const sayPostLogoutUris = (uris: string): string => l10n.t('Also add {0} as a post-logout redirect URI.', uris);
/** Notification: the browser hasn't come back for a while. */
export const sayStillWaiting = (provider: string, uri: string): string =>
  l10n.t(
    'Still waiting for your browser. If {0} shows an error or a blank page, it may not accept this redirect URI: {1}.',
    provider,
    uri,
  );
/** Title of the box for a fixed port. */
export const titleFixedPort = (provider: string): string => l10n.t('Use a Fixed Port for {0}', provider);
/** What else to type into that box. */
export const promptFixedPort = (): string =>
  l10n.t(
    'Enter another port, or the redirect URI that’s already registered at the server, such as http://localhost:8400/auth.',
  );
/** What is to be registered for what the box holds. */
export const sayToRegister = (uri: string, isAnyPort: boolean): string =>
  isAnyPort ? l10n.t('Redirect URI to register, for any port: {0}', uri) : l10n.t('Redirect URI to register: {0}', uri);
/** What is wrong with what the box holds. */
export const sayNoPort = (): string =>
  l10n.t(
    'Enter a port between 1 and 65535, or a URL that starts with http://localhost, http://127.0.0.1 or http://[::1].',
  );
/** Dialog: what has to be registered before signing in again. */
export const sayRegisterUri = (provider: string, uri: string): string =>
  l10n.t('Add this redirect URI to your client at {0}: {1}', provider, uri);
/** Dialog: where that URI is now, and when to go on. */
export const detailRegisterUri = (isAnyPort: boolean): string =>
  isAnyPort
    ? l10n.t(
        'The server must accept it with any port. It’s saved in your settings and copied to the clipboard. Sign in once it’s registered.',
      )
    : l10n.t(
        'Enter it exactly as shown. It’s saved in your settings and copied to the clipboard. Sign in once it’s registered.',
      );
/** Notification: the settings couldn't be written. */
export const sayEntryNotSaved = (provider: string): string =>
  l10n.t('Couldn’t change the settings of {0}. Check settings.json for errors or unsaved changes.', provider);
/** Notification: a sign-in brought no refresh token, though one was asked for. */
export const sayNoRefreshToken = (provider: string, account: string): string =>
  l10n.t(
    '{0} didn’t issue a refresh token for {1}, so the session can’t be renewed. The server may need your consent first.',
    provider,
    account,
  );
/** Notification: asking for consent has brought a refresh token. */
export const sayConsentHelped = (provider: string): string =>
  l10n.t('Your {0} session can be renewed now. Session Keeper will ask for consent whenever you sign in.', provider);
/** Notification: asking for consent has brought none. */
export const sayConsentDidNotHelp = (provider: string): string =>
  l10n.t(
    '{0} didn’t issue a refresh token after asking for consent either. Allow refresh tokens (offline access) for this client at the server.',
    provider,
  );
/** Title of the box for the address on which the browser has ended. */
export const titlePaste = (provider: string): string => l10n.t('Sign In to {0}: Paste the Address', provider);
/** What to paste into that box. */
export const promptPaste = (): string =>
  l10n.t(
    'Sign in in the browser. It ends on a page that it cannot show; copy the whole address of that page and paste it here.',
  );
/** What is said while the box holds something else. */
export const sayNotPasted = (): string =>
  l10n.t('This is not the address that this sign-in has ended on. Copy all of it: it contains “code=” and “state=”.');
/** Notification: there is no session to do it with. */
export const sayNothingToDo = (): string => l10n.t('Nobody is signed in.');

/** What is wrong with a field, without saying whose it is. */
export const problemWords = (code: ProblemCode, field: string): string => PROBLEMS[code](field);

/** The sentence about a bad entry in the settings. */
export function problemSentence({ entry, field, code }: SettingProblem): string {
  if (code === 'not-a-list') {
    return l10n.t('"sessionKeeper.providers" must be a list of providers.');
  }
  const name = /^\d+$/.test(entry)
    ? l10n.t('Provider number {0} in the settings', entry)
    : l10n.t('Provider “{0}” in the settings', entry);
  return l10n.t('{0} is not used: {1}', name, PROBLEMS[code](field));
}

/** The sentence about a setting that is out of range or not a number. */
export function numberProblemSentence({
  setting: { canBeOff, maximum, minimum, name, unit },
  used,
}: NumberProblem): string {
  const key = `${PREFIX}.${name}`;
  if (unit === 'seconds') {
    return l10n.t('"{0}" must be between {1} and {2} seconds. {3} is used.', key, minimum, maximum, used);
  }
  return canBeOff
    ? l10n.t('"{0}" must be 0 or between {1} and {2} minutes. {3} is used.', key, minimum, maximum, used)
    : l10n.t('"{0}" must be between {1} and {2} minutes. {3} is used.', key, minimum, maximum, used);
}

const PROBLEMS: Readonly<Record<ProblemCode, (field: string) => string>> = {
  'not-a-list': () => '',
  'not-an-object': () => l10n.t('it must be an object with at least "issuer" and "clientId".'),
  missing: (field) => l10n.t('"{0}" is missing.', field),
  'wrong-type': (field) => l10n.t('"{0}" is of the wrong type.', field),
  'unknown-field': (field) => l10n.t('"{0}" is not a known field.', field),
  'bad-id': () => l10n.t('"id" must start with a letter and hold letters, digits, ".", "_" and "-" only, 64 at most.'),
  'id-of-built-in': () =>
    l10n.t('"id" belongs to a provider of VS Code itself or of another extension. Choose another.'),
  'id-twice': () => l10n.t('another entry has the same "id". Give each its own.'),
  'bad-url': (field) => l10n.t('"{0}" must be an address that starts with https:// and has no query.', field),
  'not-https': (field) =>
    l10n.t('"{0}" must start with https://; http:// is for servers on this computer only.', field),
  'bad-scope': () => l10n.t('"scopes" must be a list of words without spaces or quotes.'),
  'bad-sign-in-method': (field) =>
    l10n.t('"{0}" must be one of {1}.', field, SIGN_IN_METHODS.map((method) => `"${method}"`).join(', ')),
  'bad-port': (field) => l10n.t('"{0}" must be a list of 1 to 20 whole numbers between 1 and 65535.', field),
  'bad-redirect-uri': (field) =>
    l10n.t(
      '"{0}" must be http:// with localhost, 127.0.0.1 or [::1], optionally a port and a path, and nothing else.',
      field,
    ),
  'bad-session-token': (field) => l10n.t('"{0}" must be "access_token" or "id_token".', field),
  'bad-client-authentication': (field) => l10n.t('"{0}" must be client_secret_basic or client_secret_post.', field),
  'bad-sign-out': (field) => l10n.t('"{0}" must be true, false or "return".', field),
  'bad-endpoint': (field) => l10n.t('"{0}" must be an address that starts with https://.', field),
  'bad-resource': (field) => l10n.t('"{0}" must be an address, or a list of them, without "#".', field),
  'reserved-parameter': (field) =>
    l10n.t('"{0}" is set by Session Keeper itself, by a field of its own, or must not stand in the settings.', field),
  'out-of-range': (field) => l10n.t('"{0}" must be a number between 1 and 1000000000.', field),
};

/** The sentence about something found in the store at start. */
export function findingSentence(finding: LoadIssue, provider: string): string {
  switch (finding.kind) {
    case 'quarantined':
      return l10n.t(
        'A stored session could not be read and was set aside unchanged ({0}). Sign in again where you were signed in.',
        finding.reason,
      );
    case 'newer':
      return l10n.t(
        'A stored session was written by a later version of Session Keeper and was left alone. Update Session Keeper to use it.',
      );
    case 'lost':
      return l10n.t(
        'The stored session at {0} is gone: the keyring of this computer, or another window in the browser, has lost it. It did not expire. Sign in again.',
        provider,
      );
    case 'foreign':
      if (finding.isMoved === true) {
        return l10n.t(
          'A stored session does not belong to {0} as it is set up now: "endpoints" in the settings leads elsewhere than when it was made. It is set apart, and its tokens are not sent there.',
          provider,
        );
      }
      return l10n.t(
        'A stored session does not belong to {0} as it is set up now: it was made at {1} with the client id “{2}”. It is set apart and not used.',
        provider,
        sanitizeDisplayName(finding.issuer),
        sanitizeDisplayName(finding.clientId),
      );
  }
}

/** The pages that the browser ends on. */
export function pages(provider: string, template: string): Pages {
  const language = env.language;
  const goBack = l10n.t('You can close this tab and return to VS Code.');
  return {
    template,
    done: { language, status: 'success', heading: l10n.t('You are signed in to {0}', provider), body: goBack },
    failed: (error) => ({
      language,
      status: 'error',
      heading: l10n.t('Signing in did not work'),
      body: `${failureSentence(error, provider, false)} ${goBack}`,
    }),
    mismatched: {
      language,
      status: 'error',
      heading: l10n.t('This answer belongs to another sign-in'),
      body: l10n.t(
        'It was not used. Finish in the tab that VS Code opened last, or start signing in again in VS Code.',
      ),
    },
    ...otherPages(language, goBack),
  };
}

/** The pages that the browser ends on after a sign-out at the server. */
export function signOutPages(provider: string, template: string): SignOutPages {
  const language = env.language;
  const close = l10n.t('You can close this tab.');
  return {
    template,
    done: { language, status: 'success', heading: l10n.t('You are signed out of {0}', provider), body: close },
    mismatched: {
      language,
      status: 'error',
      heading: l10n.t('This answer belongs to another sign-out'),
      body: l10n.t('It was not used. In VS Code you are signed out of {0} in any case.', provider),
    },
    ...otherPages(language, close),
  };
}

function otherPages(language: string, body: string): Pick<Pages, 'duplicate' | 'notFound'> {
  return {
    duplicate: { language, status: 'neutral', heading: l10n.t('This answer has arrived already'), body },
    notFound: { language, status: 'neutral', heading: l10n.t('There is nothing here'), body },
  };
}
