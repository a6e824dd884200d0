// The steps about the server: which one, its issuer, and what it offers.
import * as vscode from 'vscode';
import { retriesWithOtherSlash } from '../core/failurePolicies.ts';
import { toFailure } from '../core/failure.ts';
import type { Discovery } from '../protocol/discovery.ts';
import { LIMITATIONS, getCapabilityNotes } from './capabilities.ts';
import { createDraft, normalizeIssuer, toProvider, toggleTrailingSlash, withMetadata, type Draft } from './draft.ts';
import { editableProviders } from './editableProviders.ts';
import type { Entry } from './entries.ts';
import { validateIssuer } from './entryValidation.ts';
import { showStep, type Answer } from './multiStepInput.ts';
import { PRESETS, placeholderIn } from './presets.ts';
import { proposeLabel, withProposedRedirect } from './proposals.ts';
import { isInvalid, validateWhileTyping } from './validation.ts';
import * as messages from './serverStepMessages.ts';
import {
  createBox,
  createList,
  otherEntries,
  pickRow,
  separator,
  type Outcome,
  type Row,
  type WizardState,
} from './wizardStep.ts';

/** Asks for a product, any other server, or an entry to edit. */
export function askServer(state: WizardState): Promise<Answer<Outcome>> {
  const { dependencies, draft, entries } = state;
  // Going back and selecting the same item again keeps what was entered.
  const select = (selected: Draft): Outcome => ({
    draft:
      selected.preset === draft.preset && selected.original === draft.original && draft.issuer !== ''
        ? draft
        : withCachedMetadata(withProposedRedirect(selected, entries), dependencies.discovery),
  });
  // The wizard can't edit providers that an extension or the organization configures.
  const editable = editableProviders(entries, dependencies.settings).filter(({ source }) => source === undefined);
  const rows: Row[] = [
    // Existing providers come first, so that they're visible without scrolling.
    ...(editable.length === 0 ? [] : [separator(messages.existingProvidersHeading())]),
    ...editable.map(({ entry, id, name }) => ({
      label: name,
      description: id,
      outcome: select(createDraft(undefined, entry)),
    })),
    separator(messages.presetsHeading()),
    ...PRESETS.map((one) => ({ label: one.name, description: one.issuer, outcome: select(createDraft(one)) })),
    separator(''),
    // Whatever the user enters, this is one of the choices, and the only one for most URLs. It's the last one, so that Enter
    // selects a product that matches.
    {
      label: messages.otherServer(),
      detail: messages.otherServerDetail(),
      alwaysShow: true,
      outcome: select(createDraft(undefined)),
    },
  ];
  const list = createList(state, 'server', messages.serverPrompt(editable.length > 0));
  list.items = rows;
  return showStep(list, () => {
    const outcome = (list.selectedItems[0] as Row | undefined)?.outcome;
    const isOther = outcome?.draft.preset === undefined && outcome?.draft.original === undefined;
    return isOther && looksLikeUrl(list.value)
      ? { draft: withProposedRedirect({ ...createDraft(undefined), issuer: normalizeIssuer(list.value) }, entries) }
      : outcome;
  });
}

/** Returns the draft for an entry to edit. */
export function draftForEntry(entry: Entry, entries: readonly Entry[], discovery: Discovery): Draft {
  return withCachedMetadata(withProposedRedirect(createDraft(undefined, entry), entries), discovery);
}

/** Returns whether the user has entered a URL or a host, rather than a name. */
function looksLikeUrl(text: string): boolean {
  return /^\S+[.:/]\S*$/.test(text.trim());
}

/** Returns the draft of an existing entry with the metadata of its server, if they were requested since the start. */
function withCachedMetadata(draft: Draft, discovery: Discovery): Draft {
  const provider = draft.original === undefined ? undefined : toProvider(draft);
  const metadata = provider && discovery.getCached(provider)?.metadata?.value;
  return metadata === undefined ? draft : withMetadata(draft, metadata);
}

/** Asks for the issuer, and the server for its metadata. */
export function askIssuer(state: WizardState): Promise<Answer<Outcome>> {
  const { dependencies, draft } = state;
  const box = createBox(state, 'issuer', messages.issuerPrompt(draft.preset), draft.issuer);
  box.placeholder = messages.issuerPlaceholder();
  const placeholder = placeholderIn(draft.issuer);
  if (placeholder !== undefined) {
    const start = draft.issuer.indexOf(placeholder);
    box.valueSelection = [start, start + placeholder.length];
  }
  let failedIssuer: string | undefined;
  const outcome = (found: Draft): Outcome => ({ draft: withProposedRedirect(found, otherEntries(state)) });
  validateWhileTyping(box, (value) => validateIssuer(normalizeIssuer(value)), state.isDetour);
  return showStep<Outcome>(box, async () => {
    const issuer = normalizeIssuer(box.value);
    if (isInvalid(box, validateIssuer(issuer))) {
      return undefined;
    }
    // Another server may need other scopes.
    const scopes = issuer === draft.issuer || draft.original !== undefined ? draft.scopes : undefined;
    if (failedIssuer === issuer) {
      return outcome({ ...draft, issuer, scopes, metadata: null });
    }
    try {
      const found = await discover({ ...draft, issuer, scopes }, dependencies.discovery);
      return found !== undefined && normalizeIssuer(box.value) === issuer ? outcome(found) : undefined;
    } catch (error) {
      if (normalizeIssuer(box.value) === issuer) {
        failedIssuer = issuer;
        box.validationMessage = {
          message: messages.describeDiscoveryFailure(error, new URL(issuer).host),
          severity: vscode.InputBoxValidationSeverity.Warning,
        };
      }
      return undefined;
    }
  });
}

/** Returns the draft with the metadata of its server. If they have another issuer, also tries the other trailing slash. */
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

/** Shows the server's capabilities. */
export function showCapabilities(state: WizardState): Promise<Answer<Outcome>> {
  const { draft } = state;
  const outcome = { draft };
  const notes = getCapabilityNotes(draft).map((note) => ({
    label: `$(${LIMITATIONS.has(note) ? 'info' : 'pass'}) ${messages.describeCapability(note)}`,
    outcome,
  }));
  const isDiscovered = toProvider(draft)?.endpoints === undefined;
  return pickRow(
    state,
    'capabilities',
    isDiscovered ? messages.capabilitiesPrompt(draft.issuer) : messages.presetCapabilitiesPrompt(proposeLabel(draft)),
    notes,
  );
}
