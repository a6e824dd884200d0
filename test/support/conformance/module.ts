// What a test of the OpenID Foundation is here: its name, what it does to the client, and what the client has to do.
import type { Provider } from '../../../src/core/provider.ts';
import type { Category } from '../../../src/core/failurePolicies.ts';
import type { RelyingParty } from './relyingParty.ts';
import type { Faults } from './suiteServer.ts';

/** What the product does. */
export type FlowAvailability =
  /** It signs in, or renews. */
  | 'accepts'
  /** It does not, says why, and the session that there may be stays. */
  | 'refuses'
  /** The module is about something that this product does not do; the nearest that it does is tested. */
  | 'not applicable';

/** A module of the suite. */
export interface Module {
  /** As the Foundation calls it. */
  readonly name: string;
  /** What the server does in it. */
  readonly about: string;
  readonly verdict: FlowAvailability;
  /** What a refusal, or the nearest thing, is in the table of core/failurePolicies.ts. */
  readonly category?: Category;
  readonly code?: string;
  /** Why the verdict is what it is, where the suite leaves a choice, or where the module does not apply. */
  readonly because?: string;
  /** What the entry of the settings says. */
  readonly provider?: Partial<Provider>;
  /** Whether the client has a secret. */
  readonly hasSecret?: boolean;
  /** Does what a person does, and asserts what has to come of it. */
  readonly run: (party: RelyingParty) => Promise<void>;
}

/** What a row of a module table says beside its name. */
type Row = Omit<Module, 'name' | 'about' | 'verdict'>;

/** A module that is passed where a sign-in works, or whatever `run` wants instead. */
export function accepts(name: string, about: string, row: Row): Module {
  return { name, about, verdict: 'accepts', ...row };
}

/** A module in which the answer has a fault, so that signing in has to be refused, without another request. */
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

/** A module that this product has nothing for. */
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
