import { PackageManager, listFiles } from '@vscode/vsce';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { PRESETS } from '../../src/wizard/presets.ts';
import { buildExtension, omitRelativeImages } from '../../tools/package.ts';
import { startFiles } from '../../tools/startFiles.ts';
import { LANGUAGES, messageKeysIn } from '../../tools/translations.ts';
import { ON_DEMAND, START_TEXTS, TEXTS } from '../support/layers.ts';

const root = join(import.meta.dirname, '../..');

/** The part of package.json with the walkthrough. */
interface Manifest {
  readonly contributes: {
    readonly walkthroughs: readonly {
      readonly steps: readonly { readonly media: { readonly image: Readonly<Record<string, string>> } }[];
    }[];
  };
}

const PICTURES = readdirSync(join(root, 'media/walkthrough'))
  .map((name) => `media/walkthrough/${name}`)
  .sort();
/** The maximum size of a picture, and of all pictures, in bytes. */
const LARGEST_PICTURE = 80_000;
const LARGEST_PICTURES = 400_000;

/** All files in the package. Adding or removing one is a deliberate decision. */
const shipped = [
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'SUPPORT.md',
  'dist/chunk-*.js',
  'dist/extension.js',
  'dist/onDemand-*.js',
  'dist/session-keeper.cjs',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md') || name.endsWith('.d.ts'))
    .map((name) => `docs/${name}`),
  ...['README', 'other', ...PRESETS.map(({ id }) => id)].map((name) => `docs/servers/${name}.md`),
  'l10n/bundle.l10n.json',
  ...LANGUAGES.flatMap((language) => [`l10n/bundle.l10n.${language}.json`, `package.nls.${language}.json`]),
  'media/icon.png',
  'media/sign-in-page.html',
  ...PICTURES,
  'package.json',
  'package.nls.json',
  'schemas/extension-manifest.schema.json',
];

/** The bundles, and what each loads in addition to VS Code and Node's modules. */
const LOADED: Readonly<Record<string, readonly string[]>> = {
  'dist/extension.js': ['dist/chunk-*.js', 'dist/onDemand-*.js'],
  'dist/chunk-*.js': [],
  'dist/onDemand-*.js': ['dist/chunk-*.js'],
};
const files = Object.keys(LOADED);
const [START_FILE = '', SHARED_FILE = '', ON_DEMAND_FILE = ''] = files;

/**
 * The maximum size, in bytes, of the code that is loaded at each start, and on demand. The first includes the registration
 * of MCP servers, and the providers that other extensions declare, which VS Code requests before anything else is loaded.
 */
const LARGEST_START = 122_000;
const LARGEST_ON_DEMAND = 350_000;

/** The maximum size, in bytes, of the translations in the package, which is compressed. Only one language is ever loaded. */
const LARGEST_TRANSLATIONS = 900_000;

/** Returns the path of a packaged file without its content hash. */
function stableName(path: string): string {
  return path.replaceAll('\\', '/').replace(/-[0-9A-Z]{8}\.js$/, '-*.js');
}

/** Returns the text of a file in dist/ by its stable name. */
function built(name: string): string {
  const [found, ...others] = readdirSync(join(root, 'dist')).filter((file) => stableName(`dist/${file}`) === name);
  assert.ok(found !== undefined && others.length === 0, `there must be exactly one ${name}`);
  return readFileSync(join(root, 'dist', found), 'utf8');
}

/** Returns the URLs of the images in a Markdown text, including HTML tags. */
function imagesIn(markdown: string): string[] {
  const links = markdown.matchAll(/!\[[^\]]*\]\(\s*<?([^\s)>]+)/gu);
  const tags = markdown.matchAll(/<(?:img|source|video)\b[^>]*?\b(?:src|srcset)\s*=\s*["']([^"']+)["']/giu);
  return [...links, ...tags].map(([, address = '']) => address);
}

