// What the body of an answer holds, in whatever form servers write it: its members, an error code, and the server's own words.
import { parseObject } from '../core/json.ts';

/** The members of an answer's body. Nothing of it is checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** The members that answers to requests for tokens, device codes and pushed requests are about. */
const GRANTED = ['access_token', 'refresh_token', 'id_token', 'device_code', 'request_uri'] as const;

/**
 * The members of a body that is a JSON object or a form (`application/x-www-form-urlencoded`), under any content type;
 * undefined where it is neither. Some servers put what they grant into an object of its own, which is unwrapped.
 */
export function fieldsIn(body: string): Fields | undefined {
  const text = body.replace(/^\uFEFF/, '').trim();
  const fields = parseObject(text) ?? formIn(text);
  return fields && unwrapped(fields);
}

/** A form is taken for one only where it says something that is expected: any word with "=" in it would pass for one. */
function formIn(text: string): Fields | undefined {
  if (!/^[\w.~%+-]+=[^<>\r\n]*$/.test(text)) {
    return undefined;
  }
  const fields = Object.fromEntries(new URLSearchParams(text));
  return isGranting(fields) || isText(fields['error']) ? fields : undefined;
}

function unwrapped(fields: Fields): Fields {
  if (isGranting(fields) || isText(fields['error'])) {
    return fields;
  }
  const [inner, ...others] = Object.values(fields).filter(isObject).filter(isGranting);
  return inner === undefined || others.length > 0 ? fields : { ...fields, ...inner };
}

/** Whether a body holds something that was asked for. */
function isGranting(fields: Fields): boolean {
  return GRANTED.some((name) => isText(fields[name]));
}

/**
 * Whether a body whose status is a success tells of an error, as GitHub and Slack do.
 * @param isEmptyGood whether an answer without a grant is a success: then mere words are no error.
 */
export function isErrorBody(fields: Fields, isEmptyGood = false): boolean {
  if (isText(fields['error'])) {
    // A refresh token beside an error is an echo of the request.
    return !['access_token', 'device_code', 'request_uri'].some((name) => isText(fields[name]));
  }
  const isRefusal = ['ok', 'success'].some((name) => fields[name] === false || fields[name] === 'false');
  return !isGranting(fields) && (isRefusal || (!isEmptyGood && wordsIn(fields) !== undefined));
}

/** Where servers put an error code, where a word of their own for what went wrong, and where a sentence about it. */
const CODES = ['error', 'errorCode', 'error_code', 'errorcode', 'code'] as const;
const WORDS = [...CODES, 'status', 'reason', 'type', 'error_type', 'errorType'] as const;
const SENTENCES = [
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
export function errorCodeIn(fields: Fields, isKnown: (code: string) => boolean): string | undefined {
  const known = textsIn(fields, CODES).find(isKnown);
  return known ?? (isText(fields['error']) ? fields['error'] : undefined);
}

/** The server's own words on what went wrong: a sentence where there is one, else a code. Not fit to be shown yet. */
export function wordsIn(fields: Fields): string | undefined {
  return sentenceIn(fields) ?? textsIn(fields, WORDS)[0];
}

/** The server's sentence on what went wrong, where there is one. Not fit to be shown yet. */
export function sentenceIn(fields: Fields): string | undefined {
  return textsIn(fields, SENTENCES)[0];
}

/** The texts in these members, of the body itself first, then of the objects in it that describe an error. */
function textsIn(fields: Fields, names: readonly string[]): string[] {
  const { detail, error, errors, fault } = fields;
  const [first] = Array.isArray(errors) ? (errors as unknown[]) : [errors];
  const levels = [fields, error, first, fault, detail, isObject(fault) ? fault['detail'] : undefined].filter(isObject);
  const plain = names === SENTENCES ? [] : [first, fault];
  return [...levels.flatMap((level) => names.map((name) => level[name])), ...plain].filter(isText);
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
