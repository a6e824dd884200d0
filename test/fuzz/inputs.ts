// Generators of hostile input: text, JSON, and changes to input that is valid.
import fc from 'fast-check';

/** Text that has broken parsers before: control characters, directional marks, links, huge and empty text. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    '\u202Eevil\u2066',
    '[Open](command:workbench.action.quit)',
    '](command:x)',
    '<script>alert(1)</script>',
    '__proto__',
    'constructor',
    '../../etc/passwd',
    'javascript:alert(1)',
    'https://user:password@id.example.com/',
    'https://login.bank.example@evil.example/device',
    'http://id.example.com/',
    'http://127.0.0.1.evil.example/',
    'https://id.example.com/%00',
    'https://[::1',
    'file:///etc/passwd',
    'data:text/html,x',
    'vscode://session-keeper.session-keeper/callback?code=1',
    '\r\nSet-Cookie: a=b',
    'NaN',
    '1e999',
    '\uD800',
  ),
  fc.integer({ min: 1, max: 20_000 }).map((length) => 'a'.repeat(length)),
);

/** Any JSON value, hostile text and extreme numbers included, up to a moderate depth. */
export const hostileJson: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    hostileText,
    fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 2 ** 53, 1e300, -1e300),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(hostileText, tie('value'), { maxKeys: 4 }),
  ),
})).value;

/** JSON that nests a thousand levels deep. */
const deepJson: fc.Arbitrary<unknown> = fc
  .integer({ min: 100, max: 2000 })
  .map((depth) => Array.from({ length: depth }).reduce<unknown>((inner) => [inner], 1));

/** A valid object with some members replaced, removed and added. */
export function mutated(sample: Readonly<Record<string, unknown>>): fc.Arbitrary<Record<string, unknown>> {
  const name = fc.oneof(fc.constantFrom(...Object.keys(sample)), hostileText);
  const change = fc.tuple(name, fc.option(fc.oneof({ weight: 9, arbitrary: hostileJson }, deepJson)));
  return fc.array(change, { maxLength: 4 }).map((changes) => {
    const copy: Record<string, unknown> = { ...sample };
    for (const [key, value] of changes) {
      if (value === null) {
        Reflect.deleteProperty(copy, key);
      } else {
        Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true });
      }
    }
    return copy;
  });
}

/** Text with some characters replaced, removed, repeated or added. */
export function mutatedText(sample: string): fc.Arbitrary<string> {
  const change = fc.tuple(fc.nat({ max: sample.length }), fc.nat({ max: 8 }), hostileText);
  return fc
    .array(change, { maxLength: 3 })
    .map((changes) =>
      changes.reduce((text, [at, length, added]) => text.slice(0, at) + added + text.slice(at + length), sample),
    );
}

/** The body of an HTTP response: JSON of a mutated sample, mutated text of it, or anything. */
function responseBody(sample: Readonly<Record<string, unknown>>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 6, arbitrary: mutated(sample).map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: mutatedText(JSON.stringify(sample)) },
    { weight: 1, arbitrary: mutated(sample).map((value) => new URLSearchParams(stringsOf(value)).toString()) },
    { weight: 1, arbitrary: hostileText },
  );
}

/** An HTTP response with a body like {@link responseBody}. */
export function response(sample: Readonly<Record<string, unknown>>): fc.Arbitrary<FuzzedResponse> {
  return fc.record({
    status: fc.oneof(
      { weight: 5, arbitrary: fc.constant(200) },
      fc.constantFrom(201, 302, 400, 401, 403, 404, 407, 429, 500, 503),
    ),
    type: fc.oneof(
      { weight: 5, arbitrary: fc.constant('application/json') },
      fc.constantFrom('text/html', 'text/plain', 'application/x-www-form-urlencoded', 'application/jwt', ''),
    ),
    date: fc.option(fc.constantFrom('Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 31 Dec 9999 23:59:59 GMT', 'yesterday'), {
      nil: undefined,
    }),
    body: responseBody(sample),
  });
}

/** A response as {@link response} makes it. */
export interface FuzzedResponse {
  readonly status: number;
  readonly type: string;
  readonly date: string | undefined;
  readonly body: string;
}

/** The response as `fetch` returns it. */
export function toResponse({ body, date, status, type }: FuzzedResponse): Response {
  return new Response(body, {
    status,
    headers: { ...(type === '' ? {} : { 'Content-Type': type }), ...(date === undefined ? {} : { Date: date }) },
  });
}

function stringsOf(value: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(value).map(([key, member]) => [
    key,
    typeof member === 'string' ? member : JSON.stringify(member),
  ]);
}
