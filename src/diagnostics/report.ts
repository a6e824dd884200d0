// The diagnostics report, as Markdown. Everything but the findings is always in English, so that support can read it; the
// findings are in the user's language. It contains no part of a token.
import type { LifetimeSettings } from '../core/lifetime.ts';
import type { Declarer, SettingProblem } from '../core/parseProviders.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import type { LockHolder } from '../locking/lockFiles.ts';
import type { SharedFiles } from '../storage/sessionStore.ts';
import type { KnownServer } from '../protocol/discovery.ts';
import type { HistoryEvent } from '../sessions/history.ts';
import type { ClientSecretState } from '../storage/clientSecrets.ts';
import type { Health } from '../storage/storageProbe.ts';
import { SEVERITIES, type DiagnosticFinding, type DiagnosticFacts, type Severity } from './finding.ts';
import { code, item, stripMarkdown, section, shortId, formatTimestamp } from './markdown.ts';
import { providerLines } from './providerSection.ts';
import { redactSecrets } from './redaction.ts';
import { serverLines } from './serverSection.ts';
import { describeAccount, clockLines, formatEvent, sessionLines } from './sessionSection.ts';

/** The names that the message of a finding uses, as Markdown. */
export interface FindingNames {
  readonly provider: string;
  readonly session: string;
  readonly detail: string;
  readonly problem: SettingProblem | undefined;
}

/** The texts of the report. */
export interface ReportMessages {
  /** Describes the document, and that it's safe to share. */
  introduction(): string;
  nothingFound(): string;
  /** Returns the heading above findings of a severity. */
  severity(severity: Severity): string;
  /** Returns what is wrong, and what to do. */
  finding(finding: DiagnosticFinding, names: FindingNames): string;
}

/** What a report is created from. */
export interface ReportInput {
  readonly facts: DiagnosticFacts;
  readonly findings: readonly DiagnosticFinding[];
  /** Versions and the extension host: names and values. */
  readonly environment: readonly (readonly [string, string])[];
  /** Proxy and certificates: names and values. */
  readonly network: readonly (readonly [string, string])[];
  readonly lifetimes: LifetimeSettings;
  getKnownServer(provider: Provider): KnownServer | undefined;
  /** Returns whether the organization configures a provider. */
  isManaged(id: string): boolean;
  /** Returns the extension that declares a provider. */
  declarerOf(id: string): Declarer | undefined;
  /** The state of the client secrets, by provider ID. */
  readonly clientSecrets: ReadonlyMap<string, ClientSecretState>;
  readonly events: readonly HistoryEvent[];
  /** The processes that hold a renewal lock now; the code of the failure if that can't be read. */
  readonly lockHolders: readonly (LockHolder & { readonly isAlive: boolean | undefined })[] | string;
  readonly files: SharedFiles;
  readonly messages: ReportMessages;
}

/** A report, and the zero-based line of each finding. */
export interface Report {
  readonly markdown: string;
  readonly findingLines: readonly { readonly line: number; readonly finding: DiagnosticFinding }[];
}

/** Creates a report. */
export function createReport(input: ReportInput): Report {
  const { facts, findings, messages } = input;
  const lines = [
    '# Session Keeper Diagnostics',
    '',
    messages.introduction(),
    '',
    `Created ${formatTimestamp(facts.now)}.`,
    '',
    '## Findings',
  ];
  const findingLines: { line: number; finding: DiagnosticFinding }[] = [];
  for (const severity of SEVERITIES) {
    const group = findings.filter((finding) => finding.severity === severity);
    if (group.length > 0) {
      lines.push('', `### ${messages.severity(severity)}`, '');
    }
    for (const finding of group) {
      findingLines.push({ line: lines.length, finding });
      lines.push(`- ${messages.finding(finding, namesFor(finding, facts))} (${finding.code})`);
    }
  }
  if (findings.length === 0) {
    lines.push('', messages.nothingFound());
  }
  lines.push(
    ...section(
      'Environment',
      input.environment.map(([name, value]) => item(name, code(value))),
    ),
    ...section(
      'Providers',
      facts.providers.flatMap((provider) =>
        providerLines(
          provider,
          input.clientSecrets.get(provider.id) ?? 'unknown',
          input.declarerOf(provider.id),
          input.isManaged(provider.id),
        ),
      ),
    ),
    ...section(
      'Discovery',
      facts.providers.flatMap((provider) => serverLines(provider, input.getKnownServer(provider))),
    ),
    ...section(
      'Sessions',
      facts.sessions.flatMap((session) => sessionLines(session, input)),
    ),
    ...section('Recent events', input.events.map(formatEvent)),
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
    markdown: redactSecrets(
      `${lines.join('\n')}\n`,
      facts.sessions.flatMap(({ record }) => secretsOf(record)),
    ),
    findingLines,
  };
}

function secretsOf({ accessToken, idToken = '', refreshToken = '' }: SessionRecord): string[] {
  return [accessToken, refreshToken, idToken];
}

function namesFor(
  { detail = '', problem, providerId = '', session }: DiagnosticFinding,
  facts: DiagnosticFacts,
): FindingNames {
  const provider = code(facts.providers.find(({ id }) => id === providerId)?.label ?? providerId);
  return {
    provider,
    session:
      session === undefined ? '' : `${code(shortId(session.record.id))} (${describeAccount(session.record, facts)})`,
    detail: code(detail),
    problem: problem && { ...problem, entry: stripMarkdown(problem.entry), field: stripMarkdown(problem.field) },
  };
}

function storageLines({ quarantined, store }: DiagnosticFacts): string[] {
  const persistence = {
    persistent: 'yes, there is a secret from an earlier editor session',
    'not-persistent': 'NO, a secret from an earlier editor session is missing',
    unknown: 'unknown until the editor is restarted',
  };
  return [
    item('SecretStorage returns a new secret', formatHealth(store.now)),
    item('SecretStorage is persistent', persistence[store.persistence]),
    item('Quarantined secrets', quarantined === undefined ? "can't be read" : String(quarantined)),
  ];
}

function windowLines({ facts, files, lockHolders }: ReportInput): string[] {
  const holders =
    typeof lockHolders === 'string' ? `can't be read (${lockHolders})` : lockHolders.map(holderText).join(', ');
  return [
    item('Shared folder is writable and readable', formatHealth(facts.folder)),
    item('Coordinates with other windows', facts.isDegraded ? 'NO' : 'yes'),
    item('Refreshes in progress in all windows', holders === '' ? 'none' : holders),
    item('Session files', `${files.present.length}, and ${files.signedOut.length} signed out`),
    item('Session files without tokens in this window', String(facts.lost.length)),
  ];
}

function holderText({ id, isAlive, name, since }: LockHolder & { readonly isAlive: boolean | undefined }): string {
  const state = isAlive === undefined ? 'state unknown' : isAlive ? 'running' : 'ended';
  const by = `${name === undefined ? 'another process' : code(name)}, ${state}`;
  return `${code(shortId(id))} by ${by}${since === undefined ? '' : `, since ${formatTimestamp(since)}`}`;
}

function formatHealth(health: Health): string {
  return health === 'works' ? 'yes' : `NO (${code(health.code)})`;
}
