// An authentication provider and a resource server with which the client library is tested.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { listenOnLoopback } from '../../tools/loopback.ts';
import { editor } from './fakeEditor.ts';

/** A request that has reached the resource server. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The token that was sent. */
  readonly token: string | undefined;
}

/** How the server responds. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | AsyncIterable<string>;
}

/** A server on loopback whose responses a test determines. */
export interface ScriptedResource {
  readonly origin: string;
  readonly seen: SeenRequest[];
  /** Responds to a request; `200` with the token by default. */
  reply: (request: SeenRequest) => Reply | Promise<Reply>;
  stop(): void;
}

/** Starts such a server. */
export async function startResource(): Promise<ScriptedResource> {
  const seen: SeenRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      let body = '';
      for await (const chunk of incoming) {
        body += String(chunk);
      }
      const [, token] = /^(?:Bearer|DPoP) (\S+)$/u.exec(incoming.headers.authorization ?? '') ?? [];
      const { headers, method = '', url: path = '' } = incoming;
      const request: SeenRequest = { method, path, headers, body, token };
      seen.push(request);
      const reply = await resource.reply(request);
      outgoing.writeHead(reply.status ?? 200, reply.headers);
      if (typeof reply.body === 'object') {
        for await (const chunk of reply.body) {
          outgoing.write(chunk);
        }
        outgoing.end();
      } else {
        outgoing.end(reply.body ?? token);
      }
    })();
  });
  const origin = `http://127.0.0.1:${String(await listenOnLoopback(server))}`;
  const resource: ScriptedResource = {
    origin,
    seen,
    reply: () => ({}),
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return resource;
}

/** A session of the provider. */
export interface TestSession {
  readonly id: string;
  readonly accessToken: string;
  readonly account: { readonly id: string; readonly label: string };
  readonly scopes: readonly string[];
  readonly expiresAfter?: number;
}

/** Returns an error of Session Keeper, as VS Code passes it on. */
export function sessionKeeperError(name: string): Error {
  return Object.assign(new Error(`Message of ${name}`), { name: `SessionKeeper.${name}` });
}

/** An authentication provider whose session a test determines. Its tokens are `token-1`, `token-2`, and so on. */
export class TestProvider {
  /** Undefined if no user is signed in. */
  session: TestSession | undefined;
  /** What requests without a question reject with. */
  error: Error | undefined;
  /** What challenges return: a renewed token by default. */
  onChallenge: (header: string) => TestSession | undefined | Promise<TestSession | undefined> = () => this.renew();
  /** What a sign-in returns: a new session by default. */
  onSignIn: () => TestSession | Promise<TestSession> = () => this.signIn();
  readonly challenges: string[] = [];
  signIns = 0;
  #tokens = 0;

  /** Registers it under an ID, without challenges like VS Code's built-in providers, if that is specified. */
  constructor(id: string, { supportsChallenges = true }: { readonly supportsChallenges?: boolean } = {}) {
    editor.providers.set(id, {
      label: id,
      provider: {
        getSessions: async () => {
          await Promise.resolve();
          if (this.error !== undefined) {
            throw this.error;
          }
          return this.session === undefined ? [] : [this.session];
        },
        createSession: () => this.#signIn(),
        ...(supportsChallenges
          ? {
              getSessionsFromChallenges: async (constraint: unknown) => {
                const { wwwAuthenticate } = constraint as { readonly wwwAuthenticate: string };
                this.challenges.push(wwwAuthenticate);
                const session = await this.onChallenge(wwwAuthenticate);
                return session === undefined ? [] : [session];
              },
              createSessionFromChallenges: () => this.#signIn(),
            }
          : {}),
      },
    });
  }

  /** Starts a session, with a new token. */
  signIn(more: Partial<TestSession> = {}): TestSession {
    this.#tokens += 1;
    this.error = undefined;
    this.session = {
      id: 'session',
      accessToken: `token-${this.#tokens}`,
      account: { id: 'alice', label: 'alice' },
      scopes: ['read'],
      ...more,
    };
    return this.session;
  }

  /** Renews the session. */
  renew(): TestSession {
    return this.signIn();
  }

  async #signIn(): Promise<TestSession> {
    this.signIns += 1;
    return this.onSignIn();
  }
}
