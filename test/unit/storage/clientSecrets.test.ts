import assert from 'node:assert/strict';
import { Failure } from '../../../src/core/failure.ts';
import type { Provider } from '../../../src/core/provider.ts';
import { ClientSecrets } from '../../../src/storage/clientSecrets.ts';
import { providerAt } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeFolder, FakeStore } from '../../support/fakeStore.ts';

const acme = providerAt('https://id.example.com', { clientId: 'editor' });
const SECRET = 'client-secret-1';

describe('ClientSecrets', () => {
  let store: FakeStore;
  let folder: FakeFolder;
  let secrets: ClientSecrets;

  beforeEach(() => {
    store = new FakeStore();
    folder = new FakeFolder();
    secrets = new ClientSecrets(store, folder);
  });

  it("stores a secret under a key that isn't a session key", async () => {
    assert.equal(await secrets.read(acme), undefined);
    await secrets.write(acme, SECRET);
    assert.equal(await secrets.read(acme), SECRET);
    assert.equal(await new ClientSecrets(store, folder).read(acme), SECRET);
    assert.ok([...store.secrets.keys()].every((key) => key.startsWith('client-secret:') && !key.includes(SECRET)));
  });

  it('returns a secret only for its client at its issuer, regardless of the provider ID', async () => {
    await secrets.write(acme, SECRET);
    assert.equal(await secrets.read({ ...acme, id: 'other', label: 'Other' }), SECRET);
    assert.equal(await secrets.read({ ...acme, clientId: 'another' }), undefined);
    assert.equal(await secrets.read({ ...acme, issuer: 'https://evil.example.com' }), undefined);
    // Neither part can be chosen so that the two together look like another pair.
    assert.equal(await secrets.read({ ...acme, issuer: 'https://id.example.com","editor', clientId: '' }), undefined);
  });

  it('returns no secret when the entry would send it elsewhere', async () => {
    const at = (token: string, more: Partial<Provider['endpoints']> = {}): Provider => ({
      ...acme,
      endpoints: { authorization: 'https://id.example.com/a', token, ...more },
    });
    const named = at('https://id.example.com/token');
    await secrets.write(acme, SECRET);
    await secrets.write(named, 'another');
    const same = [
      at('https://id.example.com/v2/token'),
      at('https://id.example.com/token', {
        pushedAuthorizationRequest: 'https://id.example.com/par',
        jwks: 'https://keys.example',
      }),
    ];
    assert.deepEqual(await Promise.all([acme, named, ...same].map((one) => secrets.read(one))), [
      SECRET,
      'another',
      'another',
      'another',
    ]);
    for (const field of ['token', 'revocation', 'deviceAuthorization', 'pushedAuthorizationRequest'] as const) {
      assert.equal(
        await secrets.read(at('https://id.example.com/token', { [field]: 'https://evil.example.com/x' })),
        undefined,
        field,
      );
    }
  });

  it("deletes a secret when it's set to an empty string, and no other", async () => {
    const other = { ...acme, clientId: 'another' };
    await secrets.write(acme, SECRET);
    await secrets.write(other, 'other');
    await secrets.write(acme, '');
    assert.deepEqual([await secrets.read(acme), await secrets.read(other)], [undefined, 'other']);
    await secrets.write(acme, '');
    assert.equal(store.secrets.size, 1);
  });

  it('rejects with a storage failure, without the secret, when SecretStorage fails', async () => {
    await secrets.write(acme, SECRET);
    // A window that hasn't read it before has no fallback.
    const another = new ClientSecrets(store, folder);
    const operations = {
      get: () => another.read(acme),
      store: () => secrets.write(acme, SECRET),
      delete: () => secrets.write(acme, ''),
    };
    for (const [operation, run] of Object.entries(operations)) {
      store.failing.add(operation as 'get' | 'store' | 'delete');
      const failure = await rejectsWith(run(), 'storage', `secret-${operation}`);
      assert.doesNotMatch(`${failure.message} ${failure.detail ?? ''}`, new RegExp(SECRET));
    }
  });

  it("doesn't read SecretStorage when the client has no secret", async () => {
    store.failing.add('get');
    assert.equal(await secrets.read(acme), undefined);
    await new ClientSecrets(store, folder).write({ ...acme, clientId: 'another' }, 'other');
    assert.equal(await secrets.read(acme), undefined);
  });

  it('returns the secret that was set here when the keyring is locked or the folder fails', async () => {
    await secrets.write(acme, SECRET);
    store.failing.add('get');
    assert.equal(await secrets.read(acme), SECRET);
    folder.failing = true;
    assert.equal(await secrets.read(acme), SECRET);
  });

  it('returns the secret that was read before when the keyring is locked', async () => {
    await new ClientSecrets(store, folder).write(acme, SECRET);
    assert.equal(await secrets.read(acme), SECRET);
    store.failing.add('get');
    assert.equal(await secrets.read(acme), SECRET);
    assert.equal(await secrets.state(acme), 'stored');
    await rejectsWith(new ClientSecrets(store, folder).read(acme), 'storage');
  });

  it("distinguishes a stored secret, no secret, a secret that the keyring has lost, and one that can't be read", async () => {
    assert.equal(await secrets.state(acme), 'none');
    await secrets.write(acme, SECRET);
    const another = new ClientSecrets(store, folder);
    assert.deepEqual([await secrets.state(acme), await another.state(acme)], ['stored', 'stored']);
    store.failing.add('get');
    assert.equal(await new ClientSecrets(store, folder).state(acme), 'unknown');
    store.failing.clear();
    store.secrets.clear();
    assert.equal(await secrets.state(acme), 'lost');
    folder.failing = true;
    assert.equal(await secrets.state(acme), 'unknown');
  });

  it('returns no secret after another window has deleted it', async () => {
    await secrets.write(acme, SECRET);
    await new ClientSecrets(store, folder).write(acme, '');
    assert.equal(await secrets.read(acme), undefined);
  });

  it('writes no secret to a file, only that it exists', async () => {
    await secrets.write(acme, SECRET);
    assert.deepEqual([...folder.files.values()], ['']);
    assert.ok([...folder.files.keys()].every((name) => /^[\w~.-]+$/.test(name)));
  });

  it('rejects with the same failure when SecretStorage rejects with one', async () => {
    store.beforeStore = () => Promise.reject(new Failure('storage', 'secret-timeout'));
    await rejectsWith(secrets.write(acme, SECRET), 'storage', 'secret-timeout');
  });
});
