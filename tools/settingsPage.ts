// Generated from the table of provider fields: the schema of an entry in package.json, and the table in docs/settings.md.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FIELD_ROWS } from '../src/core/providerFields.ts';
import { entrySchema, type JsonSchema } from './entrySchema.ts';
import { root } from './places.ts';

interface Manifest {
  readonly contributes: {
    readonly configuration: {
      readonly properties: Readonly<Record<string, JsonSchema>>;
    };
  };
}

const PROVIDERS = 'sessionKeeper.providers';
const HEAD = '| field | default | description |\n| --- | --- | --- |\n';

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n');
}

function readWords(): Readonly<Record<string, string>> {
  return JSON.parse(read('package.nls.json')) as Readonly<Record<string, string>>;
}

/** Returns package.json with the schema of the fields. */
export function manifestText(): string {
  const manifest = JSON.parse(read('package.json')) as Manifest;
  const { configuration } = manifest.contributes;
  const setting = configuration.properties[PROVIDERS];
  const items = { ...(setting?.['items'] as JsonSchema), ...entrySchema(readWords()) };
  const properties = { ...configuration.properties, [PROVIDERS]: { ...setting, items } };
  const contributes = { ...manifest.contributes, configuration: { ...configuration, properties } };
  return `${JSON.stringify({ ...manifest, contributes }, undefined, 2)}\n`;
}

/** Returns docs/settings.md with the table of the fields. */
export function settingsPage(): string {
  const page = read('docs/settings.md');
  const [before, after] = page.split(HEAD);
  if (before === undefined || after === undefined) {
    throw new Error('docs/settings.md has no table of provider fields.');
  }
  return before + HEAD + fieldRows() + after.replace(/^(?:\|.*\n)*/, '');
}

/** Returns the rows of the table, with the descriptions that the settings editor shows. */
function fieldRows(): string {
  const words = readWords();
  const { properties, required } = entrySchema(words);
  const lines = FIELD_ROWS.map(([field, { unset = 'none' }]) => {
    const schema = properties[field] ?? {};
    const byDefault = required.includes(field)
      ? 'required'
      : 'default' in schema
        ? code(schema['default'])
        : URL.canParse(unset)
          ? code(unset)
          : unset;
    const texts = (schema['markdownEnumDescriptions'] ?? []) as readonly string[];
    const values = (schema['enum'] ?? []) as readonly unknown[];
    const options = values.map((value, index) =>
      texts[index] === undefined ? code(value) : `${code(value)}: ${wordsOf(texts[index], words)}`,
    );
    const meaning = [wordsOf(String(schema['markdownDescription']), words), ...(texts.length > 0 ? options : [])];
    return `| \`${field}\` | ${byDefault} | ${meaning.join(' ')} |\n`;
  });
  return lines.join('');
}

/** Returns the text of a `%key%`. A link to another setting becomes its name. */
function wordsOf(key: string, words: Readonly<Record<string, string>>): string {
  return (words[key.slice(1, -1)] ?? key).replace(/`#([\w.]+)#`/g, '`$1`').replace(/\s*\n\s*/g, ' ');
}

function code(value: unknown): string {
  return `\`${Array.isArray(value) ? value.join(' ') : typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
