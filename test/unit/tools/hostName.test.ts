import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { selfSignedCertificate } from '../../../tools/certificate.ts';
import { certificateVariable, testHostName } from '../../../tools/hostName.ts';
import { serveOnLoopback } from '../../../tools/loopback.ts';
import { root } from '../../../tools/places.ts';

const PRELOAD = ['--import', join(root, 'tools', 'hostNamePreload.ts')];

describe('the host name for servers of this computer', () => {
  const { key, cert } = selfSignedCertificate(testHostName);
  let folder: string;
  let server: Server;
  let origin: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'host-name-'));
    writeFileSync(join(folder, 'certificate.pem'), cert);
    const host = { name: testHostName, key, cert };
    ({ server, origin } = await serveOnLoopback((_request, response) => void response.end('here'), { host }));
  });

  after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Requests a URL in another process, and returns the body, or the code of the error. */
  async function fetched(args: readonly string[], url = origin): Promise<string> {
    const script = `fetch(${JSON.stringify(url)}).then((r) => r.text()).catch((e) => e.cause.code).then(console.log)`;
    const { stdout } = await promisify(execFile)(process.execPath, [...args, '--eval', script], {
      env: { ...process.env, [certificateVariable]: join(folder, 'certificate.pem') },
    });
    return stdout.trim();
  }

  it('is resolved and trusted in a process that loads the module for it', async () => {
    assert.equal(await fetched(PRELOAD), 'here');
  });

  it('is neither resolved nor trusted in any other process', async () => {
    assert.match(await fetched([]), /^(?:ENOTFOUND|EAI_AGAIN)$/);
    const { port } = new URL(origin);
    assert.equal(await fetched([], `https://127.0.0.1:${port}`), 'DEPTH_ZERO_SELF_SIGNED_CERT');
  });
});
