// The JSON schema of an entry in `sessionKeeper.providers`, generated from the table of provider fields. The texts are in
// package.nls.json: a field has a description, and it can have texts for its values and for a pattern mismatch.
import { FIELD_ROWS } from '../src/core/providerFields.ts';

/** A JSON schema (draft 7), with VS Code's additions. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The parts of a valibot schema, or of an element of its pipe, that are used here. */
interface Node {
  readonly type: string;
  readonly pipe?: readonly Node[];
  readonly wrapped?: Node;
  readonly default?: unknown;
  readonly item?: Node;
  readonly entries?: Readonly<Record<string, Node>>;
  readonly key?: Node;
  readonly value?: Node;
  /** The metadata that fieldSchemas.ts adds to a schema or a check. */
  readonly jsonSchema?: JsonSchema;
}

/** The prefix of the keys for the fields. */
const WORDS = 'setting.providers';

/**
 * The schema of the fields, for the manifest's schema of an entry.
 * @param words package.nls.json, whose keys determine which texts exist.
 */
export function entrySchema(words: JsonSchema): {
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, JsonSchema>>;
} {
  const rows = FIELD_ROWS.map(([field, row]) => [field, row.schema as unknown as Node] as const);
  return {
    required: rows.filter(([, node]) => !isOptional(node)).map(([field]) => field),
    properties: Object.fromEntries(
      rows.map(([field, node]) => [
        field,
        {
          ...withError(schemaOf(node), `${WORDS}.${field}.error`, words),
          ...valueTexts(field, node, words),
          markdownDescription: `%${WORDS}.${field}%`,
        },
      ]),
    ),
  };
}

/** The editor's message for a text that doesn't match the pattern of a field, or of an item in its list. */
function withError(schema: JsonSchema, key: string, words: JsonSchema): JsonSchema {
  if (!(key in words)) {
    return schema;
  }
  return 'pattern' in schema
    ? { ...schema, patternErrorMessage: `%${key}%` }
    : { ...schema, items: withError(schema['items'] as JsonSchema, key, words) };
}

function valueTexts(field: string, node: Node, words: JsonSchema): JsonSchema {
  const { enum: values = [] } = schemaOf(node) as { readonly enum?: readonly unknown[] };
  const keys = values.map((value) => `${WORDS}.${field}.${String(value)}`).filter((key) => key in words);
  return keys.length === 0 ? {} : { markdownEnumDescriptions: keys.map((key) => `%${key}%`) };
}

function isOptional({ pipe: [first] = [], type }: Node): boolean {
  return (first ?? { type }).type === 'optional';
}

/** The schema of the values that an entry can contain: the input of a valibot schema. */
function schemaOf(node: Node): JsonSchema {
  const parts = (node.pipe ?? [node]).map((part) =>
    part.pipe === undefined ? (part.jsonSchema ?? kindOf(part)) : schemaOf(part),
  );
  const { minLength, ...schema } = Object.assign({}, ...parts) as JsonSchema;
  const { pattern } = schema;
  return {
    ...(Array.isArray(schema['enum']) ? { type: typesOf(schema['enum']) } : {}),
    ...schema,
    // A regular expression writes a slash with a backslash, which JSON doesn't need.
    ...(typeof pattern === 'string' ? { pattern: pattern.replaceAll('\\/', '/') } : {}),
    // A value that matches a pattern is never empty here, and one error is enough.
    ...(minLength === undefined || 'pattern' in schema ? {} : { minLength }),
  };
}

function typesOf(values: readonly unknown[]): unknown {
  const types = [...new Set(values.map((value) => typeof value))];
  return types.length === 1 ? types[0] : types;
}

/** The schema of a node without a pipe. */
function kindOf(node: Node): JsonSchema {
  const kind = KINDS[node.type];
  if (kind === undefined) {
    throw new Error(`There is no JSON schema for "${node.type}" of valibot.`);
  }
  return kind(node);
}

/** A check that JSON Schema can't express. */
const inexpressible = (): JsonSchema => ({});

const KINDS: Readonly<Record<string, (node: Node) => JsonSchema>> = {
  string: ({ type }) => ({ type }),
  number: ({ type }) => ({ type }),
  boolean: ({ type }) => ({ type }),
  optional: optionalSchema,
  array: ({ item }) => ({ type: 'array', uniqueItems: true, items: partSchema(item) }),
  record: ({ key, value }) => ({
    type: 'object',
    additionalProperties: partSchema(value),
    propertyNames: partSchema(key),
  }),
  strict_object: objectSchema,
  check: inexpressible,
  custom: inexpressible,
  transform: inexpressible,
};

function optionalSchema({ default: value, wrapped }: Node): JsonSchema {
  const byDefault: unknown = typeof value === 'function' ? (value as () => unknown)() : value;
  return { ...partSchema(wrapped), ...(byDefault === undefined ? {} : { default: byDefault }) };
}

function objectSchema({ entries = {} }: Node): JsonSchema {
  const all = Object.entries(entries);
  return {
    type: 'object',
    additionalProperties: false,
    required: all.filter(([, node]) => !isOptional(node)).map(([name]) => name),
    properties: Object.fromEntries(all.map(([name, node]) => [name, schemaOf(node)])),
  };
}

function partSchema(node: Node | undefined): JsonSchema {
  return node === undefined ? {} : schemaOf(node);
}
