// Adding a provider step by step, without the boxes: which steps there are, what is wrong with an answer, what the
// server's word on itself means for the person, and the entry of the settings that comes of it.
import { isLoopbackHost } from '../core/address.ts';
import { sanitizeDisplayName } from '../core/failure.ts';
import { withoutWellKnown } from '../core/issuer.ts';
import {
  BUILT_IN_PROVIDER_IDS,
  DEFAULT_PROVIDER_ID,
  DEFAULT_SCOPES,
  parseProviders,
  type ProblemCode,
  type Provider,
} from '../core/provider.ts';
import { deviceFlow } from '../flows/deviceFlow.ts';
import { findFlow } from '../flows/signInFlows.ts';
import { placeholderIn, type Preset } from './presets.ts';
import { redirectDraftOf, redirectFieldsOf, type RedirectDraft } from './redirect.ts';

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

/** An entry of the settings as it stands there, good or bad. */
export type Entry = Readonly<Record<string, unknown>>;

/** What a server says of itself (RFC 8414 section 2), as far as it matters here. Nothing of it is trusted to be of its type. */
export interface ServerCapabilities {
  readonly issuer?: unknown;
  readonly scopes_supported?: unknown;
  readonly grant_types_supported?: unknown;
  readonly response_types_supported?: unknown;
  readonly code_challenge_methods_supported?: unknown;
  readonly token_endpoint_auth_methods_supported?: unknown;
  readonly device_authorization_endpoint?: unknown;
  readonly revocation_endpoint?: unknown;
}

/** What has been answered so far. A client's secret is not among it: it goes nowhere but into the secret storage. */
export interface Draft extends RedirectDraft {
  readonly preset: Preset | undefined;
  /** The entry that is edited; undefined for a new one. */
  readonly old: Entry | undefined;
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined until they are chosen. */
  readonly scopes: readonly string[] | undefined;
  /** Empty until they are given. */
  readonly label: string;
  readonly id: string;
  /** Undefined until the server has been asked; null where it has not been found. */
  readonly offers: ServerCapabilities | null | undefined;
  /** Whether the person has said that the client has no secret. */
  readonly withoutSecret: boolean;
}

/** The draft that a choice at the first step begins: a ready-made definition, an entry to edit, or neither. */
export function draftOf(preset: Preset | undefined, old?: Entry): Draft {
  const scopes = old?.['scopes'];
  return {
    preset,
    old,
    issuer: textOf(old?.['issuer']) || (preset?.issuer ?? ''),
    clientId: textOf(old?.['clientId']),
    scopes: Array.isArray(scopes) ? words(scopes) : preset?.scopes.length === 0 ? [] : undefined,
    label: textOf(old?.['label']),
    id: old === undefined ? '' : idOf(old),
    offers: offersOf(preset),
    withoutSecret: false,
    ...redirectDraftOf(old ?? preset?.fields),
  };
}

/** What a product would say of itself, where it does not and a ready-made definition has its endpoints; else undefined. */
function offersOf(preset: Preset | undefined): ServerCapabilities | undefined {
  const endpoints = preset?.fields?.endpoints;
  return (
    endpoints && {
      code_challenge_methods_supported: ['S256'],
      device_authorization_endpoint: endpoints.deviceAuthorization,
      revocation_endpoint: endpoints.revocation,
    }
  );
}

/** The steps that a draft needs: nothing is shown of a server that was not found, and nothing asked for that is known or cannot be. */
export function stepsOf(draft: Draft): Step[] {
  const { offers, preset } = draft;
  const isSkipped: Readonly<Partial<Record<Step, boolean>>> = {
    issuer: offersOf(preset) !== undefined,
    found: offers === null,
    redirect: !registersRedirect(draft),
    redirectUri: !registersRedirect(draft) || draft.redirectKind === 'any-port',
    secret: !mayHaveSecret(draft),
    scopes: preset?.scopes.length === 0,
  };
  return STEPS.filter((step) => isSkipped[step] !== true);
}

/** Whether a redirect URI on this machine has to be registered: not if the server takes any, knows no sign-in in the browser, or gets a link to VS Code. */
function registersRedirect({ offers, old, preset }: Draft): boolean {
  const grants = words(offers?.grant_types_supported);
  const isByLink = findFlow(old?.['signInMethod'])?.redirectsTo === 'editor';
  return (
    preset?.registersRedirect !== false && !isByLink && (grants.length === 0 || grants.includes('authorization_code'))
  );
}

/** What is wrong with the redirect URI or the ports; undefined where they are good. */
export function objectionToRedirect(draft: RedirectDraft): ValidationError | undefined {
  const fields = redirectFieldsOf(draft);
  return objectionTo([
    {
      issuer: ANY_ISSUER,
      clientId: 'any',
      ...(draft.redirectKind === 'ports' ? { redirectPorts: draft.redirectPorts } : { redirectUri: draft.redirectUri }),
      ...fields,
    },
  ]);
}

