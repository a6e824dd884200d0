// The headers for other extensions to use a DPoP-bound token (RFC 9449), which VS Code's authentication API doesn't support.
import { hasUserInfo, isSecureUrl, parseUrl } from '../core/secureUrl.ts';
import { isDpopBound } from '../core/session.ts';
import { dpopHeaders, DpopKeys } from '../protocol/dpop.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import * as dpopMessages from '../host/dpopMessages.ts';

/** The request that a caller is about to send. */
export interface ResourceRequest {
  /** The HTTP method; `GET` if the caller doesn't specify it. */
  readonly method: string;
  /** The last `DPoP-Nonce` from the resource server, if any. */
  readonly nonce: string | undefined;
  readonly url: URL;
}

/** The headers for that request. */
export interface CallerHeaders {
  readonly authorization: string;
  /** Absent for a bearer token. */
  readonly dpop?: string;
}

/** The command that returns the headers for an access token. It throws an Error with a message for its caller. */
export type DpopHeadersCommand = (accessToken?: unknown, request?: unknown) => Promise<CallerHeaders>;

/**
 * Returns the command that returns the headers for an access token. It needs no permission of its own: VS Code controls
 * access to tokens, and a caller that has the token may have the headers.
 */
export function createDpopHeadersCommand(sessionManager: SessionManager): DpopHeadersCommand {
  const keys = new DpopKeys();
  return async (accessToken, request) => {
    const { method, nonce, url } = readResourceRequest(request);
    const record = sessionManager.getAll().find(({ record: { accessToken: known } }) => known === accessToken)?.record;
    if (record === undefined) {
      throw new Error(dpopMessages.unknownAccessToken());
    }
    if (!isDpopBound(record)) {
      return { authorization: `Bearer ${record.accessToken}` };
    }
    // The nonce is an argument, because the caller may use several resource servers at the same time.
    return dpopHeaders(await keys.getOrImport(record.dpopKey), record.accessToken, {
      method,
      nonce,
      url,
      skew: record.skew,
    });
  };
}

/**
 * Validates the request that a caller is about to send.
 * @throws Error with a message for the caller: the URL must use TLS or a loopback address.
 */
export function readResourceRequest(request: unknown): ResourceRequest {
  const {
    method = 'GET',
    nonce,
    url,
  }: Readonly<Record<string, unknown>> = { ...(typeof request === 'object' ? request : undefined) };
  const isMethod = typeof method === 'string' && /^[A-Za-z]+$/.test(method);
  const isNonce = nonce === undefined || (typeof nonce === 'string' && nonce !== '');
  if (
    !isMethod ||
    !isNonce ||
    typeof url !== 'string' ||
    !/^https?:\/\//i.test(url) ||
    parseUrl(url) === undefined ||
    !isSecureUrl(url) ||
    hasUserInfo(url)
  ) {
    throw new Error(dpopMessages.invalidArguments());
  }
  return { method, nonce, url: new URL(url) };
}
