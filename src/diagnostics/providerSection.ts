// What the report says about the providers.
import { SIGN_OUT_RETURN, type Provider } from '../core/provider.ts';
import { DEFAULT_REDIRECT_URI, redirectUrisOf, usesAnyPort } from '../core/redirectUri.ts';
import type { ClientSecretState } from '../storage/clientSecrets.ts';
import { code, item, list, url } from './markdown.ts';

const CLIENT_SECRETS: Readonly<Record<ClientSecretState, string>> = {
  none: 'none',
  kept: 'in the secret storage',
  lost: 'LOST: it was set, and the secret storage does not have it',
  unknown: 'not known',
};

/** Every field of an entry. */
export function providerLines(provider: Provider, clientSecret: ClientSecretState): string[] {
  const {
    accountsMenu,
    authorizationParameters,
    clientAuthentication,
    clientId,
    dpop,
    id,
    issuer,
    label,
    metadataUrl,
    pushedAuthorization,
    resource,
    scopeOnRefresh,
    scopes,
    sessionToken,
    tokenParameters,
  } = provider;
  return [
    `### ${code(label)}`,
    item('Id', code(id)),
    item('Issuer', url(issuer)),
    item('Metadata URL', metadataUrl === undefined ? 'from the issuer' : url(metadataUrl)),
    item('Client id', code(clientId)),
    item('Client secret', CLIENT_SECRETS[clientSecret]),
    item(
      'Client authentication',
      clientAuthentication === undefined ? 'as the server says' : code(clientAuthentication),
    ),
    item('Scopes', list(scopes)),
    ...lifetimeLines(provider),
    item('In the Accounts menu', accountsMenu ? 'yes' : 'no'),
    ...wayLines(provider),
    item('Resource', list(resource)),
    item('Pushed authorization', pushedAuthorization ? 'always' : 'where the server demands it'),
    ...endpointLines(provider),
    item('Account', list(Object.values(provider.account ?? {}))),
    item('Other extensions get', code(sessionToken)),
    item('Tokens of new sessions', dpop ? 'bound to a key (DPoP)' : 'bearer tokens'),
    // Their values are the person's own affair: a name that is a hint, say.
    item('Authorization parameters', list(Object.keys(authorizationParameters))),
    item('Token parameters', list(Object.keys(tokenParameters))),
    item('Scope on refresh', scopeOnRefresh ? 'sent' : 'not sent'),
  ];
}

function lifetimeLines({ assumedLifetime, idleTimeout, sessionLifetime }: Provider): string[] {
  const length = (time: number | undefined, unit: string, ms: number): string =>
    time === undefined ? 'not set' : `${time / ms} ${unit}`;
  return [
    item('Assumed lifetime', length(assumedLifetime, 's', 1000)),
    item('Session lifetime', length(sessionLifetime, 'min', 60_000)),
    item('Idle timeout', length(idleTimeout, 'min', 60_000)),
  ];
}

function wayLines(provider: Provider): string[] {
  const { redirectPorts, redirectUri, signInMethod, signOutAtServer } = provider;
  const shown = (uri: string): string => code(uri.replace('http://', ''));
  const uris = redirectUrisOf(provider).map(shown).join(', ');
  return [
    item('Way to sign in', signInMethod ?? 'the first that works'),
    item('Redirect ports', redirectPorts.length === 0 ? 'any' : redirectPorts.join(', ')),
    item('Redirect URI', redirectUri === undefined ? `${shown(DEFAULT_REDIRECT_URI)} (default)` : shown(redirectUri)),
    item(
      'Redirect URIs to register',
      signInMethod === 'uri' ? 'the link to VS Code' : `${uris}${usesAnyPort(provider) ? ' with any port' : ''}`,
    ),
    item(
      'Sign-out at the server',
      signOutAtServer === SIGN_OUT_RETURN
        ? 'in the browser, too, which comes back'
        : signOutAtServer
          ? 'in the browser, too'
          : 'without the browser',
    ),
  ];
}

function endpointLines({ endpoints }: Provider): string[] {
  const named = Object.entries(endpoints ?? {}).flatMap(([name, address]) =>
    address === undefined ? [] : [item(`Endpoint: ${name}`, url(address))],
  );
  return [
    item(
      'Endpoints',
      endpoints === undefined ? 'as the server says' : 'as the entry says, and the server is not asked',
    ),
    ...named,
  ];
}