/** The step after one, or before it; undefined past the ends. */
export function adjacentStep(step: Step, draft: Draft, direction: 1 | -1): Step | undefined {
  const places = stepsOf(draft).map((one) => STEPS.indexOf(one));
  const place = STEPS.indexOf(step);
  const next = direction === 1 ? places.find((one) => one > place) : places.findLast((one) => one < place);
  return next === undefined ? undefined : STEPS[next];
}

/** Whether the client may have a secret: not where a ready-made definition says to register one without, or where the server takes none. */
export function mayHaveSecret({ preset, offers }: Draft): boolean {
  if (preset !== undefined) {
    return preset.secret !== 'none';
  }
  const methods = words(offers?.token_endpoint_auth_methods_supported);
  return methods.length === 0 || methods.some((method) => method.startsWith('client_secret_'));
}

/** The product that takes no client without a secret, where a draft has none; undefined where that is in order. */
export function requiresSecret({ preset, withoutSecret }: Draft): Preset | undefined {
  return withoutSecret && preset?.secret === 'required' ? preset : undefined;
}

/** The issuer that a person means: without the space around it and the path of discovery, and with the scheme that they left out, which on this computer is `http:`. */
export function issuerOf(typed: string): string {
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
export function withMetadata(draft: Draft, offers: ServerCapabilities): Draft {
  const { issuer } = draft;
  return {
    ...draft,
    offers,
    issuer: offers.issuer === toggleTrailingSlash(issuer) ? toggleTrailingSlash(issuer) : issuer,
  };
}

/** What is wrong with an answer: as the settings have it, or something that is still to be filled in, braces included. */
export type ValidationError = { readonly code: ProblemCode; readonly field: string } | { readonly placeholder: string };

/** What is wrong with an issuer; undefined where it is good. */
export function objectionToIssuer(issuer: string): ValidationError | undefined {
  const placeholder = placeholderIn(issuer);
  return placeholder === undefined ? objectionTo([{ issuer, clientId: 'any' }]) : { placeholder };
}

/** What is wrong with a client id; undefined where it is good. */
export function objectionToClientId(clientId: string): ValidationError | undefined {
  return objectionTo([{ issuer: ANY_ISSUER, clientId }]);
}

/** What is wrong with a scope; undefined where it is good. */
export function objectionToScope(scope: string): ValidationError | undefined {
  return objectionTo([{ issuer: ANY_ISSUER, clientId: 'any', scopes: [scope] }]);
}

/** What is wrong with an id, beside the entries that there are; undefined where it is good. */
export function objectionToId(id: string, others: readonly Entry[]): ValidationError | undefined {
  const taken = others.some((other) => idOf(other) === id);
  return taken ? { code: 'id-twice', field: 'id' } : objectionTo([{ id, issuer: ANY_ISSUER, clientId: 'any' }]);
}

const ANY_ISSUER = 'https://any.example';

/** The rules of the settings themselves, so that there is one set of them. */
function objectionTo(entries: readonly Entry[]): ValidationError | undefined {
  const [problem] = parseProviders(entries, BUILT_IN_PROVIDER_IDS).problems;
  return problem && { code: problem.code, field: problem.field.split('.')[0] ?? '' };
}

/** The provider that a draft makes, as far as it goes: for asking its server before the rest is known; undefined while its issuer is not good. */
export function providerOf(draft: Draft): Provider | undefined {
  const { issuer } = draft;
  const clientId = draft.clientId || 'any';
  // Of an entry that is edited, a field that nobody asks for can be bad.
  return parseProviders([
    { ...entryOf({ ...draft, clientId }), id: 'whole' },
    { id: 'bare', issuer, clientId },
  ]).providers[0];
}

/** One thing that a server's word on itself means. */
export const FACTS = [
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
export type CapabilityNote = (typeof FACTS)[number];

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
export function factsOf(draft: Draft): CapabilityNote[] {
  const { preset } = draft;
  const offers = draft.offers ?? {};
  const grants = words(offers.grant_types_supported);
  const methods = words(offers.token_endpoint_auth_methods_supported);
  const hasCode =
    grants.length === 0 ||
    grants.includes('authorization_code') ||
    words(offers.response_types_supported).includes('code');
  const renewal = (): CapabilityNote => {
    if (preset !== undefined) {
      return RENEWALS[preset.renewal];
    }
    if (words(offers.scopes_supported).includes('offline_access')) {
      return 'renews-with-scope';
    }
    // Many servers that give refresh tokens do not list that grant.
    return grants.includes('refresh_token') ? 'renews' : 'renewal-unsaid';
  };
  const holds: Readonly<Partial<Record<CapabilityNote, boolean>>> = {
    browser: hasCode,
    'no-browser': !hasCode,
    device: offers.device_authorization_endpoint !== undefined && (preset?.device ?? 'if-allowed') === 'if-allowed',
    pkce: words(offers.code_challenge_methods_supported).includes('S256'),
    'pkce-unsaid': !words(offers.code_challenge_methods_supported).includes('S256'),
    [renewal()]: true,
    // Many servers have clients without a secret and do not list them.
    secret: preset === undefined && methods.length > 0 && !methods.includes('none'),
    'secret-required': preset?.secret === 'required',
    'secret-for-browser': preset?.secret === 'for-browser',
    'no-revocation': offers.revocation_endpoint === undefined,
  };
  return FACTS.filter((fact) => holds[fact] === true);
}

const RENEWALS: Readonly<Record<Preset['renewal'], CapabilityNote>> = {
  'with-scope': 'renews-with-scope',
  always: 'renews',
  needless: 'no-expiry',
};

/** A scope to choose, whether it is sensible to ask for, and whether the server has named it. */
export interface ScopeChoice {
  readonly scope: string;
  readonly picked: boolean;
  readonly isOffered: boolean;
}

/**
 * The scopes to choose from: what is picked first, then what else the server names. Picked is what the draft has, or
 * what the ready-made definition says, or of the usual ones those that the server does not leave out of its list. The
 * list is a hint: `offline_access` is picked unless the server lists scopes without it and no grant that it would be for.
 */
export function scopeChoices({ offers, preset, scopes }: Draft): ScopeChoice[] {
  const offered = words(offers?.scopes_supported).filter((scope) => objectionToScope(scope) === undefined);
  const usual = preset?.scopes ?? DEFAULT_SCOPES;
  const renews = words(offers?.grant_types_supported).includes('refresh_token');
  const isLikely = (scope: string): boolean => offered.includes(scope) || (scope === 'offline_access' && renews);
  const picked = scopes ?? (offered.length === 0 || preset !== undefined ? usual : usual.filter(isLikely));
  return [...new Set([...picked, ...usual, ...offered])].map((scope) => ({
    scope,
    picked: picked.includes(scope),
    isOffered: offered.includes(scope),
  }));
}

/** The label to propose: the product's name, or the host of the issuer. */
export function proposedLabel({ issuer, label, preset }: Draft): string {
  return label || (preset?.name ?? (URL.canParse(issuer) ? new URL(issuer).hostname : ''));
}

/** The id to propose: made of the label, and of no other entry. */
export function proposedId({ id, label }: Draft, others: readonly Entry[]): string {
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
  return numbers.find((one) => objectionToId(one, others) === undefined) ?? '';
}

/**
 * The entry that comes of a draft: the one that is edited with every field that was not asked for as it is, or a new one
 * with what the ready-made definition brings. Where the browser needs a secret and there is none, a code is typed.
 */
export function entryOf(draft: Draft): Entry {
  const { clientId, id, issuer, label, old, preset, scopes, withoutSecret } = draft;
  const { redirectPorts: _ports, redirectUri: _uri, ...fields } = preset?.fields ?? {};
  return {
    id,
    ...(label === '' ? {} : { label }),
    issuer,
    clientId,
    ...(scopes === undefined ? {} : { scopes: [...scopes] }),
    ...(withoutSecret && preset?.secret === 'for-browser' ? { signInMethod: deviceFlow.id } : {}),
    ...fields,
    ...redirectFieldsOf(draft),
    // What the entry says of its old server must not send anything of another one there.
    ...Object.fromEntries(
      Object.entries(old ?? {}).filter(
        ([field]) => !WIZARD_FIELDS.has(field) && (old?.['issuer'] === issuer || !SERVER_SPECIFIC_FIELDS.has(field)),
      ),
    ),
  };
}

const WIZARD_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'label',
  'issuer',
  'clientId',
  'scopes',
  'redirectPorts',
  'redirectUri',
]);
const SERVER_SPECIFIC_FIELDS: ReadonlySet<string> = new Set([
  'metadataUrl',
  'scopeOnRefresh',
  'endpoints',
  'account',
  'resource',
  'authorizationParameters',
  'tokenParameters',
  'pushedAuthorization',
  'clientAuthentication',
]);

