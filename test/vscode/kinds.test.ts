// All kinds of servers, each from the sign-in to the sign-out of a user and another extension. The requests that reach a
// server show that it was used as it requires.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { JournalEntry } from '../../tools/identityJournal.ts';
import {
  configure,
  consumer,
  entry,
  eventually,
  control,
  scopes,
  servers,
  signOut,
  type Consumer,
  type SessionWithExpiry,
} from './outside.ts';
import { BOUND_CLIENT, CLIENT_SECRET, CLIENT_WITH_SECRET, type ServerName } from './servers.ts';

/** A kind of server, and the requests to expect. */
interface ServerKind {
  readonly title: string;
  readonly server: ServerName;
  /** The fields of the entry in addition to the ID, label, issuer and client ID. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly scopes?: readonly string[];
  /** The client secret, which the user enters. */
  readonly secret?: string;
  /** Uses a token, by default at the userinfo endpoint. Returns the account that the server identifies. */
  readonly use?: (token: string) => Promise<unknown>;
  /** Whether the server looks up each token, so that it detects a revoked one. */
  readonly isOpaque?: boolean;
  /** Checks the requests of the sign-in. */
  readonly signIn: (requests: readonly JournalEntry[]) => void;
  /** Checks the renewal request, in addition to its existence. */
  readonly renewal?: (request: JournalEntry) => void;
  /** Checks what follows the sign-out, in addition to the revocation. */
  readonly signOut?: (other: Consumer, requests: () => Promise<readonly JournalEntry[]>) => Promise<void>;
}

const to = (requests: readonly JournalEntry[], path: string): readonly JournalEntry[] =>
  requests.filter((request) => request.path === path);
const namesOf = ({ parameters, withheld }: JournalEntry): string[] => [...Object.keys(parameters), ...withheld].sort();

/** The response to a request with a token. */
async function fetchJson(address: string, token: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(response.status, 200, address);
  return (await response.json()) as Readonly<Record<string, unknown>>;
}

/** The response to a request with a token and a DPoP proof for it, repeated with the nonce from the server. */
async function provenAnswerOf(
  address: string,
  token: string,
  nonce?: string,
): Promise<Readonly<Record<string, unknown>>> {
  const headers = await vscode.commands.executeCommand<Record<string, string>>('sessionKeeper.dpopHeaders', token, {
    url: address,
    nonce,
  });
  const response = await fetch(address, { headers });
  const given = response.headers.get('dpop-nonce') ?? undefined;
  if (response.status === 401 && nonce === undefined && given !== undefined) {
    return provenAnswerOf(address, token, given);
  }
  assert.equal(response.status, 200, address);
  return (await response.json()) as Readonly<Record<string, unknown>>;
}

/** A DPoP-bound token can't be used without its key. */
async function mustNotBear(address: string, token: string): Promise<void> {
  for (const scheme of ['Bearer', 'DPoP']) {
    const { status } = await fetch(address, { headers: { authorization: `${scheme} ${token}` } });
    assert.ok(status === 401 || status === 400, `${scheme}: ${status}`);
  }
}

/** Checks that each request that requires a proof has one for exactly that request. */
function eachIsProven(requests: readonly JournalEntry[], issuer: string): void {
  const proven = requests.filter(({ path }) => path === '/token' || path === '/request');
  assert.ok(proven.length > 0);
  for (const { error, method, path, proof } of proven) {
    assert.deepEqual([proof?.htm, proof?.htu], [method, `${issuer}${path}`]);
    assert.equal(error === 'use_dpop_nonce', proof?.nonce === undefined, path);
  }
}

/** Checks each request in which a client with a secret must authenticate. */
function eachShowsItself(requests: readonly JournalEntry[], look: (request: JournalEntry) => void): void {
  const shown = requests.filter(({ path }) => path.startsWith('/token'));
  assert.ok(shown.length > 0);
  shown.forEach(look);
}

const inHeader = ({ scheme, withheld }: JournalEntry): void =>
  assert.deepEqual([scheme, withheld.includes('client_secret')], ['Basic', false]);
const inBody = ({ scheme, withheld }: JournalEntry): void =>
  assert.deepEqual([scheme, withheld.includes('client_secret')], [undefined, true]);

/** Signs out of the server in the browser, which then shows a page with this heading, of the server or of the extension. */
function signsOutThere(heading: string, canUseLoopback: boolean): NonNullable<ServerKind['signOut']> {
  return async (other, requests) => {
    await eventually('the user has signed out there', async () => (await control()).lastRead === heading);
    const [page] = to(await requests(), '/session/end');
    assert.ok(page?.withheld.includes('id_token_hint'));
    assert.equal(
      /^http:\/\/127\.0\.0\.1:\d+\/callback$/.test(page?.parameters['post_logout_redirect_uri'] ?? ''),
      canUseLoopback,
    );
    // The server no longer knows the browser, and asks for name and password.
    await other.getSession('kind', scopes, { createIfNone: true });
    assert.ok(
      (await requests()).some(
        ({ parameters, path }) =>
          path.startsWith('/interaction/') && parameters['do'] === 'login' && parameters['name'] === 'demo',
      ),
    );
    await signOut();
  };
}

