import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from '../../tools/loopback.ts';

/** A request as it arrived. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  /** The parameters of the query and of a form. */
  readonly parameters: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

/** A response, sent exactly as it is. A body that isn't a string is sent as JSON. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Readonly<Record<string, unknown>>;
}

/** How to handle a request: respond, drop the connection, or never respond (with the headers and half a body: `drip`). */
export type Script = ScriptedAnswer | 'drop' | 'hang' | 'drip';

/** A script, or a function that creates one for a request. */
export type Scripted = Script | ((request: SeenRequest) => Script | Promise<Script>);

/** The algorithms that it signs with. */
export type Algorithm = 'RS256' | 'ES256';

const OIDC_PATH = '/.well-known/openid-configuration';
const KEY_ALGORITHMS = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
} as const;

/** Generating keys is slow, so all servers of the process share them. */
const keys = new Map<string, Promise<CryptoKeyPair>>();

function keyFor(algorithm: Algorithm, kid: string): Promise<CryptoKeyPair> {
  const name = `${algorithm} ${kid}`;
  const known = keys.get(name) ?? crypto.subtle.generateKey(KEY_ALGORITHMS[algorithm], true, ['sign', 'verify']);
  keys.set(name, known);
  return known;
}

/** An HTTP server on 127.0.0.1 that responds as scripted; without scripts, a minimal OpenID server without a token endpoint. */
export class ScriptedServer {
  readonly #server: Server;
  readonly #scripts = new Map<string, Scripted>();
  readonly #waiting = new Set<() => void>();
  /** The requests so far, oldest first. */
  readonly requests: SeenRequest[] = [];
  /** Its issuer, without a trailing slash. */
  readonly issuer: string;
  /** Its metadata, which a test may change. */
  readonly metadata: Record<string, unknown>;
  /** Its clock, for the `Date` header; undefined sends none. */
  date: (() => number) | undefined = () => Date.now();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.issuer = `http://127.0.0.1:${port}`;
    this.metadata = {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: `${this.issuer}/token`,
      jwks_uri: `${this.issuer}/jwks`,
      revocation_endpoint: `${this.issuer}/revoke`,
      id_token_signing_alg_values_supported: ['RS256', 'ES256'],
    };
    this.on(OIDC_PATH, () => ({ body: this.metadata }));
    this.on('/jwks', async () => ({ body: { keys: await Promise.all((['RS256', 'ES256'] as const).map(publicKey)) } }));
    this.on('/revoke', { status: 200, body: '' });
    server.on('request', (request, response) => {
      void this.#serve(request, response);
    });
  }

  /** Starts a server on a free port. */
  static async start(): Promise<ScriptedServer> {
    const server = createServer();
    return new ScriptedServer(server, await listenOnLoopback(server));
  }

  /** Sets how to handle requests to a path, from now on. */
  on(path: string, script: Scripted): void {
    this.#scripts.set(path, script);
  }

  /** Sets the response at the URL of its discovery document. */
  onDiscovery(script: Scripted): void {
    this.on(OIDC_PATH, script);
  }

  /** Sets the response of the token endpoint. */
  onToken(script: Scripted): void {
    this.on('/token', script);
  }

  /** The requests to one path, oldest first. */
  requestsTo(path: string): SeenRequest[] {
    return this.requests.filter((request) => request.path === path);
  }

  /** Waits until a number of requests to a path have arrived. */
  async waitFor(path: string, count = 1): Promise<void> {
    while (this.requestsTo(path).length < count) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Signs an ID token. By default, the issuer and the times are valid. A `kid` other than `known` is a key that it never publishes. */
  async idToken(
    claims: Readonly<Record<string, unknown>>,
    algorithm: Algorithm = 'RS256',
    kid = 'known',
  ): Promise<string> {
    const now = Math.floor((this.date?.() ?? Date.now()) / 1000);
    const header = { alg: algorithm, kid };
    const payload = { iss: this.issuer, sub: 'person-1', iat: now, exp: now + 300, ...claims };
    const input = `${encode(header)}.${encode(payload)}`;
    const { privateKey } = await keyFor(algorithm, kid);
    const signature = await crypto.subtle.sign(KEY_ALGORITHMS[algorithm], privateKey, Buffer.from(input));
    return `${input}.${Buffer.from(signature).toString('base64url')}`;
  }

  /** Closes the server and every connection. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.issuer);
    const form = new URLSearchParams(await text(request));
    const seen: SeenRequest = {
      method: request.method ?? '',
      path: url.pathname,
      parameters: new URLSearchParams([...url.searchParams, ...form]),
      headers: request.headers,
    };
    this.requests.push(seen);
    for (const resolve of this.#waiting) {
      resolve();
    }
    this.#waiting.clear();
    const scripted = this.#scripts.get(url.pathname) ?? {
      status: 404,
      body: '<h1>Not found</h1>',
      headers: { 'Content-Type': 'text/html' },
    };
    const script = typeof scripted === 'function' ? await scripted(seen) : scripted;
    if (script === 'drop') {
      request.socket.destroy();
      return;
    }
    response.sendDate = false;
    if (this.date !== undefined) {
      response.setHeader('Date', new Date(this.date()).toUTCString());
    }
    if (script === 'hang') {
      return;
    }
    if (script === 'drip') {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.write('{');
      return;
    }
    const isText = typeof script.body === 'string' || script.body === undefined;
    response.writeHead(script.status ?? 200, {
      ...(isText ? {} : { 'Content-Type': 'application/json' }),
      ...script.headers,
    });
    response.end(isText ? script.body : JSON.stringify(script.body));
  }
}

async function publicKey(algorithm: Algorithm): Promise<Record<string, unknown>> {
  const { publicKey: key } = await keyFor(algorithm, 'known');
  return {
    ...(await crypto.subtle.exportKey('jwk', key)),
    kid: 'known',
    alg: algorithm,
    use: 'sig',
    key_ops: undefined,
    ext: undefined,
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A URL on this machine at which no program listens. */
export async function closedIssuer(): Promise<string> {
  const server = createServer();
  const port = await listenOnLoopback(server);
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** An HTML page, which portals and proxies send instead of JSON. */
export const htmlPage: ScriptedAnswer = {
  status: 200,
  headers: { 'Content-Type': 'text/html; charset=utf-8' },
  body: '<!doctype html><title>Welcome</title><p>Please accept our terms.</p>',
};

/**
 * A token endpoint that rotates refresh tokens and accepts only the newest, `refresh-1` at first. After a reuse, it always
 * responds with `invalid_grant`. The tokens are `access-2`, `refresh-2` and so on.
 * @param more additional or replaced members of each response.
 */
export function rotatingTokens(more: Readonly<Record<string, unknown>> = {}): (request: SeenRequest) => ScriptedAnswer {
  let generation = 1;
  let isRevoked = false;
  return ({ parameters }) => {
    isRevoked ||= parameters.get('refresh_token') !== `refresh-${generation}`;
    if (isRevoked) {
      return { status: 400, body: { error: 'invalid_grant', error_description: 'reused' } };
    }
    generation += 1;
    const tokens = {
      access_token: `access-${generation}`,
      refresh_token: `refresh-${generation}`,
      token_type: 'Bearer',
      expires_in: 300,
    };
    return { body: { ...tokens, ...more } };
  };
}
