// The report for a ticket, as Markdown. Its frame is English in every language, so that whoever helps can read it; the
// findings are sentences in the person's language. Whatever comes from outside stands in code spans that nothing in it
// can close, without the scheme that would make an address a link; of tokens there is nothing, not even a part.
import { claimsOf } from '../core/claims.ts';
import { sanitizeDisplayName } from '../core/failure.ts';
import { remaining, type LifetimeSettings } from '../core/lifetime.ts';
import { SIGN_OUT_RETURN, type Provider, type SettingProblem } from '../core/provider.ts';
import { DEFAULT_REDIRECT_URI, redirectUrisOf, usesAnyPort } from '../core/redirectUri.ts';
import { tokenLifetimes, configuredProviderOf, type SessionRecord } from '../core/session.ts';
import { statusOf, type LiveSession } from '../core/status.ts';
import type { KnownServer } from '../protocol/discovery.ts';
import { findFlow } from '../flows/signInFlows.ts';
import { ENDPOINTS } from '../protocol/metadata.ts';
import type { ClientSecretState } from '../storage/clientSecrets.ts';
import type { Health } from '../storage/storageProbe.ts';
import type { HistoryEvent } from '../sessions/history.ts';
import type { LockHolder } from '../locking/renewalLock.ts';
import { skewOf, type Facts, type DiagnosticFinding, type Severity } from './findings.ts';

/** What a finding's sentence calls the things that it is about; fit to stand in Markdown. */
export interface FindingNames {
  readonly provider: string;
  readonly session: string;
  readonly detail: string;
  readonly problem: SettingProblem | undefined;
}

/** The sentences of the report. */
export interface ReportWords {
  /** What the document is, and that it can be shown to others. */
  introduction(): string;
  nothingFound(): string;
  severity(severity: Severity): string;
  /** What is wrong, and what to do. */
  finding(finding: DiagnosticFinding, names: FindingNames): string;
}

/** What a report is made of beside the facts. */
export interface ReportInput {
  readonly facts: Facts;
  readonly findings: readonly DiagnosticFinding[];
  /** Versions, and where the extension runs: names and values. */
  readonly redirectEnvironment: readonly (readonly [string, string])[];
  /** Proxy and certificates: names and values. */
  readonly network: readonly (readonly [string, string])[];
  readonly lifetimes: LifetimeSettings;
  known(provider: Provider): KnownServer | undefined;
  /** What there is of the secret of each provider's client, by the provider's id. */
  readonly clientSecrets: ReadonlyMap<string, ClientSecretState>;
  readonly events: readonly HistoryEvent[];
  /** Who has a turn at this moment; the code of the failure where that cannot be looked up. */
  readonly renewalLock: readonly LockHolder[] | string;
  readonly sessionIndex: { readonly present: readonly string[]; readonly gone: readonly string[] };
  readonly words: ReportWords;
}

/** A report, and the line, counted from 0, at which each finding stands. */
export interface Report {
  readonly markdown: string;
  readonly places: readonly { readonly line: number; readonly finding: DiagnosticFinding }[];
}

/** Writes a report. */
export function reportOf(input: ReportInput): Report {
  const { facts, findings, words } = input;
  const lines = [
    '# Session Keeper Diagnostics',
    '',
    words.introduction(),
    '',
    `Made at ${time(facts.now)}.`,
    '',
    '## Findings',
    '',
  ];
  const places = findings.map((finding, index) => ({ line: lines.length + index, finding }));
  lines.push(
    ...findings.map(
      (finding) =>
        `- **${words.severity(finding.severity)}** (${finding.code}): ${words.finding(finding, namesFor(finding, facts))}`,
    ),
  );
  if (findings.length === 0) {
    lines.push(words.nothingFound());
  }
  lines.push(
    ...section(
      'Surroundings',
      input.redirectEnvironment.map(([name, value]) => item(name, code(value))),
    ),
    ...section(
      'Providers',
      facts.providers.flatMap((provider) => providerLines(provider, input.clientSecrets.get(provider.id) ?? 'unknown')),
    ),
    ...section(
      'Discovery',
      facts.providers.flatMap((provider) => serverLines(provider, input.known(provider))),
    ),
    ...section(
      'Sessions',
      facts.sessions.flatMap((session) => sessionLines(session, input)),
    ),
    ...section('Last events', input.events.map(eventLine)),
    ...section(
      'Clocks',
      facts.sessions.flatMap((session) => clockLines(session)),
    ),
    ...section('Storage', storageLines(facts)),
    ...section('Windows', windowLines(input)),
    ...section(
      'Network',
      input.network.map(([name, value]) => item(name, code(value))),
    ),
  );
  return {
    markdown: withoutSecrets(
      `${lines.join('\n')}\n`,
      facts.sessions.flatMap(({ record }) => secretsOf(record)),
    ),
    places,
  };
}

