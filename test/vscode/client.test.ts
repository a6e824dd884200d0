// The client library in an extension, with the real identity server and an API.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import {
  createFetch,
  createTokenCredential,
  SignInRequiredError,
  watch,
  type SessionState,
} from '../../client/src/index.ts';
import type { NotesRequest } from '../../tools/notesServer.ts';
import { configure, entry, eventually, control, servers, tokenRequests, signOut } from './outside.ts';
import { BOUND_CLIENT } from './servers.ts';

const { notes } = servers.usual;
const READ = ['openid', 'profile', 'offline_access', 'notes.read'];

/** Returns the requests that have reached the API since the last call. */
async function newRequests(): Promise<NotesRequest[]> {
  const all = (await (await fetch(`${notes}/requests`)).json()) as NotesRequest[];
  const fresh = all.slice(seen);
  seen = all.length;
  return fresh;
}
let seen = 0;

const isMadeOf = (requests: readonly NotesRequest[]): string[] =>
  requests.map(({ method, path, status }) => `${method} ${path} ${String(status)}`);

describe('the client library in an extension', () => {
  const options = { providerId: 'notes', scopes: READ } as const;
  const silent = createFetch(options);
  const interactive = createFetch({ ...options, interactive: true });

  before(async () => {
    await control({ user: { kind: 'signIn', account: 'demo' } });
    await configure('providers', [entry({ id: 'notes', label: 'Notes', scopes: READ })]);
    await eventually('the provider is registered', async () =>
      silent(notes).catch((error: unknown) => error instanceof SignInRequiredError),
    );
  });

  after(async () => {
    await signOut();
    await configure('providers', [entry()]);
  });

  it('asks nothing unless it is interactive', async () => {
    await assert.rejects(silent(`${notes}/notes`), SignInRequiredError);
    await assert.rejects(createFetch({ providerId: 'github', scopes: ['read:user'] })(notes), SignInRequiredError);
    const response = await interactive(`${notes}/notes`, { method: 'POST', body: 'text' });
    assert.equal(((await response.json()) as NotesRequest).body, 'text');
    assert.deepEqual(isMadeOf(await newRequests()), ['POST /notes 200']);
  });

  it('renews a rejected token once for parallel requests, and sends each once more', async () => {
    await silent(`${notes}/token`, { method: 'DELETE' });
    await newRequests();
    const { length } = await tokenRequests('refresh_token');
    // A session is renewed at most every five seconds.
    await eventually('the session is renewed', async () => {
      await newRequests();
      const responses = await Promise.all(
        [1, 2, 3, 4, 5].map((number) => silent(`${notes}/notes`, { method: 'PUT', body: String(number) })),
      );
      return responses.every(({ status }) => status === 200);
    });
    assert.equal((await tokenRequests('refresh_token')).length, length + 1);
    const requests = await newRequests();
    const statuses = [200, 401].map((status) => requests.filter((request) => request.status === status));
    assert.deepEqual(
      statuses.map((group) =>
        group
          .map(({ body }) => body)
          .sort()
          .join(''),
      ),
      ['12345', '12345'],
    );
    assert.deepEqual(
      statuses.map((group) => new Set(group.map(({ tokenDigest }) => tokenDigest)).size),
      [1, 1],
    );
  });

  it('signs in for more scopes only if it is interactive, and keeps the token of other requests', async () => {
    await newRequests();
    assert.equal((await silent(`${notes}/admin`)).status, 403);
    assert.equal((await interactive(`${notes}/admin`)).status, 200);
    assert.equal((await silent(`${notes}/notes`)).status, 200);
    const requests = await newRequests();
    assert.deepEqual(isMadeOf(requests), ['GET /admin 403', 'GET /admin 403', 'GET /admin 200', 'GET /notes 200']);
    const [first, , admin, last] = requests.map(({ tokenDigest }) => tokenDigest);
    assert.ok(first === last && admin !== first);
  });

  it('passes a stream through', async () => {
    const response = await silent(`${notes}/events`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    assert.deepEqual(await reader?.read(), { done: false, value: 'data: 1\n\n' });
    await silent(`${notes}/notes`);
    assert.deepEqual(await reader?.read(), { done: false, value: 'data: 2\n\n' });
    assert.equal((await reader?.read())?.done, true);
  });

  it('sends the token to the target of a redirect at the same origin only', async () => {
    await newRequests();
    assert.equal((await silent(`${notes}/moved`, { method: 'POST', body: 'text' })).status, 200);
    assert.deepEqual(isMadeOf(await newRequests()), ['POST /moved 307', 'POST /notes 200']);
    const other = servers.pushed.notes;
    const away = await silent(`${notes}/away?to=${encodeURIComponent(`${other}/notes`)}`);
    assert.deepEqual([away.url, away.status], [`${other}/notes`, 401]);
    const requests = (await (await fetch(`${other}/requests`)).json()) as NotesRequest[];
    assert.deepEqual(
      requests.map(({ tokenDigest }) => tokenDigest),
      [undefined],
    );
  });

  it('provides the token to an SDK', async () => {
    const { expiresOnTimestamp, token } = await createTokenCredential({ providerId: 'notes' }).getToken(READ);
    const response = await fetch(`${notes}/notes`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(response.status, 200);
    assert.ok(expiresOnTimestamp > Date.now() && expiresOnTimestamp < Date.now() + 3_700_000);
  });

  it('follows the state of the session', async () => {
    const watcher = watch(options);
    const states: SessionState[] = [];
    watcher.onDidChange((state) => states.push(state));
    const [account] = await vscode.authentication.getAccounts('notes');
    const { id = '', label = '' } = account ?? {};
    assert.deepEqual([await watcher.ready, label], [{ kind: 'signed-in', account: { id, label } }, 'demo']);
    await signOut();
    await eventually('the user is signed out', () => states.at(-1)?.kind === 'signed-out');
    await interactive(`${notes}/notes`);
    await eventually('the user is signed in', () => states.at(-1)?.kind === 'signed-in');
    watcher.dispose();
  });
});

describe('the client library with a provider that binds tokens to a key', () => {
  before(async () => {
    await configure('providers', [
      entry({ id: 'bound', label: 'Bound', issuer: servers.bound.issuer, clientId: BOUND_CLIENT, dpop: true }),
    ]);
  });
  after(async () => {
    await signOut();
    await configure('providers', [entry()]);
  });

  it('sends a proof with the nonce of the server', async () => {
    const bound = createFetch({ providerId: 'bound', scopes: ['openid', 'profile'], interactive: true });
    const response = await eventually('the provider is registered', async () =>
      bound(`${servers.bound.issuer}/me`).catch(() => undefined),
    );
    assert.equal(((await response.json()) as { readonly name?: string }).name, 'Demo Account');
    assert.equal((await bound(`${servers.bound.issuer}/me`)).status, 200);
  });
});
