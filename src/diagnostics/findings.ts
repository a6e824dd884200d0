// Diagnostic findings: facts in, findings out. Nothing is asked of anybody here.
import { isLoopbackHost } from '../core/address.ts';
import { claimsOf } from '../core/claims.ts';
import { CLOCK_SKEW_WARNING } from '../core/clock.ts';
import { isIssuedBy } from '../core/issuer.ts';
import type { Provider, SettingProblem } from '../core/provider.ts';
import { FAILURE_POLICIES, type Category } from '../core/failurePolicies.ts';
import type { Action } from '../core/failurePolicy.ts';
import { normalizeScopes } from '../core/scopes.ts';
import { configuredProviderOf, type SessionRecord } from '../core/session.ts';
import { isUsable, sessionTime, type LiveSession } from '../core/status.ts';
import type { Health, StoreHealth } from '../storage/storageProbe.ts';
import type { NumberProblem } from '../host/numberSettings.ts';

/** Every finding, the gravest first. The words are stable: reports are compared by them. */
export const FINDING_CODES = [
  /** The ID token in a record is not of the record's issuer, client or person. */
  'poisoned',
  /** Certificates are not checked. */
  'tls-off',
  /** The secret store rejects, or does not answer. */
  'store-fails',
  /** The secret store accepts a secret and does not have it. */
  'store-forgets',
  /** A secret of an earlier session of the editor is gone. */
  'store-not-persistent',
  /** The newest tokens of a session are in memory only. */
  'unsaved',
  /** The folder that all windows share cannot be written, read or cleared. */
  'folder-fails',
  /** This window has gone on alone, because the folder failed when a turn was to be taken. */
  'alone',
  /** A record was made at a server on this computer, and the configuration names none such. */
  'test-server',
  /** A record is of another issuer or client than the provider is configured with. */
  'foreign',
  /** A record's provider is not configured at all. */
  'not-configured',
  /** The session index knows of a session that nobody has. */
  'lost',
  /** A session has ended. */
  'ended',
  /** The renewals of a session fail. */
  'renewal-fails',
  /** What a server says of itself could not be had when that was last tried. */
  'server-unknown',
  /** The clocks of this computer and of a server are far apart. */
  'clock-off',
  /** No provider is set up. */
  'nothing-configured',
  /** An entry of the settings is not used. */
  'entry-not-used',
  /** A setting is out of range or not a number, and another value is used. */
  'setting-out-of-range',
  /** Two accounts of a provider have the same label. */
  'same-label',
  /** A session cannot be renewed: there is no refresh token. */
  'no-refresh-token',
  /** The server never said how long the access token lives. */
  'lifetime-never-said',
  /** Secrets that could not be read lie set aside in the store. */
  'quarantined',
] as const;

/** One of the closed set of findings. */
export type FindingCode = (typeof FINDING_CODES)[number];

/** How grave a finding is. */
export type Severity = 'error' | 'warning' | 'note';

/** What can be done about a finding by pressing something. */
export type QuickFix =
  | 'remove'
  | 'sign-out'
  | 'sign-in'
  | 'renew'
  | 'settings'
  | 'add-provider'
  | 'proxy-settings'
  | 'log'
  | 'check'
  | 'clear';

/** Something that is to be said, and what can be done about it. */
export interface DiagnosticFinding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly mending: QuickFix | undefined;
  /** The id of the provider that it is about. */
  readonly providerId?: string | undefined;
  /** The session that it is about. */
  readonly session?: LiveSession | undefined;
  /** The entry of the settings that it is about. */
  readonly problem?: SettingProblem | undefined;
  /** The setting that it is about. */
  readonly numberProblem?: NumberProblem | undefined;
  /** What is wrong, as stable words: claims, a category and a code, a number of things. */
  readonly detail?: string | undefined;
  /** How far the server's clock is ahead, in ms. */
  readonly skew?: number | undefined;
}

/** Everything that findings are made of. Points in time are in ms since the Unix epoch. */
export interface Facts {
  readonly now: number;
  readonly providers: readonly Provider[];
  readonly problems: readonly SettingProblem[];
  readonly numberProblems: readonly NumberProblem[];
  /** All sessions in memory, those of no configured provider included. */
  readonly sessions: readonly LiveSession[];
  /** The sessions that the session index knows and nobody has. */
  readonly lost: readonly { readonly id: string; readonly providerId: string }[];
  /** The latest failure to find out about a provider's server, where nothing better is known since. */
  readonly unknownServers: readonly {
    readonly providerId: string;
    readonly category: Category;
    readonly code: string;
  }[];
  readonly store: StoreHealth;
  readonly folder: Health;
  /** Whether this window cannot take turns with the others. */
  readonly isDegraded: boolean;
  /** How many secrets lie set aside; undefined where that cannot be read. */
  readonly quarantined: number | undefined;
  /** What switches the check of certificates off: a setting, the environment, or nothing. */
  readonly tlsOffBy: 'setting' | 'environment' | undefined;
}

