// What a server's metadata mean for the user who adds it.
import type { Draft } from './draft.ts';
import { filterTexts } from './entries.ts';
import type { Preset } from './presets.ts';

/** The part of a server's metadata (RFC 8414 section 2) that matters here. The types of the values aren't validated. */
export interface ServerMetadata {
  readonly issuer?: unknown;
  readonly scopes_supported?: unknown;
  readonly grant_types_supported?: unknown;
  readonly response_types_supported?: unknown;
  readonly code_challenge_methods_supported?: unknown;
  readonly token_endpoint_auth_methods_supported?: unknown;
  readonly device_authorization_endpoint?: unknown;
  readonly revocation_endpoint?: unknown;
  readonly authorization_response_iss_parameter_supported?: unknown;
}

/** Returns the metadata of a product that publishes none, from a preset with its endpoints; else undefined. */
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

/** What metadata can mean, in the order in which it is shown. */
export const CAPABILITY_NOTES = [
  'browser',
  'no-browser',
  'device',
  'pkce',
  'pkce-not-advertised',
  'renews-with-scope',
  'renews',
  'no-expiry',
  'renewal-not-advertised',
  'secret',
  'secret-required',
  'secret-for-browser',
  'no-revocation',
] as const;
/** One of {@link CAPABILITY_NOTES}. */
export type CapabilityNote = (typeof CAPABILITY_NOTES)[number];

/** The notes about something that the server lacks or requires. */
export const LIMITATIONS: ReadonlySet<CapabilityNote> = new Set([
  'no-browser',
  'pkce-not-advertised',
  'renewal-not-advertised',
  'secret',
  'secret-required',
  'secret-for-browser',
  'no-revocation',
]);

/** Returns what a server's metadata mean, in the order of {@link CAPABILITY_NOTES}. */
export function getCapabilityNotes(draft: Draft): CapabilityNote[] {
  const { preset } = draft;
  const metadata = draft.metadata ?? {};
  const grants = filterTexts(metadata.grant_types_supported);
  const methods = filterTexts(metadata.token_endpoint_auth_methods_supported);
  const hasCode =
    grants.length === 0 ||
    grants.includes('authorization_code') ||
    filterTexts(metadata.response_types_supported).includes('code');
  const renewal = (): CapabilityNote => {
    if (preset !== undefined) {
      return RENEWALS[preset.renewal];
    }
    if (filterTexts(metadata.scopes_supported).includes('offline_access')) {
      return 'renews-with-scope';
    }
    // Many servers that issue refresh tokens don't list that grant.
    return grants.includes('refresh_token') ? 'renews' : 'renewal-not-advertised';
  };
  const applies: Readonly<Partial<Record<CapabilityNote, boolean>>> = {
    browser: hasCode,
    'no-browser': !hasCode,
    device: metadata.device_authorization_endpoint !== undefined && (preset?.device ?? 'if-allowed') === 'if-allowed',
    pkce: filterTexts(metadata.code_challenge_methods_supported).includes('S256'),
    'pkce-not-advertised': !filterTexts(metadata.code_challenge_methods_supported).includes('S256'),
    [renewal()]: true,
    // Many servers that allow clients without a secret don't list `none`.
    secret: preset === undefined && methods.length > 0 && !methods.includes('none'),
    'secret-required': preset?.secret === 'required',
    'secret-for-browser': preset?.secret === 'for-browser',
    'no-revocation': metadata.revocation_endpoint === undefined,
  };
  return CAPABILITY_NOTES.filter((note) => applies[note] === true);
}

const RENEWALS: Readonly<Record<Preset['renewal'], CapabilityNote>> = {
  'with-scope': 'renews-with-scope',
  always: 'renews',
  needless: 'no-expiry',
};
