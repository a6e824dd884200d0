// What the wizard proposes: a redirect URI, scopes, a label, an ID.
import { parseUrl } from '../core/secureUrl.ts';
import { DEFAULT_PROVIDER_ID, DEFAULT_SCOPES } from '../core/provider.ts';
import { parseProviders } from '../core/parseProviders.ts';
import { createDraft, withRedirectKind, type Draft } from './draft.ts';
import { entryName, filterTexts, type Entry } from './entries.ts';
import { validateId, validateScope } from './entryValidation.ts';
import type { RedirectKind } from './redirect.ts';

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

/** Returns the label to propose: the product's name, or the host of the issuer, with more of the issuer if another entry has that label. */
export function proposeLabel({ issuer, label, preset }: Draft, others: readonly Entry[] = []): string {
  if (label !== '') {
    return label;
  }
  const url = parseUrl(issuer);
  const host = url?.hostname ?? '';
  const base = preset?.name ?? host;
  const longer = preset === undefined ? `${host}${url?.pathname.replace(/\/+$/, '') ?? ''}` : `${base} (${host})`;
  const numbered = others.map((_, index) => `${base} ${index + 2}`);
  const taken = new Set(others.map(entryName));
  return [base, longer, ...numbered].find((candidate) => !taken.has(candidate)) ?? base;
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

/**
 * Returns whether a path for its issuer only protects the authorization codes of a server: if the server doesn't identify
 * itself in the callback (RFC 9207), and compares redirect URIs.
 */
export function benefitsFromIssuerPath({ metadata, preset }: Draft): boolean {
  return preset?.registersRedirect !== false && metadata?.authorization_response_iss_parameter_supported !== true;
}

/** Returns the kind of redirect URI to propose. With one provider only, no server can be mixed up with another. */
export function proposeRedirectKind(draft: Draft, others: readonly Entry[]): RedirectKind {
  const hasOtherServer = parseProviders(others).providers.some(({ issuer }) => issuer !== draft.issuer);
  return hasOtherServer && benefitsFromIssuerPath(draft)
    ? 'issuer-path'
    : createDraft(draft.preset, draft.original).redirectKind;
}

/** Returns the scopes that a draft requests: those that were entered, or else the proposed ones. */
export function selectedScopes(draft: Draft): string[] {
  return proposeScopes(draft).flatMap(({ isSelected, scope }) => (isSelected ? [scope] : []));
}

/** Returns the draft with the proposed redirect URI, unless the user has chosen its kind. */
export function withProposedRedirect(draft: Draft, others: readonly Entry[]): Draft {
  return withRedirectKind(draft, draft.isRedirectChosen ? draft.redirectKind : proposeRedirectKind(draft, others));
}

/** Returns the draft of a new provider with the proposals for what wasn't entered. An existing entry stays as it is. */
export function withDefaults(draft: Draft, others: readonly Entry[]): Draft {
  if (draft.original !== undefined) {
    return draft;
  }
  const label = proposeLabel(draft, others);
  return { ...draft, scopes: draft.scopes ?? selectedScopes(draft), label, id: proposeId({ ...draft, label }, others) };
}
