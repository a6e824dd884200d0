import assert from 'node:assert/strict';
import { Failure } from '../../../src/core/failure.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import type { SignInService } from '../../../src/flows/signIn.ts';
import type { SignInGrant } from '../../../src/protocol/identity.ts';
import { Settings } from '../../../src/host/settings.ts';
import { PendingSignIns } from '../../../src/auth/pendingSignIns.ts';
import { SignInController } from '../../../src/auth/signInController.ts';
import { providerAt } from '../../support/fixtures.ts';
import { settle } from '../../support/fakeClock.ts';
import { editor } from '../../support/fakeEditor.ts';
import { rejectsWith } from '../../support/failures.ts';
import { createTestWindow, grantFor, recordAt, seedSession, type TestWindow } from '../../support/testWindow.ts';

const ACME = providerAt('https://id.example.com');
type SignIn = SignInService['signIn'];

/** Sign-ins that a later one replaces, as in the product, and that a test completes. */
class WaitingSignIns {
  readonly started: string[][] = [];
  /** Completes the pending sign-in. */
  finish: () => void = () => {};
  /** Fails the pending sign-in. */
  fail: (failure: Failure) => void = () => {};
  #replace: () => void = () => {};

  readonly signIn = (async (
    { provider, scopes }: Parameters<SignIn>[0],
    addSession: (grant: SignInGrant) => Promise<SessionRecord>,
  ) => {
    this.#replace();
    this.started.push([...scopes]);
    await new Promise<void>((resolve, reject) => {
      this.#replace = () => reject(new Failure('replaced', 'replaced'));
      this.finish = resolve;
      this.fail = reject;
    });
    return addSession(grantFor({ ...provider, scopes }, Date.UTC(2031, 0, 1)));
  }) as SignIn;
}

describe('sign-ins at one provider', () => {
  let testWindow: TestWindow;
  let settings: Settings;
  let signIns: WaitingSignIns;
  let signInController: SignInController;

  beforeEach(() => {
    editor.reset();
    testWindow = createTestWindow(ACME.issuer, { providers: [ACME] });
    settings = new Settings(0);
    signIns = new WaitingSignIns();
    signInController = new SignInController(
      signIns as unknown as SignInService,
      new PendingSignIns(),
      testWindow.sessionManager,
      settings,
    );
  });

  afterEach(() => {
    signInController.dispose();
    settings.dispose();
  });

  const signIn = async (...scopes: readonly string[]): Promise<Promise<SessionRecord>[]> => {
    const result = signInController.signIn(ACME, scopes);
    result.catch(() => {});
    await settle();
    // In a list, so that `await` doesn't wait for the sign-in.
    return [result];
  };

  for (const count of [2, 3, 5]) {
    it(`${count} in a row return the session of the last one to all callers`, async () => {
      const waiting: Promise<SessionRecord>[] = [];
      for (let attempt = 0; attempt < count; attempt += 1) {
        waiting.push(...(await signIn('read')));
      }
      assert.deepEqual([signIns.started.length, signInController.getPending().length], [count, 1]);
      signIns.finish();
      const records = await Promise.all(waiting);
      assert.deepEqual(new Set(records.map(({ id }) => id)), new Set(['new-1']));
      assert.deepEqual([signInController.getPending(), testWindow.liveSessions.all().length], [[], 1]);
    });
  }

  for (const [category, code, scopesAfter] of [
    ['scope-rejected', 'invalid_scope', ['openid', 'write']],
    ['denied', 'access_denied', undefined],
  ] as const) {
    it(`${scopesAfter === undefined ? 'fail' : 'are retried without the scopes of the existing session'} when more scopes lead to "${category}"`, async () => {
      await seedSession(testWindow, recordAt(ACME.issuer, testWindow.clock.now(), { scopes: ['openid', 'read'] }));
      const combining = { ...ACME, combineScopes: true };
      const result = signInController.signIn(combining, ['openid', 'write'], { resumeSessionId: 's1' });
      result.catch(() => {});
      await settle();
      signIns.fail(new Failure(category, code));
      await settle();
      const [first, second] = signIns.started;
      assert.deepEqual(
        [first?.includes('read'), first?.includes('write'), second],
        [true, true, scopesAfter && [...scopesAfter]],
      );
      if (scopesAfter === undefined) {
        await rejectsWith(result, category, code);
      } else {
        signIns.finish();
        assert.ok((await result).scopes.includes('write'));
      }
    });
  }

  it('request only the scopes of the caller if the account has a session with other scopes', async () => {
    const session = recordAt(ACME.issuer, testWindow.clock.now(), { scopes: ['openid', 'admin'] });
    await seedSession(testWindow, session);
    const result = signInController.signIn(ACME, ['write'], { resumeSessionId: 's1' });
    await settle();
    assert.deepEqual(signIns.started, [['write']]);
    signIns.finish();
    const { id, scopes } = await result;
    assert.deepEqual([id, scopes], ['new-1', ['write']]);
    const { accessToken, generation, refreshToken, scopes: before } = testWindow.record();
    assert.deepEqual(
      [accessToken, generation, refreshToken, before],
      ['access-1', 1, 'refresh-1', ['openid', 'admin']],
    );
  });

  it('keep the identity scopes of a session with the same permissions', async () => {
    const session = recordAt(ACME.issuer, testWindow.clock.now(), { scopes: ['openid', 'write'] });
    await seedSession(testWindow, session);
    const result = signInController.signIn(ACME, ['write', 'email'], { resumeSessionId: 's1' });
    await settle();
    assert.deepEqual(signIns.started, [['openid', 'write', 'email']]);
    signIns.finish();
    assert.equal((await result).id, 's1');
  });

  it("don't return a session to a caller that it doesn't serve", async () => {
    const [first] = await signIn('write');
    const [second] = await signIn('read');
    const [third] = await signIn('read');
    signIns.finish();
    await rejectsWith(first ?? Promise.resolve(), 'replaced', 'replaced');
    assert.deepEqual([(await second)?.id, (await third)?.id], ['new-1', 'new-1']);
  });
});