/** Returns the relative links in a Markdown text, without their fragments. */
function linksIn(markdown: string): string[] {
  const links = withoutCode(markdown).matchAll(/\]\(\s*<?([^\s)>#]+)/gu);
  return [...links].flatMap(([, url = '']) => (/^[a-z]+:/u.test(url) ? [] : [url]));
}

const withoutCode = (markdown: string): string => markdown.replaceAll(/```.*?```|`[^`\n]*`/gsu, '');

/** Returns the width and height of a PNG file. */
function sizeOfPng(file: string): readonly [number, number] {
  const bytes = readFileSync(file);
  assert.equal(bytes.toString('latin1', 1, 4), 'PNG', file);
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

describe('the package', () => {
  before(buildExtension);

  it('contains exactly the listed files', async () => {
    const files = await listFiles({ cwd: root, packageManager: PackageManager.None });
    assert.deepEqual(files.map(stableName).sort(), [...shipped].sort());
  });

  it(`grows by less than ${LARGEST_TRANSLATIONS} bytes by the translations`, () => {
    const sizes = LANGUAGES.flatMap((language) =>
      [`l10n/bundle.l10n.${language}.json`, `package.nls.${language}.json`].map(
        (file) => deflateRawSync(readFileSync(join(root, file))).length,
      ),
    );
    const size = sizes.reduce((sum, one) => sum + one, 0);
    assert.ok(size < LARGEST_TRANSLATIONS, `${size} bytes`);
  });

  it(`loads less than ${LARGEST_START} bytes at the start, and no module that is loaded on demand`, async () => {
    const { names, sources } = await startFiles();
    assert.deepEqual(names.map((name) => stableName(`dist/${name}`)).sort(), [SHARED_FILE, START_FILE].sort());
    const size = Buffer.byteLength(built(START_FILE)) + Buffer.byteLength(built(SHARED_FILE));
    assert.ok(size < LARGEST_START, `${size} bytes`);
    assert.deepEqual(
      sources.filter((source) =>
        ON_DEMAND.some((name) => `${source}/`.startsWith(`src/${name}/`) || source.includes(`node_modules/${name}/`)),
      ),
      [],
    );
  });

  it(`loads less than ${LARGEST_ON_DEMAND} bytes on demand`, () => {
    const size = Buffer.byteLength(built(ON_DEMAND_FILE));
    assert.ok(size < LARGEST_ON_DEMAND, `${size} bytes`);
  });

  for (const [name, others] of Object.entries(LOADED)) {
    it(`has ${name} in ASCII, without a source map or local paths`, () => {
      const bundle = built(name);
      assert.doesNotMatch(bundle, /sourceMappingURL/u);
      assert.ok(!bundle.includes(root));
      // A single character outside Latin-1 doubles the memory that V8 uses for the file.
      assert.doesNotMatch(bundle, /[^\0-\x7F]/u);
    });

    it(`has ${name} load only VS Code, Node's modules, and [${others.join(', ')}]`, () => {
      const bundle = built(name);
      const loaded = [...bundle.matchAll(/\b(?:require|import)\("([^"]+)"\)/gu)].map(([, from = '']) => from);
      const ours = loaded
        .filter((from) => from !== 'vscode' && !from.startsWith('node:'))
        .map((from) => stableName(from.replace('./', 'dist/')));
      assert.deepEqual([...new Set(ours)].sort(), [...others].sort());
    });
  }

  it('has the messages in the bundle that is loaded on demand, except for those that the start needs', async () => {
    const readable = (name: string): string =>
      built(name).replace(/\\u([0-9A-F]{4})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
    const [start, onDemand] = [readable(START_FILE) + readable(SHARED_FILE), readable(ON_DEMAND_FILE)];
    const sentences = new Map<string, readonly string[]>();
    for (const path of TEXTS) {
      sentences.set(path, await messageKeysIn([path]));
    }
    for (const [path, all] of sentences) {
      const others = new Set([...sentences].flatMap(([other, found]) => (other === path ? [] : found)));
      const own = all.filter((sentence) => !others.has(sentence) && !/["'`/]/.test(sentence));
      const isAtStart = START_TEXTS.includes(path);
      assert.ok(own.length > 0, path);
      assert.deepEqual(
        own.filter((sentence) => start.includes(`.t("${sentence}"`) !== isAtStart),
        [],
        path,
      );
      assert.deepEqual(
        own.filter((sentence) => onDemand.includes(`.t("${sentence}"`) === isAtStart),
        [],
        path,
      );
    }
  });

  it('has the class Failure once', () => {
    // `instanceof` doesn't recognize objects of a second copy of the class.
    const classes = files.map((name) => [...built(name).matchAll(/="Failure"/g)].length);
    assert.deepEqual(classes, [0, 1, 0]);
  });

  it('contains every file that its Markdown files show or link to', async () => {
    const files = await listFiles({ cwd: root, packageManager: PackageManager.None });
    // vsce renames these.
    const linkable = files.filter((name) => !['CHANGELOG.md', 'LICENSE', 'README.md'].includes(name));
    for (const file of files.filter((name) => name.endsWith('.md'))) {
      const text = readFileSync(join(root, file), 'utf8');
      const urls = [...imagesIn(withoutCode(text)).filter((url) => !url.startsWith('https://')), ...linksIn(text)];
      assert.deepEqual(
        urls.map((url) => normalize(join(dirname(file), url))).filter((path) => !linkable.includes(path)),
        [],
        file,
      );
    }
  });

  it("omits images of the README that VS Code can't show on the page of the extension", () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    assert.ok(imagesIn(readme).length > 0);
    assert.deepEqual(imagesIn(omitRelativeImages(readme)), []);
    const image = '![a](https://example.com/a.png)\n\n';
    assert.equal(omitRelativeImages(`${image}![b](b.png)\n\nc\n`), `${image}c\n`);
  });

  it('shows every picture in the walkthrough, and keeps them small', () => {
    const { contributes } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
    const shown = contributes.walkthroughs.flatMap(({ steps }) =>
      steps.flatMap(({ media }) => Object.values(media.image)),
    );
    assert.deepEqual(shown.sort(), PICTURES);
    const sizes = PICTURES.map((name) => statSync(join(root, name)).size);
    assert.ok(Math.max(...sizes) < LARGEST_PICTURE, `${Math.max(...sizes)} bytes`);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(total < LARGEST_PICTURES, `${total} bytes in all`);
  });

  it('has an icon of the size that the Marketplace requires', () => {
    assert.deepEqual(sizeOfPng(join(root, 'media/icon.png')), [256, 256]);
  });
});

describe('the search for images and links', () => {
  it('finds all kinds of images', () => {
    const text =
      '![a](media/a.png) [![b](https://b/b.svg "b")](c) <img width="5" src="d.png"> <source srcset=\'e.png\'>';
    assert.deepEqual(imagesIn(text), ['media/a.png', 'https://b/b.svg', 'd.png', 'e.png']);
  });

  it('finds relative links outside code', () => {
    const text = '[a](docs/a.md#b) [b](https://b) [c](#c) `[d](d.md)` [![e](e.png)](e.md)\n```\n[f](f.md)\n```\n';
    assert.deepEqual(linksIn(text), ['docs/a.md', 'e.png', 'e.md']);
  });
});
