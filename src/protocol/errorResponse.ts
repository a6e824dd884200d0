// Converts error responses, in the various formats that servers use (RFC 6749 section 5.2), to failures.
import type { Failure } from '../core/failure.ts';
import { categoryOfError, countsWith5xx } from '../core/failurePolicies.ts';
import type { ProtocolStep } from '../core/failurePolicy.ts';
import { findErrorCode, isErrorBody, findErrorDescription, findErrorText, type JsonObject } from './responseBody.ts';
import {
  TEMPORARY_STATUSES,
  responseDetails,
  failureOfBody,
  failureOfErrorCode,
  failureOfResponse,
} from './classify.ts';
import type { KnownSecrets } from './knownSecrets.ts';
import { isProxyChallenge } from './proxyChallenge.ts';

/** The parts of a response that are needed to classify it. */
export interface ReceivedResponse {
  readonly response: Response;
  readonly body: string;
  /** The secrets that the response may echo. */
  readonly secrets: KnownSecrets;
}

/** The maximum length of an error message, in characters; longer text is considered a page. */
const MAX_MESSAGE_LENGTH = 300;

/**
 * The failure in a response to a request with credentials: by a known error code, otherwise by its status, with the
 * server's error message. Undefined if the response may be a success.
 * @param fields the members of the body; undefined if it's neither JSON nor a form.
 */
export function classifyResponse(
  { body, response, secrets }: ReceivedResponse,
  fields: JsonObject | undefined,
  step: ProtocolStep,
): Failure | undefined {
  const { ok } = response;
  if (ok && (fields === undefined || !isErrorBody(fields, step === 'revocation'))) {
    return undefined;
  }
  const error = fields && findKnownCode(fields, response, step);
  const sanitize = (message: string | undefined): string | undefined => message && secrets.sanitize(message);
  if (fields !== undefined && error !== undefined) {
    return failureOfBody(error, fields, step, {
      ...responseDetails(response),
      detail: sanitize(findErrorDescription(fields)),
    });
  }
  // The body of a redirect describes the redirect.
  const isRedirect = response.status < 400 && !ok;
  const detail = isRedirect
    ? undefined
    : sanitize(fields === undefined ? plainTextMessage(response, body) : findErrorText(fields));
  if (isClassifiedByStatus(response, fields, detail)) {
    return failureOfResponse(
      response,
      { detail },
      { isClientRequest: true, hasServerMessage: isMessage(body, fields ?? detail) },
    );
  }
  return failureOfErrorCode(textOf(fields?.['error']) ?? 'unknown-error', step, {
    ...responseDetails(response),
    detail,
  });
}

/** The known error code of a response; undefined if there is none, or if the status is more significant. */
function findKnownCode(fields: JsonObject, { status }: Response, step: ProtocolStep): string | undefined {
  const code = findErrorCode(fields, (one) => categoryOfError(one, step) !== undefined);
  const category = code === undefined ? undefined : categoryOfError(code, step);
  // An error code from a failing server can't end a session.
  const counts = category !== undefined && (status < 500 || countsWith5xx(category));
  return counts && !TEMPORARY_STATUSES.includes(status) ? code : undefined;
}

/** Whether a body is a message from the server, or empty, rather than a page. */
const isMessage = (body: string, message: unknown): boolean => message !== undefined || body.trim() === '';

/** The statuses for a missing resource. They're ignored if the server sends a message about the request. */
const NOT_FOUND_STATUSES: readonly number[] = [404, 410];

/** Whether the status of an error response is more significant than an unknown error code or a message in its JSON. */
function isClassifiedByStatus(
  response: Response,
  fields: JsonObject | undefined,
  message: string | undefined,
): boolean {
  const { ok, status } = response;
  const hasReason =
    textOf(fields?.['error']) !== undefined ||
    (fields !== undefined && message !== undefined && NOT_FOUND_STATUSES.includes(status));
  return isProxyChallenge(response) || TEMPORARY_STATUSES.includes(status) || status >= 500 || (!ok && !hasReason);
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value : undefined;

/** The body as a message, if it's plain text and short. */
function plainTextMessage(response: Response, body: string): string | undefined {
  const isPlain = /^(?:text\/plain|application\/json)\b/i.test(response.headers.get('content-type') ?? 'text/plain');
  return isPlain && body.length <= MAX_MESSAGE_LENGTH && /^[^<{[]*[^<{[\s][^<{[]*$/.test(body) ? body : undefined;
}