/** A proxy's address without anything secret: host and port. */
export function proxyHost(address: string): string {
  const text = address.trim();
  if (text === '') {
    return 'not set';
  }
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  return URL.canParse(withScheme) ? new URL(withScheme).host || 'set, but not an address' : 'set, but not an address';
}

/** How long a part of a secret may be, in characters, before it is taken out. */
const LONGEST_PART = 15;

/** Takes out whatever also stands in a secret, should anything ever quote one. Short words have to stay. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  const size = LONGEST_PART + 1;
  const parts = new Set(
    secrets.flatMap((secret) =>
      Array.from({ length: Math.max(0, secret.length - LONGEST_PART) }, (_, at) => secret.slice(at, at + size)),
    ),
  );
  let clean = text;
  for (let at = 0; at + size <= text.length; at += 1) {
    if (parts.has(text.slice(at, at + size))) {
      clean = clean.slice(0, at) + '…'.repeat(size) + clean.slice(at + size);
    }
  }
  return clean;
}

function secretsOf({ accessToken, idToken = '', refreshToken = '' }: SessionRecord): string[] {
  return [accessToken, refreshToken, idToken];
}

function namesFor({ detail = '', problem, providerId = '', session }: DiagnosticFinding, facts: Facts): FindingNames {
  const provider = code(facts.providers.find(({ id }) => id === providerId)?.label ?? providerId);
  return {
    provider,
    session: session === undefined ? '' : `${code(shortId(session.record.id))} (${accountOf(session.record, facts)})`,
    detail: code(detail),
    problem: problem && { ...problem, entry: plain(problem.entry), field: plain(problem.field) },
  };
}

const CLIENT_SECRETS: Readonly<Record<ClientSecretState, string>> = {
  none: 'none',
  kept: 'in the secret storage',
  lost: 'LOST: it was set, and the secret storage does not have it',
  unknown: 'not known',
};

/** Every field of an entry. */
function providerLines(provider: Provider, clientSecret: ClientSecretState): string[] {
  const {
    accountsMenu,
    authorizationParameters,
    clientAuthentication,
    clientId,
    dpop,
    id,
    issuer,
    label,
    metadataUrl,
    pushedAuthorization,
    resource,
    scopeOnRefresh,
    scopes,
    token,
    tokenParameters,
  } = provider;
  return [
    `### ${code(label)}`,
    item('Id', code(id)),
    item('Issuer', place(issuer)),
    item('Metadata URL', metadataUrl === undefined ? 'from the issuer' : place(metadataUrl)),
    item('Client id', code(clientId)),
    item('Client secret', CLIENT_SECRETS[clientSecret]),
    item(
      'Client authentication',
      clientAuthentication === undefined ? 'as the server says' : code(clientAuthentication),
    ),
    item('Scopes', list(scopes)),
    ...lifetimeLines(provider),
    item('In the Accounts menu', accountsMenu ? 'yes' : 'no'),
    ...methodLines(provider),
    item('Resource', list(resource)),
    item('Pushed authorization', pushedAuthorization ? 'always' : 'where the server demands it'),
    ...endpointLines(provider),
    item('Account', list(Object.values(provider.account ?? {}))),
    item('Other extensions get', code(token)),
    item('Tokens of new sessions', dpop ? 'bound to a key (DPoP)' : 'bearer tokens'),
    // Their values are the person's own affair: a name that is a hint, say.
    item('Authorization parameters', list(Object.keys(authorizationParameters))),
    item('Token parameters', list(Object.keys(tokenParameters))),
    item('Scope on refresh', scopeOnRefresh ? 'sent' : 'not sent'),
  ];
}

