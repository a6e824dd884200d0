// The answers in the wizard so far, and the entry of the settings that they lead to.
import { isLoopbackHost, parseUrl } from '../core/secureUrl.ts';
import { withoutWellKnown } from '../core/issuer.ts';
import { parseProviders } from '../core/parseProviders.ts';
import type { Provider, ProviderField } from '../core/provider.ts';
import { FIELD_ROWS } from '../core/providerFields.ts';
import { presetMetadata, type ServerMetadata } from './capabilities.ts';
import { entryId, toText, filterTexts, type Entry } from './entries.ts';
import type { Preset } from './presets.ts';
import { deviceFlow } from '../flows/deviceFlow.ts';
import {
  createRedirectDraft,
  issuerRedirectUri,
  toRedirectFields,
  type RedirectDraft,
  type RedirectKind,
} from './redirect.ts';

/** The answers so far, without the client secret, which is stored in SecretStorage only. */
export interface Draft extends RedirectDraft {
  readonly preset: Preset | undefined;
  /** The entry to edit; undefined for a new provider. */
  readonly original: Entry | undefined;
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined until they are selected; the proposed ones apply then. */
  readonly scopes: readonly string[] | undefined;
  /** Empty until it is entered; the proposed one applies then. */
  readonly label: string;
  /** Empty until it is entered; the proposed one applies then. */
  readonly id: string;
  /** The server's metadata; undefined before discovery, null if discovery failed. */
  readonly metadata: ServerMetadata | null | undefined;
  /** Whether the user, or the entry to edit, has decided on the redirect URI. */
  readonly isRedirectChosen: boolean;
  /** Whether the user has left the client secret empty. */
  readonly withoutSecret: boolean;
}

/** Returns the draft for a preset, for an entry to edit, or for neither. */
export function createDraft(preset: Preset | undefined, original?: Entry): Draft {
  const scopes = original?.['scopes'];
  return {
    preset,
    original,
    issuer: toText(original?.['issuer']) || (preset?.issuer ?? ''),
    clientId: toText(original?.['clientId']),
    scopes: Array.isArray(scopes) ? filterTexts(scopes) : preset?.scopes.length === 0 ? [] : undefined,
    label: toText(original?.['label']),
    id: original === undefined ? '' : entryId(original),
    metadata: presetMetadata(preset),
    isRedirectChosen: original !== undefined,
    withoutSecret: false,
    ...createRedirectDraft(original ?? preset?.fields),
  };
}

/**
 * Returns the issuer that the user means: without surrounding space and the discovery path, and with the scheme if it is
 * missing, which is `http:` for loopback hosts.
 */
export function normalizeIssuer(entered: string): string {
  const text = entered.trim();
  if (text === '' || /^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    return withoutWellKnown(text);
  }
  const isLoopback = isLoopbackHost(parseUrl(`http://${text}`)?.hostname ?? '');
  return withoutWellKnown(`${isLoopback ? 'http' : 'https'}://${text}`);
}

/** Adds or removes the trailing slash of an issuer, which users often get wrong. */
export function toggleTrailingSlash(issuer: string): string {
  return issuer.endsWith('/') ? issuer.replace(/\/+$/, '') : `${issuer}/`;
}

/** Returns the draft with the metadata of its server, and with the trailing slash of the issuer that they contain. */
export function withMetadata(draft: Draft, metadata: ServerMetadata): Draft {
  const { issuer } = draft;
  return {
    ...draft,
    metadata,
    issuer: metadata.issuer === toggleTrailingSlash(issuer) ? toggleTrailingSlash(issuer) : issuer,
  };
}

/** Returns the draft with another kind of redirect URI. */
export function withRedirectKind(draft: Draft, redirectKind: RedirectKind): Draft {
  const { issuer, original, preset } = draft;
  if (redirectKind === 'issuer-path') {
    const base = draft.redirectKind === 'issuer-path' ? draft.redirectUri?.replace(/\/[^/]*$/, '') : undefined;
    return { ...draft, redirectKind, redirectUri: issuerRedirectUri(issuer, base ?? preset?.fields?.redirectUri) };
  }
  const initial = createRedirectDraft(original ?? preset?.fields);
  const initialUri = initial.redirectKind === 'issuer-path' ? undefined : initial.redirectUri;
  return {
    ...draft,
    redirectKind,
    redirectUri: draft.redirectKind === 'issuer-path' ? initialUri : draft.redirectUri,
  };
}

/** Returns the provider of an incomplete draft, for discovery before the rest is known; undefined if its issuer is invalid. */
export function toProvider(draft: Draft): Provider | undefined {
  const { issuer } = draft;
  const clientId = draft.clientId || 'any';
  // A field that the wizard doesn't ask for can be invalid in the entry to edit.
  return parseProviders([
    { ...toEntry({ ...draft, clientId }), id: 'whole' },
    { id: 'bare', issuer, clientId },
  ]).providers[0];
}

/**
 * Returns the entry of a draft. Keeps the fields of the edited entry that the wizard doesn't ask for; a new entry gets the
 * fields of the preset. If the browser flow requires a secret and there is none, the device code flow is used.
 */
export function toEntry(draft: Draft): Entry {
  const { clientId, id, issuer, label, original, preset, scopes, withoutSecret } = draft;
  const { redirectPorts: _ports, redirectUri: _uri, ...fields } = preset?.fields ?? {};
  return {
    id,
    ...(label === '' ? {} : { label }),
    issuer,
    clientId,
    ...(scopes === undefined ? {} : { scopes: [...scopes] }),
    ...(withoutSecret && preset?.secret === 'for-browser' ? { signInMethod: deviceFlow.id } : {}),
    ...fields,
    ...toRedirectFields(draft),
    // Fields of the previous server must not direct anything of the new one there.
    ...Object.fromEntries(
      Object.entries(original ?? {}).filter(
        ([field]) =>
          !WIZARD_FIELDS.has(field) && (original?.['issuer'] === issuer || !SERVER_SPECIFIC_FIELDS.has(field)),
      ),
    ),
  };
}

/** The fields that the wizard asks for. */
const WIZARD_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'label',
  'issuer',
  'clientId',
  'scopes',
  'redirectPorts',
  'redirectUri',
] satisfies ProviderField[]);

/** The fields that apply only to the server of the entry. */
const SERVER_SPECIFIC_FIELDS: ReadonlySet<string> = new Set(
  FIELD_ROWS.filter(([, { server }]) => server !== 'none').map(([field]) => field),
);
