// What an administrator configures for all users: providers, and limits for the settings. Pure: the text is passed in.
import * as v from 'valibot';
import { MINUTE, SECOND } from './clock.ts';
import { sanitizeDisplayName } from './failure.ts';
import { membersOf, parseObject } from './json.ts';
import { entryName, parseEntry, type SettingProblem } from './parseProviders.ts';
import type { Provider } from './provider.ts';

/** A provider of the organization. */
export interface ManagedProvider {
  readonly provider: Provider;
  readonly entry: Readonly<Record<string, unknown>>;
  /** Whether users can't change any of its fields. */
  readonly isLocked: boolean;
}

/** What the file contains. */
export interface ManagedSettings {
  readonly providers: readonly ManagedProvider[];
  /** The longest idle timeout, in ms; undefined if users decide. */
  readonly maximumIdleTimeout: number | undefined;
  /** The shortest refresh leeway, in ms. */
  readonly minimumRefreshLeeway: number;
  /** Whether programs in the terminal may get tokens. */
  readonly allowsTerminal: boolean;
  /** Whether MCP servers may get tokens. */
  readonly allowsMcpServers: boolean;
  /** What in it can't be used. */
  readonly problems: readonly SettingProblem[];
}

/** Nothing is managed. */
export const UNMANAGED: ManagedSettings = {
  providers: [],
  maximumIdleTimeout: undefined,
  minimumRefreshLeeway: 0,
  allowsTerminal: true,
  allowsMcpServers: true,
  problems: [],
};

const limitsSchema = v.strictObject({
  maximumIdleTimeout: v.optional(v.pipe(v.number(), v.minValue(0.05), v.maxValue(525_600))),
  minimumRefreshLeeway: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(86_400)), 0),
  terminal: v.optional(v.boolean(), true),
  mcpServers: v.optional(v.boolean(), true),
});

/**
 * Parses the file. Never throws: what is invalid becomes a problem, and the rest is used. Limits that can't be read are the
 * strictest ones.
 */
export function parseManagedSettings(text: string): ManagedSettings {
  const file = parseObject(text);
  if (file === undefined) {
    return { ...STRICTEST, problems: [{ entry: '', field: '', code: 'managed-not-json', isManaged: true }] };
  }
  const { limits = {}, providers = [], ...unknown } = file;
  const problems: SettingProblem[] = Object.keys(unknown).map((field) => ({
    entry: '',
    field: sanitizeDisplayName(field),
    code: 'unknown-field',
    isManaged: true,
  }));
  // valibot accepts arrays as objects.
  const parsed = v.safeParse(limitsSchema, Array.isArray(limits) ? undefined : limits);
  if (!parsed.success) {
    problems.push({ entry: '', field: 'limits', code: 'wrong-type', isManaged: true });
  }
  const managed: ManagedProvider[] = [];
  for (const [index, raw] of (Array.isArray(providers) ? (providers as unknown[]) : [providers]).entries()) {
    const { locked = true, ...entry } = membersOf(raw);
    const { problems: found, provider } = parseEntry(entry);
    const all = typeof locked === 'boolean' ? found : [...found, { field: 'locked', code: 'wrong-type' } as const];
    problems.push(...all.map((problem) => ({ entry: entryName(raw, index), ...problem, isManaged: true }) as const));
    if (provider !== undefined && managed.every((other) => other.provider.id !== provider.id)) {
      managed.push({ provider, entry, isLocked: locked !== false });
    }
  }
  return { ...(parsed.success ? toLimits(parsed.output) : STRICTEST), providers: managed, problems };
}

const STRICTEST = { ...UNMANAGED, allowsTerminal: false, allowsMcpServers: false } as const;

function toLimits({
  maximumIdleTimeout: idle,
  mcpServers,
  minimumRefreshLeeway,
  terminal,
}: v.InferOutput<typeof limitsSchema>): Omit<ManagedSettings, 'providers' | 'problems'> {
  return {
    maximumIdleTimeout: idle === undefined ? undefined : idle * MINUTE,
    minimumRefreshLeeway: minimumRefreshLeeway * SECOND,
    allowsTerminal: terminal,
    allowsMcpServers: mcpServers,
  };
}

/** Returns an idle timeout within the limit of the organization, in ms; 0 for none. */
export function limitIdleTimeout(timeout: number, { maximumIdleTimeout: limit }: ManagedSettings): number {
  return limit === undefined ? timeout : timeout === 0 ? limit : Math.min(timeout, limit);
}
