import type { default as Provider, Grant, Interaction, InteractionResults } from 'oidc-provider';

import { accountByHint } from './identityAccounts.ts';
import type { Account } from './identityAccounts.ts';
import { consentPage, loginPage } from './identityPages.ts';

/** The sign-in levels that the server supports (`acr`): password, and second factor. */
export const ACR_VALUES = ['urn:acme:password', 'urn:acme:second-factor'] as const;

/** The parts of a server's policy that affect a sign-in. */
export interface InteractionPolicy {
  /** Whether users are signed in with the level that `acr_values` requests. */
  readonly honorsAcr: boolean;
  /** The scopes that are granted whatever is requested; null lets the user decide. */
  readonly grantedScopes: readonly string[] | null;
}

/** A request for one of the pages, and its response. */
export interface PageRequest {
  readonly method: string;
  /** The path; the pages are below `/interaction/`. */
  readonly path: string;
  /** The query's and the form's parameters. */
  readonly parameters: URLSearchParams;
  /** As in Node. */
  readonly req: Parameters<Provider['interactionDetails']>[0];
  /** As in Node. */
  readonly res: Parameters<Provider['interactionDetails']>[1];
}

/** The response: a page, or a redirect. */
export type PageAnswer =
  | { readonly kind: 'page'; readonly html: string; readonly status: number }
  | { readonly kind: 'redirect'; readonly address: string };

/**
 * Serves the login and consent pages, and handles their forms.
 *
 * @param provider the identity server
 * @param accounts who can sign in
 * @param policy how users are signed in, and what is granted
 * @param request the request
 * @returns the response
 * @throws the provider's SessionNotFound, if the interaction is unknown or has ended
 */
export async function answerInteraction(
  provider: Provider,
  accounts: readonly Account[],
  policy: InteractionPolicy,
  request: PageRequest,
): Promise<PageAnswer> {
  const details = await provider.interactionDetails(request.req, request.res);
  const finish = async (result: InteractionResults): Promise<PageAnswer> => ({
    kind: 'redirect',
    address: await provider.interactionResult(request.req, request.res, result),
  });

  const step = request.method === 'POST' ? request.parameters.get('do') : null;
  switch (step) {
    case 'login': {
      const name = request.parameters.get('name') ?? '';
      const named = accounts.find((candidate) => [candidate.username, candidate.email].includes(name));
      const account = named?.password === request.parameters.get('password') ? named : undefined;
      if (account === undefined) {
        return await showLogin(provider, details, name, 'Incorrect name or password.');
      }
      return await finish({
        login: { accountId: account.sub, amr: ['pwd'], acr: acrOf(details, policy) },
        select_account: {},
      });
    }
    case 'allow':
      return await finish({ consent: { grantId: await allow(provider, details, policy) } });
    case 'deny':
      return await finish({ error: 'access_denied', error_description: 'The user denied access.' });
    case null:
    default: {
      const account = accounts.find((candidate) => candidate.sub === details.session?.accountId);
      if (details.prompt.name !== 'consent' || account === undefined || request.parameters.has('switch')) {
        const hint = text(details.params['login_hint']);
        return await showLogin(provider, details, accountByHint(accounts, hint)?.username ?? hint);
      }
      return {
        kind: 'page',
        status: 200,
        html: consentPage({
          clientName: await clientName(provider, details),
          action: request.path,
          accountName: `${account.name} (${account.email})`,
          switchAddress: `${request.path}?switch`,
          scopes: text(details.params['scope']).split(' ').filter(Boolean),
        }),
      };
    }
  }
}

/** The level of a sign-in: the requested one, if the server supports it and the policy honors it. */
function acrOf({ params }: Interaction, { honorsAcr }: InteractionPolicy): string {
  const asked = text(params['acr_values']).split(' ');
  return (honorsAcr ? ACR_VALUES.find((value) => asked.includes(value)) : undefined) ?? ACR_VALUES[0];
}

async function showLogin(provider: Provider, details: Interaction, name: string, error?: string): Promise<PageAnswer> {
  const html = loginPage({
    clientName: await clientName(provider, details),
    action: `/interaction/${details.uid}`,
    name,
    ...(error === undefined ? {} : { error }),
  });
  return { kind: 'page', html, status: error === undefined ? 200 : 401 };
}

/** Grants everything that was requested, in addition to what the user has granted before. */
async function allow(provider: Provider, details: Interaction, { grantedScopes }: InteractionPolicy): Promise<string> {
  const grant = (await knownGrant(provider, details)) ?? newGrant(provider, details);
  const missing = details.prompt.details;
  const scopes = texts(missing['missingOIDCScope']);
  const isGranted = (scope: string): boolean => grantedScopes === null || grantedScopes.includes(scope);
  if (scopes.some(isGranted)) {
    grant.addOIDCScope(scopes.filter(isGranted).join(' '));
  }
  if (!scopes.every(isGranted)) {
    grant.rejectOIDCScope(scopes.filter((scope) => !isGranted(scope)).join(' '));
  }
  const claims = texts(missing['missingOIDCClaims']);
  if (claims.length > 0) {
    grant.addOIDCClaims(claims);
  }
  const resources = missing['missingResourceScopes'];
  if (typeof resources === 'object' && resources !== null) {
    for (const [indicator, names] of Object.entries(resources)) {
      grant.addResourceScope(indicator, texts(names).join(' '));
    }
  }
  return await grant.save();
}

async function knownGrant(provider: Provider, details: Interaction): Promise<Grant | undefined> {
  const grant = details.grantId === undefined ? undefined : await provider.Grant.find(details.grantId);
  return grant?.accountId === details.session?.accountId ? grant : undefined;
}

function newGrant(provider: Provider, details: Interaction): Grant {
  return new provider.Grant({
    ...(details.session === undefined ? {} : { accountId: details.session.accountId }),
    clientId: text(details.params['client_id']),
  });
}

async function clientName(provider: Provider, details: Interaction): Promise<string> {
  const id = text(details.params['client_id']);
  const client = await provider.Client.find(id);
  return client?.clientName ?? id;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