async function useBound(token: string): Promise<unknown> {
  await mustNotBear(`${servers.bound.issuer}/me`, token);
  return (await provenAnswerOf(`${servers.bound.issuer}/me`, token))['sub'];
}

const SERVER_KINDS: readonly ServerKind[] = [
  {
    title: 'that accepts only pushed authorization requests',
    server: 'pushed',
    signIn: (requests) => {
      assert.deepEqual(
        to(requests, '/request').map(({ method, status }) => [method, status]),
        [['POST', 201]],
      );
      assert.deepEqual(to(requests, '/auth').map(namesOf), [['client_id', 'request_uri']]);
    },
  },
  {
    title: 'that requires the client secret in the header',
    server: 'basic',
    fields: { clientId: CLIENT_WITH_SECRET },
    secret: CLIENT_SECRET,
    signIn: (requests) => eachShowsItself(requests, inHeader),
    renewal: inHeader,
  },
  {
    title: 'that requires the client secret in the body',
    server: 'post',
    fields: { clientId: CLIENT_WITH_SECRET },
    secret: CLIENT_SECRET,
    signIn: (requests) => eachShowsItself(requests, inBody),
    renewal: inBody,
  },
  {
    title: 'that binds tokens to a DPoP key',
    server: 'bound',
    fields: { clientId: BOUND_CLIENT, dpop: true },
    use: useBound,
    signIn: (requests) => {
      eachIsProven(requests, servers.bound.issuer);
      assert.equal(to(requests, '/token').at(-1)?.status, 200);
    },
    renewal: (request) => eachIsProven([request], servers.bound.issuer),
  },
  {
    title: 'that binds tokens to a DPoP key, with a device code',
    server: 'bound',
    fields: { clientId: BOUND_CLIENT, dpop: true, signInMethod: 'device' },
    use: useBound,
    signIn: (requests) => {
      assert.deepEqual(to(requests, '/auth'), []);
      eachIsProven(requests, servers.bound.issuer);
    },
    renewal: (request) => eachIsProven([request], servers.bound.issuer),
  },
  {
    title: 'that requires all of this',
    server: 'strict',
    fields: { clientId: CLIENT_WITH_SECRET, dpop: true, resource: servers.strict.api },
    scopes: ['openid', 'offline_access', 'notes.read'],
    secret: CLIENT_SECRET,
    use: async (token) => {
      await mustNotBear(servers.strict.api, token);
      const { aud, sub } = await provenAnswerOf(servers.strict.api, token);
      assert.equal(aud, servers.strict.api);
      return sub;
    },
    isOpaque: false,
    signIn: (requests) => {
      assert.deepEqual(to(requests, '/auth').map(namesOf), [['client_id', 'request_uri']]);
      eachIsProven(requests, servers.strict.issuer);
      eachShowsItself(requests, inHeader);
    },
    renewal: (request) => {
      inHeader(request);
      eachIsProven([request], servers.strict.issuer);
    },
  },
  {
    title: 'that issues tokens for one resource',
    server: 'resources',
    fields: { resource: servers.resources.api },
    scopes: ['openid', 'offline_access', 'notes.read'],
    use: async (token) => {
      // It's rejected elsewhere: the API accepts only tokens for its own audience.
      const { aud, scope, sub } = await fetchJson(servers.resources.api, token);
      assert.deepEqual([aud, scope], [servers.resources.api, 'notes.read']);
      return sub;
    },
    isOpaque: false,
    signIn: (requests) => {
      const asked = [...to(requests, '/auth'), ...to(requests, '/token')].map(
        ({ parameters }) => parameters['resource'],
      );
      assert.deepEqual(asked, [servers.resources.api, servers.resources.api]);
    },
    renewal: ({ parameters }) => assert.equal(parameters['resource'], servers.resources.api),
  },
  {
    title: 'that supports OAuth without OpenID Connect',
    server: 'plain',
    fields: {
      scopes: ['notes.read'],
      endpoints: {
        authorization: `${servers.plain.issuer}/auth`,
        token: `${servers.plain.issuer}/token`,
        revocation: `${servers.plain.issuer}/token/revocation`,
        userinfo: servers.plain.user,
      },
      account: { id: 'id', label: 'login' },
    },
    scopes: ['notes.read'],
    use: async (token) => {
      const { id, login } = await fetchJson(servers.plain.user, token);
      assert.equal(login, 'demo');
      return id === 1 ? 'account-1001' : id;
    },
    signIn: (requests) => {
      assert.deepEqual(
        requests.filter(({ path }) => path.startsWith('/.well-known/') || path === '/jwks'),
        [],
      );
      assert.deepEqual(
        to(requests, '/auth').map(({ parameters, withheld }) => [parameters['scope'], withheld]),
        [['notes.read', ['state']]],
      );
    },
  },
  {
    title: 'at which the user confirms a device code',
    server: 'usual',
    fields: { signInMethod: 'device' },
    signIn: (requests) => {
      assert.deepEqual(to(requests, '/auth'), []);
      assert.deepEqual(
        to(requests, '/device/auth').map(({ status }) => status),
        [200],
      );
      const [code] = to(requests, '/device').map(({ parameters }) => parameters['user_code']);
      assert.match(code ?? '', /^[A-Z]{4}-[A-Z]{4}$/);
      const asked = to(requests, '/token').map(({ grantType, status }) => `${grantType ?? ''} ${String(status)}`);
      assert.equal(asked.at(-1), 'urn:ietf:params:oauth:grant-type:device_code 200');
    },
  },
  {
    title: 'at which the user signs out in the browser, too',
    server: 'usual',
    fields: { signOutAtServer: true },
    signIn: (requests) => assert.equal(to(requests, '/auth').length, 1),
    signOut: signsOutThere("You're signed out", false),
  },
  {
    // The page for an account is opened only once in a while, so this is another server.
    title: 'at which the user signs out in the browser, too, and is redirected back',
    server: 'pushed',
    fields: { signOutAtServer: 'return' },
    signIn: (requests) => assert.equal(to(requests, '/auth').length, 1),
    signOut: signsOutThere("You're signed out of Kind", true),
  },
];

