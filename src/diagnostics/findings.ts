// Derives diagnostic findings from facts, without side effects.
import { FINDING_CODES, type DiagnosticFinding, type DiagnosticFacts } from './finding.ts';
import { quickFixFor } from './quickFix.ts';
import { sessionFindings } from './sessionFindings.ts';

/** Returns the findings, the most severe first. */
export function getFindings(facts: DiagnosticFacts): DiagnosticFinding[] {
  const findings = [...sessionFindings(facts), ...settingsFindings(facts), ...storageFindings(facts)];
  return findings.sort((one, other) => FINDING_CODES.indexOf(one.code) - FINDING_CODES.indexOf(other.code));
}

function settingsFindings({
  idConflicts = [],
  lost,
  numberProblems,
  problems,
  providers,
  tlsDisabledBy,
  unknownServers,
}: DiagnosticFacts): DiagnosticFinding[] {
  const findings: DiagnosticFinding[] = [
    ...lost.map(
      ({ id, providerId }) =>
        ({ code: 'lost', severity: 'warning', quickFix: 'sign-in', providerId, detail: id.slice(0, 8) }) as const,
    ),
    ...problems.map(
      (problem) => ({ code: 'entry-not-used', severity: 'warning', quickFix: 'settings', problem }) as const,
    ),
    ...numberProblems.map(
      (numberProblem) =>
        ({ code: 'setting-out-of-range', severity: 'warning', quickFix: 'settings', numberProblem }) as const,
    ),
    ...idConflicts
      // The default provider is unused if it isn't configured.
      .filter(({ providerId }) => providers.some(({ id }) => id === providerId))
      .map(({ declaredBy: detail, isTaken, providerId }) =>
        isTaken
          ? ({ code: 'id-taken', severity: 'error', quickFix: 'settings', providerId, detail } as const)
          : ({ code: 'id-declared', severity: 'warning', quickFix: 'settings', providerId, detail } as const),
      ),
    ...unknownServers.map(({ providerId, category, code }) => {
      return {
        code: 'server-unknown',
        severity: 'warning',
        quickFix: quickFixFor(category, 'log'),
        providerId,
        detail: `${category}, ${code}`,
      } as const;
    }),
  ];
  if (providers.length === 0) {
    // If there are invalid entries, those have to be fixed.
    findings.push({
      code: 'nothing-configured',
      severity: 'note',
      quickFix: problems.length > 0 ? 'settings' : 'add-provider',
    });
  }
  if (tlsDisabledBy !== undefined) {
    findings.push({
      code: 'tls-off',
      severity: 'error',
      quickFix: tlsDisabledBy === 'setting' ? 'proxy-settings' : undefined,
      detail: tlsDisabledBy,
    });
  }
  return findings;
}

function storageFindings({ folder, isDegraded, quarantined = 0, store }: DiagnosticFacts): DiagnosticFinding[] {
  const findings: DiagnosticFinding[] = [];
  if (store.now !== 'works') {
    const code = store.now.code === 'secret-not-persistent' ? 'store-forgets' : 'store-fails';
    findings.push({ code, severity: 'error', quickFix: 'check', detail: store.now.code });
  }
  if (store.persistence === 'not-persistent') {
    findings.push({ code: 'store-not-persistent', severity: 'warning', quickFix: undefined });
  }
  if (folder !== 'works') {
    findings.push({ code: 'folder-fails', severity: 'error', quickFix: 'check', detail: folder.code });
  }
  if (isDegraded) {
    findings.push({ code: 'cross-window-sync-off', severity: 'warning', quickFix: 'check' });
  }
  if (quarantined > 0) {
    findings.push({ code: 'quarantined-secrets', severity: 'note', quickFix: 'clear', detail: String(quarantined) });
  }
  return findings;
}
