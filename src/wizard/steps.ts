// The steps of the wizard, and which of them a draft needs.
import { findFlow } from '../flows/signInFlows.ts';
import { presetMetadata } from './capabilities.ts';
import type { Draft } from './draft.ts';
import { filterTexts } from './entries.ts';
import type { Preset } from './presets.ts';

/** The steps, in their order. */
export const STEPS = [
  'server',
  'issuer',
  'capabilities',
  'redirect',
  'redirectUri',
  'client',
  'secret',
  'scopes',
  'label',
  'id',
  'summary',
] as const;
/** One of {@link STEPS}. */
export type Step = (typeof STEPS)[number];

/** Returns the steps that a draft needs: without the capabilities if discovery failed, and without what is known or doesn't apply. */
export function getSteps(draft: Draft): Step[] {
  const { metadata, preset } = draft;
  const isSkipped: Readonly<Partial<Record<Step, boolean>>> = {
    issuer: presetMetadata(preset) !== undefined,
    capabilities: metadata === null,
    redirect: !registersRedirect(draft),
    redirectUri: !registersRedirect(draft) || draft.redirectKind === 'any-port',
    secret: !mayHaveSecret(draft),
    scopes: preset?.scopes.length === 0,
  };
  return STEPS.filter((step) => isSkipped[step] !== true);
}

/** Returns whether a loopback redirect URI has to be registered: not if the server accepts any, lacks the authorization code grant, or redirects to VS Code. */
function registersRedirect({ metadata, original, preset }: Draft): boolean {
  const grants = filterTexts(metadata?.grant_types_supported);
  const redirectsToEditor = findFlow(original?.['signInMethod'])?.redirectsTo === 'editor';
  return (
    preset?.registersRedirect !== false &&
    !redirectsToEditor &&
    (grants.length === 0 || grants.includes('authorization_code'))
  );
}

/** Returns the next or the previous step; undefined if there is none. */
export function adjacentStep(step: Step, draft: Draft, direction: 1 | -1): Step | undefined {
  const positions = getSteps(draft).map((one) => STEPS.indexOf(one));
  const position = STEPS.indexOf(step);
  const next =
    direction === 1 ? positions.find((other) => other > position) : positions.findLast((other) => other < position);
  return next === undefined ? undefined : STEPS[next];
}

/** Returns whether the client may have a secret: not if the preset registers one without, or if the server supports none. */
export function mayHaveSecret({ preset, metadata }: Draft): boolean {
  if (preset !== undefined) {
    return preset.secret !== 'none';
  }
  const methods = filterTexts(metadata?.token_endpoint_auth_methods_supported);
  return methods.length === 0 || methods.some((method) => method.startsWith('client_secret_'));
}

/** Returns the preset of a draft if it requires a secret and the draft has none; else undefined. */
export function findPresetRequiringSecret({ preset, withoutSecret }: Draft): Preset | undefined {
  return withoutSecret && preset?.secret === 'required' ? preset : undefined;
}
