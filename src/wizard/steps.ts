// The steps of the wizard, and which of them a draft needs.
import { findFlow } from '../flows/signInFlows.ts';
import { presetMetadata } from './capabilities.ts';
import type { Draft } from './draft.ts';
import { filterTexts } from './entries.ts';
import type { Preset } from './presets.ts';

/** The steps that lead from the first to the summary, in their order. */
export const STEPS = ['server', 'issuer', 'client', 'secret', 'summary'] as const;
/** A step of the wizard: one of {@link STEPS}, or one for what has a default, which the summary leads to. */
export type Step = (typeof STEPS)[number] | 'capabilities' | 'redirect' | 'redirectUri' | 'scopes' | 'label' | 'id';

/** Returns the steps that a draft needs up to the summary. An existing entry needs none. */
export function getSteps(draft: Draft): Step[] {
  const isSkipped: Readonly<Partial<Record<Step, boolean>>> = {
    issuer: draft.original !== undefined || hasFixedIssuer(draft.preset),
    client: draft.original !== undefined,
    secret: draft.original !== undefined || !asksForSecret(draft),
  };
  return STEPS.filter((step) => isSkipped[step] !== true);
}

/** Returns whether a product has one issuer only, which therefore needs no step. */
export function hasFixedIssuer(preset: Preset | undefined): boolean {
  return preset !== undefined && (presetMetadata(preset) !== undefined || preset.isHosted === true);
}

/** Returns whether a loopback redirect URI has to be registered: not if the server accepts any, lacks the authorization code grant, or redirects to VS Code. */
export function registersRedirect({ metadata, original, preset }: Draft): boolean {
  const grants = filterTexts(metadata?.grant_types_supported);
  const redirectsToEditor = findFlow(original?.['signInMethod'])?.redirectsTo === 'editor';
  return (
    preset?.registersRedirect !== false &&
    !redirectsToEditor &&
    (grants.length === 0 || grants.includes('authorization_code'))
  );
}

/** Returns the next or the previous of the steps up to the summary; undefined if there is none. */
export function adjacentStep(step: Step, draft: Draft, direction: 1 | -1): Step | undefined {
  const order: readonly Step[] = STEPS;
  const positions = getSteps(draft).map((one) => order.indexOf(one));
  const position = order.indexOf(step);
  const next =
    direction === 1 ? positions.find((other) => other > position) : positions.findLast((other) => other < position);
  return next === undefined ? undefined : order[next];
}

/** Returns whether the client may have a secret: not if the preset registers one without, or if the server supports none. */
export function mayHaveSecret({ preset, metadata }: Draft): boolean {
  if (preset !== undefined) {
    return preset.secret !== 'none';
  }
  const methods = filterTexts(metadata?.token_endpoint_auth_methods_supported);
  return methods.length === 0 || methods.some((method) => method.startsWith('client_secret_'));
}

/** Returns whether the client secret is asked for: if the server can require one, and doesn't list clients without a secret. */
function asksForSecret(draft: Draft): boolean {
  const methods = filterTexts(draft.metadata?.token_endpoint_auth_methods_supported);
  return mayHaveSecret(draft) && (draft.preset !== undefined || (methods.length > 0 && !methods.includes('none')));
}

/** Returns the preset of a draft if it requires a secret and the draft has none; else undefined. */
export function findPresetRequiringSecret({ preset, withoutSecret }: Draft): Preset | undefined {
  return withoutSecret && preset?.secret === 'required' ? preset : undefined;
}
