// An answer as it arrived, made regular before the library looks at it. What a person would understand is accepted, and
// nothing is verified yet.
import type { Failure } from '../core/failure.ts';
import type { ProtocolStep } from '../core/failurePolicy.ts';
import { parseJson } from '../core/json.ts';
import { parseBody, isErrorBody, type JsonObject } from './responseBody.ts';
import { classifyResponse } from './errorResponse.ts';
import type { ServerResponse } from './transport.ts';

/** An answer as it arrived: regular JSON, nothing of it checked yet. */
export interface NormalizedResponse {
  readonly original: ServerResponse;
  /** What the body holds; empty where it is of no use. */
  readonly body: JsonObject;
  /** A response for oauth4webapi to check. */
  readonly response: Response;
  /** What the answer tells of, where it is no grant. */
  readonly failure: Failure | undefined;
  /** The refresh token, where the server has granted one. */
  readonly refreshToken: string | undefined;
  /** The access token, where the server has granted one. */
  readonly accessToken: string | undefined;
}

/**
 * Makes an answer regular without judging what it grants: any status of success is one, and JSON or a form is read under
 * any content type. Fields that are null, empty or make no sense count as absent where they are optional.
 */
export function normalizeResponse(answer: ServerResponse, step: ProtocolStep): NormalizedResponse {
  const fields = parseBody(answer.body);
  const failure = classifyResponse(answer, fields, step);
  const body = fields === undefined ? {} : normalizeFields(fields);
  const isGranted = failure === undefined && answer.response.ok && fields !== undefined && !isErrorBody(fields);
  return {
    original: answer,
    body,
    response:
      failure === undefined ? normalizedResponse(answer, fields === undefined ? undefined : body) : answer.response,
    failure,
    refreshToken: isGranted ? textOf(body['refresh_token']) : undefined,
    accessToken: isGranted ? textOf(body['access_token']) : undefined,
  };
}

/** A response of status 200, as the library expects it; one that has no body by its status stays as it is. */
function normalizedResponse({ body, response }: ServerResponse, fields: JsonObject | undefined): Response {
  return body !== '' && response.ok ? withBody(response, fields ?? body) : response;
}

/** A response with another body and status; its other headers stay. */
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
    ...Object.fromEntries(present),
    ...(seconds === undefined ? {} : { expires_in: seconds }),
    ...(scopes === undefined ? {} : { scope: scopes }),
  };
}

/**
 * A lifetime in seconds, as a number or as text. Of what is no number, or none above 0, nothing follows: servers say -1
 * for "never", and a token that is born dead is of no use to anybody.
 */
function parseLifetime(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}

/** The scopes of an answer: as text (RFC 6749 section 3.3), or as a list of them. Anything else says nothing. */
function parseScope(value: unknown): string | undefined {
  const text = Array.isArray(value) ? (value as unknown[]).filter((one) => typeof one === 'string').join(' ') : value;
  return typeof text === 'string' && text.trim() !== '' ? text : undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Whether a server has said that all is well, and the rest of its JSON was lost on the way. */
export function isTruncated({ original: { body, response } }: NormalizedResponse): boolean {
  const isJson = /\bjson\b/i.test(response.headers.get('content-type') ?? '') || /^\s*\{/.test(body);
  return (
    response.ok && response.status !== 204 && isJson && parseBody(body) === undefined && parseJson(body) === undefined
  );
}
