// The steps of adding a provider, and which of them a draft needs.
import { findFlow } from '../flows/signInFlows.ts';
import { presetMetadata } from './capabilities.ts';
import type { Draft } from './draft.ts';
import { filterTexts } from './entries.ts';
import type { Preset } from './presets.ts';

/** The questions, in their order. */
export const STEPS = [
  'server',
  'issuer',
  'found',
  'redirect',
  'redirectUri',
  'client',
  'secret',
  'scopes',
  'label',
  'id',
  'summary',
] as const;
/** One of them. */
export type Step = (typeof STEPS)[number];

/** The steps that a draft needs: nothing is shown of a server that was not found, and nothing asked for that is known or cannot be. */
export function getSteps(draft: Draft): Step[] {
  const { metadata, preset } = draft;
  const isSkipped: Readonly<Partial<Record<Step, boolean>>> = {
    issuer: presetMetadata(preset) !== undefined,
    found: metadata === null,
    redirect: !registersRedirect(draft),
    redirectUri: !registersRedirect(draft) || draft.redirectKind === 'any-port',
    secret: !mayHaveSecret(draft),
    scopes: preset?.scopes.length === 0,
  };
  return STEPS.filter((step) => isSkipped[step] !== true);
}

/** Whether a redirect URI on this machine has to be registered: not if the server takes any, knows no sign-in in the browser, or gets a link to VS Code. */
function registersRedirect({ metadata, original, preset }: Draft): boolean {
  const grants = filterTexts(metadata?.grant_types_supported);
  const isByLink = findFlow(original?.['signInMethod'])?.redirectsTo === 'editor';
  return (
    preset?.registersRedirect !== false && !isByLink && (grants.length === 0 || grants.includes('authorization_code'))
  );
}

/** The step after one, or before it; undefined past the ends. */
export function adjacentStep(step: Step, draft: Draft, direction: 1 | -1): Step | undefined {
  const places = getSteps(draft).map((one) => STEPS.indexOf(one));
  const place = STEPS.indexOf(step);
  const next = direction === 1 ? places.find((one) => one > place) : places.findLast((one) => one < place);
  return next === undefined ? undefined : STEPS[next];
}

/** Whether the client may have a secret: not where a ready-made definition says to register one without, or where the server takes none. */
export function mayHaveSecret({ preset, metadata }: Draft): boolean {
  if (preset !== undefined) {
    return preset.secret !== 'none';
  }
  const methods = filterTexts(metadata?.token_endpoint_auth_methods_supported);
  return methods.length === 0 || methods.some((method) => method.startsWith('client_secret_'));
}

/** The product that takes no client without a secret, where a draft has none; undefined where that is in order. */
export function findPresetRequiringSecret({ preset, withoutSecret }: Draft): Preset | undefined {
  return withoutSecret && preset?.secret === 'required' ? preset : undefined;
}
