// The steps about the server: which one, its issuer, and what it offers.
import * as vscode from 'vscode';
import { retriesWithOtherSlash } from '../core/failurePolicies.ts';
import { toFailure } from '../core/failure.ts';
import type { Discovery } from '../protocol/discovery.ts';
import { LIMITATIONS, factsOf } from './capabilities.ts';
import { draftOf, issuerOf, providerOf, toggleTrailingSlash, withMetadata, type Draft } from './draft.ts';
import { idOf, nameOf } from './entries.ts';
import { validateIssuer } from './entryValidation.ts';
import { showStep, type Answer } from './multiStepInput.ts';
import { PRESETS, placeholderIn } from './presets.ts';
import { proposedLabel } from './proposals.ts';
import { isInvalid, validateWhileTyping } from './validation.ts';
import * as messages from './serverStepMessages.ts';
import { createBox, pickRow, separator, type Outcome, type Row, type WizardState } from './wizardStep.ts';

/** Asks for a product, any other server, or an entry to edit. */
export function askServer(state: WizardState): Promise<Answer<Outcome>> {
  const { draft, entries } = state;
  // Who comes back and chooses the same again keeps what they have typed.
  const choose = (chosen: Draft): Outcome => ({
    draft: chosen.preset === draft.preset && chosen.old === draft.old && draft.issuer !== '' ? draft : chosen,
  });
  const rows: Row[] = [
    { label: messages.otherServer(), detail: messages.otherServerDetail(), outcome: choose(draftOf(undefined)) },
    // What is there already must not lie below the fold of the products.
    ...(entries.length === 0 ? [] : [separator(messages.existingProvidersHeading())]),
    ...entries.map((entry) => ({
      label: nameOf(entry),
      description: idOf(entry),
      outcome: choose(draftOf(undefined, entry)),
    })),
    separator(messages.presetsHeading()),
    ...PRESETS.map((one) => ({ label: one.name, description: one.issuer, outcome: choose(draftOf(one)) })),
  ];
  return pickRow(state, 'server', messages.serverPrompt(), rows);
}

/** Asks for the issuer, and the server for its metadata. */
export function askIssuer(state: WizardState): Promise<Answer<Outcome>> {
  const { dependencies, draft } = state;
  const box = createBox(state, 'issuer', messages.issuerPrompt(draft.preset), draft.issuer);
  box.placeholder = messages.issuerPlaceholder();
  const gap = placeholderIn(draft.issuer);
  if (gap !== undefined) {
    const start = draft.issuer.indexOf(gap);
    box.valueSelection = [start, start + gap.length];
  }
  let failed: string | undefined;
  validateWhileTyping(box, (value) => validateIssuer(issuerOf(value)));
  return showStep<Outcome>(box, async () => {
    const issuer = issuerOf(box.value);
    if (isInvalid(box, validateIssuer(issuer))) {
      return undefined;
    }
    // Other scopes may be right at another server.
    const scopes = issuer === draft.issuer || draft.old !== undefined ? draft.scopes : undefined;
    if (failed === issuer) {
      return { draft: { ...draft, issuer, scopes, offers: null } };
    }
    try {
      const found = await find({ ...draft, issuer, scopes }, dependencies.discovery);
      return found !== undefined && issuerOf(box.value) === issuer ? { draft: found } : undefined;
    } catch (error) {
      if (issuerOf(box.value) === issuer) {
        failed = issuer;
        box.validationMessage = {
          message: messages.describeDiscoveryFailure(error, new URL(issuer).host),
          severity: vscode.InputBoxValidationSeverity.Warning,
        };
      }
      return undefined;
    }
  });
}

/** The draft with the metadata of its server; if that identifies itself as another one, the other slash is tried. */
async function find(draft: Draft, discovery: Discovery): Promise<Draft | undefined> {
  try {
    return await findAt(draft, discovery);
  } catch (error) {
    const other = { ...draft, issuer: toggleTrailingSlash(draft.issuer) };
    const found = retriesWithOtherSlash(toFailure(error).category)
      ? await findAt(other, discovery).catch(() => undefined)
      : undefined;
    if (found === undefined) {
      throw error;
    }
    return found;
  }
}

async function findAt(draft: Draft, discovery: Discovery): Promise<Draft | undefined> {
  const provider = providerOf(draft);
  return provider && withMetadata(draft, (await discovery.find(provider)).metadata);
}

/** Shows what the server offers. */
export function showCapabilities(state: WizardState): Promise<Answer<Outcome>> {
  const { draft } = state;
  const outcome = { draft };
  const facts = factsOf(draft).map((fact) => ({
    label: `$(${LIMITATIONS.has(fact) ? 'info' : 'pass'}) ${messages.describeCapability(fact)}`,
    outcome,
  }));
  const isAsked = providerOf(draft)?.endpoints === undefined;
  return pickRow(
    state,
    'found',
    isAsked ? messages.capabilitiesPrompt(draft.issuer) : messages.presetCapabilitiesPrompt(proposedLabel(draft)),
    [
      { label: `$(arrow-right) ${messages.continueLabel()}`, outcome },
      separator(isAsked ? messages.capabilitiesHeading() : ''),
      ...facts,
    ],
  );
}