/** What there is to say of these facts, the gravest first; nothing if all is in order. */
export function findingsOf(facts: Facts): DiagnosticFinding[] {
  const findings = [
    ...facts.sessions.flatMap((session) => ofSession(session, facts)),
    ...ofSettings(facts),
    ...ofPlaces(facts),
    ...ofClocks(facts),
    ...sameLabels(owned(facts)),
  ];
  return findings.sort((one, other) => FINDING_CODES.indexOf(one.code) - FINDING_CODES.indexOf(other.code));
}

function providerWith({ providers }: Facts, id: string): Provider | undefined {
  return providers.find((provider) => provider.id === id);
}

function owned(facts: Facts): LiveSession[] {
  return facts.sessions.filter(
    ({ record }) => configuredProviderOf(record, (id) => providerWith(facts, id)) !== undefined,
  );
}

function ofSession(session: LiveSession, facts: Facts): DiagnosticFinding[] {
  const { record } = session;
  const about = { session, providerId: record.providerId } as const;
  const wrong = wrongClaimsOf(record);
  const poisoned =
    wrong.length === 0
      ? []
      : [{ ...about, code: 'poisoned', severity: 'error', mending: 'remove', detail: wrong.join(', ') } as const];
  const provider = providerWith(facts, record.providerId);
  if (configuredProviderOf(record, () => provider) === undefined) {
    const isOfTest = isOnThisMachine(record.issuer) && (provider === undefined || !isOnThisMachine(provider.issuer));
    const code = isOfTest ? 'test-server' : provider === undefined ? 'not-configured' : 'foreign';
    // Where the settings cannot be read, they are what is to be mended, and the session is as good as before.
    const mending = provider === undefined && facts.problems.length > 0 ? 'settings' : 'remove';
    return [...poisoned, { ...about, code, severity: 'warning', mending }];
  }
  return [...poisoned, ...ofOwnSession(session, provider, facts.now)];
}

function ofOwnSession(session: LiveSession, provider: Provider | undefined, now: number): DiagnosticFinding[] {
  const { record, failure, unsaved } = session;
  const about = { session, providerId: record.providerId } as const;
  const findings: DiagnosticFinding[] = [];
  if (unsaved) {
    findings.push({ ...about, code: 'unsaved', severity: 'error', mending: 'check' });
  }
  if (record.ended !== undefined || !isUsable(record, sessionTime(session, now))) {
    const detail = record.ended === undefined ? undefined : `${record.ended.category}, ${record.ended.code}`;
    findings.push({ ...about, code: 'ended', severity: 'warning', mending: 'sign-in', detail });
    return findings;
  }
  if (failure !== undefined) {
    findings.push({
      ...about,
      code: 'renewal-fails',
      severity: 'warning',
      mending: mendingOf(failure.category, 'renew'),
      detail: `${failure.category}, ${failure.code}`,
    });
  }
  // Without an end there is nothing to renew for, and without a refresh token none to be assumed.
  const { accessExpiresAt, expirySource, refreshToken } = record;
  if (refreshToken === undefined && accessExpiresAt !== undefined) {
    const isAskedFor = normalizeScopes(provider?.scopes ?? []).includes('offline_access');
    findings.push({
      ...about,
      code: 'no-refresh-token',
      severity: 'note',
      mending: isAskedFor ? undefined : 'settings',
    });
  }
  if (refreshToken !== undefined && expirySource === 'never-said') {
    findings.push({ ...about, code: 'lifetime-never-said', severity: 'note', mending: 'settings' });
  }
  return findings;
}

