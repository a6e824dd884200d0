// What is wrong with an answer, by the rules of the settings themselves, so that there is one set of them.
import { parseProviders, type ProblemCode } from '../core/parseProviders.ts';
import { entryId, type Entry } from './entries.ts';
import { placeholderIn } from './presets.ts';
import { toRedirectFields, type RedirectDraft } from './redirect.ts';

/** What is wrong with an answer: as the settings have it, or something that is still to be filled in, braces included. */
export type ValidationError = { readonly code: ProblemCode; readonly field: string } | { readonly placeholder: string };

/** What is wrong with an issuer; undefined where it is good. */
export function validateIssuer(issuer: string): ValidationError | undefined {
  const placeholder = placeholderIn(issuer);
  return placeholder === undefined ? validateEntries([{ issuer, clientId: 'any' }]) : { placeholder };
}

/** What is wrong with a client id; undefined where it is good. */
export function validateClientId(clientId: string): ValidationError | undefined {
  return validateEntries([{ issuer: ANY_ISSUER, clientId }]);
}

/** What is wrong with a scope; undefined where it is good. */
export function validateScope(scope: string): ValidationError | undefined {
  return validateEntries([{ issuer: ANY_ISSUER, clientId: 'any', scopes: [scope] }]);
}

/** What is wrong with an id, beside the entries that there are; undefined where it is good. */
export function validateId(id: string, others: readonly Entry[]): ValidationError | undefined {
  const taken = others.some((other) => entryId(other) === id);
  return taken ? { code: 'id-twice', field: 'id' } : validateEntries([{ id, issuer: ANY_ISSUER, clientId: 'any' }]);
}

const ANY_ISSUER = 'https://any.example';

function validateEntries(entries: readonly Entry[]): ValidationError | undefined {
  const [problem] = parseProviders(entries).problems;
  return problem && { code: problem.code, field: problem.field.split('.')[0] ?? '' };
}

/** What is wrong with the redirect URI or the ports; undefined where they are good. */
export function validateRedirect(draft: RedirectDraft): ValidationError | undefined {
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
