// The report's section about sessions.
import { decodeJwtClaims } from '../core/jwt.ts';
import { sanitizeDisplayName } from '../core/failure.ts';
import { configuredProviderOf } from '../core/serverIdentity.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import { statusOf, type LiveSession } from '../core/status.ts';
import type { HistoryEvent } from '../sessions/history.ts';
import type { DiagnosticFacts } from './finding.ts';
import { skewOf } from './sessionFindings.ts';
import { code, formatRelativeTime, item, list, shortId, formatTimestamp, url } from './markdown.ts';
import type { ReportInput } from './report.ts';

/** Returns what is known about a session, without its tokens and without the user's identity. */
export function sessionLines(session: LiveSession, { facts, lifetimes }: ReportInput): string[] {
  const { record, failure, failedAt, failures } = session;
  const { accessExpiresAt, refreshDueAt, sessionEndsAt, state } = statusOf(session, lifetimes, facts.now);
  const isOwned =
    configuredProviderOf(record, (id) => facts.providers.find((provider) => provider.id === id)) !== undefined;
  const at = (value: number | undefined, otherwise: string): string =>
    value === undefined ? otherwise : `${formatTimestamp(value)} (${formatRelativeTime(value - facts.now)})`;
  const isRenewable = tokenLifetimes(record).isRefreshable;
  return [
    `### ${code(shortId(record.id))}`,
    item('Account', describeAccount(record, facts)),
    item('Provider', `${code(record.providerId)}, ${isOwned ? 'matches the settings' : 'DOES NOT match the settings'}`),
    item('Issuer', url(record.issuer)),
    item('Client ID', code(record.clientId)),
    item('Credentials go to', describeCredentialOrigins(record)),
    item('State', isOwned ? state : 'ignored'),
    item('Scopes', list(record.scopes)),
    item('Signed in', at(record.signedInAt, '')),
    item(
      'Last renewal',
      record.tokensRequestedAt === record.signedInAt ? 'none yet' : at(record.tokensRequestedAt, ''),
    ),
    item('Access token expires', `${at(accessExpiresAt, 'unknown')}; source: ${record.expirySource}`),
    item('Session ends', `${at(sessionEndsAt, 'unknown')}; source: ${describeEndSource(record)}`),
    item('Generation', `${record.generation}${record.isComplete ? '' : ' (incomplete renewal)'}`),
    item(
      'Renewable',
      isRenewable ? 'yes' : record.refreshToken === undefined ? 'no (no refresh token)' : 'no (session ended)',
    ),
    item('Next renewal', isRenewable && isOwned ? at(refreshDueAt, 'not scheduled') : 'none'),
    item('ID token', describeClaims(record)),
    item('Stored', describeStorage(session)),
    item(
      'Last failure',
      failure === undefined
        ? 'none'
        : `${code(`${failure.category}, ${failure.code}`)}, ${at(failedAt, 'unknown time')}, ${failures} in a row`,
    ),
    ...(record.ended === undefined
      ? []
      : [item('Ended', `${at(record.ended.at, '')}: ${code(`${record.ended.category}, ${record.ended.code}`)}`)]),
  ];
}

/** Returns the origins that credentials are sent to: those of the entry when the session was created. */
function describeCredentialOrigins({ origins }: SessionRecord): string {
  return origins === undefined
    ? 'not recorded'
    : origins.length === 0
      ? 'the endpoints of the server metadata'
      : origins.map(url).join(', ');
}

function describeEndSource(record: SessionRecord): string {
  return !tokenLifetimes(record).isRefreshable ? 'access token (not renewable)' : (record.sessionEndSource ?? 'none');
}

function describeStorage({ unsaved, unshared }: LiveSession): string {
  return unsaved ? 'NO, in memory only' : unshared === true ? 'yes, but not shared with other windows' : 'yes';
}

function describeClaims({ idToken }: SessionRecord): string {
  const claims = idToken === undefined ? undefined : decodeJwtClaims(idToken);
  return idToken === undefined
    ? 'none'
    : claims === undefined
      ? 'not decodable'
      : `claims ${list(Object.keys(claims))}`;
}

/** Returns the first character of an account's label and a number, which distinguish accounts without identifying the user. */
export function describeAccount({ account, providerId }: SessionRecord, { sessions }: DiagnosticFacts): string {
  const ids = [
    ...new Set(
      sessions.filter(({ record }) => record.providerId === providerId).map(({ record }) => record.account.id),
    ),
  ];
  const [first = ''] = sanitizeDisplayName(account.label);
  return `${code(`${first}…`)}, account ${ids.indexOf(account.id) + 1} of ${code(providerId)}`;
}

/** Returns an event of a session. */
export function formatEvent({ at, generation, kind, providerId, reason, session }: HistoryEvent): string {
  const because = reason === undefined ? '' : `: ${code(`${reason.category}, ${reason.code}`)}`;
  return `- ${formatTimestamp(at)} ${code(session)} at ${code(providerId)}, generation ${generation}: ${kind}${because}`;
}

/** Returns the clock skew between this computer and a session's server. */
export function clockLines(session: LiveSession): string[] {
  const { issuer, tokensRequestedAt } = session.record;
  const skew = skewOf(session);
  const source = `Date header from ${url(issuer)}`;
  return [
    item(
      code(shortId(session.record.id)),
      skew === undefined
        ? `not measured (no ${source})`
        : `server ${skew >= 0 ? 'ahead' : 'behind'} by ${Math.abs(skew)} ms, ${source}, ${formatTimestamp(tokensRequestedAt)}`,
    ),
  ];
}
