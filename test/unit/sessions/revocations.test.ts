import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { Provider } from '../../../src/core/provider.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import type { Tokens } from '../../../src/protocol/tokens.ts';
import { rejectsWith } from '../../support/failures.ts';
import { jwtWith, providerAt } from '../../support/fixtures.ts';
import { ScriptedServer, rotatingTokens, type Scripted } from '../../support/scriptedServer.ts';
import { createTestWindow, grantFor, recordAt, seedSession, type TestWindow } from '../../support/testWindow.ts';

describe('A revocation', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    server.onToken(rotatingTokens());
    testWindow = createTestWindow(server.issuer);
    testWindow.sessions.start();
    await testWindow.sessionManager.ready();
  });

  afterEach(async () => {
    testWindow.sessions.dispose();
    await server.stop();
  });

  const now = (): number => testWindow.clock.now();
  const revoked = (): (string | null)[] =>
    server.requestsTo('/revoke').map(({ parameters }) => parameters.get('token'));
  const pendingFiles = (): string[] =>
    [...testWindow.folder.files.keys()].filter((name) => name.endsWith('.revocation'));
  const opened = (more: Partial<Parameters<typeof createTestWindow>[1]> = {}): TestWindow =>
    createTestWindow(server.issuer, {
      store: testWindow.store,
      folder: testWindow.folder,
      clock: testWindow.clock,
      life: testWindow.life,
      ...more,
    });
  const restart = async (): Promise<void> => {
    testWindow.sessions.dispose();
    testWindow = opened();
    testWindow.sessions.start();
    await testWindow.sessionManager.ready();
  };
  const signOutWhile = async (script: Scripted, more: Partial<SessionRecord> = {}): Promise<void> => {
    await seedSession(testWindow, recordAt(server.issuer, now(), more));
    server.on('/revoke', script);
    await assert.rejects((await testWindow.sessionManager.signOut('s1')).atServer);
  };

  for (const [what, script] of [
    ['the request is lost', 'drop'],
    ['the server fails', { status: 503 }],
    ['the server rejects the client', { status: 401, body: { error: 'invalid_client' } }],
  ] as const) {
    it(`is retried until the server confirms it when ${what}`, async () => {
      await signOutWhile(script);
      assert.equal(pendingFiles().length, 1);
      await testWindow.clock.pass(5 * MINUTE);
      const attempts = revoked().length;
      assert.ok(attempts >= 6, `${attempts} requests`);
      assert.equal(pendingFiles().length, 1);
      server.on('/revoke', { status: 200 });
      await testWindow.clock.pass(HOUR);
      assert.deepEqual([revoked().slice(-2), pendingFiles()], [['refresh-1', 'access-1'], []]);
      const count = revoked().length;
      await testWindow.clock.pass(DAY);
      assert.equal(revoked().length, count);
    });
  }

  it('is retried after a restart', async () => {
    await signOutWhile('drop');
    await restart();
    server.on('/revoke', { status: 200 });
    await testWindow.clock.pass(MINUTE);
    assert.deepEqual([revoked().slice(-2), pendingFiles()], [['refresh-1', 'access-1'], []]);
  });

  it('is retried at the issuer and with the client of the session when the provider is no longer configured', async () => {
    await signOutWhile('drop');
    testWindow.sessions.dispose();
    testWindow = opened({ providers: [] });
    testWindow.sessions.start();
    server.on('/revoke', { status: 200 });
    await testWindow.clock.pass(MINUTE);
    assert.deepEqual(revoked().slice(-2), ['refresh-1', 'access-1']);
  });

  it('stores no token unencrypted', async () => {
    await signOutWhile('drop');
    for (const [name, text] of testWindow.folder.files) {
      assert.doesNotMatch(text, /refresh-1|access-1/, name);
    }
    assert.deepEqual(
      [...testWindow.store.secrets].filter(([, text]) => /refresh-1|access-1/.test(text)),
      [],
    );
  });

  it('is kept in SecretStorage when the folder fails', async () => {
    await seedSession(testWindow, recordAt(server.issuer, now()));
    server.on('/revoke', 'drop');
    testWindow.folder.failing = true;
    await assert.rejects((await testWindow.sessionManager.signOut('s1')).atServer);
    assert.equal([...testWindow.store.secrets.keys()].filter((key) => key.startsWith('revocation:')).length, 1);
    testWindow.folder.failing = false;
    await restart();
    server.on('/revoke', { status: 200 });
    await testWindow.clock.pass(HOUR);
    assert.deepEqual(revoked().slice(-2), ['refresh-1', 'access-1']);
    assert.deepEqual(
      [...testWindow.store.secrets.keys()].filter((key) => key.startsWith('revocation:')),
      [],
    );
  });

  it('is attempted by one window of many', async () => {
    await signOutWhile('drop');
    const others = Array.from({ length: 4 }, () => opened());
    others.forEach(({ sessions }) => sessions.start());
    await testWindow.clock.pass(5 * SECOND);
    server.on('/revoke', { status: 200 });
    const before = revoked().length;
    await testWindow.clock.pass(5 * MINUTE);
    assert.equal(revoked().length, before + 2);
    others.forEach(({ sessions }) => sessions.dispose());
  });

  it('is given up when the tokens have certainly expired', async () => {
    await signOutWhile('drop', { refreshToken: undefined, accessExpiresAt: now() + 5 * MINUTE });
    await testWindow.clock.pass(10 * MINUTE);
    assert.deepEqual(pendingFiles(), []);
    await signOutWhile('drop', { sessionEndsAt: now() + HOUR, sessionEndSource: 'response' });
    await testWindow.clock.pass(2 * DAY);
    assert.deepEqual(pendingFiles(), []);
  });

  it('is retried longer when the end of the session was configured by the user', async () => {
    await signOutWhile('drop', { sessionEndsAt: now() + HOUR, sessionEndSource: 'setting' });
    await testWindow.clock.pass(2 * DAY);
    assert.equal(pendingFiles().length, 1);
  });

  it('is left alone in a window of another editor, and when its file is damaged', async () => {
    await signOutWhile('drop');
    const [name = ''] = pendingFiles();
    const text = testWindow.folder.files.get(name) ?? '';
    const count = revoked().length;
    testWindow.sessions.dispose();
    const otherEditor = createTestWindow(server.issuer, { folder: testWindow.folder, clock: testWindow.clock });
    otherEditor.sessions.start();
    await testWindow.clock.pass(HOUR);
    assert.deepEqual([revoked().length, testWindow.folder.files.get(name)], [count, text]);
    otherEditor.sessions.dispose();
    for (const damaged of [
      '',
      '{',
      '{}',
      'null',
      text.slice(0, -9),
      JSON.stringify({ ...JSON.parse(text), attempts: -1 }),
    ]) {
      testWindow.folder.files.set(name, damaged);
      await restart();
      await testWindow.clock.pass(MINUTE);
      assert.deepEqual([revoked().length, testWindow.folder.files.get(name)], [count, damaged]);
    }
  });

  it('reports that the server offers none, and stores nothing, when there is no revocation endpoint', async () => {
    await seedSession(testWindow, recordAt(server.issuer, now()));
    delete server.metadata['revocation_endpoint'];
    assert.equal(await (await testWindow.sessionManager.signOut('s1')).atServer, 'not-supported');
    assert.deepEqual(pendingFiles(), []);
  });

  it('covers the newest tokens when another window has refreshed the session without this one knowing', async () => {
    await seedSession(testWindow, recordAt(server.issuer, now()));
    const other = opened();
    await other.sessionManager.ready();
    testWindow.sessions.dispose();
    testWindow = opened();
    await testWindow.sessionManager.ready();
    await other.tokenRefresher.refresh('s1', { reason: 'test' });
    assert.equal(testWindow.record().refreshToken, 'refresh-1');
    await (
      await testWindow.sessionManager.signOut('s1')
    ).atServer;
    assert.deepEqual(revoked(), ['refresh-2', 'access-2']);
  });

  describe('when a new sign-in replaces tokens', () => {
    const signInOver = async (
      tokens: Partial<Tokens>,
      more: Partial<SessionRecord> = {},
      entry: Partial<Provider> = {},
    ): Promise<void> => {
      testWindow.sessions.dispose();
      testWindow = opened({ providers: [providerAt(server.issuer, entry)] });
      testWindow.sessions.start();
      await seedSession(
        testWindow,
        recordAt(server.issuer, now(), { account: { id: 'person', label: 'Sam' }, ...more }),
      );
      await testWindow.sessionManager.addSession(
        grantFor(
          providerAt(server.issuer, entry),
          now(),
          { refreshToken: 'refresh-new', ...tokens },
          { id: 'person', label: 'Sam' },
        ),
      );
      await testWindow.clock.pass(SECOND);
    };

    const REVOKES = { revokeReplacedSession: true };

    it('revokes the refresh token, but not the access token, which may be in use', async () => {
      await signInOver({}, {}, REVOKES);
      assert.deepEqual([revoked(), testWindow.record().refreshToken], [['refresh-1'], 'refresh-new']);
    });

    it('revokes it when the session had ended before', async () => {
      await signInOver({}, { ended: { at: now(), category: 'sign-in-needed', code: 'login_required' } }, REVOKES);
      assert.deepEqual(revoked(), ['refresh-1']);
    });

    it('revokes nothing when the server has returned the same refresh token', async () => {
      await signInOver({ refreshToken: 'refresh-1' }, {}, REVOKES);
      assert.deepEqual(revoked(), []);
    });

    it('revokes nothing when the tokens have the same session at the server, which would end with it', async () => {
      const idToken = (sid: string): string => jwtWith({ iss: server.issuer, aud: 'editor', sub: 'person', sid });
      await signInOver({ idToken: idToken('one') }, { idToken: idToken('one') }, REVOKES);
      assert.deepEqual(revoked(), []);
    });

    it('revokes the token of another session at the server', async () => {
      const idToken = (sid: string): string => jwtWith({ iss: server.issuer, aud: 'editor', sub: 'person', sid });
      await signInOver({ idToken: idToken('two') }, { idToken: idToken('one') });
      assert.deepEqual(revoked(), ['refresh-1']);
    });

    for (const [title, sids, expected] of [
      ['revokes nothing when another session of the account has that session at the server', ['one', 'one'], []],
      ['revokes nothing when the server session of another session of the account is unknown', [undefined, 'one'], []],
      ['revokes nothing when both server sessions are unknown', [undefined, undefined], []],
      [
        "revokes the token when the account's other session has a different server session",
        ['one', 'two'],
        ['refresh-1'],
      ],
    ] as const) {
      it(title, async () => {
        const claims = { iss: server.issuer, aud: 'editor', sub: 'person' };
        const withSid = (sid: string | undefined): Partial<SessionRecord> => ({
          account: { id: 'person', label: 'Sam' },
          idToken: jwtWith(sid === undefined ? claims : { ...claims, sid }),
        });
        const other = { ...withSid(sids[1]), id: 's2', scopes: ['write'], refreshToken: 'refresh-other' };
        await seedSession(testWindow, recordAt(server.issuer, now(), other));
        await signInOver({ idToken: jwtWith({ ...claims, sid: 'three' }) }, withSid(sids[0]));
        assert.deepEqual([revoked(), testWindow.record().refreshToken], [expected, 'refresh-new']);
      });
    }

    it('revokes nothing when no token shows whether the new ones have the same grant', async () => {
      await signInOver({});
      const idToken = jwtWith({ iss: server.issuer, aud: 'editor', sub: 'person' });
      await signInOver({ idToken, refreshToken: 'refresh-newer' }, { idToken });
      assert.deepEqual(revoked(), []);
    });

    it('revokes nothing when the entry specifies that the server would end the new session, too', async () => {
      const idToken = (sid: string): string => jwtWith({ iss: server.issuer, aud: 'editor', sub: 'person', sid });
      await signInOver({ idToken: idToken('two') }, { idToken: idToken('one') }, { revokeReplacedSession: false });
      assert.deepEqual(revoked(), []);
    });

    it('is retried like any other', async () => {
      server.on('/revoke', 'drop');
      await signInOver({}, {}, REVOKES);
      server.on('/revoke', { status: 200 });
      await testWindow.clock.pass(HOUR);
      assert.deepEqual([revoked().at(-1), pendingFiles()], ['refresh-1', []]);
    });
  });

  it('rejects with the failure for the caller that waits', async () => {
    await seedSession(testWindow, recordAt(server.issuer, now()));
    server.on('/revoke', { status: 503 });
    await rejectsWith((await testWindow.sessionManager.signOut('s1')).atServer, 'server');
  });
});
