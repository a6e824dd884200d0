// How a client shows its secret: in a header or among the parameters (RFC 6749 section 2.3.1), as the server takes it.
import * as oauth from 'oauth4webapi';
import type { ClientAuthentication, Provider } from '../core/provider.ts';

/** How a client shows who it is, at one server. */
export interface ClientAuthenticator {
  /** What oauth4webapi puts it into a request with: as it is shown at the time of the request. */
  readonly clientAuth: oauth.ClientAuth;
  /** Shows it in the other way from now on; whether there is one. */
  switchMethod(): boolean;
  /** Shows it in the first way again, because the other one is no better. */
  resetMethod(): void;
  /** Remembers for the server that the way in use is accepted. */
  rememberMethod(): void;
}

/** What has been found out of how a server takes secrets. */
export interface AcceptedAuthentication {
  method?: ClientAuthentication | undefined;
}

/** A public client (RFC 6749 section 2.1): there is nothing but its name. */
export const publicClient: ClientAuthenticator = {
  clientAuth: oauth.None(),
  switchMethod: () => false,
  resetMethod: () => {},
  rememberMethod: () => {},
};

/**
 * A client with a secret. What the entry says counts, and nothing else is tried. A server that takes the secret among the
 * parameters only gets it there; else it is in a header, which RFC 6749 section 2.3.1 prefers, and goes among the
 * parameters where that is refused and the server does not say that it takes the header only.
 */
export function clientWithSecret(
  secret: string,
  { clientAuthentication }: Provider,
  { token_endpoint_auth_methods_supported: listed }: oauth.AuthorizationServer,
  known: AcceptedAuthentication,
): ClientAuthenticator {
  const supports = (method: ClientAuthentication): boolean => Array.isArray(listed) && listed.includes(method);
  const isUndecided =
    clientAuthentication === undefined && supports('client_secret_basic') === supports('client_secret_post');
  const preferred = supports('client_secret_post') && !isUndecided ? 'client_secret_post' : 'client_secret_basic';
  const first = clientAuthentication ?? (isUndecided ? known.method : undefined) ?? preferred;
  const other = !isUndecided
    ? undefined
    : first === 'client_secret_post'
      ? 'client_secret_basic'
      : 'client_secret_post';
  const methods = {
    client_secret_basic: basicAuthentication(secret),
    client_secret_post: oauth.ClientSecretPost(secret),
  } as const;
  let inUse: ClientAuthentication = first;
  return {
    clientAuth: (...request) => methods[inUse](...request),
    switchMethod: () => {
      const isOther = other !== undefined && inUse !== other;
      inUse = other ?? inUse;
      return isOther;
    },
    resetMethod: () => {
      inUse = first;
    },
    rememberMethod: () => {
      known.method = inUse;
    },
  };
}

/** The header of HTTP Basic authentication (RFC 7617), the name and the secret encoded as RFC 6749 section 2.3.1 wants it. */
function basicAuthentication(secret: string): oauth.ClientAuth {
  return (_metadata, client, _body, headers) =>
    headers.set('authorization', `Basic ${btoa(`${formEncode(client.client_id)}:${formEncode(secret)}`)}`);
}

/**
 * A text with nothing encoded but what a form cannot hold otherwise: whoever decodes it gets the text, and whoever does
 * not, as many servers, gets it too where it has only letters, digits, and marks such as `-`, `_` and `.`.
 */
function formEncode(text: string): string {
  return encodeURIComponent(text.replace(/\p{Cs}/gu, '\uFFFD')).replaceAll('%20', '+');
}
