// Every sentence that a person reads, each a function of its own, so that the bundle can shorten its name. `l10n` is
// taken apart from `vscode` here, which is how the extraction of strings finds it.
import * as vscode from 'vscode';
import { asFailure, plainName, type Category, type Failure } from '../core/failure.ts';
import { remaining } from '../core/lifetime.ts';
import type { ProblemCode, SettingProblem } from '../core/provider.ts';
import type { Action } from '../core/remedy.ts';
import type { State } from '../core/status.ts';
import type { Pages } from '../flows/page.ts';
import type { Finding } from '../sessions/keeper.ts';

const { env, l10n } = vscode;

/** The name of the product, which is not translated. */
export const PRODUCT = 'Session Keeper';

/** What the provider without configuration is called in VS Code's own dialogs. */
export const unconfiguredLabel = (): string => l10n.t('OpenID Connect');

/** A length of time, in ms, in the one unit that fits it. */
export function duration(left: number): string {
  const { unit, count } = remaining(left);
  switch (unit) {
    case 'day':
      return l10n.t('{0} days', count);
    case 'hour':
      return l10n.t('{0} hours', count);
    case 'minute':
      return count === 1 ? l10n.t('1 minute') : l10n.t('{0} minutes', count);
    case 'second':
      return l10n.t({ message: '{0} s', args: [count], comment: ['A number of seconds'] });
  }
}

/** A point in time as the person writes it: the time of day, with the date where it is another day. */
export function moment(at: number, now: number): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date(now).toDateString();
  const time = date.toLocaleTimeString(env.language, { timeStyle: 'medium' });
  return isToday ? time : date.toLocaleString(env.language, { dateStyle: 'medium', timeStyle: 'short' });
}

/** The words for each state of a session, which stand beside every icon and colour. */
export function stateName(state: State): string {
  return STATE_NAMES[state]();
}

const STATE_NAMES: Readonly<Record<State, () => string>> = {
  ended: () => l10n.t('session ended'),
  attention: () => l10n.t('needs attention'),
  ending: () => l10n.t('ending soon'),
  retrying: () => l10n.t('cannot renew, retrying'),
  'signing-in': () => l10n.t('signing in'),
  renewing: () => l10n.t('renewing'),
  'signed-in': () => l10n.t('signed in'),
  'signed-out': () => l10n.t('signed out'),
};

/** Status bar: how long the session still lasts. */
export const statusEndsIn = (label: string, left: number): string => l10n.t('{0}: {1} left', label, duration(left));
/** Status bar: the session ends soon, and only the person can prolong it. */
export const statusEnding = (label: string, left: number): string => l10n.t('{0}: ends in {1}', label, duration(left));
/** Status bar: when the token renews by itself. */
export const statusRenewsIn = (label: string, left: number): string => l10n.t('{0}: renews in {1}', label, duration(left));
/** Status bar: a renewal is on its way. */
export const statusRenewing = (label: string): string => l10n.t('{0}: renewing…', label);
/** Status bar: a renewal failed; the time of the next try. */
export const statusRetrying = (label: string, at: string): string => l10n.t('{0}: retrying at {1}', label, at);
/** Status bar: a renewal failed, and the next try is on its way. */
export const statusRetryingNow = (label: string): string => l10n.t('{0}: retrying…', label);
/** Status bar: a renewal failed for a reason that a person must look at. */
export const statusAttention = (label: string): string => l10n.t('{0}: needs attention', label);
/** Status bar: the session has ended. */
export const statusEnded = (label: string): string => l10n.t('{0}: sign in again', label);
/** Status bar: signed in, and no time is known that could be shown. */
export const statusSignedIn = (label: string): string => l10n.t('{0}: signed in', label);
/** Status bar: nobody is signed in to the only provider. */
export const statusSignedOut = (label: string): string => l10n.t('{0}: signed out', label);
/** Status bar: nobody is signed in to any of several providers. */
export const statusSignedOutAll = (): string => l10n.t('Signed out');
/** Status bar: a sign-in waits for the person. */
export const statusSigningIn = (label: string): string => l10n.t('{0}: signing in…', label);
/** Status bar: what is said of the most urgent session, and how many others there are. */
export const statusMore = (said: string, count: number): string => l10n.t('{0} (+{1})', said, count);
/** Status bar: the same for a screen reader, with what a click does. */
export const statusAccessibilityLabel = (said: string): string => l10n.t('{0}. Session Keeper, opens the list of sessions and actions.', said);

