import { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

import type { RawRequest } from './identityJournal.ts';

/** A request that was read completely. */
export interface ReadRequest {
  /** A request with the same content, for its handler. */
  readonly request: IncomingMessage;
  /** The parameters of the query and of a form, as received. */
  readonly parameters: URLSearchParams;
  /** The request exactly as received. */
  readonly raw: RawRequest;
}

/**
 * Reads a request completely, so that its form is known before it's handled.
 *
 * @param request the request, unread
 * @param offlineAccess whether to honor a request for `offline_access`
 * @returns a request with the same content, and its parameters
 * @throws Error if the connection breaks while it's being read
 */
export async function readRequest(request: IncomingMessage, offlineAccess: boolean): Promise<ReadRequest> {
  const address = new URL(request.url ?? '/', 'http://127.0.0.1');
  const names = request.rawHeaders.filter((_text, index) => index % 2 === 0);
  const headers = names.map((name, index) => [name, request.rawHeaders[2 * index + 1] ?? ''] as const);
  const raw = { method: request.method ?? '', url: request.url ?? '', headers, body: '' };
  if (request.method !== 'POST') {
    const parameters = new URLSearchParams(address.searchParams);
    if (address.pathname === '/auth' && offlineAccess && askForConsent(address.searchParams)) {
      request.url = `${address.pathname}${address.search}`;
    }
    return { request, parameters, raw };
  }

  const body = await buffer(request);
  const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  const form = new URLSearchParams(isForm ? body.toString('utf8') : '');
  const parameters = new URLSearchParams([...address.searchParams, ...form]);
  const isAuthorization = isForm && ['/auth', '/request'].includes(address.pathname);
  const changed = isAuthorization && offlineAccess && askForConsent(form);
  return {
    request: replay(request, changed ? Buffer.from(form.toString()) : body),
    parameters,
    raw: { ...raw, body: body.toString('utf8') },
  };
}

/**
 * The provider ignores `offline_access` unless consent is requested explicitly, as OpenID Connect allows. This server
 * asks for consent from native clients every time anyway, so it adds that prompt.
 */
function askForConsent(parameters: URLSearchParams): boolean {
  const scopes = (parameters.get('scope') ?? '').split(' ');
  const prompts = (parameters.get('prompt') ?? '').split(' ').filter(Boolean);
  if (!scopes.includes('offline_access') || prompts.includes('none') || prompts.includes('consent')) {
    return false;
  }
  parameters.set('prompt', [...prompts, 'consent'].join(' '));
  return true;
}

function replay(original: IncomingMessage, body: Buffer): IncomingMessage {
  const copy = new IncomingMessage(original.socket);
  copy.method = original.method;
  copy.url = original.url;
  copy.httpVersion = original.httpVersion;
  copy.httpVersionMajor = original.httpVersionMajor;
  copy.httpVersionMinor = original.httpVersionMinor;
  copy.rawHeaders = original.rawHeaders;
  copy.headers = { ...original.headers, 'content-length': String(body.length) };
  delete copy.headers['transfer-encoding'];
  copy.complete = true;
  if (body.length > 0) {
    copy.push(body);
  }
  copy.push(null);
  return copy;
}
