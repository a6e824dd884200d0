// The providers that the manifests of other extensions declare: `contributes.sessionKeeper.providers`. Pure: manifests are
// passed in, and can have any form.
import { sanitizeDisplayName } from './failure.ts';
import { isObject, membersOf } from './json.ts';
import type { ManagedProvider } from './managedSettings.ts';
import {
  entryName,
  parseEntry,
  parseProviders,
  type Declarer,
  type FieldProblem,
  type ParsedProviders,
  type SettingProblem,
} from './parseProviders.ts';
import { DEFAULT_PROVIDER_ID, type Provider } from './provider.ts';
import { FIELD_ROWS } from './providerFields.ts';

/** A declared entry, not parsed yet. */
export interface Declaration {
  readonly declarer: Declarer;
  /** What the extension declares, with the fields of an entry of the setting. */
  readonly entry: unknown;
  /** Whether the same manifest also declares the ID of the entry as an authentication provider, as VS Code requires. */
  readonly isAuthentication: boolean;
}

/** An installed extension, as VS Code's API returns it. */
export interface InstalledExtension {
  readonly id: string;
  readonly packageJSON: unknown;
}

/** The maximum number of entries of one extension. */
const MAX_ENTRIES = 20;

/** Returns the declarations in the manifests of extensions, in the order of their IDs. Never throws. */
export function findDeclarations(extensions: readonly InstalledExtension[]): Declaration[] {
  return extensions
    .flatMap(({ id, packageJSON }) => declarationsOf(id, packageJSON))
    .sort(({ declarer: one }, { declarer: other }) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0));
}

/**
 * Returns the declarations in a manifest, or in what an extension passes to the command for declarations. Never throws.
 * @param id the ID of the extension.
 */
export function declarationsOf(id: string, manifest: unknown): Declaration[] {
  const { contributes, displayName, name } = membersOf(manifest);
  const { providers } = membersOf(membersOf(contributes)['sessionKeeper']);
  if (!Array.isArray(providers)) {
    return [];
  }
  const label = [displayName, name].find((text) => typeof text === 'string' && !text.startsWith('%'));
  const declarer = { id, name: sanitizeDisplayName(typeof label === 'string' ? label : '') || id };
  const declaredIds = authenticationIdsOf(manifest);
  return providers.slice(0, MAX_ENTRIES).map((entry: unknown) => ({
    declarer,
    entry,
    isAuthentication: declaredIds.includes(membersOf(entry)['id'] ?? ''),
  }));
}

/** Returns the IDs that a manifest declares as authentication providers (`contributes.authentication`). Never throws. */
export function authenticationIdsOf(manifest: unknown): unknown[] {
  const { authentication } = membersOf(membersOf(manifest)['contributes']);
  return Array.isArray(authentication) ? authentication.map((one: unknown) => membersOf(one)['id']) : [];
}

/** The providers of the setting and of the declarations. */
export interface ConfiguredProviders extends ParsedProviders {
  /** The extensions that declare some of the providers, by provider ID. */
  readonly declarers: ReadonlyMap<string, Declarer>;
  /** The IDs of the providers that the organization configures. */
  readonly managedIds: ReadonlySet<string>;
}

/**
 * Parses the setting `sessionKeeper.providers` and the entries that other extensions declare, and adds the providers of the
 * organization. Never throws: an invalid entry becomes a problem, and valid entries are still used.
 *
 * The organization's providers take precedence. An entry of the setting without an issuer changes single fields of one that
 * isn't locked.
 *
 * An entry of the setting without an issuer changes single fields of the declared entry with its ID. An entry with an issuer
 * replaces that. If two extensions declare the same ID, neither is used: one of them could redirect the other's sign-in.
 * @param takenIds the IDs of other extensions' providers.
 */
