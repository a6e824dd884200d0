// What has been answered while adding a provider, and the entry of the settings that comes of it.
import { isLoopbackHost } from '../core/secureUrl.ts';
import { withoutWellKnown } from '../core/issuer.ts';
import { parseProviders } from '../core/parseProviders.ts';
import type { Provider, ProviderField } from '../core/provider.ts';
import { FIELD_ROWS } from '../core/providerFields.ts';
import { presetMetadata, type ServerMetadata } from './capabilities.ts';
import { entryId, toText, filterTexts, type Entry } from './entries.ts';
import type { Preset } from './presets.ts';
import { deviceFlow } from '../flows/deviceFlow.ts';
import { createRedirectDraft, toRedirectFields, type RedirectDraft } from './redirect.ts';

/** What has been answered so far. A client's secret is not among it: it goes nowhere but into the secret storage. */
export interface Draft extends RedirectDraft {
  readonly preset: Preset | undefined;
  /** The entry that is edited; undefined for a new one. */
  readonly original: Entry | undefined;
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined until they are chosen. */
  readonly scopes: readonly string[] | undefined;
  /** Empty until they are given. */
  readonly label: string;
  readonly id: string;
  /** Undefined until the server has been asked; null where it has not been found. */
  readonly metadata: ServerMetadata | null | undefined;
  /** Whether the person has said that the client has no secret. */
  readonly withoutSecret: boolean;
}

/** The draft that a choice at the first step begins: a ready-made definition, an entry to edit, or neither. */
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
    withoutSecret: false,
    ...createRedirectDraft(original ?? preset?.fields),
  };
}

/** The issuer that a person means: without the space around it and the path of discovery, and with the scheme that they left out, which on this computer is `http:`. */
export function normalizeIssuer(typed: string): string {
  const text = typed.trim();
  if (text === '' || /^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    return withoutWellKnown(text);
  }
  const isHere = URL.canParse(`http://${text}`) && isLoopbackHost(new URL(`http://${text}`).hostname);
  return withoutWellKnown(`${isHere ? 'http' : 'https'}://${text}`);
}

/** The same issuer with a slash at its end, or without: half the servers have one, and people do not see it. */
export function toggleTrailingSlash(issuer: string): string {
  return issuer.endsWith('/') ? issuer.replace(/\/+$/, '') : `${issuer}/`;
}

/** A draft with what its server has said of itself, and the issuer as the server spells it. */
export function withMetadata(draft: Draft, metadata: ServerMetadata): Draft {
  const { issuer } = draft;
  return {
    ...draft,
    metadata,
    issuer: metadata.issuer === toggleTrailingSlash(issuer) ? toggleTrailingSlash(issuer) : issuer,
  };
}

/** The provider that a draft makes, as far as it goes: for asking its server before the rest is known; undefined while its issuer is not good. */
export function toProvider(draft: Draft): Provider | undefined {
  const { issuer } = draft;
  const clientId = draft.clientId || 'any';
  // Of an entry that is edited, a field that nobody asks for can be bad.
  return parseProviders([
    { ...toEntry({ ...draft, clientId }), id: 'whole' },
    { id: 'bare', issuer, clientId },
  ]).providers[0];
}

/**
 * The entry that comes of a draft: the one that is edited with every field that was not asked for as it is, or a new one
 * with what the ready-made definition brings. Where the browser needs a secret and there is none, a code is typed.
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
    // What the entry says of its old server must not send anything of another one there.
    ...Object.fromEntries(
      Object.entries(original ?? {}).filter(
        ([field]) =>
          !WIZARD_FIELDS.has(field) && (original?.['issuer'] === issuer || !SERVER_SPECIFIC_FIELDS.has(field)),
      ),
    ),
  };
}

/** The fields that a draft has itself. */
const WIZARD_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'label',
  'issuer',
  'clientId',
  'scopes',
  'redirectPorts',
  'redirectUri',
] satisfies ProviderField[]);

/** The fields that say nothing of another server. */
const SERVER_SPECIFIC_FIELDS: ReadonlySet<string> = new Set(
  FIELD_ROWS.filter(([, { server }]) => server !== 'none').map(([field]) => field),
);
