// Drafts of the wizard for tests.
import { createDraft, type Draft } from '../../src/wizard/draft.ts';
import { PRESETS, type Preset, type PresetId } from '../../src/wizard/presets.ts';
import { proposeScopes } from '../../src/wizard/proposals.ts';

/** The issuer of {@link draftWith}. */
export const ISSUER = 'https://id.example.com';

/** Returns a preset. */
export const presetOf = (id: PresetId): Preset | undefined => PRESETS.find((preset) => preset.id === id);

/** Returns a draft without a preset, with some answers. */
export const draftWith = (more: Partial<Draft> = {}): Draft => ({
  ...createDraft(undefined),
  issuer: ISSUER,
  clientId: 'vscode',
  ...more,
});

/** Returns the scopes that are selected at first. */
export const selectedScopes = (draft: Draft): string[] =>
  proposeScopes(draft)
    .filter(({ isSelected }) => isSelected)
    .map(({ scope }) => scope);
