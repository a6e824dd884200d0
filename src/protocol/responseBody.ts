// What the body of an answer holds, in whatever form servers write it: its members, an error code, and the server's own words.
import { parseObject } from '../core/json.ts';

/** The members of an answer's body. Nothing of it is checked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The members that answers to requests for tokens, device codes and pushed requests are about. */
const GRANT_FIELDS = ['access_token', 'refresh_token', 'id_token', 'device_code', 'request_uri'] as const;

/**
 * The members of a body that is a JSON object or a form (`application/x-www-form-urlencoded`), under any content type;
 * undefined where it is neither. Some servers put what they grant into an object of its own, which is unwrapped.
 */
export function parseBody(body: string): JsonObject | undefined {
  const text = body.replace(/^\uFEFF/, '').trim();
  const fields = parseObject(text) ?? parseForm(text);
  return fields && unwrap(fields);
}

/** A form is taken for one only where it says something that is expected: any word with "=" in it would pass for one. */
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

/** Whether a body holds something that was asked for. */
function hasGrant(fields: JsonObject): boolean {
  return GRANT_FIELDS.some((name) => isNonBlankString(fields[name]));
}

/**
 * Whether a body whose status is a success tells of an error, as GitHub and Slack do.
 * @param isGrantOptional whether an answer without a grant is a success: then mere words are no error.
 */
export function isErrorBody(fields: JsonObject, isGrantOptional = false): boolean {
  if (isNonBlankString(fields['error'])) {
    // A refresh token beside an error is an echo of the request.
    return !['access_token', 'device_code', 'request_uri'].some((name) => isNonBlankString(fields[name]));
  }
  const isRefusal = ['ok', 'success'].some((name) => fields[name] === false || fields[name] === 'false');
  return !hasGrant(fields) && (isRefusal || (!isGrantOptional && findErrorText(fields) !== undefined));
}

/** Where servers put an error code, where a word of their own for what went wrong, and where a sentence about it. */
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
 * The error code of a body: `error` (RFC 6749 section 5.2) where that is a known code, else a known one from the members
 * that other servers use for it, else whatever text `error` is.
 */
export function findErrorCode(fields: JsonObject, isKnown: (code: string) => boolean): string | undefined {
  const known = findStrings(fields, ERROR_CODE_FIELDS).find(isKnown);
  return known ?? (isNonBlankString(fields['error']) ? fields['error'] : undefined);
}

/** The server's own words on what went wrong: a sentence where there is one, else a code. Not fit to be shown yet. */
export function findErrorText(fields: JsonObject): string | undefined {
  return findErrorDescription(fields) ?? findStrings(fields, ERROR_LABEL_FIELDS)[0];
}

/** The server's sentence on what went wrong, where there is one. Not fit to be shown yet. */
export function findErrorDescription(fields: JsonObject): string | undefined {
  return findStrings(fields, ERROR_DESCRIPTION_FIELDS)[0];
}

/** The texts in these members, of the body itself first, then of the objects in it that describe an error. */
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
