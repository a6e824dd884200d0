// Normalizes responses for the library: what can be understood is accepted. Nothing is verified yet.
import type { Failure } from '../core/failure.ts';
import type { ProtocolStep } from '../core/failurePolicy.ts';
import { parseJson } from '../core/json.ts';
import { findRefreshToken } from './incompleteJson.ts';
import { parseBody, isErrorBody, type JsonObject } from './responseBody.ts';
import { classifyResponse } from './errorResponse.ts';
import type { KnownSecrets } from './knownSecrets.ts';
import type { ServerResponse } from './transport.ts';

/** A response converted to standard JSON. Nothing is verified yet. */
export interface NormalizedResponse {
  readonly original: ServerResponse;
  /** The members of the body; empty if it can't be parsed. */
  readonly body: JsonObject;
  /** The response to pass to oauth4webapi. */
  readonly response: Response;
  /** The failure, if the response isn't a success. */
  readonly failure: Failure | undefined;
  /** The refresh token, if the response contains one, even if the rest of it can't be parsed. */
  readonly refreshToken: string | undefined;
  /** The access token, if the response contains one. */
  readonly accessToken: string | undefined;
}

/**
 * Normalizes a response without verifying its tokens: all success statuses are accepted, and JSON or a form regardless
 * of its content type. Optional members that are null, empty or invalid are removed.
 * @param secrets the secrets that the response may echo; those that it contains are added.
 */
export function normalizeResponse(
  original: ServerResponse,
  step: ProtocolStep,
  secrets: KnownSecrets,
): NormalizedResponse {
  const fields = parseBody(original.body);
  secrets.addReceived(fields ?? {});
  const failure = classifyResponse({ body: original.body, response: original.response, secrets }, fields, step);
  const body = fields === undefined ? {} : normalizeFields(fields);
  const isGranted = failure === undefined && original.response.ok && fields !== undefined && !isErrorBody(fields);
  return {
    original,
    body,
    response:
      failure === undefined ? normalizedResponse(original, fields === undefined ? undefined : body) : original.response,
    failure,
    refreshToken: isGranted
      ? textOf(body['refresh_token'])
      : failure === undefined && original.response.ok && fields === undefined
        ? findRefreshToken(original.body)
        : undefined,
    accessToken: isGranted ? textOf(body['access_token']) : undefined,
  };
}

/**
 * A response with status 200, as the library expects it. Responses whose status allows no body are returned unchanged.
 */
function normalizedResponse({ body, response }: ServerResponse, fields: JsonObject | undefined): Response {
  return body !== '' && response.ok ? withBody(response, fields ?? body) : response;
}

/** A response with another body and status, and the same other headers. */
export function withBody(response: Response, body: JsonObject | string, status = 200): Response {
  const headers = new Headers(response.headers);
  ['content-length', 'content-encoding', 'www-authenticate'].forEach((name) => headers.delete(name));
  if (typeof body !== 'string') {
    headers.set('content-type', 'application/json');
  }
  return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers });
}

const OPTIONAL_FIELDS: ReadonlySet<string> = new Set(['refresh_token', 'id_token']);

function normalizeFields(fields: JsonObject): JsonObject {
  const { expires_in: lifetime, scope, ...others } = fields;
  const present = Object.entries(others).filter(
    ([name, value]) => !OPTIONAL_FIELDS.has(name) || (value !== null && value !== ''),
  );
  const seconds = parseLifetime(lifetime);
  const scopes = parseScope(scope);
  return {
    ...Object.fromEntries(present.map(([name, value]) => [name, withoutContent(value)])),
    ...(seconds === undefined ? {} : { expires_in: seconds }),
    ...(scopes === undefined ? {} : { scope: scopes }),
  };
}

/** A value without its nested values, which aren't used and may be too deeply nested to be serialized again. */
const withoutContent = (value: unknown): unknown => (typeof value === 'object' && value !== null ? {} : value);

/**
 * Parses a lifetime in seconds, a number or a string. Ignored unless it's above 0: some servers send -1 for "never",
 * and a token with lifetime 0 would be useless.
 */
function parseLifetime(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}

/** Parses the scopes in a response: a string (RFC 6749 section 3.3) or a list. Anything else is ignored. */
function parseScope(value: unknown): string | undefined {
  const text = Array.isArray(value) ? (value as unknown[]).filter((one) => typeof one === 'string').join(' ') : value;
  return typeof text === 'string' && text.trim() !== '' ? text : undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Whether a response has a success status, but its JSON was truncated in transit. */
export function isTruncated({ original: { body, response } }: NormalizedResponse): boolean {
  const isJson = /\bjson\b/i.test(response.headers.get('content-type') ?? '') || /^\s*\{/.test(body);
  return (
    response.ok && response.status !== 204 && isJson && parseBody(body) === undefined && parseJson(body) === undefined
  );
}
