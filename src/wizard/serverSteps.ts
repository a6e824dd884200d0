// The steps about the server: which one, its issuer, and what it offers.
import * as vscode from 'vscode';
import { retriesWithOtherSlash } from '../core/failurePolicies.ts';
import { toFailure } from '../core/failure.ts';
import type { Discovery } from '../protocol/discovery.ts';
import { LIMITATIONS, getCapabilityNotes } from './capabilities.ts';
import { createDraft, normalizeIssuer, toProvider, toggleTrailingSlash, withMetadata, type Draft } from './draft.ts';
import { entryId, entryName } from './entries.ts';
import { validateIssuer } from './entryValidation.ts';
import { showStep, type Answer } from './multiStepInput.ts';
import { PRESETS, placeholderIn } from './presets.ts';
import { proposeLabel } from './proposals.ts';
import { isInvalid, validateWhileTyping } from './validation.ts';
import * as messages from './serverStepMessages.ts';
import { createBox, pickRow, separator, type Outcome, type Row, type WizardState } from './wizardStep.ts';

/** Asks for a product, any other server, or an entry to edit. */
export function askServer(state: WizardState): Promise<Answer<Outcome>> {
  const { draft, entries } = state;
  // Who comes back and chooses the same again keeps what they have typed.
  const choose = (chosen: Draft): Outcome => ({
    draft: chosen.preset === draft.preset && chosen.original === draft.original && draft.issuer !== '' ? draft : chosen,
  });
  const rows: Row[] = [
    { label: messages.otherServer(), detail: messages.otherServerDetail(), outcome: choose(createDraft(undefined)) },
    // What is there already must not lie below the fold of the products.
    ...(entries.length === 0 ? [] : [separator(messages.existingProvidersHeading())]),
    ...entries.map((entry) => ({
      label: entryName(entry),
      description: entryId(entry),
      outcome: choose(createDraft(undefined, entry)),
    })),
    separator(messages.presetsHeading()),
    ...PRESETS.map((one) => ({ label: one.name, description: one.issuer, outcome: choose(createDraft(one)) })),
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
  validateWhileTyping(box, (value) => validateIssuer(normalizeIssuer(value)));
  return showStep<Outcome>(box, async () => {
    const issuer = normalizeIssuer(box.value);
    if (isInvalid(box, validateIssuer(issuer))) {
      return undefined;
    }
    // Other scopes may be right at another server.
    const scopes = issuer === draft.issuer || draft.original !== undefined ? draft.scopes : undefined;
    if (failed === issuer) {
      return { draft: { ...draft, issuer, scopes, metadata: null } };
    }
    try {
      const found = await discover({ ...draft, issuer, scopes }, dependencies.discovery);
      return found !== undefined && normalizeIssuer(box.value) === issuer ? { draft: found } : undefined;
    } catch (error) {
      if (normalizeIssuer(box.value) === issuer) {
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
async function discover(draft: Draft, discovery: Discovery): Promise<Draft | undefined> {
  try {
    return await discoverAt(draft, discovery);
  } catch (error) {
    const other = { ...draft, issuer: toggleTrailingSlash(draft.issuer) };
    const found = retriesWithOtherSlash(toFailure(error).category)
      ? await discoverAt(other, discovery).catch(() => undefined)
      : undefined;
    if (found === undefined) {
      throw error;
    }
    return found;
  }
}

async function discoverAt(draft: Draft, discovery: Discovery): Promise<Draft | undefined> {
  const provider = toProvider(draft);
  return provider && withMetadata(draft, (await discovery.find(provider)).metadata);
}

/** Shows what the server offers. */
export function showCapabilities(state: WizardState): Promise<Answer<Outcome>> {
  const { draft } = state;
  const outcome = { draft };
  const facts = getCapabilityNotes(draft).map((fact) => ({
    label: `$(${LIMITATIONS.has(fact) ? 'info' : 'pass'}) ${messages.describeCapability(fact)}`,
    outcome,
  }));
  const isAsked = toProvider(draft)?.endpoints === undefined;
  return pickRow(
    state,
    'found',
    isAsked ? messages.capabilitiesPrompt(draft.issuer) : messages.presetCapabilitiesPrompt(proposeLabel(draft)),
    [
      { label: `$(arrow-right) ${messages.continueLabel()}`, outcome },
      separator(isAsked ? messages.capabilitiesHeading() : ''),
      ...facts,
    ],
  );
}
