import { PackageManager, listFiles } from '@vscode/vsce';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** Everything that ships. A file more or less is a decision, and is made here. */
const shipped = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'dist/extension.js',
  'l10n/bundle.l10n.json',
  'media/icon.png',
  'media/sign-in-page.html',
  'package.json',
  'package.nls.json',
];

const largestBundle = 229_000;

/** The addresses of the images in a Markdown text, those in HTML tags included. */
function imagesIn(markdown: string): string[] {
  const links = markdown.matchAll(/!\[[^\]]*\]\(\s*<?([^\s)>]+)/gu);
  const tags = markdown.matchAll(/<(?:img|source|video)\b[^>]*?\b(?:src|srcset)\s*=\s*["']([^"']+)["']/giu);
  return [...links, ...tags].map(([, address = '']) => address);
}

/** Whether a reader of the Marketplace and of the repository gets to see an image. */
function isThere(address: string): boolean {
  return address.startsWith('https://') || existsSync(join(root, address));
}

/** The width and the height that a PNG file tells of itself. */
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

  it('holds what is on the list, and nothing else', async () => {
    const files = await listFiles({ cwd: root, packageManager: PackageManager.None });
    assert.deepEqual(files.map((file) => file.replaceAll('\\', '/')).sort(), shipped);
  });

  it(`has a bundle below ${largestBundle} bytes`, () => {
    const { size } = statSync(join(root, 'dist/extension.js'));
    assert.ok(size < largestBundle, `dist/extension.js has ${size} bytes`);
  });

  it('has a bundle without a source map, and without a path of the machine that built it', () => {
    const bundle = readFileSync(join(root, 'dist/extension.js'), 'utf8');
    assert.doesNotMatch(bundle, /sourceMappingURL/u);
    assert.ok(!bundle.includes(root));
  });

  it('loads nothing but VS Code and what Node brings', () => {
    const bundle = readFileSync(join(root, 'dist/extension.js'), 'utf8');
    const loaded = [...bundle.matchAll(/\brequire\("([^"]+)"\)/gu)].map(([, name = '']) => name);
    assert.deepEqual([...new Set(loaded)].filter((name) => name !== 'vscode' && !name.startsWith('node:')), []);
  });

  it('shows images that are there', () => {
    for (const name of ['README.md', 'CHANGELOG.md']) {
      const file = join(root, name);
      const images = existsSync(file) ? imagesIn(readFileSync(file, 'utf8')) : [];
      assert.deepEqual(images.filter((address) => !isThere(address)), [], name);
    }
  });

  it('has an icon of the size that the Marketplace wants', () => {
    assert.deepEqual(sizeOfPng(join(root, 'media/icon.png')), [256, 256]);
  });
});

describe('the search for images', () => {
  it('sees every way to write one', () => {
    const text = '![a](media/a.png) [![b](https://b/b.svg "b")](c) <img width="5" src="d.png"> <source srcset=\'e.png\'>';
    assert.deepEqual(imagesIn(text), ['media/a.png', 'https://b/b.svg', 'd.png', 'e.png']);
  });

  it('knows an image that is there from one that is not', () => {
    assert.deepEqual(['https://x/y.png', 'package.json', 'http://x/y.png', 'media/gone.png'].map(isThere), [true, true, false, false]);
  });
});