/** Tooltip: who is signed in. */
export const tooltipAccount = (label: string): string => l10n.t('Account: {0}', label);
/** Tooltip: the state in words. */
export const tooltipState = (state: State): string => l10n.t('State: {0}', stateName(state));
/** Tooltip: when the person must sign in again. */
export const tooltipSessionEnds = (at: string): string => l10n.t('Session ends: {0}', at);
/** Tooltip: that nobody said when the person must sign in again. */
export const tooltipSessionEndUnknown = (): string => l10n.t('Session ends: the server does not say; it is renewed for as long as the server allows');
/** Tooltip: when the access token stops working. */
export const tooltipAccessExpires = (at: string): string => l10n.t('Access token expires: {0}', at);
/** Tooltip: that the server never said when the access token stops working. */
export const tooltipAccessExpiryUnknown = (): string => l10n.t('Access token expires: the server never said');
/** Tooltip: when the token was last renewed. */
export const tooltipLastRenewal = (at: string): string => l10n.t('Last renewal: {0}', at);
/** Tooltip: when the person signed in, before any renewal. */
export const tooltipSignedInAt = (at: string): string => l10n.t('Signed in: {0}', at);
/** Tooltip: when the next renewal is due. */
export const tooltipNextRenewal = (at: string): string => l10n.t('Next renewal: {0}', at);
/** Tooltip: when a failed renewal is tried again. */
export const tooltipNextTry = (at: string): string => l10n.t('Next try: {0}', at);
/** Tooltip: that there is nothing to renew with. */
export const tooltipNoRenewal = (): string => l10n.t('Next renewal: none, because the server sent no refresh token');
/** Tooltip: that the newest tokens are in memory only. */
export const tooltipUnsaved = (): string => l10n.t('The newest tokens could not be stored yet and would be lost on a restart. Storing is tried again.');
/** Tooltip: that there is no session. */
export const tooltipNobody = (): string => l10n.t('Nobody is signed in.');
/** Tooltip: that a sign-in waits for the person. */
export const tooltipWaiting = (): string => l10n.t('Waiting for you to sign in in the browser.');

/** Link: sign in. */
export const labelSignIn = (): string => l10n.t('Sign In');
/** Pick: sign in to one provider. */
export const labelSignInTo = (provider: string): string => l10n.t('Sign In to {0}…', provider);
/** Button: say that somebody is there. */
export const labelStaySignedIn = (): string => l10n.t('Stay Signed In');
/** Button: sign in again with the same account. */
export const labelSignInAgain = (): string => l10n.t('Sign In Again');
/** Link and pick: sign out. */
export const labelSignOut = (): string => l10n.t('Sign Out');
/** Link and pick: renew now. */
export const labelRenewNow = (): string => l10n.t('Renew Now');
/** Button: try a failed renewal again. */
export const labelRetryNow = (): string => l10n.t('Retry Now');
/** Button: warn again later. */
export const labelRemindMeLater = (): string => l10n.t('Remind Me Later');
/** Button: go to the settings. */
export const labelOpenSettings = (): string => l10n.t('Open Settings');
/** Button: go to the proxy settings of VS Code. */
export const labelProxySettings = (): string => l10n.t('Check Proxy Settings');
/** Button, link and pick: show the log. */
export const labelShowLog = (): string => l10n.t('Show Log');
/** Button and pick: add a provider. */
export const labelAddProvider = (): string => l10n.t('Add Provider…');
/** Pick: open the page of a waiting sign-in again. */
export const labelOpenPageAgain = (): string => l10n.t('Open the Sign-In Page Again');
/** Pick: copy the address of that page. */
export const labelCopyAddress = (): string => l10n.t('Copy the Sign-In Address');
/** Pick: give a waiting sign-in up. */
export const labelCancelSignIn = (): string => l10n.t('Cancel Signing In');
/** Button: delete a stored session. */
export const labelRemove = (): string => l10n.t('Delete It');
/** Pick: the heading above what belongs to no session. */
export const labelGeneral = (): string => l10n.t('General');

