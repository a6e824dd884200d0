import { getL10nJson } from '@vscode/l10n-dev';
import { PackageManager, listFiles } from '@vscode/vsce';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PRESETS } from '../../src/wizard/presets.ts';
import { startFiles } from '../../tools/startFiles.ts';
import { ON_DEMAND, START_TEXTS, TEXTS } from '../support/layers.ts';

const root = join(import.meta.dirname, '../..');

/** Everything that ships. Adding or removing a file is a decision that is made here. */
const shipped = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'dist/chunk-*.js',
  'dist/extension.js',
  'dist/onDemand-*.js',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md') || name.endsWith('.d.ts'))
    .map((name) => `docs/${name}`),
  ...['README', 'other', ...PRESETS.map(({ id }) => id)].map((name) => `docs/servers/${name}.md`),
  'l10n/bundle.l10n.json',
  'media/icon.png',
  'media/sign-in-page.html',
  'package.json',
  'package.nls.json',
];

/** The code files, with what each loads in addition to VS Code and Node's modules. */
const LOADED: Readonly<Record<string, readonly string[]>> = {
  'dist/extension.js': ['dist/chunk-*.js', 'dist/onDemand-*.js'],
  'dist/chunk-*.js': [],
  'dist/onDemand-*.js': ['dist/chunk-*.js'],
};
const files = Object.keys(LOADED);
const [START_FILE = '', SHARED_FILE = '', ON_DEMAND_FILE = ''] = files;

/** The maximum size, in bytes, of what is loaded at each start, which every user waits for, and on demand. */
const LARGEST_START = 110_000;
const LARGEST_ON_DEMAND = 275_000;

/** The path of a file that ships, without the hash of its content. */
function stableName(path: string): string {
  return path.replaceAll('\\', '/').replace(/-[0-9A-Z]{8}\.js$/, '-*.js');
}

/** The text of a file in dist/, by its stable name. */
function built(name: string): string {
  const [found, ...others] = readdirSync(join(root, 'dist')).filter((file) => stableName(`dist/${file}`) === name);
  assert.ok(found !== undefined && others.length === 0, `expected exactly one file of ${name}`);
  return readFileSync(join(root, 'dist', found), 'utf8');
}

/** All messages in some of the files of messages. */
async function sentencesOf(paths: readonly string[]): Promise<string[]> {
  const sources = paths.map(
    (path) => ({ extension: '.ts', contents: readFileSync(join(root, 'src', path), 'utf8') }) as const,
  );
  return Object.keys(await getL10nJson(sources));
}

/** The URLs of the images in a Markdown text, including those in HTML tags. */
function imagesIn(markdown: string): string[] {
  const links = markdown.matchAll(/!\[[^\]]*\]\(\s*<?([^\s)>]+)/gu);
  const tags = markdown.matchAll(/<(?:img|source|video)\b[^>]*?\b(?:src|srcset)\s*=\s*["']([^"']+)["']/giu);
  return [...links, ...tags].map(([, address = '']) => address);
}

/** Whether an image is visible on the Marketplace and in the repository. */
function isThere(address: string): boolean {
  return address.startsWith('https://') || existsSync(join(root, address));
}

/** The width and height in the header of a PNG file. */
function sizeOfPng(file: string): readonly [number, number] {
  const bytes = readFileSync(file);
  assert.equal(bytes.toString('latin1', 1, 4), 'PNG', file);
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

describe('the package', function () {
  this.timeout(60_000);

  before(() => {
    execFileSync(process.execPath, ['esbuild.mjs'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  });

  it('contains exactly what is on the list', async () => {
    const files = await listFiles({ cwd: root, packageManager: PackageManager.None });
    assert.deepEqual(files.map(stableName).sort(), [...shipped].sort());
  });

  it(`loads less than ${LARGEST_START} bytes at the start, and nothing that is loaded on demand`, async () => {
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
    it(`has ${name} without a source map, without paths of the build machine, and in ASCII`, () => {
      const bundle = built(name);
      assert.doesNotMatch(bundle, /sourceMappingURL/u);
      assert.ok(!bundle.includes(root));
      // A single character beyond Latin-1 doubles the memory that V8 uses for the file.
      assert.doesNotMatch(bundle, /[^\0-\x7F]/u);
    });

    it(`has ${name} load nothing but VS Code, Node's modules, and [${others.join(', ')}]`, () => {
      const bundle = built(name);
      const loaded = [...bundle.matchAll(/\b(?:require|import)\("([^"]+)"\)/gu)].map(([, from = '']) => from);
      const ours = loaded
        .filter((from) => from !== 'vscode' && !from.startsWith('node:'))
        .map((from) => stableName(from.replace('./', 'dist/')));
      assert.deepEqual([...new Set(ours)].sort(), [...others].sort());
    });
  }

  it('has the messages in the file that is loaded on demand, except for those that startup needs', async () => {
    const readable = (name: string): string =>
      built(name).replace(/\\u([0-9A-F]{4})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
    const [start, onDemand] = [readable(START_FILE) + readable(SHARED_FILE), readable(ON_DEMAND_FILE)];
    for (const path of TEXTS) {
      const others = await sentencesOf([...TEXTS].filter((other) => other !== path));
      const own = (await sentencesOf([path])).filter(
        (sentence) => !others.includes(sentence) && !/["'`/]/.test(sentence),
      );
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

  it('contains each class of the product once', () => {
    // `instanceof` distinguishes a failure from other errors; a second copy of the class would break that.
    const classes = files.map((name) => [...built(name).matchAll(/="Failure"/g)].length);
    assert.deepEqual(classes, [0, 1, 0]);
  });

  it('shows only existing images', () => {
    for (const name of ['README.md', 'CHANGELOG.md']) {
      const file = join(root, name);
      const images = existsSync(file) ? imagesIn(readFileSync(file, 'utf8')) : [];
      assert.deepEqual(
        images.filter((address) => !isThere(address)),
        [],
        name,
      );
    }
  });

  it('has an icon of the size that the Marketplace requires', () => {
    assert.deepEqual(sizeOfPng(join(root, 'media/icon.png')), [256, 256]);
  });
});

describe('the search for images', () => {
  it('finds every form of image', () => {
    const text =
      '![a](media/a.png) [![b](https://b/b.svg "b")](c) <img width="5" src="d.png"> <source srcset=\'e.png\'>';
    assert.deepEqual(imagesIn(text), ['media/a.png', 'https://b/b.svg', 'd.png', 'e.png']);
  });

  it('distinguishes existing images from missing ones', () => {
    assert.deepEqual(['https://x/y.png', 'package.json', 'http://x/y.png', 'media/gone.png'].map(isThere), [
      true,
      true,
      false,
      false,
    ]);
  });
});
