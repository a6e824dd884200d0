// Links that propose a provider: `vscode://session-keeper.session-keeper/add?issuer=…&clientId=…&label=…`. Everything in a
// link is hostile until the user has agreed.
import { parseEntry, type FieldProblem } from './parseProviders.ts';

/** The path of the links. */
export const ADD_PATH = '/add';

/** What a link proposes. */
export interface ProviderLink {
  readonly issuer: string;
  readonly clientId: string;
  /** Safe to display; empty if the link has none. */
  readonly label: string;
}

/** The parameters that a link can have, each once. There are none for secrets, endpoints, and other fields. */
const PARAMETERS = ['issuer', 'clientId', 'label'] as const;
/** The maximum length of a link's query. */
const MAX_LENGTH = 2000;

/**
 * Parses the query of a link. Never throws.
 * @returns what it proposes, or the problem with the first invalid parameter.
 */
export function parseProviderLink(query: string): ProviderLink | FieldProblem {
  if (query.length > MAX_LENGTH) {
    return { field: 'link', code: 'wrong-type' };
  }
  const parameters = new URLSearchParams(query);
  const unknown = [...parameters.keys()].find((name) => PARAMETERS.every((known) => known !== name));
  const repeated = PARAMETERS.find((name) => parameters.getAll(name).length > 1);
  if (unknown !== undefined || repeated !== undefined) {
    return { field: repeated ?? 'link', code: 'wrong-type' };
  }
  const label = parameters.get('label') ?? '';
  const entry = { issuer: parameters.get('issuer') ?? undefined, clientId: parameters.get('clientId') ?? undefined };
  const { problems, provider } = parseEntry({ id: 'link', ...entry, ...(label === '' ? {} : { label }) });
  const [problem = { field: 'link', code: 'wrong-type' } as const] = problems;
  return provider === undefined
    ? problem
    : { issuer: provider.issuer, clientId: provider.clientId, label: label === '' ? '' : provider.label };
}

/** Returns the link that proposes a provider. */
export function createProviderLink(scheme: string, extensionId: string, link: ProviderLink): string {
  const { clientId, issuer, label } = link;
  const parameters = new URLSearchParams({ issuer, clientId, ...(label === '' ? {} : { label }) });
  return `${scheme}://${extensionId}${ADD_PATH}?${parameters.toString()}`;
}
