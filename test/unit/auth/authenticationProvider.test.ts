import assert from 'node:assert/strict';
import { SECOND } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { OidcAuthenticationProvider, type ProviderDependencies } from '../../../src/auth/authenticationProvider.ts';
import { providerAt } from '../../support/fixtures.ts';
import { editor } from '../../support/fakeEditor.ts';
import { FakeStore } from '../../support/fakeStore.ts';
import { createTestWindow, seedSession, recordAt, type TestWindow } from '../../support/testWindow.ts';

/** A keyring that answers nothing until it is let. */
class HangingStore extends FakeStore {
  /** Lets everything through that waits, and all that comes. */
  open: () => void = () => {};
  readonly #opened = new Promise<void>((resolve) => (this.open = resolve));

  override async get(key: string): Promise<string | undefined> {
    await this.#opened;
    return super.get(key);
  }

  override async keys(): Promise<string[]> {
    await this.#opened;
    return super.keys();
  }
}

describe('the Accounts menu', () => {
  const provider = providerAt('https://id.example.com');
  let store: HangingStore;
  let testWindow: TestWindow;
  let contract: OidcAuthenticationProvider;

  beforeEach(async () => {
    editor.reset();
    store = new HangingStore();
    const before = createTestWindow(provider.issuer);
    await seedSession(before, recordAt(provider.issuer, before.clock.now()));
    before.store.secrets.forEach((value, key) => store.secrets.set(key, value));
    testWindow = createTestWindow(provider.issuer, { clock: before.clock, folder: before.folder, store });
    contract = new OidcAuthenticationProvider('acme', provider, {
      clock: testWindow.clock,
      log: silentLog,
      sessionManager: testWindow.sessionManager,
    } as unknown as ProviderDependencies);
  });

  afterEach(() => {
    contract.dispose();
    store.open();
  });

  /** Asks as the menu does; what comes is noted. */
  const ask = (): { answer?: readonly unknown[] } => {
    const asked: { answer?: readonly unknown[] } = {};
    void contract.getSessions(undefined).then((answer) => (asked.answer = answer.map(({ id }) => id)));
    return asked;
  };

  it('is answered within a second though the keyring hangs, and again each time it is opened', async () => {
    for (let time = 0; time < 3; time += 1) {
      const asked = ask();
      await testWindow.clock.pass(SECOND - 1);
      assert.equal(asked.answer, undefined, 'the sessions may still come');
      await testWindow.clock.pass(1);
      assert.deepEqual(asked.answer, []);
    }
  });

  it('is answered with the sessions as soon as the keyring gives them', async () => {
    const asked = ask();
    await testWindow.clock.pass(SECOND / 2);
    store.open();
    await testWindow.clock.pass(SECOND / 4);
    assert.deepEqual(asked.answer, ['s1']);
  });
});