/** The label of an action that a failure offers. */
export function actionLabel(action: Action): string {
  return ACTION_LABELS[action]();
}

const ACTION_LABELS: Readonly<Record<Action, () => string>> = {
  'sign-in': labelSignInAgain,
  retry: labelRetryNow,
  settings: labelOpenSettings,
  log: labelShowLog,
  'proxy-settings': labelProxySettings,
};

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
/** Notification: a sign-in worked. */
export const saySignedIn = (provider: string, account: string): string => l10n.t('Signed in to {0} as {1}.', provider, account);
/** Notification: a sign-out worked. */
export const saySignedOut = (provider: string, account: string): string => l10n.t('Signed out of {0} as {1}.', provider, account);
/** Notification: signed out here, not confirmed by the server. */
export const saySignedOutHereOnly = (provider: string): string =>
  l10n.t('You are signed out of {0} here, but the server did not confirm it: its session may live on until it runs out.', provider);
/** Notification: signed out, but the stored session could not be deleted. */
export const saySignedOutNotDeleted = (provider: string): string =>
  l10n.t('You are signed out of {0}, but the stored session could not be deleted and may come back after a restart.', provider);
/** Notification: a renewal that the person asked for worked. */
export const sayRenewed = (provider: string, account: string): string => l10n.t('The session of {1} at {0} is renewed.', provider, account);
/** Notification: why a session cannot be renewed, and what to do. */
export const sayNoRefreshToken = (provider: string): string =>
  l10n.t('This session cannot be renewed: {0} sent no refresh token. Add "offline_access" to its scopes, or allow it at the server.', provider);
/** Notification: the warning before a session ends. */
export const sayEndsSoon = (provider: string, account: string, left: number): string =>
  l10n.t('Your session of {1} at {0} ends in {2}. Sign in again now to go on without a break.', provider, account, duration(left));
/** Notification: the warning before a session is signed out because nobody is active. */
export const sayIdle = (provider: string, left: number): string => l10n.t('You will be signed out of {0} in {1} because nobody is active.', provider, duration(left));
/** Notification: a session was signed out because nobody was active for so long. */
export const saySignedOutIdle = (provider: string, timeout: number): string => l10n.t('You were signed out of {0} after {1} without activity.', provider, duration(timeout));
/** Notification: nothing is set up yet, and how little it takes. */
export const sayNoProvider = (): string => l10n.t('No provider is set up yet. Add one to the settings: an issuer and a client id are all it takes.');
/** Notification: this window cannot take turns with the others. */
export const sayAlone = (): string =>
  l10n.t('Session Keeper cannot write to its folder: is the disk full, or read-only? Until it can, windows do not know of each other. Keep one open.');
/** Notification: the newest tokens are in memory only. */
export const sayUnsaved = (provider: string): string =>
  l10n.t('The newest tokens of {0} could not be stored. You stay signed in; a restart could lose them. Storing is tried again. Is the keyring of this computer unlocked?', provider);
/** Notification: the clock of this machine, or of the server, is far off. */
export const saySkewed = (provider: string, skew: number): string =>
  skew > 0
    ? l10n.t('The clock of this computer is {1} behind that of {0}. Check its date, time and time zone.', provider, duration(skew))
    : l10n.t('The clock of this computer is {1} ahead of that of {0}. Check its date, time and time zone.', provider, duration(-skew));
/** Notification: there is no session to do it with. */
export const sayNothingToDo = (): string => l10n.t('Nobody is signed in.');

/** The sentence for a failure: what happened, in words, and what to do where a person can do something. */
export function sentence(error: unknown, provider: string): string {
  const failure = asFailure(error);
  return SENTENCES_BY_CODE[failure.code]?.(provider, failure) ?? SENTENCES[failure.category](provider, failure);
}

type Sentence = (provider: string, failure: Failure) => string;

/** "The server says: …", where it said something that can be shown. */
const withDetail = (text: string, { detail }: Failure): string =>
  detail === undefined || detail === '' ? text : l10n.t('{0} The server says: “{1}”', text, detail);

