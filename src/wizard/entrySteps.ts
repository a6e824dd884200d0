// The steps about the entry: its scopes, label and ID.
import { validateId, validateScope, type ValidationError } from './entryValidation.ts';
import { showStep, type Answer } from './multiStepInput.ts';
import { proposeId, proposeLabel, proposeScopes } from './proposals.ts';
import { isInvalid, validateWhileTyping } from './validation.ts';
import * as messages from './entryStepMessages.ts';
import { createBox, createList, otherEntries, type Outcome, type WizardState } from './wizardStep.ts';

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
  const label = proposeLabel(state.draft, otherEntries(state));
  return askText(state, 'label', messages.labelPrompt(), label, () => undefined);
}

/** Asks for the ID. */
export function askId(state: WizardState): Promise<Answer<Outcome>> {
  const others = otherEntries(state);
  const id = proposeId({ ...state.draft, label: proposeLabel(state.draft, others) }, others);
  return askText(state, 'id', messages.idPrompt(), id, (value) => validateId(value, others));
}

function askText(
  state: WizardState,
  step: 'label' | 'id',
  prompt: string,
  value: string,
  validate: (value: string) => ValidationError | undefined,
): Promise<Answer<Outcome>> {
  const box = createBox(state, step, prompt, value);
  box.placeholder = messages.PLACEHOLDERS[step]();
  validateWhileTyping(box, validate, true);
  return showStep(box, () =>
    isInvalid(box, validate(box.value.trim())) ? undefined : { draft: { ...state.draft, [step]: box.value.trim() } },
  );
}
