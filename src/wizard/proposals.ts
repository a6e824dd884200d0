// What the wizard proposes: scopes, a label, an ID.
import { parseUrl } from '../core/secureUrl.ts';
import { DEFAULT_PROVIDER_ID, DEFAULT_SCOPES } from '../core/provider.ts';
import type { Draft } from './draft.ts';
import { filterTexts, type Entry } from './entries.ts';
import { validateId, validateScope } from './entryValidation.ts';

/** A scope to select. */
export interface ProposedScope {
  readonly scope: string;
  /** Whether it is selected at first. */
  readonly isSelected: boolean;
  /** Whether the server's metadata list it. */
  readonly isListed: boolean;
}

/**
 * Returns the scopes to select from: the selected ones first, then the others that the server lists. Selected are the
 * scopes of the draft, else those of the preset, else the default scopes that the server lists. That list is only a hint, so
 * `offline_access` is also selected if the server lists the refresh token grant.
 */
export function proposeScopes({ metadata, preset, scopes }: Draft): ProposedScope[] {
  const listed = filterTexts(metadata?.scopes_supported).filter((scope) => validateScope(scope) === undefined);
  const defaults = preset?.scopes ?? DEFAULT_SCOPES;
  const renews = filterTexts(metadata?.grant_types_supported).includes('refresh_token');
  const isLikely = (scope: string): boolean => listed.includes(scope) || (scope === 'offline_access' && renews);
  const selected = scopes ?? (listed.length === 0 || preset !== undefined ? defaults : defaults.filter(isLikely));
  return [...new Set([...selected, ...defaults, ...listed])].map((scope) => ({
    scope,
    isSelected: selected.includes(scope),
    isListed: listed.includes(scope),
  }));
}

/** Returns the label to propose: the product's name, or the host of the issuer. */
export function proposeLabel({ issuer, label, preset }: Draft): string {
  return label || (preset?.name ?? parseUrl(issuer)?.hostname ?? '');
}

/** Returns the ID to propose: derived from the label, and different from those of the other entries. */
export function proposeId({ id, label }: Draft, others: readonly Entry[]): string {
  if (id !== '') {
    return id;
  }
  const base =
    label
      .toLowerCase()
      .normalize('NFKD')
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^[^a-z]+|-+$/g, '')
      .slice(0, 60) || DEFAULT_PROVIDER_ID;
  const candidates = Array.from({ length: others.length + 2 }, (_, index) =>
    index === 0 ? base : `${base}-${index + 1}`,
  );
  return candidates.find((id) => validateId(id, others) === undefined) ?? '';
}
