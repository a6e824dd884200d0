// A Git server (smart HTTP) that requires access tokens of an identity server: the real one, behind HTTP Basic authentication.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';

import type { IdentityServer } from './identityServer.ts';
import { listenOnLoopback } from './loopback.ts';

/** A Git server that is listening. */
export interface GitServer {
  /** Its URL: `http://127.0.0.1:PORT`. Its path `/tokens` returns the SHA-256 digests of the accepted tokens, in their order. */
  readonly address: string;
  /** The URL of its repository, which has a commit on the branch `main`. */
  readonly repository: string;
  /** Closes the server. */
  stop(): void;
}

/** The user name that GitLab, Gitea, and Forgejo require with an access token. */
const username = 'oauth2';

/** Keeps the settings of this computer's user out. */
const environment = {
  ...process.env,
  ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
  ...{ GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.com' },
  ...{ GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.com' },
};

/**
 * Starts a Git server on 127.0.0.1 that trusts one identity server.
 *
 * @param identity the identity server
 * @param folder an existing folder for the repository
 * @returns the Git server, once it's listening; undefined if Git isn't installed
 */
export async function startGitServer(
  identity: Pick<IdentityServer, 'tokenIsActive'>,
  folder: string,
): Promise<GitServer | undefined> {
  try {
    execFileSync('git', ['http-backend', '-h'], { stdio: 'ignore' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return undefined;
    }
    // The program has no help and fails.
  }
  createRepository(join(folder, 'notes.git'));
  const accepted: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === '/tokens') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(accepted));
      return;
    }
    const [user, token = ''] = credentialsOf(request);
    if (user !== username || !(await identity.tokenIsActive(token))) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="Git"' }).end();
      return;
    }
    accepted.push(createHash('sha256').update(token).digest('hex'));
    runBackend(folder, request, response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const address = `http://127.0.0.1:${String(await listenOnLoopback(server))}`;
  return {
    address,
    repository: `${address}/notes.git`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function createRepository(path: string): void {
  const git = (args: readonly string[], input = ''): string =>
    execFileSync('git', args, { env: environment, encoding: 'utf8', input }).trim();
  git(['init', '--quiet', '--bare', '--initial-branch=main', path]);
  const inside = (args: readonly string[], input?: string): string => git(['-C', path, ...args], input);
  inside(['config', 'http.receivepack', 'true']);
  const file = inside(['hash-object', '-w', '--stdin'], 'Notes\n');
  const tree = inside(['mktree'], `100644 blob ${file}\tREADME.md\n`);
  inside(['update-ref', 'refs/heads/main', inside(['commit-tree', tree, '-m', 'Add notes'])]);
}

function credentialsOf({ headers: { authorization = '' } }: IncomingMessage): string[] {
  const [, encoded = ''] = /^Basic (\S+)$/iu.exec(authorization) ?? [];
  return Buffer.from(encoded, 'base64').toString().split(':');
}

/** Runs `git http-backend`, which is a CGI program (RFC 3875). */
function runBackend(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://127.0.0.1');
  const header = (name: string): string => String(request.headers[name] ?? '');
  const backend = spawn('git', ['http-backend'], {
    env: {
      ...environment,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: header('git-protocol'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      CONTENT_TYPE: header('content-type'),
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REMOTE_USER: username,
      REQUEST_METHOD: request.method ?? 'GET',
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  request.pipe(backend.stdin);
  const output: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  backend.once('error', () => response.writeHead(500).end());
  backend.once('close', () => {
    const all = Buffer.concat(output);
    const end = all.indexOf('\r\n\r\n');
    let status = 200;
    for (const line of all.toString('latin1', 0, Math.max(end, 0)).split('\r\n')) {
      const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/u.exec(line) ?? [];
      if (name.toLowerCase() === 'status') {
        status = parseInt(value, 10);
      } else if (name !== '') {
        response.setHeader(name, value);
      }
    }
    response.writeHead(end < 0 ? 500 : status).end(all.subarray(end + 4));
  });
}
