// A test of the OpenID Foundation: its name, what it does to the client, and what the client must do.
import type { Provider } from '../../../src/core/provider.ts';
import type { Category } from '../../../src/core/failurePolicies.ts';
import type { RelyingParty } from './relyingParty.ts';
import type { Faults } from './suiteServer.ts';

/** What the product does. */
export type FlowAvailability =
  /** It signs in, or refreshes. */
  | 'accepts'
  /** It rejects the response with a reason, and an existing session stays. */
  | 'refuses'
  /** The module tests a feature that this product doesn't have; the closest feature is tested. */
  | 'not applicable';

/** A module of the suite. */
export interface Module {
  /** The Foundation's name for it. */
  readonly name: string;
  /** What the server does in the module. */
  readonly about: string;
  readonly verdict: FlowAvailability;
  /** The category and code of a rejection, or of the closest failure, from core/failurePolicies.ts. */
  readonly category?: Category;
  readonly code?: string;
  /** The reason for the verdict, if the suite leaves a choice or the module doesn't apply. */
  readonly because?: string;
  /** The fields of the settings entry. */
  readonly provider?: Partial<Provider>;
  /** Whether the client has a secret. */
  readonly hasSecret?: boolean;
  /** Acts as the user, and asserts the result. */
  readonly run: (party: RelyingParty) => Promise<void>;
}

/** The optional parts of a row of a module table. */
type Row = Omit<Module, 'name' | 'about' | 'verdict'>;

/** A module that passes if a sign-in works, or by `run` instead. */
export function accepts(name: string, about: string, row: Row): Module {
  return { name, about, verdict: 'accepts', ...row };
}

/** A module with a faulty response, so that the sign-in must be rejected, without another request. */
export function refuses(
  name: string,
  about: string,
  [category, code]: readonly [Category, string?],
  faults: Faults,
  more: Partial<Module> = {},
): Module {
  return {
    name,
    about,
    verdict: 'refuses',
    category,
    ...(code === undefined ? {} : { code }),
    run: async (party) => {
      party.server.faults = faults;
      await party.signInRefused(category, code);
    },
    ...more,
  };
}

/** A module for which this product has no feature. */
export function notApplicable(name: string, about: string, because: string, row: Omit<Row, 'because'>): Module {
  return { name, about, verdict: 'not applicable', because, ...row };
}

/** The table of modules as Markdown. */
export function tableOf(modules: readonly Module[]): string {
  const rows = modules.map(({ about, because = '', category, code, name, verdict }) => {
    const outcome = category === undefined ? '' : `\`${category}\`${code === undefined ? '' : ` (\`${code}\`)`}`;
    return `| \`${name}\` | ${about} | ${verdict} | ${outcome} | ${because} |`;
  });
  return ['| module | the server | verdict | failure | why |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}
