// What the wizard proposes: scopes, a label, an ID.
import { DEFAULT_PROVIDER_ID, DEFAULT_SCOPES } from '../core/provider.ts';
import type { Draft } from './draft.ts';
import { filterTexts, type Entry } from './entries.ts';
import { validateId, validateScope } from './entryValidation.ts';

/** A scope to choose, whether it is sensible to ask for, and whether the server has named it. */
export interface ProposedScope {
  readonly scope: string;
  readonly isSelected: boolean;
  readonly isListed: boolean;
}

/**
 * The scopes to choose from: what is picked first, then what else the server names. Picked is what the draft has, or
 * what the ready-made definition says, or of the usual ones those that the server does not leave out of its list. The
 * list is a hint: `offline_access` is picked unless the server lists scopes without it and no grant that it would be for.
 */
export function proposeScopes({ metadata, preset, scopes }: Draft): ProposedScope[] {
  const listed = filterTexts(metadata?.scopes_supported).filter((scope) => validateScope(scope) === undefined);
  const usual = preset?.scopes ?? DEFAULT_SCOPES;
  const renews = filterTexts(metadata?.grant_types_supported).includes('refresh_token');
  const isLikely = (scope: string): boolean => listed.includes(scope) || (scope === 'offline_access' && renews);
  const selected = scopes ?? (listed.length === 0 || preset !== undefined ? usual : usual.filter(isLikely));
  return [...new Set([...selected, ...usual, ...listed])].map((scope) => ({
    scope,
    isSelected: selected.includes(scope),
    isListed: listed.includes(scope),
  }));
}

/** The label to propose: the product's name, or the host of the issuer. */
export function proposeLabel({ issuer, label, preset }: Draft): string {
  return label || (preset?.name ?? (URL.canParse(issuer) ? new URL(issuer).hostname : ''));
}

/** The id to propose: made of the label, and of no other entry. */
export function proposeId({ id, label }: Draft, others: readonly Entry[]): string {
  if (id !== '') {
    return id;
  }
  const word =
    label
      .toLowerCase()
      .normalize('NFKD')
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^[^a-z]+|-+$/g, '')
      .slice(0, 60) || DEFAULT_PROVIDER_ID;
  const numbers = Array.from({ length: others.length + 2 }, (_, index) =>
    index === 0 ? word : `${word}-${index + 1}`,
  );
  return numbers.find((one) => validateId(one, others) === undefined) ?? '';
}