function lifetimeLines({ assumedLifetime, idleTimeout, sessionLifetime }: Provider): string[] {
  const length = (time: number | undefined, unit: string, ms: number): string =>
    time === undefined ? 'not set' : `${time / ms} ${unit}`;
  return [
    item('Assumed lifetime', length(assumedLifetime, 's', 1000)),
    item('Session lifetime', length(sessionLifetime, 'min', 60_000)),
    item('Idle timeout', length(idleTimeout, 'min', 60_000)),
  ];
}

function methodLines(provider: Provider): string[] {
  const { redirectPorts, redirectUri, signInMethod, signOutAtServer } = provider;
  const shown = (uri: string): string => code(uri.replace('http://', ''));
  const uris = redirectUrisOf(provider).map(shown).join(', ');
  return [
    item('Sign-in method', signInMethod ?? 'the first that works'),
    item('Redirect ports', redirectPorts.length === 0 ? 'any' : redirectPorts.join(', ')),
    item('Redirect URI', redirectUri === undefined ? `${shown(DEFAULT_REDIRECT_URI)} (default)` : shown(redirectUri)),
    item(
      'Redirect URIs to register',
      findFlow(signInMethod)?.redirectsTo === 'editor'
        ? 'the link to VS Code'
        : `${uris}${usesAnyPort(provider) ? ' with any port' : ''}`,
    ),
    item(
      'Sign-out at the server',
      signOutAtServer === SIGN_OUT_RETURN
        ? 'in the browser, too, which comes back'
        : signOutAtServer
          ? 'in the browser, too'
          : 'without the browser',
    ),
  ];
}

function endpointLines({ endpoints }: Provider): string[] {
  const named = Object.entries(endpoints ?? {}).flatMap(([name, address]) =>
    address === undefined ? [] : [item(`Endpoint: ${name}`, place(address))],
  );
  return [
    item(
      'Endpoints',
      endpoints === undefined ? 'as the server says' : 'as the entry says, and the server is not asked',
    ),
    ...named,
  ];
}

/** What of a server's own description tells something, by the names that RFC 8414 and OpenID Connect Discovery give it. */
const LISTS = [
  'scopes_supported',
  'grant_types_supported',
  'response_types_supported',
  'code_challenge_methods_supported',
  'token_endpoint_auth_methods_supported',
  'id_token_signing_alg_values_supported',
  'prompt_values_supported',
] as const;
const FLAGS = ['authorization_response_iss_parameter_supported', 'require_pushed_authorization_requests'] as const;

function serverLines(provider: Provider, known: KnownServer | undefined): string[] {
  const lines = [`### ${code(provider.label)}`];
  if (known === undefined) {
    return [...lines, item('Answer', 'not asked since the window was opened or the settings were changed')];
  }
  const { failed, said } = known;
  if (failed !== undefined) {
    lines.push(item('Failed', `${time(failed.at)}: ${code(`${failed.failure.category}, ${failed.failure.code}`)}`));
  }
  if (said !== undefined) {
    // The types of the library say what a server should answer, not what it does.
    const metadata: Readonly<Record<string, unknown>> = said.metadata;
    lines.push(
      item('Answered', time(said.at)),
      ...ENDPOINTS.map((name) => item(name, typeof metadata[name] === 'string' ? place(metadata[name]) : 'none')),
      ...LISTS.map((name) => item(name, Array.isArray(metadata[name]) ? list(metadata[name]) : 'not said')),
      ...FLAGS.map((name) => item(name, typeof metadata[name] === 'boolean' ? String(metadata[name]) : 'not said')),
    );
  }
  return lines;
}

