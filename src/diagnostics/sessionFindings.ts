// The findings about sessions: their provider, their state, and the clock skew.
import { isLoopbackHost, parseUrl } from '../core/secureUrl.ts';
import { decodeJwtClaims } from '../core/jwt.ts';
import { CLOCK_SKEW_WARNING } from '../core/clock.ts';
import { isIssuedBy } from '../core/issuer.ts';
import type { Provider } from '../core/provider.ts';
import { normalizeScopes } from '../core/scopes.ts';
import { configuredProviderOf } from '../core/serverIdentity.ts';
import type { SessionRecord } from '../core/session.ts';
import { isUsable, sessionTime, type LiveSession } from '../core/status.ts';
import { formatList } from '../host/formatting.ts';
import type { DiagnosticFinding, DiagnosticFacts } from './finding.ts';
import { quickFixFor } from './quickFix.ts';

/** Returns the findings about sessions. */
export function sessionFindings(facts: DiagnosticFacts): DiagnosticFinding[] {
  return [
    ...facts.sessions.flatMap((session) => findingsForSession(session, facts)),
    ...clockFindings(facts),
    ...duplicateLabelFindings(configuredSessions(facts)),
  ];
}

function providerWith({ providers }: DiagnosticFacts, id: string): Provider | undefined {
  return providers.find((provider) => provider.id === id);
}

function configuredSessions(facts: DiagnosticFacts): LiveSession[] {
  return facts.sessions.filter(
    ({ record }) => configuredProviderOf(record, (id) => providerWith(facts, id)) !== undefined,
  );
}

function findingsForSession(session: LiveSession, facts: DiagnosticFacts): DiagnosticFinding[] {
  const { record } = session;
  const base = { session, providerId: record.providerId } as const;
  const mismatchedClaims = findMismatchedClaims(record);
  const identityMismatch =
    mismatchedClaims.length === 0
      ? []
      : [
          {
            ...base,
            code: 'identity-mismatch',
            severity: 'error',
            quickFix: 'remove',
            detail: formatList(mismatchedClaims),
          } as const,
        ];
  const provider = providerWith(facts, record.providerId);
  if (configuredProviderOf(record, () => provider) === undefined) {
    const code =
      provider === undefined
        ? 'not-configured'
        : isLoopbackIssuer(record.issuer) && !isLoopbackIssuer(provider.issuer)
          ? 'test-server'
          : 'configuration-mismatch';
    // If an entry is invalid, the settings have to be fixed, and the session may be usable again then.
    const quickFix = provider === undefined && facts.problems.length > 0 ? 'settings' : 'sign-out';
    return [...identityMismatch, { ...base, code, severity: 'warning', quickFix }];
  }
  return [...identityMismatch, ...findingsForConfiguredSession(session, provider, facts.now)];
}

function findingsForConfiguredSession(
  session: LiveSession,
  provider: Provider | undefined,
  now: number,
): DiagnosticFinding[] {
  const { record, failure, unsaved } = session;
  const base = { session, providerId: record.providerId } as const;
  const findings: DiagnosticFinding[] = [];
  if (unsaved) {
    findings.push({ ...base, code: 'unsaved', severity: 'error', quickFix: 'check' });
  }
  if (record.ended !== undefined || !isUsable(record, sessionTime(session, now))) {
    const detail = record.ended === undefined ? undefined : `${record.ended.category}, ${record.ended.code}`;
    findings.push({ ...base, code: 'ended', severity: 'warning', quickFix: 'sign-in', detail });
    return findings;
  }
  if (failure !== undefined) {
    findings.push({
      ...base,
      code: 'renewal-fails',
      severity: 'warning',
      quickFix: quickFixFor(failure.category, 'renew'),
      detail: `${failure.category}, ${failure.code}`,
    });
  }
  // Without an expiry no renewal is needed, and without a refresh token an assumed expiry has no effect.
  const { accessExpiresAt, expirySource, refreshToken } = record;
  if (refreshToken === undefined && accessExpiresAt !== undefined) {
    const isAskedFor = normalizeScopes(provider?.scopes ?? []).includes('offline_access');
    findings.push({
      ...base,
      code: 'no-refresh-token',
      severity: 'note',
      quickFix: isAskedFor ? undefined : 'settings',
    });
  }
  if (refreshToken !== undefined && expirySource === 'unknown') {
    findings.push({ ...base, code: 'lifetime-unknown', severity: 'note', quickFix: 'settings' });
  }
  return findings;
}

/** Returns the claims of the ID token that don't match the session; none if they all match, or if it can't be decoded. */
function findMismatchedClaims({ idToken, issuer, clientId, subject }: SessionRecord): string[] {
  const claims = idToken === undefined ? undefined : decodeJwtClaims(idToken);
  if (claims === undefined) {
    return [];
  }
  const { iss, aud, sub, tid } = claims;
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return [
    ...(isIssuedBy(iss, tid, issuer) ? [] : ['iss']),
    ...(audiences.includes(clientId) ? [] : ['aud']),
    ...(subject === undefined || sub === subject ? [] : ['sub']),
  ];
}

function isLoopbackIssuer(issuer: string): boolean {
  return isLoopbackHost(parseUrl(issuer)?.hostname ?? '');
}

/** Uses the latest response of each provider. */
function clockFindings(facts: DiagnosticFacts): DiagnosticFinding[] {
  const latest = new Map<string, LiveSession>();
  for (const session of configuredSessions(facts)) {
    const { providerId, tokensRequestedAt } = session.record;
    if (
      skewOf(session) !== undefined &&
      tokensRequestedAt >= (latest.get(providerId)?.record.tokensRequestedAt ?? -Infinity)
    ) {
      latest.set(providerId, session);
    }
  }
  return [...latest.values()].flatMap((session) => {
    const { providerId, refreshToken, ended } = session.record;
    const skew = skewOf(session) ?? 0;
    // The next response measures the skew again.
    const quickFix = refreshToken === undefined || ended !== undefined ? undefined : 'renew';
    return Math.abs(skew) > CLOCK_SKEW_WARNING
      ? [{ code: 'clock-off', severity: 'warning', quickFix, providerId, session, skew } as const]
      : [];
  });
}

/** Returns how far the server's clock was ahead, in ms, when it last issued a token. */
export function skewOf({ skew, record }: LiveSession): number | undefined {
  return skew ?? record.skew;
}

function duplicateLabelFindings(sessions: readonly LiveSession[]): DiagnosticFinding[] {
  return sessions.flatMap((session, index) => {
    const { account, providerId } = session.record;
    const isTaken = sessions.slice(0, index).some(({ record }) => {
      return (
        record.providerId === providerId && record.account.label === account.label && record.account.id !== account.id
      );
    });
    return isTaken
      ? [{ code: 'same-label', severity: 'warning', quickFix: 'sign-out', providerId, session } as const]
      : [];
  });
}
