// A signed-out session stays signed out in every window, and no other session is reported as signed out.
import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { providerAt } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { grantFor } from '../../support/testWindow.ts';
import { rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';
import { STORE_MODELS, type StoreModel } from '../../support/simulation/sharedSecrets.ts';
import { tokenIn, Windows, type Window } from '../../support/windows.ts';
import { hasTombstone } from '../../support/sharedFiles.ts';

describe('Windows and a sign-out', () => {
  let server: ScriptedServer;
  let windows: Windows;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    server.onToken(rotatingTokens());
  });

  afterEach(async () => {
    await windows.closeAll();
    await server.stop();
  });

  const openSignedIn = async (kind: StoreModel, count: number): Promise<readonly [Window, Window, ...Window[]]> => {
    windows = new Windows(server, kind);
    const one = windows.open();
    await windows.signIn(one);
    await windows.clock.pass(3 * SECOND);
    const [other, ...more] = await windows.openMany(count - 1);
    assert.ok(other !== undefined);
    await windows.clock.pass(3 * SECOND);
    return [one, other, ...more];
  };

  /** Asserts that nothing of the session remains or is restored. */
  const assertGone = async (id = 's1'): Promise<void> => {
    for (const time of [MINUTE, 10 * MINUTE, HOUR]) {
      await windows.clock.pass(time);
      assert.ok(windows.all.every(({ liveSessions }) => liveSessions.get(id) === undefined));
    }
    await windows.closeAll();
    const later = windows.open();
    await windows.clock.pass(10 * MINUTE);
    assert.deepEqual(
      [later.liveSessions.get(id), later.findings, windows.secrets.has(`session:${id}`)],
      [undefined, [], false],
    );
    assert.deepEqual(
      [
        [...windows.folder.files.keys()].filter((name) => name.startsWith(`${id}.`)).length,
        hasTombstone(windows.folder.files, id),
      ],
      [1, true],
    );
  };

  for (const kind of STORE_MODELS) {
    describe(`(${kind})`, () => {
      for (const which of [0, 1, 4]) {
        it(`apply it everywhere (in window ${which + 1})`, async () => {
          const all = await openSignedIn(kind, 5);
          await all[which]?.sessionManager.signOut('s1');
          await windows.clock.pass(2 * SECOND);
          assert.deepEqual(
            windows.all.map(({ liveSessions }) => liveSessions.all().length),
            [0, 0, 0, 0, 0],
          );
          await assertGone();
        });
      }

      it('never undo it, neither by storing something else nor after sleep', async () => {
        const [one, other, third] = await openSignedIn(kind, 3);
        await windows.signIn(third ?? one, 's2', 'refresh-1');
        await one.sessionManager.signOut('s1');
        await windows.signIn(other, 's3', 'refresh-1');
        await windows.clock.pass(MINUTE);
        windows.clock.sleep(DAY);
        windows.all.forEach(({ sessions }) => sessions.wake());
        await assertGone();
      });

      it('stop a pending refresh in another window, whose tokens are revoked', async () => {
        const [one, other] = await openSignedIn(kind, 3);
        let leaving: Promise<unknown> | undefined;
        const rotate = rotatingTokens();
        server.onToken(async (request) => {
          leaving ??= one.sessionManager.signOut('s1');
          await leaving;
          return rotate(request);
        });
        await Promise.all([
          other.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {}),
          windows.clock.pass(20 * SECOND),
        ]);
        const revoked = server.requestsTo('/revoke').map(({ parameters }) => parameters.get('token'));
        assert.ok(revoked.includes('refresh-2'), revoked.join());
        await assertGone();
        assert.ok(!JSON.stringify([...windows.secrets]).includes('refresh-2'));
      });

      it('keep a new sign-in that overtakes a refresh: the new tokens count, and none are revoked that may have the same grant', async () => {
        const [one] = await openSignedIn(kind, 3);
        const grant = grantFor(
          providerAt(server.issuer),
          windows.clock.now(),
          { accessToken: 'access-x', refreshToken: 'refresh-x' },
          { id: 'person-s1', label: 'Person s1' },
        );
        server.onToken(async () => {
          await one.sessionManager.addSession(grant);
          return {
            body: { access_token: 'access-late', refresh_token: 'refresh-late', token_type: 'Bearer', expires_in: 300 },
          };
        });
        await Promise.all([
          one.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {}),
          windows.clock.pass(10 * SECOND),
        ]);
        assert.deepEqual(
          windows.all.map((window) => window.record().refreshToken),
          Array(3).fill('refresh-x'),
        );
        assert.deepEqual(
          server
            .requestsTo('/revoke')
            .map(({ parameters }) => parameters.get('token'))
            .sort(),
          [],
        );
        await windows.closeAll();
        assert.equal(await tokenIn(windows.open()), 'access-x');
      });

      it("don't keep the same user from signing in again, in any window", async () => {
        const [one, other] = await openSignedIn(kind, 3);
        await one.sessionManager.signOut('s1');
        await windows.clock.pass(2 * SECOND);
        const provider = providerAt(server.issuer);
        const { id } = await other.sessionManager.addSession(
          grantFor(provider, windows.clock.now(), {}, { id: 'person-s1', label: 'Person s1' }),
        );
        assert.notEqual(id, 's1');
        await windows.clock.pass(MINUTE);
        assert.deepEqual(
          windows.all.map(({ liveSessions }) => liveSessions.get(id)?.record.account.id),
          Array(3).fill('person-s1'),
        );
        await windows.closeAll();
        assert.equal(await tokenIn(windows.open()), 'access-1');
      });
    });
  }

  describe('(browser, with windows that were open before the first sign-in)', () => {
    /**
     * Signs in in one window. Another window, which has read the empty store before, signs in to something else and so
     * overwrites everything.
     */
    const overwrite = async (): Promise<readonly [Window, Window]> => {
      windows = new Windows(server, 'browser');
      const [one, other] = await windows.openMany(2);
      assert.ok(one !== undefined && other !== undefined);
      await windows.signIn(one, 's1');
      await windows.clock.pass(SECOND);
      await windows.signIn(other, 's2');
      return [one, other];
    };

    it('an overwritten session is reported as lost, not as ended or signed out, once', async () => {
      await overwrite();
      await windows.closeAll();
      const [one, other] = await windows.openMany(2);
      assert.ok(one !== undefined && other !== undefined);
      assert.deepEqual([one.findings, other.findings], [[], []], 'a store may lag');
      await windows.clock.pass(5 * SECOND);
      assert.deepEqual([...one.findings, ...other.findings], [{ id: 's1', kind: 'lost', providerId: 'acme' }]);
      assert.deepEqual(
        [one.liveSessions.all().map(({ record }) => record.id), one.record('s2').ended],
        [['s2'], undefined],
      );
      await windows.closeAll();
      const later = windows.open();
      await windows.clock.pass(10 * SECOND);
      assert.deepEqual(later.findings, [], "it's reported once");
    });

    it('the window that has it keeps using it, and restores it with a refresh', async () => {
      const [one, other] = await overwrite();
      await other.close();
      await windows.clock.pass(4 * MINUTE);
      assert.equal(one.record().generation, 2);
      await one.close();
      const later = windows.open();
      await windows.clock.pass(10 * SECOND);
      assert.equal(later.record().accessToken, 'access-2');
    });

    it('signing out of it holds, no matter what the other window writes', async () => {
      const [one, other] = await overwrite();
      await one.sessionManager.signOut('s1');
      await windows.signIn(other, 's3');
      await assertGone();
    });

    it("a window that can't read the newer tokens never uses its older ones", async () => {
      windows = new Windows(server, 'browser');
      const [one, blind] = await windows.openMany(2);
      assert.ok(one !== undefined && blind !== undefined);
      await windows.signIn(one);
      // It knows the session from before, but not the key that the others have agreed on since.
      blind.liveSessions.set(one.record());
      await windows.clock.pass(HOUR);
      const sent = server.requestsTo('/token').map(({ parameters }) => parameters.get('refresh_token'));
      assert.deepEqual(
        sent,
        sent.map((_, index) => `refresh-${index + 1}`),
      );
      assert.deepEqual([one.record().ended, blind.record().ended], [undefined, undefined]);
      assert.equal(await tokenIn(one), `access-${sent.length + 1}`);
      await Promise.all([
        rejectsWith(tokenIn(blind), 'token-in-other-window', 'token-in-other-window'),
        windows.clock.pass(20 * SECOND),
      ]);
    });
  });
});
