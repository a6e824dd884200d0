// What an answer tells that is no grant, in whatever form servers say that (RFC 6749 section 5.2).
import { sanitizeServerText, type Failure } from '../core/failure.ts';
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
import { isProxyChallenge } from './proxyChallenge.ts';

/** What an answer is: enough of one to judge it. */
export interface ReceivedResponse {
  readonly response: Response;
  readonly body: string;
  /** The secrets that the request held: the answer may quote them. */
  readonly secrets: readonly string[];
}

/** The longest text that is taken for the server's words, in characters; anything longer is a page. */
const MAX_MESSAGE_LENGTH = 300;

/**
 * The failure that an answer to a request with credentials tells of, in whatever form: by a known error code first, then
 * by its status. With it go the server's own words. Undefined where the answer may be a good one.
 * @param fields what the body holds; undefined where it is neither JSON nor a form.
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
  const quoted = (words: string | undefined): string | undefined =>
    words && sanitizeServerText(redactSecrets(words, secrets));
  if (fields !== undefined && error !== undefined) {
    return failureOfBody(error, fields, step, {
      ...responseDetails(response),
      detail: quoted(findErrorDescription(fields)),
    });
  }
  // What comes with a redirect is about that.
  const isRedirect = response.status < 400 && !ok;
  const detail = isRedirect
    ? undefined
    : quoted(fields === undefined ? plainTextMessage(response, body) : findErrorText(fields));
  if (isJudgedByStatus(response, fields, detail)) {
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

/** The known error code of an answer; undefined where it has none, or its status says more. */
function findKnownCode(fields: JsonObject, { status }: Response, step: ProtocolStep): string | undefined {
  const code = findErrorCode(fields, (one) => categoryOfError(one, step) !== undefined);
  const category = code === undefined ? undefined : categoryOfError(code, step);
  // A server that is not well has no say in whether a session has ended.
  const isHeard = category !== undefined && (status < 500 || countsWith5xx(category));
  return isHeard && !TEMPORARY_STATUSES.includes(status) ? code : undefined;
}

/** Whether a body is a message of the server, or nothing at all, and so no page. */
const isMessage = (body: string, said: unknown): boolean => said !== undefined || body.trim() === '';

/** The statuses that say that nothing is there: not so where the server itself has words about what it was asked for. */
const NOT_FOUND_STATUSES: readonly number[] = [404, 410];

/** Whether the status of a refusal says more than an error code that nobody knows, or than the words in its JSON, if there are any. */
function isJudgedByStatus(response: Response, fields: JsonObject | undefined, words: string | undefined): boolean {
  const { ok, status } = response;
  const isAbout =
    textOf(fields?.['error']) !== undefined ||
    (fields !== undefined && words !== undefined && NOT_FOUND_STATUSES.includes(status));
  return isProxyChallenge(response) || TEMPORARY_STATUSES.includes(status) || status >= 500 || (!ok && !isAbout);
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value : undefined;

/** What a server says in plain text, where that is short enough to be a message. */
function plainTextMessage(response: Response, body: string): string | undefined {
  const isPlain = /^(?:text\/plain|application\/json)\b/i.test(response.headers.get('content-type') ?? 'text/plain');
  return isPlain && body.length <= MAX_MESSAGE_LENGTH && /^[^<{[]*[^<{[\s][^<{[]*$/.test(body) ? body : undefined;
}

/** A text of a server without what the request held, should it quote that. */
function redactSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '…'), text);
}
