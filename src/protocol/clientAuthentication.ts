// Client authentication with a secret: in a header or among the parameters (RFC 6749 section 2.3.1), as the server
// supports it.
import * as oauth from 'oauth4webapi';
import type { ClientAuthentication, Provider } from '../core/provider.ts';

/** Authenticates a client at one server. */
export interface ClientAuthenticator {
  /** Authenticates a request of oauth4webapi with the current method. */
  readonly clientAuth: oauth.ClientAuth;
  /** Switches to the other method. Returns whether there is one. */
  switchMethod(): boolean;
  /** Returns to the first method, because the other one isn't accepted either. */
  resetMethod(): void;
  /** Remembers that the server accepts the current method. */
  rememberMethod(): void;
}

/** The method that a server has accepted, if known. */
export interface AcceptedAuthentication {
  method?: ClientAuthentication | undefined;
}

/** A public client (RFC 6749 section 2.1), which sends its client ID only. */
export const publicClient: ClientAuthenticator = {
  clientAuth: oauth.None(),
  switchMethod: () => false,
  resetMethod: () => {},
  rememberMethod: () => {},
};

/**
 * A confidential client. If the entry specifies a method, only that one is used. If the server supports only parameters
 * (`client_secret_post`), they're used. Otherwise the header is used, which RFC 6749 section 2.3.1 prefers; if it's
 * rejected and the server doesn't declare to support only the header, parameters are tried.
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

/** HTTP Basic authentication (RFC 7617), with client ID and secret encoded as RFC 6749 section 2.3.1 requires. */
function basicAuthentication(secret: string): oauth.ClientAuth {
  return (_metadata, client, _body, headers) =>
    headers.set('authorization', `Basic ${btoa(basicCredentials(client.client_id, secret))}`);
}

/** A client ID and its secret as they're sent in a header, before they're encoded in base64. */
export function basicCredentials(clientId: string, secret: string): string {
  return `${formEncode(clientId)}:${formEncode(secret)}`;
}

/**
 * Form-encodes a string, but only characters for which it's necessary: servers that wrongly don't decode it still get
 * the same string if it contains only letters, digits, and characters such as `-`, `_` and `.`.
 */
function formEncode(text: string): string {
  return encodeURIComponent(text.replace(/\p{Cs}/gu, '\uFFFD')).replaceAll('%20', '+');
}
