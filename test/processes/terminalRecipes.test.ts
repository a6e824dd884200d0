// The recipes of docs/use-everywhere.md, with the real tools as far as they are installed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSignedCertificate } from '../../tools/certificate.ts';
import { root } from '../../tools/places.ts';
import { editor } from '../support/fakeEditor.ts';
import { TerminalFixture, type CommandResult } from '../support/terminalFixture.ts';

const BEARER = 'Bearer SECRET-access';

describe('the recipes for command-line tools', () => {
  let fixture: TerminalFixture;
  let folder: string;
  let page: string;
  let servers: Server[];
  let requests: { readonly url: string; readonly authorization: string | undefined }[];

  beforeEach(async () => {
    fixture = await TerminalFixture.create();
    await fixture.openWindow();
    editor.respond = () => 'Allow for This Workspace';
    folder = await mkdtemp(join(tmpdir(), 'sk-recipe-'));
    page = await readFile(join(root, 'docs/use-everywhere.md'), 'utf8');
    servers = [];
    requests = [];
  });

  afterEach(async () => {
    servers.forEach((server) => server.close());
    await fixture.close();
    await rm(folder, { recursive: true, force: true });
  });

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { authorization } = request.headers;
    requests.push({ url: request.url ?? '', authorization });
    const isKnown = authorization === BEARER || authorization?.startsWith('Basic ') === true;
    // What each tool accepts as an empty result.
    response.writeHead(isKnown ? 200 : 401, { 'Content-Type': 'application/json', 'WWW-Authenticate': 'Basic' });
    response.end('{"name":"notes","versions":{},"kind":"NamespaceList","apiVersion":"v1","items":[]}');
  };

  const listen = async (server: Server): Promise<string> => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  /** Returns the first code block after a text in the page. */
  const blockAfter = (text: string, count = 1): string => {
    const [, rest = ''] = page.split(text);
    const block = [...rest.matchAll(/```\w+\n(.*?)```/gsu)][count - 1]?.[1];
    assert.ok(block !== undefined, text);
    return block;
  };

  const runShell = (line: string, env: Readonly<Record<string, string>> = {}): Promise<CommandResult> =>
    fixture.runProgram('bash', ['-c', `cd '${folder}' && ${line}`], { env: { HOME: folder, ...env } });

  const has = (...command: readonly [string, ...string[]]): boolean =>
    spawnSync(command[0], command.slice(1), { stdio: 'ignore' }).status === 0;

  it('work in curl', async function () {
    if (!has('curl', '--version')) {
      this.skip();
    }
    const host = await listen(createServer(answer));
    for (const count of [1, 2]) {
      const line = blockAfter('**curl.**', count).replaceAll('https://api.example.com', `http://${host}`);
      const { code, error } = await runShell(`${line.trim()} -s -f`);
      assert.equal(code, 0, error);
    }
    assert.deepEqual(
      requests.map(({ authorization, url }) => [url, authorization]),
      [
        ['/notes', BEARER],
        ['/notes', BEARER],
      ],
    );
  });

  it('work in kubectl', async function () {
    if (!has('kubectl', 'version', '--client')) {
      this.skip();
    }
    const host = await listen(createSecureServer(selfSignedCertificate(), answer));
    const cluster = `{name: c, cluster: {server: "https://${host}", insecure-skip-tls-verify: true}}`;
    await writeFile(
      join(folder, 'config'),
      [
        'apiVersion: v1',
        'kind: Config',
        'current-context: c',
        `clusters: [${cluster}]`,
        'contexts: [{name: c, context: {cluster: c, user: acme}}]',
        blockAfter('**kubectl.**'),
      ].join('\n'),
    );
    const { code, error } = await runShell('kubectl get --raw /api/v1/namespaces', {
      KUBECONFIG: join(folder, 'config'),
    });
    assert.equal(code, 0, error);
    assert.deepEqual(requests.at(-1), { url: '/api/v1/namespaces', authorization: BEARER });
  });

  it('work in npm', async function () {
    if (!has('npm', '--version')) {
      this.skip();
    }
    const host = await listen(createServer(answer));
    const line = blockAfter('**npm.**').replace('npm.example.com', host);
    await writeFile(join(folder, '.npmrc'), `registry=http://${host}/\n${line}`);
    await writeFile(join(folder, 'package.json'), '{}');
    const command = blockAfter('**npm.**', 2).replace('npm install', 'npm view notes').trim();
    const { error } = await runShell(command, {
      npm_config_registry: `http://${host}/`,
      npm_config_fetch_retries: '0',
    });
    assert.deepEqual(requests[0], { url: '/notes', authorization: BEARER }, error);
  });

  it('work in pip', async function () {
    if (!has('pip', '--version')) {
      this.skip();
    }
    const host = await listen(createServer(answer));
    const line = blockAfter('**pip.**').replace('https://', 'http://').replace('pypi.example.com', host).trim();
    const { error } = await runShell(line, { PIP_RETRIES: '0', PIP_DISABLE_PIP_VERSION_CHECK: '1' });
    const basic = `Basic ${Buffer.from('oauth2:SECRET-access').toString('base64')}`;
    assert.ok(
      requests.some(({ authorization, url }) => url === '/simple/notes/' && authorization === basic),
      error,
    );
    assert.ok(!error.includes('SECRET-access'), 'pip prints the token');
  });

  it('work as a credential helper of Docker', async () => {
    const helper = join(folder, 'docker-credential-acme');
    await writeFile(helper, blockAfter('**Docker.**'));
    await chmod(helper, 0o700);
    const { code, out } = await runShell('echo registry.example.com | ./docker-credential-acme get');
    assert.deepEqual([code, JSON.parse(out)], [0, { Username: 'oauth2', Secret: 'SECRET-access' }]);
    assert.equal((await runShell('echo evil.example | ./docker-credential-acme get')).code, 1);
    assert.equal((await runShell('echo registry.example.com | ./docker-credential-acme store')).code, 0);
  });

  it('work as helpers of agents', async () => {
    const { apiKeyHelper = '' } = JSON.parse(blockAfter('**Claude Code')) as { readonly apiKeyHelper?: string };
    assert.equal((await runShell(apiKeyHelper)).out, 'SECRET-access\n');
    const { mcpServers } = JSON.parse(blockAfter('**Claude Code', 2)) as {
      readonly mcpServers: { readonly notes: { readonly headersHelper: string } };
    };
    assert.deepEqual(JSON.parse((await runShell(mcpServers.notes.headersHelper)).out), { Authorization: BEARER });
  });

  it('work in tasks and debug configurations, as far as their command lines are concerned', async () => {
    await writeFile(join(folder, 'import.js'), 'console.log(process.env.ACCESS_TOKEN, process.argv.length)');
    const task = JSON.parse(blockAfter('**Tasks.**')) as { readonly command: string; readonly args: readonly string[] };
    assert.equal((await runShell([task.command, ...task.args].join(' '))).out, 'SECRET-access 2\n');
    const launch = JSON.parse(blockAfter('**Debugging.**')) as {
      readonly runtimeExecutable: string;
      readonly runtimeArgs: readonly string[];
    };
    const line = [launch.runtimeExecutable, ...launch.runtimeArgs, './import.js'].join(' ');
    assert.equal((await runShell(line)).out, 'SECRET-access 2\n');
  });
});
