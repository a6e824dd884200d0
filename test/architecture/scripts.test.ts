import assert from 'node:assert/strict';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
const INSTALL = 'node tools/install.mjs';

type Packages = Record<string, { version: string; integrity?: string; optional?: boolean }>;

/** The packages in package-lock.json: one for all platforms, and an optional one for another platform. */
const LOCKED: Packages = {
  '': { version: '1.0.0' },
  'node_modules/a': { version: '2.0.0', integrity: 'sha512-a' },
  'node_modules/b-for-another-platform': { version: '3.0.0', integrity: 'sha512-b', optional: true },
};
const { 'node_modules/a': A = { version: '' } } = LOCKED;
const INSTALLED: Packages = { 'node_modules/a': A };

describe('the npm scripts', () => {
  it('install missing packages in a pre script, because a shell keeps using the first Node that it finds', () => {
    const names = Object.keys(scripts).filter((name) => scripts[name] !== INSTALL);
    assert.ok(names.includes('start') && names.includes('test') && names.includes('test:ui'));
    assert.deepEqual(
      names.filter((name) => scripts[`pre${name}`] !== INSTALL),
      [],
    );
  });

  it('are sufficient for continuous integration', () => {
    const commands = read('.ci/run')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    assert.deepEqual(commands, ['set -euo pipefail', 'cd "$(dirname "${BASH_SOURCE[0]}")/.."', 'npm test']);
  });

  it('are the only commands in the README', () => {
    const [, block = ''] = /```sh\n(.*?)```/s.exec(read('README.md')) ?? [];
    assert.deepEqual(
      block
        .trim()
        .split('\n')
        .map((line) => line.replace(/\s*#.*/, '')),
      ['npm start', 'npm test'],
    );
  });
});

describe('the pre script', () => {
  let folder: string;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'session-keeper-install-')));
    cpSync(join(root, 'tools'), join(folder, 'tools'), { recursive: true });
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: LOCKED }));
    // A fake npm: records its arguments, waits, and writes the file that npm writes at the end.
    writeFileSync(
      join(folder, 'npm-cli.js'),
      `
      const fs = require('node:fs');
      fs.appendFileSync('calls.txt', process.argv.slice(2).join(' ') + '\\n');
      console.log('added 1 package');
      setTimeout(() => {
        if (process.env.NPM_FAILS) process.exit(7);
        fs.mkdirSync('node_modules', { recursive: true });
        fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages: ${JSON.stringify(INSTALLED)} }));
      }, 300);
    `,
    );
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Writes the list of packages in node_modules. */
  function put(packages: Packages): void {
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
  }

  /** Starts the script in another folder, with npm's options in the environment. */
  function start(env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
    return spawn(process.execPath, [join(folder, 'tools/install.mjs')], {
      cwd: tmpdir(),
      env: { ...process.env, npm_execpath: join(folder, 'npm-cli.js'), ...env },
    });
  }

  /** Runs the script, and returns its exit code and output. */
  async function run(env: Record<string, string> = {}): Promise<{ code: unknown; out: string; err: string }> {
    const child = start(env);
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<unknown[]>,
    ]);
    return { code, out, err };
  }

  const calls = (): string[] =>
    existsSync(join(folder, 'calls.txt')) ? readFileSync(join(folder, 'calls.txt'), 'utf8').trim().split('\n') : [];
  const call = (): string => `ci --prefix ${folder} --include=dev --loglevel=error`;

  it('installs on a fresh clone, and prints to stderr only', async () => {
    assert.deepEqual(await run(), { code: 0, out: '', err: 'Installing dependencies…\nadded 1 package\n' });
    assert.deepEqual(calls(), [call()]);
    assert.deepEqual(await run(), { code: 0, out: '', err: '' });
    assert.deepEqual(calls().length, 1);
  });

  it('does nothing if all packages for this platform are installed', async () => {
    put(INSTALLED);
    assert.deepEqual([await run(), calls()], [{ code: 0, out: '', err: '' }, []]);
    put({ 'node_modules/a': A, 'node_modules/b-for-another-platform': { version: '3.0.0', integrity: 'sha512-b' } });
    assert.deepEqual([await run(), calls()], [{ code: 0, out: '', err: '' }, []]);
  });

  const OUTDATED: [string, Packages][] = [
    ['a package is missing', {}],
    ['a package has another version', { 'node_modules/a': { ...A, version: '1.9.9' } }],
    ['a package has other contents', { 'node_modules/a': { ...A, integrity: 'sha512-x' } }],
    ['there is an additional package', { ...INSTALLED, 'node_modules/c': { version: '1.0.0' } }],
    [
      'a package of this platform has another version',
      { ...INSTALLED, 'node_modules/b-for-another-platform': { version: '2.0.0' } },
    ],
  ];
  for (const [what, packages] of OUTDATED) {
    it(`installs if ${what}`, async () => {
      put(packages);
      assert.equal((await run()).code, 0);
      assert.deepEqual(calls(), [call()]);
    });
  }

  it('installs if npm or this script was interrupted', async () => {
    mkdirSync(join(folder, 'node_modules'));
    writeFileSync(join(folder, 'node_modules/.package-lock.json'), '{ "packages": {');
    const gone = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(gone, 'close');
    writeFileSync(join(folder, '.installing'), String(gone.pid));
    assert.equal((await run()).code, 0);
    assert.deepEqual(calls(), [call()]);
    assert.equal(existsSync(join(folder, '.installing')), false);
  });

  it('installs once if several scripts start at the same time', async () => {
    const ends = await Promise.all([run(), run(), run()]);
    assert.deepEqual(
      ends.map(({ code }) => code),
      [0, 0, 0],
    );
    assert.deepEqual(calls(), [call()]);
  });

  it('waits for another script that is installing, and prints that once', async () => {
    writeFileSync(join(folder, '.installing'), String(process.pid));
    const child = start();
    const printed = text(child.stderr);
    await once(child.stderr, 'data');
    put(INSTALLED);
    rmSync(join(folder, '.installing'));
    assert.equal(await printed, 'Waiting for another script to finish installing dependencies…\n');
    assert.deepEqual(calls(), []);
  });

  it('fails if the installation fails, and retries the next time', async () => {
    assert.equal((await run({ NPM_FAILS: '1' })).code, 7);
    assert.equal(existsSync(join(folder, '.installing')), false);
    assert.equal((await run()).code, 0);
    assert.equal(calls().length, 2);
  });
});
