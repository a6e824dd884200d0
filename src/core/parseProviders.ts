// Parses the setting `sessionKeeper.providers` into providers and problems.
import * as v from 'valibot';
import { sanitizeDisplayName } from './failure.ts';
import { BUILT_IN_PROVIDER_IDS, type Provider } from './provider.ts';
import { FIELD_ROWS } from './providerFields.ts';

/** Why an entry can't be used. */
export type ProblemCode =
  | 'not-a-list'
  | 'not-an-object'
  | 'missing'
  | 'wrong-type'
  | 'unknown-field'
  | 'bad-id'
  | 'id-of-built-in'
  | 'id-twice'
  | 'bad-url'
  | 'not-https'
  | 'bad-scope'
  | 'out-of-range'
  | 'bad-sign-in-method'
  | 'bad-port'
  | 'bad-redirect-uri'
  | 'bad-git-server'
  | 'bad-session-token'
  | 'bad-sign-out'
  | 'bad-endpoint'
  | 'bad-client-authentication'
  | 'bad-resource'
  | 'reserved-parameter';

/** A problem with the setting. */
export interface SettingProblem {
  /** The entry's label or ID, safe to display, or its position in the list, starting at 1. */
  readonly entry: string;
  /** The field with the problem, safe to display; empty for the entry or the list as a whole. */
  readonly field: string;
  readonly code: ProblemCode;
}

/** The result of parsing the setting: the valid entries, and the problems of the others. */
export interface ParsedProviders {
  readonly providers: readonly Provider[];
  readonly problems: readonly SettingProblem[];
}

/**
 * Parses a value of the setting `sessionKeeper.providers`. Never throws: an invalid entry becomes a problem, and valid
 * entries are still used. If two entries have the same ID, the first one is used.
 * @param takenIds the IDs of other extensions' providers.
 */
export function parseProviders(value: unknown, takenIds: readonly string[] = BUILT_IN_PROVIDER_IDS): ParsedProviders {
  if (value === undefined || value === null) {
    return { providers: [], problems: [] };
  }
  if (!Array.isArray(value)) {
    return { providers: [], problems: [{ entry: '', field: '', code: 'not-a-list' }] };
  }
  const providers: Provider[] = [];
  const problems: SettingProblem[] = [];
  for (const [index, raw] of (value as unknown[]).entries()) {
    const entry = entryName(raw, index);
    const { problems: found, provider } = parseEntry(raw);
    problems.push(...found.map((problem) => ({ entry, ...problem })));
    if (provider === undefined) {
      continue;
    }
    if (takenIds.includes(provider.id)) {
      problems.push({ entry, field: 'id', code: 'id-of-built-in' });
    } else if (providers.some(({ id }) => id === provider.id)) {
      problems.push({ entry, field: 'id', code: 'id-twice' });
    } else {
      providers.push(provider);
    }
  }
  return { providers, problems };
}

type FieldProblem = Omit<SettingProblem, 'entry'>;

/** The provider for an entry; undefined if the entry has a problem. */
function parseEntry(raw: unknown): { readonly provider: Provider | undefined; readonly problems: FieldProblem[] } {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return { provider: undefined, problems: [{ field: '', code: 'not-an-object' }] };
  }
  const entry = raw as Readonly<Record<string, unknown>>;
  const problems: FieldProblem[] = [];
  const values = FIELD_ROWS.map(([field, { schema, unitMs = 1 }]) => {
    const { issues = [], output } = v.safeParse(schema, entry[field], { abortPipeEarly: true });
    problems.push(...issues.map((issue) => problemOf(field, issue)));
    return [field, typeof output === 'number' ? output * unitMs : output] as const;
  });
  problems.push(...unknownFieldsOf(entry).map((field) => ({ field, code: 'unknown-field' }) as const));
  if (problems.length > 0) {
    return { provider: undefined, problems };
  }
  const provider = Object.fromEntries(values) as Provider;
  return { provider: { ...provider, label: provider.label || new URL(provider.issuer).hostname }, problems };
}

/** Returns the name of an entry in a {@link SettingProblem}. */
export function entryName(raw: unknown, index: number): string {
  if (typeof raw === 'object' && raw !== null) {
    for (const field of ['label', 'id'] as const) {
      const value = (raw as Record<string, unknown>)[field];
      const name = typeof value === 'string' ? sanitizeDisplayName(value) : '';
      if (name !== '') {
        return name;
      }
    }
  }
  return String(index + 1);
}

function problemOf(field: string, issue: v.BaseIssue<unknown>): FieldProblem {
  const path = issue.path?.map((item) => String(item.key)) ?? [];
  return { field: sanitizeDisplayName([field, ...path].join('.')), code: problemCodeOf(issue) };
}

function problemCodeOf(issue: v.BaseIssue<unknown>): ProblemCode {
  // valibot has its own messages for the keys of an object; all other messages are problem codes.
  if (issue.type === 'strict_object') {
    return issue.expected === 'never' ? 'unknown-field' : 'missing';
  }
  return issue.message as ProblemCode;
}

/** The unknown fields of an entry. Without an error, misspelled fields would be silently ignored. */
function unknownFieldsOf(entry: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(entry)
    .filter((name) => FIELD_ROWS.every(([field]) => field !== name))
    .map(sanitizeDisplayName);
}