/** The entries of a settings value, in their order; what is no entry at all is left out. */
export function entriesIn(value: unknown): Entry[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isEntry) : [];
}

/**
 * A settings value with an entry in it, in the place of the one that it was made of, else at the end. Everything else
 * in the list stays as it is, good or bad.
 */
export function withEntry(value: unknown, entry: Entry, old: Entry | undefined): unknown[] {
  const list: unknown[] = Array.isArray(value) ? [...(value as unknown[])] : [];
  const text = JSON.stringify(old);
  const place = old === undefined ? -1 : list.findIndex((one) => JSON.stringify(one) === text);
  const sameId = old === undefined ? -1 : list.findIndex((one) => isEntry(one) && idOf(one) === idOf(old));
  const found = place < 0 ? sameId : place;
  list.splice(found < 0 ? list.length : found, found < 0 ? 0 : 1, entry);
  return list;
}

/** The id that an entry has, said or not. */
export function idOf({ id }: Entry): string {
  return typeof id === 'string' ? id : DEFAULT_PROVIDER_ID;
}

/** What to call an entry in a list. */
export function nameOf(entry: Entry): string {
  return sanitizeDisplayName(textOf(entry['label'])) || idOf(entry);
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

function words(value: unknown): string[] {
  return Array.isArray(value) ? (value as unknown[]).filter((word) => typeof word === 'string') : [];
}
