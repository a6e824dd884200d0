// Validates answers with the parser of the settings, so that there is one set of rules.
import { parseProviders, type ProblemCode } from '../core/parseProviders.ts';
import { entryId, type Entry } from './entries.ts';
import { placeholderIn } from './presets.ts';
import { toRedirectFields, type RedirectDraft } from './redirect.ts';

/** What is wrong with an answer: a problem of the settings parser, or a placeholder, including its braces, that is still there. */
export type ValidationError = { readonly code: ProblemCode; readonly field: string } | { readonly placeholder: string };

/** Returns what is wrong with an issuer; undefined if it is valid. */
export function validateIssuer(issuer: string): ValidationError | undefined {
  const placeholder = placeholderIn(issuer);
  return placeholder === undefined ? validateEntries([{ issuer, clientId: 'any' }]) : { placeholder };
}

/** Returns what is wrong with a client ID; undefined if it is valid. */
export function validateClientId(clientId: string): ValidationError | undefined {
  return validateEntries([{ issuer: ANY_ISSUER, clientId }]);
}

/** Returns what is wrong with a scope; undefined if it is valid. */
export function validateScope(scope: string): ValidationError | undefined {
  return validateEntries([{ issuer: ANY_ISSUER, clientId: 'any', scopes: [scope] }]);
}

/** Returns what is wrong with an ID, given the other entries; undefined if it is valid. */
export function validateId(id: string, others: readonly Entry[]): ValidationError | undefined {
  const taken = others.some((other) => entryId(other) === id);
  return taken ? { code: 'id-twice', field: 'id' } : validateEntries([{ id, issuer: ANY_ISSUER, clientId: 'any' }]);
}

/** Returns what is wrong with the URL of an MCP server; undefined if it is valid. */
export function validateMcpUrl(url: string): ValidationError | undefined {
  const error = validateEntries([{ issuer: ANY_ISSUER, clientId: 'any', mcpServers: [{ label: 'any', url }] }]);
  return error && { ...error, field: 'url' };
}

const ANY_ISSUER = 'https://any.example';

function validateEntries(entries: readonly Entry[]): ValidationError | undefined {
  const [problem] = parseProviders(entries).problems;
  return problem && { code: problem.code, field: problem.field.split('.')[0] ?? '' };
}

/** Returns what is wrong with the redirect URI or the ports; undefined if they are valid. */
export function validateRedirect(draft: RedirectDraft): ValidationError | undefined {
  if (draft.redirectKind === 'any-port') {
    return undefined;
  }
  const fields = toRedirectFields(draft);
  return validateEntries([
    {
      issuer: ANY_ISSUER,
      clientId: 'any',
      ...(draft.redirectKind === 'ports' ? { redirectPorts: draft.redirectPorts } : { redirectUri: draft.redirectUri }),
      ...fields,
    },
  ]);
}
