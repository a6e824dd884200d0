import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { root } from '../../../tools/places.ts';

describe('running commands together', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'together-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** A command that runs a script in plain Node, in the folder of the test. */
  const script = (source: string): string => `"${process.execPath}" -e "${source}"`;

  /** A script that waits until a file exists, which another one writes. */
  const waitFor = (file: string, then: string): string =>
    `const fs = require('fs'); const look = () => { if (fs.existsSync('${file}')) { ${then} } else { setTimeout(look, 10); } }; look();`;

  async function run(...commands: string[]): Promise<{ code: unknown; out: string; err: string }> {
    const child = spawn(process.execPath, [join(root, 'tools', 'together.ts'), ...commands], { cwd: folder });
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<unknown[]>,
    ]);
    return { code, out, err };
  }

  it('prints in the given order when the second command ends first', async () => {
    const { code, out } = await run(
      script(`console.log('a'); ${waitFor('second-has-ended', `console.log('b');`)}`),
      script(
        `console.log('c'); process.on('exit', () => { console.log('d'); fs.writeFileSync('second-has-ended', ''); })`,
      ),
    );
    assert.deepEqual({ code, out }, { code: 0, out: 'a\nb\nc\nd\n' });
  });

  it('ends with the code of the first command that fails when several do, and runs all to the end', async () => {
    const { code, out, err } = await run(
      script(`console.log('a')`),
      script(`console.error('b'); process.exitCode = 3`),
      script(`console.log('c'); process.exitCode = 4`),
      script(`console.log('d')`),
    );
    assert.deepEqual({ code, out, err: err.includes('b\n') }, { code: 3, out: 'a\nc\nd\n', err: true });
  });

  it('fails when a command does not exist', async () => {
    assert.notEqual((await run('no-such-command-anywhere')).code, 0);
  });
});
