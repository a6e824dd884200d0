// Generates pages in docs/ and parts of package.json from the code: npm run docs.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ERROR_NAMES_FILE, errorNames } from './errorNames.ts';
import { failuresPage } from './failuresPage.ts';
import { MANIFEST_SCHEMA_FILE, manifestSchema } from './manifestSchema.ts';
import { root } from './places.ts';
import { manifestText, settingsPage } from './settingsPage.ts';
import { readManifest, wherePage } from './wherePage.ts';

await mkdir(join(root, 'docs'), { recursive: true });
await mkdir(join(root, 'schemas'), { recursive: true });
await writeFile(join(root, 'docs', 'failures.md'), failuresPage());
await writeFile(join(root, ERROR_NAMES_FILE), errorNames());
await writeFile(join(root, 'docs', 'where-it-runs.md'), wherePage(readManifest()));
await writeFile(join(root, 'package.json'), manifestText());
await writeFile(join(root, 'docs', 'settings.md'), settingsPage());
await writeFile(join(root, MANIFEST_SCHEMA_FILE), manifestSchema());