describe('a session at every kind of server', () => {
  let other: Consumer;

  before(async () => {
    other = await consumer();
  });

  after(async () => {
    await configure('providers', [entry()]);
  });

  for (const kind of SERVER_KINDS) {
    describe(`at one ${kind.title}`, () => {
      const { secret } = kind;
      const { issuer } = servers[kind.server];
      const wanted = kind.scopes ?? scopes;
      const use = kind.use ?? (async (token: string) => (await fetchJson(`${issuer}/me`, token))['sub']);
      let length = 0;

      const requests = async (): Promise<readonly JournalEntry[]> =>
        (await control({ server: kind.server })).journal.slice(length);
      const silently = async (): Promise<SessionWithExpiry | undefined> =>
        other.getSession('kind', wanted, { silent: true });
      const isActive = async ({ accessToken: token }: SessionWithExpiry): Promise<boolean | undefined> =>
        (await control({ server: kind.server, token })).isActive;

      async function signedIn(): Promise<SessionWithExpiry> {
        const session = await silently();
        assert.ok(session, 'a user is signed in');
        return session;
      }

      before(async () => {
        ({ length } = (
          await control({
            server: kind.server,
            user: { kind: 'signIn', account: 'demo' },
            faults: [],
            policy: { accessTokenSeconds: 3600 },
          })
        ).journal);
        // Without an empty list in between, this would be the provider of the previous kind with other settings.
        await configure('providers', []);
        await configure('providers', [entry({ id: 'kind', label: 'Kind', issuer, ...kind.fields })]);
      });

      if (secret !== undefined) {
        it('is rejected without the client secret, which the user then sets', async () => {
          await assert.rejects(async () => other.getSession('kind', wanted, { createIfNone: true }), {
            name: 'SessionKeeper.client-rejected',
          });
          length += (await requests()).length;
          const kept = vscode.commands.executeCommand('sessionKeeper.setClientSecret');
          await control({ types: secret });
          await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
          await kept;
        });
      }

      it('starts when another extension requests it, and its token works', async () => {
        const session = await other.getSession('kind', wanted, { createIfNone: true });
        assert.equal(session?.account.label, 'demo');
        assert.equal(await use(session.accessToken), 'account-1001');
        kind.signIn(await requests());
      });

      it('is renewed when the user requests that, and the new token works', async () => {
        const before = await signedIn();
        await vscode.commands.executeCommand('sessionKeeper.renewNow');
        const after = await signedIn();
        assert.ok(after.accessToken !== before.accessToken, 'a new token');
        assert.equal(after.id, before.id);
        assert.equal(await use(after.accessToken), 'account-1001');
        const renewals = (await requests()).filter(({ grantType }) => grantType === 'refresh_token');
        assert.deepEqual(
          renewals.filter(({ error }) => error !== 'use_dpop_nonce').map(({ status }) => status),
          [200],
        );
        renewals.forEach((renewal) => kind.renewal?.(renewal));
      });

      it('ends here and at the server when the user signs out', async () => {
        const session = await signedIn();
        await signOut();
        assert.equal(await silently(), undefined);
        assert.deepEqual(await other.getAccounts('kind'), []);
        const revocations = to(await requests(), '/token/revocation').map(({ error, status }) => error ?? status);
        // A JWT stays valid until it expires, as this server reports (RFC 7009 section 2.2.1).
        assert.deepEqual(revocations, [200, kind.isOpaque === false ? 'unsupported_token_type' : 200]);
        if (kind.isOpaque !== false) {
          assert.equal(await isActive(session), false);
        }
        await kind.signOut?.(other, requests);
      });
    });
  }
});
