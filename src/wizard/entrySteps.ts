// The steps about the entry: its scopes, label and ID, and the summary.
import type { Draft } from './draft.ts';
import type { Entry } from './entries.ts';
import { validateId, validateScope, type ValidationError } from './entryValidation.ts';
import { showStep, type Answer } from './multiStepInput.ts';
import { proposeId, proposeLabel, proposeScopes } from './proposals.ts';
import { allowsAnyPort, urisToRegister } from './redirect.ts';
import { mayHaveSecret, getSteps } from './steps.ts';
import { isInvalid, validateWhileTyping } from './validation.ts';
import * as messages from './entryStepMessages.ts';
import { createBox, createList, pickRow, separator, type Outcome, type WizardState } from './wizardStep.ts';

/** Asks for the scopes. */
export function askScopes(state: WizardState): Promise<Answer<Outcome>> {
  const { draft } = state;
  const list = createList(state, 'scopes', messages.scopesPrompt());
  const proposed = proposeScopes(draft);
  const rows = proposed.map(({ isListed, scope }) => ({
    label: scope,
    description: [
      messages.describeScope(scope),
      ...(isListed || draft.metadata?.scopes_supported === undefined ? [] : [messages.scopeNotListed()]),
    ]
      .filter(Boolean)
      .join(' · '),
  }));
  list.canSelectMany = true;
  list.items = rows;
  list.selectedItems = rows.filter((_, index) => proposed[index]?.isSelected);
  list.onDidChangeValue((value) => {
    const entered = value.trim();
    const selected = list.selectedItems;
    const known = [...new Set([...rows, ...selected])];
    const isNew =
      entered !== '' && validateScope(entered) === undefined && known.every(({ label }) => label !== entered);
    list.items = isNew ? [...known, { label: entered, description: messages.scopeNotListed() }] : known;
    list.selectedItems = selected;
  });
  return showStep(list, () => {
    const scopes = list.selectedItems.map(({ label }) => label);
    return scopes.length === 0 ? undefined : { draft: { ...draft, scopes } };
  });
}

/** Asks for the label. */
export function askLabel(state: WizardState): Promise<Answer<Outcome>> {
  return askText(state, 'label', messages.labelPrompt(), proposeLabel(state.draft), () => undefined);
}

/** Asks for the ID. */
export function askId(state: WizardState): Promise<Answer<Outcome>> {
  const others = otherEntries(state);
  return askText(state, 'id', messages.idPrompt(), proposeId(state.draft, others), (id) => validateId(id, others));
}

function otherEntries({ draft, entries }: WizardState): Entry[] {
  return entries.filter((entry) => entry !== draft.original);
}

function askText(
  state: WizardState,
  step: 'label' | 'id',
  prompt: string,
  value: string,
  validate: (value: string) => ValidationError | undefined,
): Promise<Answer<Outcome>> {
  const box = createBox(state, step, prompt, value);
  validateWhileTyping(box, validate);
  return showStep(box, () =>
    isInvalid(box, validate(box.value.trim())) ? undefined : { draft: { ...state.draft, [step]: box.value.trim() } },
  );
}

/** Shows all answers, to save them or to change one. */
export function askSummary(state: WizardState): Promise<Answer<Outcome>> {
  const { draft } = state;
  return pickRow(state, 'summary', messages.summaryPrompt(), [
    {
      label: `$(sign-in) ${messages.signInNow()}`,
      detail: messages.signInNowDetail(),
      outcome: { draft, next: 'sign-in' },
    },
    { label: `$(save) ${messages.save()}`, outcome: { draft, next: 'save' } },
    separator(''),
    ...summaryLines(draft, state.secret).map(([step, value]) => ({
      label: messages.SUMMARY_LABELS[step](),
      description: value,
      outcome: { draft, next: step },
    })),
  ]);
}

type SummaryLine = readonly [step: keyof typeof messages.SUMMARY_LABELS, value: string];

function summaryLines(draft: Draft, secret: string): SummaryLine[] {
  const secretState =
    secret !== '' ? messages.secretEntered() : draft.withoutSecret ? messages.noSecret() : messages.secretUnchanged();
  const lines: SummaryLine[] = [
    ['label', draft.label],
    ['id', draft.id],
    ['issuer', draft.issuer],
    ['redirect', messages.redirectUris(urisToRegister(draft), allowsAnyPort(draft))],
    ['client', draft.clientId],
    ['secret', secretState],
    ['scopes', draft.scopes?.join(' ') ?? ''],
  ];
  const steps = getSteps(draft);
  return lines.filter(
    ([step]) => (step !== 'redirect' || steps.includes('redirect')) && (step !== 'secret' || mayHaveSecret(draft)),
  );
}
