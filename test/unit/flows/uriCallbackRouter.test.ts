import assert from 'node:assert/strict';
import { DAY, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { silentLog, type Log } from '../../../src/core/log.ts';
import { UriCallbackRouter } from '../../../src/flows/uriCallbackRouter.ts';
import { nodeCipher } from '../../../src/node/cipher.ts';
import { providerAt } from '../../support/fixtures.ts';
import { Person } from '../../support/browserless.ts';
import { inBrowser, onDesktop } from '../../support/editorUris.ts';
import { settle } from '../../support/fakeClock.ts';
import { FakeFolder } from '../../support/fakeStore.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { SignInFixture } from '../../support/signInFixture.ts';
import { startIdentityServer } from '../../../tools/identityServer.ts';
import { leaks } from '../../../tools/leaks.ts';

const CALLBACK_URI = 'vscode://session-keeper.session-keeper/callback';
const CODE = 'code-of-this-test-0123456789';
const STATE = 'state-of-this-test-0123456789';

describe('A callback through a URI of the editor', () => {
  let clock: ManualAsyncClock;
  let folder: FakeFolder;
  let lines: string[];
  let caller: AbortController;
  let waiting: UriCallbackRouter;
  let other: UriCallbackRouter;

  beforeEach(() => {
    clock = new ManualAsyncClock();
    folder = new FakeFolder();
    lines = [];
    caller = new AbortController();
    waiting = window();
    other = window();
  });

  /** A window of VS Code. */
  const window = (): UriCallbackRouter => {
    const tell = (line: string): void => void lines.push(line);
    const log: Log = { trace: tell, debug: tell, info: tell, warn: tell, error: tell };
    return new UriCallbackRouter({ clock, log, folder, cipher: nodeCipher });
  };
  const wait = async (state = STATE, router = waiting): Promise<{ readonly answer: Promise<URLSearchParams> }> => {
    const answer = router
      .createReceiver(CALLBACK_URI)
      .waitForCallback((parameters) => parameters.get('state') === state, caller.signal, state);
    answer.catch(() => {});
    // Hashing takes real time, which the manual clock doesn't count.
    for (const before = folder.files.size; folder.failing === false && folder.files.size === before;) {
      await clock.rest();
    }
    return { answer };
  };
  const isOver = async (answer: Promise<unknown>): Promise<boolean> => {
    const over = answer.then(
      () => true,
      () => true,
    );
    return Promise.race([over, settle().then(() => false)]);
  };
  /** A callback arrives in a window on the desktop. */
  const arrive = (router: UriCallbackRouter, text: string): Promise<void> =>
    router.handleCallback(...onDesktop(`${CALLBACK_URI}?${text}`));
  const query = (more = ''): string => `code=${CODE}&state=${STATE}${more}`;

  it('is received in the window that waits for it', async () => {
    const { answer } = await wait();
    await arrive(waiting, query('&iss=https://id.example.com'));
    assert.deepEqual(Object.fromEntries(await answer), { code: CODE, state: STATE, iss: 'https://id.example.com' });
  });

  it("is received even if it arrives immediately, and the browser isn't opened before other windows can receive it", async () => {
    const redirect = waiting.createReceiver(CALLBACK_URI);
    const answer = redirect.waitForCallback((parameters) => parameters.get('state') === STATE, caller.signal, STATE);
    await arrive(waiting, query());
    assert.equal((await answer).get('code'), CODE);

    const second = redirect.waitForCallback(
      (parameters) => parameters.get('state') === 'second-state',
      caller.signal,
      'second-state',
    );
    await redirect.ready?.('second-state');
    await arrive(other, 'code=2&state=second-state');
    await clock.pass(SECOND);
    assert.equal((await second).get('code'), '2');
  });

  it('is awaited although the folder never responds', async () => {
    const stuck = new UriCallbackRouter({
      clock,
      log: silentLog,
      cipher: nodeCipher,
      folder: {
        list: () => new Promise(() => {}),
        read: () => Promise.resolve(undefined),
        write: () => Promise.resolve(),
        delete: () => Promise.resolve(),
      },
    });
    const redirect = stuck.createReceiver(CALLBACK_URI);
    const answer = redirect.waitForCallback(() => true, caller.signal, STATE);
    let isReady = false;
    void redirect.ready?.(STATE).then(() => (isReady = true));
    await clock.pass(SECOND);
    assert.equal(isReady, false);
    await clock.pass(SECOND);
    assert.equal(isReady, true);
    await arrive(stuck, query());
    assert.equal((await answer).get('code'), CODE);
  });

  it('is forwarded from another window within a second', async () => {
    const { answer } = await wait();
    await arrive(other, query());
    assert.equal(await isOver(answer), false);
    await clock.pass(SECOND);
    assert.equal((await answer).get('code'), CODE);
  });

  it('reaches the right one of many waiting sign-ins, in one window and in several', async () => {
    const [first, second, third] = [await wait(), await wait('second-state'), await wait('third-state', other)];
    await arrive(other, 'code=2&state=second-state');
    await arrive(waiting, 'code=3&state=third-state');
    await arrive(other, query());
    await clock.pass(SECOND);
    assert.deepEqual(
      [(await first.answer).get('code'), (await second.answer).get('code'), (await third.answer).get('code')],
      [CODE, '2', '3'],
    );
  });

  it('leaves nothing that reveals the state or the code in the folder or in the log', async () => {
    await wait();
    await arrive(other, query());
    assert.equal(folder.files.size, 2);
    const text = [...[...folder.files].flat(), ...lines].join('\n');
    for (const secret of [CODE, STATE, btoa(CODE), btoa(STATE)]) {
      assert.ok(!text.includes(secret.slice(0, 16)));
    }
    assert.ok(lines.length > 0);
  });

  it('leaves no file behind, however it ends, and no timer', async () => {
    const first = await wait();
    await arrive(other, query());
    await clock.pass(SECOND);
    await first.answer;
    const second = await wait();
    caller.abort(new Failure('canceled', 'enough'));
    await rejectsWith(second.answer, 'canceled', 'enough');
    await clock.rest();
    assert.deepEqual([...folder.files.keys()], []);
    const { fired } = clock;
    await clock.pass(MINUTE);
    assert.equal(clock.fired, fired);
  });

  const strays: readonly (readonly [string, string])[] = [
    ['another state', `code=${CODE}&state=other`],
    ['no state', `code=${CODE}`],
    ['two states', `${query()}&state=${STATE}`],
    ['more than any response contains', query(`&more=${'x'.repeat(20_000)}`)],
    ['nothing', ''],
  ];
  for (const [what, text] of strays) {
    it(`with ${what} is discarded in every window, and not written`, async () => {
      const { answer } = await wait();
      await arrive(waiting, text);
      await arrive(other, text);
      await clock.pass(5 * SECOND);
      assert.equal(await isOver(answer), false);
      assert.equal(folder.files.size, 1);
      caller.abort(new Failure('canceled', 'enough'));
    });
  }

  it('is ignored and not logged when its path is different', async () => {
    const { answer } = await wait();
    await waiting.handleCallback(...onDesktop(`${CALLBACK_URI}/other?${query()}`));
    await other.handleCallback(...inBrowser(`vscode://session-keeper.session-keeper/open?${query()}`));
    await clock.pass(5 * SECOND);
    assert.deepEqual([await isOver(answer), folder.files.size, lines], [false, 1, []]);
    caller.abort(new Failure('canceled', 'enough'));
  });

  it("is ignored when the waiting sign-in doesn't accept it", async () => {
    const answer = waiting.createReceiver(CALLBACK_URI).waitForCallback(() => false, caller.signal, STATE);
    answer.catch(() => {});
    while (folder.files.size === 0) {
      await clock.rest();
    }
    await arrive(waiting, query());
    await clock.rest();
    assert.equal(await isOver(answer), false);
    caller.abort(new Failure('canceled', 'enough'));
  });

  it("isn't written when no sign-in is waiting", async () => {
    await arrive(other, query());
    assert.equal(folder.files.size, 0);
  });

  it('is ignored when it was put into the folder without knowing the state', async () => {
    const { answer } = await wait();
    const [marker = ''] = folder.files.keys();
    const { key } = nodeCipher.newKey();
    const name = marker.replace('.pending', '');
    folder.files.set(`${name}.callback`, await nodeCipher.seal(key, query(), name));
    await clock.pass(5 * SECOND);
    assert.equal(await isOver(answer), false);
    caller.abort(new Failure('canceled', 'enough'));
  });

  it('keeps a plus sign and a percent sign even when VS Code has decoded them', async () => {
    const { answer } = await wait();
    await arrive(waiting, `code=a+b%2541/c=&state=${STATE}`);
    assert.equal((await answer).get('code'), 'a+b%41/c=');
  });

  it("keeps a plus sign that the server didn't encode only in the code, in whichever window it arrives", async () => {
    for (const window of [waiting, other]) {
      for (const as of [onDesktop, inBrowser]) {
        const { answer } = await wait();
        await window.handleCallback(...as(`${CALLBACK_URI}?code=a+b%2Bc&state=${STATE}&error_description=x+y`));
        await clock.pass(5 * SECOND);
        const parameters = await answer;
        assert.deepEqual([parameters.get('code'), parameters.get('error_description')], ['a+b+c', 'x y']);
      }
    }
  });

  it("is received in its own window even when the folder can't be used", async () => {
    folder.failing = true;
    const { answer } = await wait();
    await arrive(other, query());
    await clock.pass(5 * SECOND);
    assert.equal(await isOver(answer), false);
    await arrive(waiting, query());
    assert.equal((await answer).get('code'), CODE);
    assert.ok(lines.some((line) => line.includes("Couldn't forward")));
  });

  it("doesn't block a sign-in or its cancellation when the folder hangs", async () => {
    const never = (): Promise<never> => new Promise(() => {});
    Object.assign(folder, { list: never, read: never, write: never, delete: never });
    const [taken, off] = [STATE, 'second-state'].map((state) =>
      waiting
        .createReceiver(CALLBACK_URI)
        .waitForCallback((parameters) => parameters.get('state') === state, caller.signal, state),
    );
    await arrive(waiting, query());
    caller.abort(new Failure('canceled', 'enough'));
    off?.catch(() => {});
    await clock.pass(3 * SECOND);
    assert.ok(taken !== undefined && off !== undefined && (await isOver(taken)) && (await isOver(off)));
    assert.equal((await taken).get('code'), CODE);
    await rejectsWith(off, 'canceled', 'enough');
  });

  it('deletes the files of a window that ended a day ago, and nothing newer', async () => {
    folder.files
      .set('dead.pending', String(clock.now() - DAY))
      .set('dead.callback', 'sealed')
      .set('broken.pending', 'x')
      .set('alive.pending', String(clock.now() - MINUTE));
    await wait();
    assert.deepEqual(
      [...folder.files.keys()].filter((name) => /^(?:dead|broken|alive)/.test(name)),
      ['alive.pending'],
    );
    caller.abort(new Failure('canceled', 'enough'));
  });

  it('deletes a callback that no sign-in waits for, at startup, too, and keeps an awaited one', async () => {
    const { answer } = await wait();
    await arrive(other, query());
    folder.files.set('orphan.callback', 'sealed').set('README', 'a file of another program');
    await window().cleanUp();
    assert.deepEqual(
      [...folder.files.keys()].map((name) => name.replace(/^[0-9a-f]{32}/, 'mine')),
      ['mine.pending', 'mine.callback', 'README'],
    );
    await clock.pass(SECOND);
    assert.equal((await answer).get('code'), CODE);
    folder.failing = true;
    await window().cleanUp();
  });

  it("leaves no callback behind when the sign-in ends while it's being written", async () => {
    await wait();
    const write = folder.write.bind(folder);
    folder.write = async (name, text) => {
      caller.abort(new Failure('canceled', 'enough'));
      await clock.rest();
      await write(name, text);
    };
    await arrive(other, query());
    await clock.rest();
    assert.deepEqual([...folder.files.keys()], []);
    assert.match(lines.at(-1) ?? '', /no sign-in is waiting for anymore/);
  });

  it('completes a sign-in at a real server whose callback another window received', async () => {
    const clients = [
      {
        client_id: 'linked',
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        redirect_uris: [CALLBACK_URI],
        grant_types: ['authorization_code'],
      } as const,
    ];
    const identity = await startIdentityServer({ clients });
    try {
      const [signInController, second] = [new SignInFixture(folder), new SignInFixture(folder)];
      const provider = providerAt(identity.issuer, { clientId: 'linked', signInMethod: 'uri' });
      const result = signInController.signInService.signIn(
        { provider, scopes: ['openid', 'profile'], deadline: MINUTE, signal: caller.signal },
        (grant) => Promise.resolve(grant),
      );
      const { href } = await new Person().authorize(await signInController.address());
      await second.uriCallbackRouter.handleCallback(...onDesktop(href));
      await signInController.clock.pass(SECOND);
      assert.equal((await result).account.label, 'demo');
      assert.deepEqual(
        leaks(identity.journal, [{ name: 'the log', text: [...signInController.lines, ...second.lines].join('\n') }]),
        [],
      );
    } finally {
      await identity.stop();
    }
  });
});
