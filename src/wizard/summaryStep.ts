// The summary: every answer and every default, to save or to change.
import { getCapabilityNotes } from './capabilities.ts';
import { toProvider, type Draft } from './draft.ts';
import { entryName, type Entry } from './entries.ts';
import {
  validateClientId,
  validateId,
  validateIssuer,
  validateRedirect,
  validateScope,
  type ValidationError,
} from './entryValidation.ts';
import type { Answer } from './multiStepInput.ts';
import { selectedScopes, withDefaults } from './proposals.ts';
import { allowsAnyPort, urisToRegister } from './redirect.ts';
import { hasFixedIssuer, mayHaveSecret, registersRedirect } from './steps.ts';
import * as messages from './summaryMessages.ts';
import { describeCapability } from './serverStepMessages.ts';
import { describeValidationError } from './wizardMessages.ts';
import { otherEntries, pickRow, separator, type Outcome, type Row, type WizardState } from './wizardStep.ts';

type SummaryStep = keyof typeof messages.SUMMARY_LABELS;

/** Shows all answers, to save them or to change one. */
export async function askSummary(state: WizardState): Promise<Answer<Outcome>> {
  const { draft } = state;
  const others = otherEntries(state);
  const full = withDefaults(draft, others);
  const problems = findProblems(full, others);
  const [firstProblem] = problems.keys();
  const lines = summaryLines(full, await describeSecret(state));
  const rowFor = ([step, value]: readonly [SummaryStep, string]): Row => {
    const problem = problems.get(step);
    const label = messages.SUMMARY_LABELS[step]();
    return {
      label: problem === undefined ? label : `$(warning) ${label}`,
      description: value,
      ...(problem === undefined ? {} : { detail: describeValidationError(problem) }),
      outcome: { draft, next: step },
    };
  };
  const saveAndSignIn: Row = {
    label: `$(sign-in) ${messages.saveAndSignIn()}`,
    detail: messages.saveAndSignInDetail(),
    outcome: { draft, next: firstProblem ?? 'sign-in' },
  };
  const save: Row = { label: `$(save) ${messages.save()}`, outcome: { draft, next: firstProblem ?? 'save' } };
  return pickRow(state, 'summary', messages.summaryPrompt(), [
    // After a change, the session usually remains valid.
    ...(draft.original === undefined ? [saveAndSignIn, save] : [save, saveAndSignIn]),
    separator(messages.settingsHeading()),
    ...lines.map(rowFor),
    ...capabilityRows(draft),
    ...(firstProblem === undefined ? linkRows(full) : []),
  ]);
}

/** Returns what is wrong with the answers, which the entry to edit may contain, by step. */
function findProblems(draft: Draft, others: readonly Entry[]): Map<SummaryStep, ValidationError> {
  const scope = draft.scopes?.find((one) => validateScope(one) !== undefined);
  const errors: readonly (readonly [SummaryStep, ValidationError | undefined])[] = [
    ['issuer', validateIssuer(draft.issuer)],
    ['client', validateClientId(draft.clientId)],
    ['redirect', validateRedirect(draft)],
    ['scopes', scope === undefined ? undefined : validateScope(scope)],
    ['id', validateId(draft.id, others)],
  ];
  return new Map(errors.flatMap(([step, error]) => (error === undefined ? [] : [[step, error]])));
}

async function describeSecret({ dependencies, draft, secret }: WizardState): Promise<string> {
  if (secret !== '') {
    return messages.secretEntered();
  }
  const provider = mayHaveSecret(draft) ? toProvider(draft) : undefined;
  const stored = provider && (await dependencies.clientSecrets.read(provider).catch(() => undefined));
  return stored === undefined ? messages.noSecret() : messages.secretUnchanged();
}

function summaryLines(draft: Draft, secret: string): (readonly [SummaryStep, string])[] {
  const { clientId, id, issuer, label, original } = draft;
  const lines: readonly (readonly [SummaryStep, string])[] = [
    ['issuer', issuer],
    ['client', clientId],
    ['secret', secret],
    ['redirect', messages.redirectUris(urisToRegister(draft), allowsAnyPort(draft))],
    ['scopes', selectedScopes(draft).join(' ')],
    ['label', label || (original === undefined ? '' : entryName(original))],
    ['id', id],
  ];
  const isHidden: Readonly<Partial<Record<SummaryStep, boolean>>> = {
    issuer: hasFixedIssuer(draft.preset),
    secret: !mayHaveSecret(draft),
    redirect: !registersRedirect(draft),
    scopes: draft.preset?.scopes.length === 0,
  };
  return lines.filter(([step]) => isHidden[step] !== true);
}

/** Returns the row for what is known about the server; none if nothing is. */
function capabilityRows(draft: Draft): Row[] {
  if (draft.metadata === undefined || draft.metadata === null) {
    return [];
  }
  const notes = getCapabilityNotes(draft).map(describeCapability);
  return [
    separator(''),
    {
      label: messages.capabilities(),
      detail: notes.join(' · '),
      outcome: { draft, next: 'capabilities' },
    },
  ];
}

/** Returns the row for a link that proposes the provider to others. */
function linkRows(draft: Draft): Row[] {
  return [
    separator(''),
    {
      label: `$(link) ${messages.copyLink()}`,
      detail: messages.copyLinkDetail(),
      outcome: { draft, next: 'copy-link' },
    },
  ];
}
