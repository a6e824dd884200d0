// Each preset, from sign-in to sign-out, with a server that responds as its vendor documents.
import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { PRESETS } from '../../../src/wizard/presets.ts';
import type { Provider, SignInMethod } from '../../../src/core/provider.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { servesScopes } from '../../../src/core/sessionScopes.ts';
import { evaluateFlows, availableFlows } from '../../../src/flows/signInFlows.ts';
import { Discovery } from '../../../src/protocol/discovery.ts';
import { transportWith } from '../../support/fixtures.ts';
import { FakeFolder } from '../../support/fakeStore.ts';
import { rejectsWith } from '../../support/failures.ts';
import { createTestWindow, type TestWindow } from '../../support/testWindow.ts';
import { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { SignInFixture } from '../../support/signInFixture.ts';
import { SECRET, VendorServer } from '../../support/vendorServer.ts';
import { VENDORS } from '../../support/vendors.ts';

/** VS Code on the desktop. */
const DESKTOP = { isBrowser: false, isRemote: false, isWorker: false, isPageLocal: true };

for (const preset of PRESETS) {
  const { id } = preset;
  const vendor = VENDORS[id];

  describe(`The preset of ${preset.name}`, () => {
    let clock: ManualAsyncClock;
    let server: VendorServer;
    let signInController: SignInFixture;
    let testWindow: TestWindow;
    let caller: AbortController;

    /** Sets up a window with the entry and the vendor's server. */
    const open = async (
      clientSecret: string | undefined,
      options: Parameters<typeof VendorServer.start>[2] = {},
    ): Promise<void> => {
      clock = new ManualAsyncClock();
      caller = new AbortController();
      server = await VendorServer.start(id, clock, options);
      testWindow = createTestWindow(server.provider.issuer, { clock, providers: [server.provider], clientSecret });
      signInController = new SignInFixture(new FakeFolder(), testWindow);
      signInController.environment = DESKTOP;
    };

    beforeEach(async () => {
      await open(preset.secret === 'none' ? undefined : SECRET);
    });

    afterEach(async () => {
      // After a failure, nothing must keep listening.
      caller.abort();
      await server.stop();
    });

    const signIn = async (provider: Provider = server.provider): Promise<SessionRecord> => {
      const { signal } = caller;
      const result = signInController.signInService.signIn(
        { provider, scopes: provider.scopes, deadline: 5 * MINUTE, signal },
        (grant) => testWindow.sessionManager.addSession(grant),
      );
      result.catch(() => {});
      const address = await Promise.race([signInController.address(), result]);
      if (typeof address === 'string') {
        await server.browse(address, signInController.uriCallbackRouter);
      }
      return result;
    };
    const inSeconds = (from: number, to: number | undefined): number | undefined =>
      to === undefined ? undefined : Math.round((to - from) / SECOND);
    const renewed = async (): Promise<SessionRecord> =>
      testWindow.tokenRefresher.refresh('new-1', { reason: 'test' }).then(() => testWindow.record('new-1'));

    it('signs in to a session with the properties that the server specifies', async () => {
      const record = await signIn();
      assert.deepEqual(record.account, vendor.account);
      assert.equal(inSeconds(record.tokensRequestedAt, record.accessExpiresAt), vendor.answer['expires_in']);
      assert.equal(inSeconds(record.signedInAt, record.sessionEndsAt), vendor.end?.after);
      assert.equal(record.refreshToken === undefined, preset.renewal === 'needless');
      assert.ok(servesScopes(record, server.provider.scopes, server.provider));
      assert.ok(record.scopes.every((scope) => !/[\s,]/.test(scope)));
      if (preset.endField !== undefined) {
        const answers = { ...vendor.answer, [vendor.end?.field ?? '']: vendor.end?.after };
        assert.ok(preset.endField in answers, 'the field that specifies when the session ends');
      }
    });

    if (preset.renewal === 'needless') {
      it('keeps a session that never expires, and reports that', async () => {
        const { accessExpiresAt, expirySource } = await signIn();
        assert.deepEqual([accessExpiresAt, expirySource], [undefined, 'unknown']);
        await clock.pass(400 * DAY);
        const [found] = await testWindow.sessionManager.getUsableSessions('vendor', server.provider.scopes);
        assert.equal(found?.record.id, 'new-1');
        await rejectsWith(renewed(), 'not-renewable', 'no-refresh-token');
        assert.ok(
          testWindow.lines.every((line) => !line.includes('offline_access')),
          "no user is asked for tokens that don't exist",
        );
      });
    } else {
      it('refreshes it until the server no longer accepts the refresh token', async () => {
        const first = await signIn();
        let before = first;
        for (let round = 0; round < 3; round += 1) {
          await clock.pass(HOUR);
          const after = await renewed();
          assert.notEqual(after.accessToken, before.accessToken);
          assert.equal(after.refreshToken === before.refreshToken, vendor.refreshToken !== 'rotated');
          assert.deepEqual(
            [after.id, after.account, after.generation],
            [first.id, first.account, before.generation + 1],
          );
          assert.equal(inSeconds(after.tokensRequestedAt, after.accessExpiresAt), vendor.answer['expires_in']);
          before = after;
        }
        const moved = vendor.end?.slides === true ? 3 * HOUR : 0;
        assert.equal(
          inSeconds(first.signedInAt, before.sessionEndsAt),
          vendor.end && vendor.end.after + moved / SECOND,
        );
        server.killTokens();
        await rejectsWith(renewed(), 'session-ended');
        assert.equal(testWindow.record('new-1').ended?.category, 'session-ended');
        await clock.pass(13 * HOUR);
        assert.deepEqual(await testWindow.sessionManager.getUsableSessions('vendor', server.provider.scopes), []);
      });
    }

    it('signs out here, and at the server when it supports that', async () => {
      const { refreshToken } = await signIn();
      const { atServer } = await testWindow.sessionManager.signOut('new-1');
      assert.equal(await atServer, vendor.revocation === undefined ? 'not-supported' : 'revoked');
      const revokedTypes = server.scripted
        .requestsTo(server.revocationPath)
        .map(({ parameters }) => parameters.get('token_type_hint'));
      assert.deepEqual(revokedTypes, vendor.revocation === undefined ? [] : ['refresh_token', 'access_token']);
      assert.equal(server.isUnexpired(refreshToken), vendor.revocation === undefined && refreshToken !== undefined);
      assert.deepEqual(testWindow.sessionManager.getActive('vendor'), []);
    });

    it('supports the sign-in methods that it lists', async () => {
      const { metadata } = await new Discovery(transportWith(clock)).find(server.provider);
      const methods = availableFlows(evaluateFlows(DESKTOP, server.provider, metadata));
      assert.equal(methods[0], 'loopback');
      const hasDevice: boolean = methods.includes('device' satisfies SignInMethod);
      assert.equal(hasDevice, preset.device !== 'never');
      const addresses = { 'any-port': [true, 0], exact: [true, 1], loopback: [false, 0] }[vendor.redirects];
      assert.deepEqual([preset.registersRedirect, server.provider.redirectPorts.length], addresses);
    });

    if (preset.secret !== 'none') {
      it('rejects a sign-in in the browser without the secret', async () => {
        await server.stop();
        await open(undefined);
        await rejectsWith(
          signIn(),
          'client-rejected',
          preset.secret === 'required' ? 'no-secret' : 'incorrect_client_credentials',
        );
      });
    }

    if (preset.secret === 'for-browser') {
      it('supports the device flow and refreshes without a secret', async () => {
        await server.stop();
        await open(undefined, { withoutSecret: true });
        const { provider } = server;
        const { signal } = caller;
        let shown = '';
        const result = signInController.signInService.signIn(
          {
            provider,
            scopes: provider.scopes,
            deadline: 5 * MINUTE,
            signal,
            onCode: ({ userCode }) => void (shown = userCode),
          },
          (grant) => testWindow.sessionManager.addSession(grant),
        );
        result.catch(() => {});
        await server.scripted.waitFor('/login/device/code');
        await clock.pass(6 * SECOND);
        assert.deepEqual([shown, server.scripted.requestsTo(server.tokenPath).length], ['WDJB-MJHT', 1]);
        server.isCodeTyped = true;
        await clock.pass(5 * SECOND);
        assert.deepEqual((await result).account, vendor.account);
        if (preset.renewal !== 'needless') {
          assert.notEqual((await renewed()).accessToken, (await result).accessToken);
        }
      });
    }

    if (preset.fields?.authorizationParameters !== undefined) {
      it('would get no refresh token without the parameters of its entry', async () => {
        await server.stop();
        await open(preset.secret === 'none' ? undefined : SECRET, { without: ['authorizationParameters'] });
        assert.equal((await signIn()).refreshToken, undefined);
      });
    }
  });
}
