// What a server's metadata mean for a person who adds it.
import type { Draft } from './draft.ts';
import { filterTexts } from './entries.ts';
import type { Preset } from './presets.ts';

/** What a server says of itself (RFC 8414 section 2), as far as it matters here. Nothing of it is trusted to be of its type. */
export interface ServerMetadata {
  readonly issuer?: unknown;
  readonly scopes_supported?: unknown;
  readonly grant_types_supported?: unknown;
  readonly response_types_supported?: unknown;
  readonly code_challenge_methods_supported?: unknown;
  readonly token_endpoint_auth_methods_supported?: unknown;
  readonly device_authorization_endpoint?: unknown;
  readonly revocation_endpoint?: unknown;
}

/** What a product would say of itself, where it does not and a ready-made definition has its endpoints; else undefined. */
export function presetMetadata(preset: Preset | undefined): ServerMetadata | undefined {
  const endpoints = preset?.fields?.endpoints;
  return (
    endpoints && {
      code_challenge_methods_supported: ['S256'],
      device_authorization_endpoint: endpoints.deviceAuthorization,
      revocation_endpoint: endpoints.revocation,
    }
  );
}

/** One thing that a server's word on itself means. */
export const CAPABILITY_NOTES = [
  'browser',
  'no-browser',
  'device',
  'pkce',
  'pkce-unsaid',
  'renews-with-scope',
  'renews',
  'no-expiry',
  'renewal-unsaid',
  'secret',
  'secret-required',
  'secret-for-browser',
  'no-revocation',
] as const;
/** One of them. */
export type CapabilityNote = (typeof CAPABILITY_NOTES)[number];

/** The facts that are less than a person may hope for. */
export const LIMITATIONS: ReadonlySet<CapabilityNote> = new Set([
  'no-browser',
  'pkce-unsaid',
  'renewal-unsaid',
  'secret',
  'secret-required',
  'secret-for-browser',
  'no-revocation',
]);

/** What a server's word on itself means for a person. The order is that in which it is told. */
export function getCapabilityNotes(draft: Draft): CapabilityNote[] {
  const { preset } = draft;
  const offers = draft.metadata ?? {};
  const grants = filterTexts(offers.grant_types_supported);
  const methods = filterTexts(offers.token_endpoint_auth_methods_supported);
  const hasCode =
    grants.length === 0 ||
    grants.includes('authorization_code') ||
    filterTexts(offers.response_types_supported).includes('code');
  const renewal = (): CapabilityNote => {
    if (preset !== undefined) {
      return RENEWALS[preset.renewal];
    }
    if (filterTexts(offers.scopes_supported).includes('offline_access')) {
      return 'renews-with-scope';
    }
    // Many servers that give refresh tokens do not list that grant.
    return grants.includes('refresh_token') ? 'renews' : 'renewal-unsaid';
  };
  const holds: Readonly<Partial<Record<CapabilityNote, boolean>>> = {
    browser: hasCode,
    'no-browser': !hasCode,
    device: offers.device_authorization_endpoint !== undefined && (preset?.device ?? 'if-allowed') === 'if-allowed',
    pkce: filterTexts(offers.code_challenge_methods_supported).includes('S256'),
    'pkce-unsaid': !filterTexts(offers.code_challenge_methods_supported).includes('S256'),
    [renewal()]: true,
    // Many servers have clients without a secret and do not list them.
    secret: preset === undefined && methods.length > 0 && !methods.includes('none'),
    'secret-required': preset?.secret === 'required',
    'secret-for-browser': preset?.secret === 'for-browser',
    'no-revocation': offers.revocation_endpoint === undefined,
  };
  return CAPABILITY_NOTES.filter((fact) => holds[fact] === true);
}

const RENEWALS: Readonly<Record<Preset['renewal'], CapabilityNote>> = {
  'with-scope': 'renews-with-scope',
  always: 'renews',
  needless: 'no-expiry',
};
