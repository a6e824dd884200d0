// The JSON schema of an entry in `sessionKeeper.providers`, generated from the table of provider fields. Texts are keys of
// package.nls.json: each field has a description there, and optionally texts for its values and an error message.
import { FIELD_ROWS } from '../src/core/providerFields.ts';

/** A JSON schema (draft 7), with VS Code's extensions. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The properties of a valibot schema, or of an item of its pipe, that are used here. */
interface Node {
  readonly type: string;
  readonly pipe?: readonly Node[];
  readonly wrapped?: Node;
  readonly default?: unknown;
  readonly item?: Node;
  readonly entries?: Readonly<Record<string, Node>>;
  readonly key?: Node;
  readonly value?: Node;
  /** The additions of fieldSchemas.ts to a schema or a check. */
  readonly jsonSchema?: JsonSchema;
}

/** The prefix of the fields' keys in package.nls.json. */
const WORDS = 'setting.providers';

/**
 * Returns the schema of the fields, for the schema of an entry in the manifest.
 * @param words the content of package.nls.json; only texts whose keys exist are used
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

/** Adds the error message for a text that doesn't match the pattern of a field, or of an item of its list. */
function withError(schema: JsonSchema, key: string, words: JsonSchema): JsonSchema {
  if (!(key in words)) {
    return schema;
  }
  return 'pattern' in schema
    ? { ...schema, patternErrorMessage: `%${key}%` }
    : { ...schema, items: withError(schema['items'] as JsonSchema, key, words) };
}

/** The labels and descriptions of the values of a field. */
function valueTexts(field: string, node: Node, words: JsonSchema): JsonSchema {
  const { enum: values = [] } = schemaOf(node) as { readonly enum?: readonly unknown[] };
  const textsFor = (name: string, suffix: string): JsonSchema => {
    const keys = values.map((value) => `${WORDS}.${field}.${String(value)}${suffix}`).filter((key) => key in words);
    return keys.length === 0 ? {} : { [name]: keys.map((key) => `%${key}%`) };
  };
  return { ...textsFor('enumItemLabels', '.label'), ...textsFor('markdownEnumDescriptions', '') };
}

function isOptional({ pipe: [first] = [], type }: Node): boolean {
  return (first ?? { type }).type === 'optional';
}

/** Returns the schema of a setting's value, which is the input of the valibot schema. */
function schemaOf(node: Node): JsonSchema {
  const parts = (node.pipe ?? [node]).map((part) =>
    part.pipe === undefined ? (part.jsonSchema ?? kindOf(part)) : schemaOf(part),
  );
  const { minLength, ...schema } = Object.assign({}, ...parts) as JsonSchema;
  const { pattern } = schema;
  return {
    ...(Array.isArray(schema['enum']) ? { type: typesOf(schema['enum']) } : {}),
    ...schema,
    // A regular expression escapes slashes; JSON doesn't need that.
    ...(typeof pattern === 'string' ? { pattern: pattern.replaceAll('\\/', '/') } : {}),
    // No pattern here matches an empty text, and one error is enough.
    ...(minLength === undefined || 'pattern' in schema ? {} : { minLength }),
  };
}

function typesOf(values: readonly unknown[]): unknown {
  const types = [...new Set(values.map((value) => typeof value))];
  return types.length === 1 ? types[0] : types;
}

/** Returns the schema of a node without a pipe. */
function kindOf(node: Node): JsonSchema {
  const kind = KINDS[node.type];
  if (kind === undefined) {
    throw new Error(`The valibot type "${node.type}" has no JSON schema.`);
  }
  return kind(node);
}

/** For a check that JSON Schema can't express. */
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
