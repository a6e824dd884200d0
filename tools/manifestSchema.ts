// The JSON schema with which VS Code completes and checks the manifests of extensions that declare providers, generated from
// the table of provider fields.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FIELD_ROWS } from '../src/core/providerFields.ts';
import { entrySchema, type JsonSchema } from './entrySchema.ts';
import { root } from './places.ts';

/** The path of the schema from the root folder. */
export const MANIFEST_SCHEMA_FILE = 'schemas/extension-manifest.schema.json';

/** Returns the schema, as JSON. */
export function manifestSchema(): string {
  const words = JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8')) as Readonly<Record<string, string>>;
  const { properties, required } = entrySchema(words);
  const declarable = FIELD_ROWS.filter(([, { isUserOnly }]) => isUserOnly !== true).map(([field]) => field);
  const entry = {
    type: 'object',
    additionalProperties: false,
    required: ['id', ...required],
    properties: Object.fromEntries(
      declarable.map((field) => [field, { ...properties[field], default: defaultOf(field, properties[field]) }]),
    ),
  };
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: {
      contributes: {
        type: 'object',
        properties: {
          sessionKeeper: {
            type: 'object',
            description: 'Identity providers that Session Keeper signs users in to.',
            additionalProperties: false,
            required: ['providers'],
            defaultSnippets: [{ body: { providers: [{ id: '$1', label: '$2', issuer: '$3', clientId: '$4' }] } }],
            properties: {
              providers: {
                type: 'array',
                maxItems: 20,
                description: 'The providers. Each ID must also be declared in "contributes.authentication".',
                items: entry,
              },
            },
          },
        },
      },
    },
  } satisfies JsonSchema;
  return `${withTexts(JSON.stringify(schema, undefined, 2), words)}\n`;
}

/** A declared provider must have an ID, and isn't offered in the Accounts menu by default. */
function defaultOf(field: string, schema: JsonSchema | undefined): unknown {
  return field === 'id' ? undefined : field === 'accountsMenu' ? false : schema?.['default'];
}

/** Replaces the keys of texts by the texts: VS Code does that in manifests only. */
function withTexts(json: string, words: Readonly<Record<string, string>>): string {
  return json.replace(/"%([\w.-]+)%"/gu, (whole, key: string) => {
    const text = words[key];
    return text === undefined ? whole : JSON.stringify(text);
  });
}