function sessionLines(session: LiveSession, { facts, lifetimes }: ReportInput): string[] {
  const { record, failure, failedAt, failures } = session;
  const { accessExpiresAt, renewalDueAt, sessionEndsAt, state } = statusOf(session, lifetimes, facts.now);
  const isOwned =
    configuredProviderOf(record, (id) => facts.providers.find((provider) => provider.id === id)) !== undefined;
  const at = (formatTime: number | undefined, otherwise: string): string =>
    formatTime === undefined ? otherwise : `${time(formatTime)} (${distance(formatTime - facts.now)})`;
  const isRenewable = tokenLifetimes(record).renewable;
  return [
    `### ${code(shortId(record.id))}`,
    item('Account', accountOf(record, facts)),
    item('Provider', `${code(record.providerId)}, ${isOwned ? 'as configured' : 'NOT as configured'}`),
    item('Issuer', place(record.issuer)),
    item('Client id', code(record.clientId)),
    item('Credentials go to', goalOf(record)),
    item('State', isOwned ? state : 'set apart'),
    item('Scopes', list(record.scopes)),
    item('Signed in', at(record.signedInAt, '')),
    item('Last renewal', record.renewedAt === record.signedInAt ? 'none yet' : at(record.renewedAt, '')),
    item('Access token expires', `${at(accessExpiresAt, 'never said')}; known from: ${record.expirySource}`),
    item('Session ends', `${at(sessionEndsAt, 'not known')}; known from: ${sourceOfEnd(record)}`),
    item('Generation', `${record.generation}${record.isComplete ? '' : ' (half a renewal)'}`),
    item(
      'Renewable',
      isRenewable ? 'yes' : record.refreshToken === undefined ? 'no, there is no refresh token' : 'no, it has ended',
    ),
    item('Next renewal', isRenewable && isOwned ? at(renewalDueAt, 'nothing calls for one') : 'none'),
    item('ID token', claimNames(record)),
    item('Stored', whereStored(session)),
    item(
      'Last failure',
      failure === undefined
        ? 'none'
        : `${code(`${failure.category}, ${failure.code}`)}, ${at(failedAt, 'time not known')}, ${failures} in a row`,
    ),
    ...(record.ended === undefined
      ? []
      : [item('Ended', `${at(record.ended.at, '')}: ${code(`${record.ended.category}, ${record.ended.code}`)}`)]),
  ];
}

/** Where the entry led them when they came: nowhere else are they sent. */
function goalOf({ origins }: SessionRecord): string {
  return origins === undefined
    ? 'not kept yet'
    : origins.length === 0
      ? 'where the server says'
      : origins.map(place).join(', ');
}

function sourceOfEnd(record: SessionRecord): string {
  return !tokenLifetimes(record).renewable
    ? 'the access token, which cannot be renewed'
    : (record.sessionEndSource ?? 'nothing');
}

function whereStored({ unsaved, unshared }: LiveSession): string {
  return unsaved ? 'NO, in memory only' : unshared === true ? 'yes, but not shared with other windows' : 'yes';
}

function claimNames({ idToken }: SessionRecord): string {
  const claims = idToken === undefined ? undefined : claimsOf(idToken);
  return idToken === undefined
    ? 'none'
    : claims === undefined
      ? 'there, but not readable'
      : `has the claims ${list(Object.keys(claims))}`;
}

/** Who somebody is does not belong in a ticket: the first character tells them apart well enough, and a number. */
function accountOf({ account, providerId }: SessionRecord, { sessions }: Facts): string {
  const ids = [
    ...new Set(
      sessions.filter(({ record }) => record.providerId === providerId).map(({ record }) => record.account.id),
    ),
  ];
  const [first = ''] = sanitizeDisplayName(account.label);
  return `${code(`${first}…`)}, account ${ids.indexOf(account.id) + 1} of ${code(providerId)}`;
}

function eventLine({ at, generation, kind, providerId, session, why }: HistoryEvent): string {
  const reason = why === undefined ? '' : `: ${code(`${why.category}, ${why.code}`)}`;
  return `- ${time(at)} ${code(session)} at ${code(providerId)}, generation ${generation}: ${kind}${reason}`;
}