const SENTENCES: Readonly<Record<Category, Sentence>> = {
  network: (provider) => l10n.t('{0} cannot be reached. Your session is kept, and is renewed as soon as the server answers again.', provider),
  server: (provider) => l10n.t('{0} has a problem of its own and cannot answer now. Your session is kept, and the renewal is tried again.', provider),
  'rate-limited': (provider) => l10n.t('{0} asks to wait a little before the next request. Your session is kept, and the renewal is tried again.', provider),
  'not-trusted': (provider) =>
    l10n.t('The connection to {0} cannot be trusted: a certificate, a proxy or a login page of the network stands in between.', provider),
  'session-ended': (provider) => l10n.t('{0} has ended your session. Sign in again to go on.', provider),
  'sign-in-needed': (provider, failure) => withDetail(l10n.t('{0} wants you to sign in again before it goes on.', provider), failure),
  'client-rejected': (provider, failure) =>
    withDetail(l10n.t('{0} does not accept the client id, or does not allow it to sign in this way. Check "clientId" in the settings.', provider), failure),
  'redirect-rejected': (provider, failure) =>
    withDetail(l10n.t('{0} does not accept the redirect address. Register http://127.0.0.1/callback (any port) for this client there.', provider), failure),
  'scope-rejected': (provider, failure) => withDetail(l10n.t('{0} does not grant a scope that was asked for. Check "scopes" in the settings.', provider), failure),
  configuration: (provider, failure) => withDetail(l10n.t('The settings and what {0} offers do not fit together. Check the provider’s settings.', provider), failure),
  clock: (provider) => l10n.t('A time in the answer of {0} cannot be right. Check the clock of this computer.', provider),
  'bad-answer': (provider) => l10n.t('The answer of {0} could not be understood or must not be trusted, and was not used.', provider),
  cancelled: (provider) => l10n.t('Signing in to {0} was cancelled.', provider),
  storage: () => l10n.t('The sign-in could not be read from, or written to, the secret storage of VS Code. Is the keyring of this computer unlocked?'),
  'other-window': (provider) =>
    l10n.t('Another window is renewing the session at {0} and does not finish. Is it stopped or not responding? It is tried again.', provider),
  unexpected: (provider) => l10n.t('Something unexpected went wrong with {0}. The log says more.', provider),
};

const SENTENCES_BY_CODE: Readonly<Record<string, Sentence>> = {
  'access_denied': (provider) => l10n.t('{0} reports that access was denied: by you, or by a rule there.', provider),
  'bad-lifetime': (provider, { detail }) => l10n.t('{0} says that its access token lives for “{1}” seconds, which cannot be. The token was not used.', provider, detail ?? ''),
  'bad-endpoint': (provider, { detail }) => l10n.t('What {0} says of itself is broken: “{1}” is not an address.', provider, detail ?? ''),
  'deadline': (provider) => l10n.t('{0} took too long.', provider),
  'http-endpoint': (provider, { detail }) => l10n.t('{0} wants credentials sent without encryption (“{1}” is not https). That is refused.', provider, detail ?? ''),
  'issuer-mismatch': (provider) =>
    l10n.t('The server at the issuer address of {0} calls itself something else. Copy the issuer to the letter into the settings.', provider),
  'lost-answer': (provider) =>
    l10n.t('The answer to a renewal at {0} was lost on the way, and {0} accepts each renewal once only. Sign in again.', provider),
  'missing-endpoint': (provider, { detail }) => l10n.t('{0} does not say where its “{1}” is, which signing in needs.', provider, detail ?? ''),
  'newer-elsewhere': (provider) =>
    l10n.t('Another window has renewed the session at {0}, and this one cannot read the new tokens. Reload this window; if that does not help, sign in again.', provider),
  'no-code': (provider) => l10n.t('The answer of {0} holds no authorization code. Start again.', provider),
  'no-discovery': (provider) => l10n.t('There is no OpenID Connect or OAuth server at the issuer address of {0}. Check "issuer" in the settings.', provider),
  'no-loopback': () => l10n.t('This computer does not let Session Keeper listen on 127.0.0.1, where the browser brings the answer.'),
  'no-refresh-token': (provider) => sayNoRefreshToken(provider),
  'no-s256': (provider) => l10n.t('{0} does not support PKCE with S256, without which signing in is not safe.', provider),
  'not-json': (provider) =>
    l10n.t('Where {0} should answer, there is a web page: a wrong issuer address, a proxy, or a login page of the network.', provider),
  'other-subject': (provider) => l10n.t('The renewal at {0} brought the tokens of somebody else. They were not used; sign in again.', provider),
  'provider-removed': (provider) => l10n.t('{0} is not set up any more.', provider),
  'replaced': (provider) => l10n.t('Another attempt to sign in to {0} has taken the place of this one.', provider),
  'sign-in-deadline': (provider) => l10n.t('Nobody finished signing in to {0} in time.', provider),
  'signed-out': (provider) => l10n.t('You are signed out of {0}.', provider),
  'token-type': (provider, { detail }) => l10n.t('{0} issues tokens of the type “{1}”, which are not supported.', provider, detail ?? ''),
  'wrong-issuer': (provider) => l10n.t('The answer did not come from {0}, and was thrown away. Start again.', provider),
};

