// Parses the body of a response in the various formats that servers use: its members, an error code, and an error
// message.
import { parseObject } from '../core/json.ts';

/** A JSON object, not validated. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The members with which token, device authorization and pushed authorization responses grant something. */
const GRANT_FIELDS = ['access_token', 'refresh_token', 'id_token', 'device_code', 'request_uri'] as const;

/**
 * Parses a body that is a JSON object or a form (`application/x-www-form-urlencoded`), regardless of its content type;
 * undefined if it's neither. Some servers nest the granted members in an object, which is unwrapped.
 */
export function parseBody(body: string): JsonObject | undefined {
  const text = body.replace(/^\uFEFF/, '').trim();
  const fields = parseObject(text) ?? parseForm(text);
  return fields && unwrap(fields);
}

/** A form is recognized only by an expected member, because any text with "=" is a valid form. */
function parseForm(text: string): JsonObject | undefined {
  if (!/^[\w.~%+-]+=[^<>\r\n]*$/.test(text)) {
    return undefined;
  }
  const fields = Object.fromEntries(new URLSearchParams(text));
  return hasGrant(fields) || isNonBlankString(fields['error']) ? fields : undefined;
}

function unwrap(fields: JsonObject): JsonObject {
  if (hasGrant(fields) || isNonBlankString(fields['error'])) {
    return fields;
  }
  const [inner, ...others] = Object.values(fields).filter(isObject).filter(hasGrant);
  return inner === undefined || others.length > 0 ? fields : { ...fields, ...inner };
}

/** Whether a body grants something. */
function hasGrant(fields: JsonObject): boolean {
  return GRANT_FIELDS.some((name) => isNonBlankString(fields[name]));
}

/**
 * Whether a body with a success status contains an error, as GitHub and Slack send.
 * @param isGrantOptional whether a response without a grant is a success, so that a mere message isn't an error.
 */
export function isErrorBody(fields: JsonObject, isGrantOptional = false): boolean {
  if (isNonBlankString(fields['error'])) {
    // A refresh token together with an error is an echo of the request.
    return !['access_token', 'device_code', 'request_uri'].some((name) => isNonBlankString(fields[name]));
  }
  const isRejection = ['ok', 'success'].some((name) => fields[name] === false || fields[name] === 'false');
  return !hasGrant(fields) && (isRejection || (!isGrantOptional && findErrorText(fields) !== undefined));
}

/** The members in which servers send an error code, another short reason, and an error message. */
const ERROR_CODE_FIELDS = ['error', 'errorCode', 'error_code', 'errorcode', 'code'] as const;
const ERROR_LABEL_FIELDS = [...ERROR_CODE_FIELDS, 'status', 'reason', 'type', 'error_type', 'errorType'] as const;
const ERROR_DESCRIPTION_FIELDS = [
  'error_description',
  'errorDescription',
  'error_message',
  'errorMessage',
  'errorSummary',
  'error_msg',
  'message',
  'msg',
  'errmsg',
  'faultstring',
  'detail',
  'description',
  'title',
] as const;

/**
 * The error code in a body: `error` (RFC 6749 section 5.2) if that's a known code, otherwise a known code in another
 * member that servers use, otherwise `error` with any text.
 */
export function findErrorCode(fields: JsonObject, isKnown: (code: string) => boolean): string | undefined {
  const known = findStrings(fields, ERROR_CODE_FIELDS).find(isKnown);
  return known ?? (isNonBlankString(fields['error']) ? fields['error'] : undefined);
}

/** The server's error message, or a short reason if there is none. Not sanitized. */
export function findErrorText(fields: JsonObject): string | undefined {
  return findErrorDescription(fields) ?? findStrings(fields, ERROR_LABEL_FIELDS)[0];
}

/** The server's error message, if there is one. Not sanitized. */
export function findErrorDescription(fields: JsonObject): string | undefined {
  return findStrings(fields, ERROR_DESCRIPTION_FIELDS)[0];
}

/** The strings in these members, first those of the body, then those of nested objects that describe an error. */
function findStrings(fields: JsonObject, names: readonly string[]): string[] {
  const { detail, error, errors, fault } = fields;
  const [first] = Array.isArray(errors) ? (errors as unknown[]) : [errors];
  const levels = [fields, error, first, fault, detail, isObject(fault) ? fault['detail'] : undefined].filter(isObject);
  const plain = names === ERROR_DESCRIPTION_FIELDS ? [] : [first, fault];
  return [...levels.flatMap((level) => names.map((name) => level[name])), ...plain].filter(isNonBlankString);
}

const isNonBlankString = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