function clockLines(session: LiveSession): string[] {
  const { issuer, renewedAt } = session.record;
  const skew = skewOf(session);
  const where = `Date header of ${place(issuer)}`;
  return [
    item(
      code(shortId(session.record.id)),
      skew === undefined
        ? `not measured, no ${where}`
        : `server ${skew >= 0 ? 'ahead' : 'behind'} by ${Math.abs(skew)} ms, ${where}, ${time(renewedAt)}`,
    ),
  ];
}

function storageLines({ leftovers, store }: Facts): string[] {
  const outlasts = {
    persistent: 'yes, a secret of an earlier session of the editor is there',
    forgets: 'NO, a secret of an earlier session of the editor is gone',
    unknown: 'not known yet, ask again after the next start of the editor',
  };
  return [
    item('A secret written now reads back', healthOf(store.now)),
    item('Outlasts the editor', outlasts[store.persistence]),
    item('Set aside as unreadable', leftovers === undefined ? 'cannot be read' : String(leftovers)),
  ];
}

function windowLines({ facts, sessionIndex, renewalLock }: ReportInput): string[] {
  const holders =
    typeof renewalLock === 'string'
      ? `cannot be read (${renewalLock})`
      : renewalLock
          .map(
            ({ id, lives }) =>
              `${code(shortId(id))} (its window ${lives === undefined ? 'cannot be asked' : lives ? 'lives' : 'is gone'})`,
          )
          .join(', ');
  return [
    item('A file in the shared folder can be written, read and deleted', healthOf(facts.folder)),
    item('Takes turns with other windows', facts.isDegraded ? 'NO, this window is alone' : 'yes'),
    item('Renewals on their way in any window', holders === '' ? 'none' : holders),
    item('Sessions in the session index', `${sessionIndex.present.length}, and ${sessionIndex.gone.length} signed out`),
    item('Sessions in the session index that nobody has', String(facts.lost.length)),
  ];
}

function healthOf(health: Health): string {
  return health === 'works' ? 'yes' : `NO (${code(health.code)})`;
}

function section(name: string, lines: readonly string[]): string[] {
  const spaced = lines.flatMap((line, index) =>
    line.startsWith('### ') ? [...(index === 0 ? [] : ['']), line, ''] : [line],
  );
  return ['', `## ${name}`, '', ...(lines.length === 0 ? ['None.'] : spaced)];
}

function item(name: string, value: string): string {
  return `- ${name}: ${value}`;
}

/** Text from outside as a code span, in which it stays text. */
function code(text: string): string {
  // Neither a table nor an editor must find anything in it.
  const clean = sanitizeDisplayName(text).replaceAll('|', '¦').replaceAll('://', ': //');
  return clean === '' ? '—' : `\`${clean}\``;
}

/** Text of the settings as a part of a sentence. */
function plain(text: string): string {
  return sanitizeDisplayName(text)
    .replace(/[^\p{L}\p{M}\p{N} ./-]/gu, ' ')
    .replace(/\/\/|\bwww\./gi, ' ')
    .replace(/ +/g, ' ')
    .trim();
}

/** An address to the letter, without the scheme, so that nothing makes a link of it, and without what may be secret. */
function place(address: string): string {
  const rest = address
    .replace(/^[a-z]+:\/\//i, '')
    .replace(/[?#].*$/s, '')
    .replace(/^[^/]*@/, '');
  return `${code(rest)}${/^https:/i.test(address) ? '' : ' (not https)'}`;
}

/** How many things of a list are shown. */
const LONGEST_LIST = 30;

function list(values: readonly unknown[]): string {
  const shown = values.slice(0, LONGEST_LIST).map((value) => code(typeof value === 'string' ? value : '?'));
  return shown.length === 0
    ? 'none'
    : `${shown.join(' ')}${values.length > LONGEST_LIST ? ` and ${values.length - LONGEST_LIST} more` : ''}`;
}

function shortId(id: string): string {
  return id.slice(0, 8);
}

function time(at: number): string {
  // What a session index or a server says need not be on any calendar.
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : 'beyond any calendar';
}

function distance(length: number): string {
  const { count, unit } = remaining(Math.abs(length));
  const words = `${count} ${unit}${count === 1 ? '' : 's'}`;
  return length < 0 ? `${words} ago` : `in ${words}`;
}
