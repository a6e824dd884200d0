// How another extension uses a token that is bound to the key of its session: RFC 9449. VS Code's contract has no place for it.
import { isSecureUrl } from '../core/secureUrl.ts';
import { dpopHeaders, DpopKeys } from '../protocol/dpop.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import * as dpopMessages from '../host/dpopMessages.ts';

/** The request that a caller is about to send, as it describes it. */
interface ResourceRequest {
  /** The method; `GET` if the caller doesn't say. */
  readonly method: string;
  /** The last `DPoP-Nonce` that the resource server has sent, if any. */
  readonly nonce: string | undefined;
  readonly url: URL;
}

/** The headers for that request. */
export interface CallerHeaders {
  readonly authorization: string;
  /** Absent for a token that belongs to whoever bears it. */
  readonly dpop?: string;
}

/** The command that gives headers to whoever has a token. It throws an Error with a sentence for its caller. */
export type DpopHeadersCommand = (accessToken?: unknown, request?: unknown) => Promise<CallerHeaders>;

/**
 * The command that gives headers to whoever has a token: only VS Code decides who gets one, and who has one may have
 * them.
 */
export function createDpopHeadersCommand(sessionManager: SessionManager): DpopHeadersCommand {
  const keys = new DpopKeys();
  return async (accessToken, request) => {
    const { method, nonce, url } = readRequest(request);
    const record = sessionManager.getAll().find(({ record: { accessToken: known } }) => known === accessToken)?.record;
    if (record === undefined) {
      throw new Error(dpopMessages.unknownAccessToken());
    }
    if (record.dpopKey === undefined || record.tokenType !== 'DPoP') {
      return { authorization: `Bearer ${record.accessToken}` };
    }
    // Given with the request, because sessions of several servers ask at once.
    return dpopHeaders(await keys.getOrImport(record.dpopKey), record.accessToken, {
      method,
      nonce,
      url,
      skew: record.skew,
    });
  };
}

function readRequest(request: unknown): ResourceRequest {
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
    !URL.canParse(url) ||
    !isSecureUrl(url)
  ) {
    throw new Error(dpopMessages.invalidArguments());
  }
  return { method, nonce, url: new URL(url) };
}