/** What of the ID token does not fit the record; nothing where it fits, or cannot be looked into. */
function wrongClaimsOf({ idToken, issuer, clientId, subject }: SessionRecord): string[] {
  const claims = idToken === undefined ? undefined : claimsOf(idToken);
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

function isOnThisMachine(issuer: string): boolean {
  return URL.canParse(issuer) && isLoopbackHost(new URL(issuer).hostname);
}

/** What is worth pressing about a failure: what its policy offers first, where that can be done from here. */
function mendingOf(category: Category, otherwise: QuickFix): QuickFix {
  const [first] = FAILURE_POLICIES[category].actions;
  return (first === undefined ? undefined : MENDINGS[first]) ?? otherwise;
}

const MENDINGS: Readonly<Partial<Record<Action, QuickFix>>> = {
  'sign-in': 'sign-in',
  settings: 'settings',
  scopes: 'settings',
  'copy-redirect': 'settings',
  'proxy-settings': 'proxy-settings',
  'certificate-settings': 'proxy-settings',
  log: 'log',
};

function ofSettings({
  lost,
  numberProblems,
  problems,
  providers,
  tlsOffBy,
  unknownServers,
}: Facts): DiagnosticFinding[] {
  const findings: DiagnosticFinding[] = [
    ...lost.map(
      ({ id, providerId }) =>
        ({ code: 'lost', severity: 'warning', mending: 'sign-in', providerId, detail: id.slice(0, 8) }) as const,
    ),
    ...problems.map(
      (problem) => ({ code: 'entry-not-used', severity: 'warning', mending: 'settings', problem }) as const,
    ),
    ...numberProblems.map(
      (numberProblem) =>
        ({ code: 'setting-out-of-range', severity: 'warning', mending: 'settings', numberProblem }) as const,
    ),
    ...unknownServers.map(({ providerId, category, code }) => {
      return {
        code: 'server-unknown',
        severity: 'warning',
        mending: mendingOf(category, 'log'),
        providerId,
        detail: `${category}, ${code}`,
      } as const;
    }),
  ];
  if (providers.length === 0) {
    // Where there are entries that are not used, they are what is to be mended.
    findings.push({
      code: 'nothing-configured',
      severity: 'note',
      mending: problems.length > 0 ? 'settings' : 'add-provider',
    });
  }
  if (tlsOffBy !== undefined) {
    findings.push({
      code: 'tls-off',
      severity: 'error',
      mending: tlsOffBy === 'setting' ? 'proxy-settings' : undefined,
      detail: tlsOffBy,
    });
  }
  return findings;
}

function ofPlaces({ folder, isDegraded, quarantined = 0, store }: Facts): DiagnosticFinding[] {
  const findings: DiagnosticFinding[] = [];
  if (store.now !== 'works') {
    const code = store.now.code === 'secret-forgotten' ? 'store-forgets' : 'store-fails';
    findings.push({ code, severity: 'error', mending: 'check', detail: store.now.code });
  }
  if (store.persistence === 'forgets') {
    findings.push({ code: 'store-not-persistent', severity: 'warning', mending: undefined });
  }
  if (folder !== 'works') {
    findings.push({ code: 'folder-fails', severity: 'error', mending: 'check', detail: folder.code });
  }
  if (isDegraded) {
    findings.push({ code: 'alone', severity: 'warning', mending: 'check' });
  }
  if (quarantined > 0) {
    findings.push({ code: 'quarantined', severity: 'note', mending: 'clear', detail: String(quarantined) });
  }
  return findings;
}

/** Of each provider, the latest answer counts. */
function ofClocks(facts: Facts): DiagnosticFinding[] {
  const latest = new Map<string, LiveSession>();
  for (const session of owned(facts)) {
    const { providerId, renewedAt } = session.record;
    if (skewOf(session) !== undefined && renewedAt >= (latest.get(providerId)?.record.renewedAt ?? -Infinity)) {
      latest.set(providerId, session);
    }
  }
  return [...latest.values()].flatMap((session) => {
    const { providerId, refreshToken, ended } = session.record;
    const skew = skewOf(session) ?? 0;
    // The next answer measures it anew.
    const mending = refreshToken === undefined || ended !== undefined ? undefined : 'renew';
    return Math.abs(skew) > CLOCK_SKEW_WARNING
      ? [{ code: 'clock-off', severity: 'warning', mending, providerId, session, skew } as const]
      : [];
  });
}

/** How far the server's clock was ahead, in ms, when it last gave a token. */
export function skewOf({ skew, record }: LiveSession): number | undefined {
  return skew ?? record.skew;
}

function sameLabels(sessions: readonly LiveSession[]): DiagnosticFinding[] {
  return sessions.flatMap((session, index) => {
    const { account, providerId } = session.record;
    const isTaken = sessions.slice(0, index).some(({ record }) => {
      return (
        record.providerId === providerId && record.account.label === account.label && record.account.id !== account.id
      );
    });
    return isTaken
      ? [{ code: 'same-label', severity: 'warning', mending: 'sign-out', providerId, session } as const]
      : [];
  });
}