/** The sentence about a bad entry in the settings. */
export function problemSentence({ entry, field, code }: SettingProblem): string {
  if (code === 'not-a-list') {
    return l10n.t('"sessionKeeper.providers" must be a list of providers.');
  }
  const name = /^\d+$/.test(entry) ? l10n.t('Provider number {0} in the settings', entry) : l10n.t('Provider “{0}” in the settings', entry);
  return l10n.t('{0} is not used: {1}', name, PROBLEMS[code](field));
}

const PROBLEMS: Readonly<Record<ProblemCode, (field: string) => string>> = {
  'not-a-list': () => '',
  'not-an-object': () => l10n.t('it must be an object with at least "issuer" and "clientId".'),
  missing: (field) => l10n.t('"{0}" is missing.', field),
  'wrong-type': (field) => l10n.t('"{0}" is of the wrong type.', field),
  'unknown-field': (field) => l10n.t('"{0}" is not a known field.', field),
  'bad-id': () => l10n.t('"id" must start with a letter and hold letters, digits, ".", "_" and "-" only, 64 at most.'),
  'id-of-built-in': () => l10n.t('"id" belongs to a provider of VS Code itself or of another extension. Choose another.'),
  'id-twice': () => l10n.t('another entry has the same "id". Give each its own.'),
  'bad-url': (field) => l10n.t('"{0}" must be an address that starts with https:// and has no query.', field),
  'not-https': (field) => l10n.t('"{0}" must start with https://; http:// is for servers on this computer only.', field),
  'bad-scope': () => l10n.t('"scopes" must be a list of words without spaces or quotes.'),
  'out-of-range': (field) => l10n.t('"{0}" must be a number between 1 and 1000000000.', field),
};

/** The sentence about something found in the store at start. */
export function findingSentence(finding: Finding, provider: string): string {
  switch (finding.kind) {
    case 'set-aside':
      return l10n.t('A stored session could not be read and was set aside unchanged ({0}). Sign in again where you were signed in.', finding.reason);
    case 'newer':
      return l10n.t('A stored session was written by a later version of Session Keeper and was left alone. Update Session Keeper to use it.');
    case 'lost':
      return l10n.t('The stored session at {0} is gone: the keyring of this computer, or another window in the browser, has lost it. It did not expire. Sign in again.', provider);
    case 'foreign':
      return l10n.t(
        'A stored session does not belong to {0} as it is set up now: it was made at {1} with the client id “{2}”. It is set apart and not used.',
        provider,
        plainName(finding.issuer),
        plainName(finding.clientId),
      );
  }
}

/** The pages that the browser ends on. */
export function pages(provider: string, template: string): Pages {
  const language = env.language;
  const goBack = l10n.t('You can close this tab and return to VS Code.');
  return {
    template,
    done: { language, tone: 'good', heading: l10n.t('You are signed in to {0}', provider), body: goBack },
    failed: (error) => ({ language, tone: 'bad', heading: l10n.t('Signing in did not work'), body: `${sentence(error, provider)} ${goBack}` }),
    stray: {
      language,
      tone: 'bad',
      heading: l10n.t('This answer belongs to another sign-in'),
      body: l10n.t('It was not used. Finish in the tab that VS Code opened last, or start signing in again in VS Code.'),
    },
    repeated: { language, tone: 'neutral', heading: l10n.t('This answer has arrived already'), body: goBack },
    missing: { language, tone: 'neutral', heading: l10n.t('There is nothing here'), body: goBack },
  };
}