export function configureProviders(
  setting: unknown,
  takenIds: readonly string[],
  declarations: readonly Declaration[],
  managed: readonly ManagedProvider[] = [],
): ConfiguredProviders {
  const declared = parseDeclarations(declarations, takenIds);
  const managedById = new Map<unknown, ManagedProvider>(managed.map((one) => [one.provider.id, one]));
  const changed = new Set<unknown>();
  const own = parseProviders(setting, takenIds, (entry) => {
    const { id, issuer } = membersOf(entry);
    const organizations = managedById.get(id);
    const base = issuer === undefined ? (organizations ?? declared.byId.get(id)) : undefined;
    if (base === undefined || organizations?.isLocked === true) {
      return entry;
    }
    changed.add(id);
    return { ...base.entry, ...membersOf(entry) };
  });
  const isOverridden = ({ isLocked, provider: { id } }: ManagedProvider): boolean =>
    !isLocked && changed.has(id) && own.providers.some((provider) => provider.id === id);
  const organizations = managed.filter((one) => !isOverridden(one)).map(({ provider }) => provider);
  const organizationIds = new Set(organizations.map(({ id }) => id));
  const users = own.providers.filter(({ id }) => !organizationIds.has(id));
  const added = [...declared.byId.values()]
    .map(({ provider }) => provider)
    .filter(({ id }) => !managedById.has(id) && own.providers.every((provider) => provider.id !== id));
  const declaredIds = [...users.filter(({ id }) => changed.has(id) && !managedById.has(id)), ...added];
  return {
    providers: [...organizations, ...users, ...added],
    problems: [
      ...own.problems,
      ...own.providers
        .filter(({ id }) => organizationIds.has(id))
        .map(({ id, label }) => ({ entry: label || id, field: 'id', code: 'id-managed' }) as const),
      ...declared.problems,
    ],
    declarers: new Map(
      declaredIds.flatMap(({ id }) => {
        const declarer = declared.byId.get(id)?.declarer;
        return declarer === undefined ? [] : [[id, declarer] as const];
      }),
    ),
    managedIds: new Set(managed.map(({ provider }) => provider.id)),
  };
}

interface DeclaredProvider {
  readonly declarer: Declarer;
  readonly entry: Readonly<Record<string, unknown>>;
  readonly provider: Provider;
}

interface DeclaredProviders {
  readonly byId: ReadonlyMap<unknown, DeclaredProvider>;
  readonly problems: readonly SettingProblem[];
}

const USER_ONLY_FIELDS = FIELD_ROWS.filter(([, { isUserOnly }]) => isUserOnly).map(([field]) => field);

function parseDeclarations(declarations: readonly Declaration[], takenIds: readonly string[]): DeclaredProviders {
  const valid: DeclaredProvider[] = [];
  const problems: SettingProblem[] = [];
  for (const [index, declaration] of declarations.entries()) {
    const { declarer } = declaration;
    // The extension itself requests a session, which VS Code then offers in the Accounts menu.
    const entry = { accountsMenu: false, ...membersOf(declaration.entry) };
    const { problems: found, provider } = parseEntry(isObject(declaration.entry) ? entry : declaration.entry);
    const all = [...found, ...(provider === undefined ? [] : declarationProblems(declaration, provider, takenIds))];
    problems.push(...all.map((problem) => ({ entry: entryName(declaration.entry, index), declarer, ...problem })));
    if (provider !== undefined && all.length === 0) {
      valid.push({ declarer, entry, provider });
    }
  }
  const isUnique = ({ provider: { id } }: DeclaredProvider): boolean =>
    valid.filter(({ provider }) => provider.id === id).length === 1;
  for (const { declarer, provider } of valid.filter((one) => !isUnique(one))) {
    problems.push({ entry: provider.id, field: 'id', code: 'id-declared-twice', declarer });
  }
  return { byId: new Map(valid.filter(isUnique).map((one) => [one.provider.id, one])), problems };
}

/** Returns the problems that only a declared entry can have. */
function declarationProblems(
  { entry, isAuthentication }: Declaration,
  { id }: Provider,
  takenIds: readonly string[],
): FieldProblem[] {
  const isTaken = takenIds.includes(id) || id === DEFAULT_PROVIDER_ID;
  const idProblem = isTaken ? 'id-of-built-in' : isAuthentication ? undefined : 'id-not-declared';
  return [
    ...USER_ONLY_FIELDS.filter((field) => field in membersOf(entry)).map(
      (field) => ({ field, code: 'user-only-field' }) as const,
    ),
    ...(idProblem === undefined ? [] : [{ field: 'id', code: idProblem } as const]),
  ];
}
