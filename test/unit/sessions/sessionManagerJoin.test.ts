import assert from 'node:assert/strict';
import { HOUR } from '../../../src/core/clock.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import type { SignInGrant } from '../../../src/protocol/identity.ts';
import type { Tokens } from '../../../src/protocol/tokens.ts';
import { findSessionToResume } from '../../../src/sessions/resumableSession.ts';
import { providerAt } from '../../support/fixtures.ts';
import {
  createTestWindow,
  grantFor,
  createTestWindowWithServer,
  seedSession,
  recordAt,
  type TestWindow,
} from '../../support/testWindow.ts';
import { rotatingTokens, type ScriptedServer } from '../../support/scriptedServer.ts';

describe('A sign-in that resumes a session when the entry combines scopes', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer({ combineScopes: true }));
  });

  afterEach(async () => {
    await server.stop();
  });

  const now = (): number => testWindow.clock.now();
  const KIM = { id: 'person-2', label: 'Kim' };
  const grant = (
    scopes: readonly string[],
    tokens: Partial<Tokens> = {},
    account?: SignInGrant['account'],
  ): SignInGrant => ({
    ...grantFor(
      providerAt(server.issuer, { combineScopes: true }),
      now(),
      { accessToken: 'access-9', refreshToken: 'refresh-9', ...tokens },
      account,
    ),
    scopes,
  });
  const scopesById = (): (readonly [string, string])[] =>
    testWindow.liveSessions.all().map(({ record }) => [record.id, record.scopes.join(' ')] as const);

  it('becomes that session with the scopes of both: one refresh token serves every caller', async () => {
    await seedSession(testWindow, recordAt(server.issuer, now()));
    const record = await testWindow.sessionManager.addSession(grant(['read', 'write']), {
      resumeSessionId: 's1',
      wanted: ['write'],
    });
    assert.deepEqual([record.id, record.generation, scopesById()], ['s1', 2, [['s1', 'read write']]]);
    assert.deepEqual(
      (await testWindow.sessionManager.getUsableSessions('acme', ['read'])).map(
        ({ record: { accessToken } }) => accessToken,
      ),
      ['access-9'],
    );
    assert.deepEqual(JSON.parse(testWindow.stored() ?? ''), record);
  });

  it('reaches other windows like a refresh', async () => {
    await seedSession(testWindow, recordAt(server.issuer, now()));
    const other = createTestWindow(server.issuer, {
      store: testWindow.store,
      folder: testWindow.folder,
      clock: testWindow.clock,
      life: testWindow.life,
      providers: [providerAt(server.issuer, { combineScopes: true })],
    });
    await other.sessionManager.ready();
    await testWindow.sessionManager.addSession(grant(['read', 'write']), { resumeSessionId: 's1', wanted: ['write'] });
    await other.crossWindowSync.sync('s1');
    assert.deepEqual(other.record().scopes, ['read', 'write']);
  });

  it('resumes one that has ended', async () => {
    await seedSession(
      testWindow,
      recordAt(server.issuer, now(), { ended: { at: now(), category: 'session-ended', code: 'invalid_grant' } }),
    );
    await testWindow.sessionManager.addSession(grant(['read', 'write']), { resumeSessionId: 's1', wanted: ['write'] });
    assert.deepEqual([scopesById(), testWindow.record().ended], [[['s1', 'read write']], undefined]);
  });

  it('becomes a separate session when the server removes scopes, and claims none of those', async () => {
    await seedSession(testWindow, recordAt(server.issuer, now()));
    await testWindow.sessionManager.addSession(grant(['read', 'write'], { scopes: ['write'] }), {
      resumeSessionId: 's1',
      wanted: ['write'],
    });
    assert.deepEqual(scopesById(), [
      ['s1', 'read'],
      ['new-1', 'write'],
    ]);
    assert.equal(testWindow.record().accessToken, 'access-1');
  });

  it('becomes that session when the server repeats no more than before of scopes that few servers repeat, or never granted', async () => {
    await seedSession(
      testWindow,
      recordAt(server.issuer, now(), { scopes: ['openid', 'read', 'dream'], granted: ['read'] }),
    );
    await testWindow.sessionManager.addSession(
      grant(['openid', 'read', 'dream', 'write'], { scopes: ['read', 'write'] }),
      { resumeSessionId: 's1', wanted: ['openid', 'write'] },
    );
    assert.deepEqual(scopesById(), [['s1', 'openid read dream write']]);
    assert.deepEqual(testWindow.record().granted, ['read', 'write']);
  });

  it("is a separate session of another account when a different user has signed in, and doesn't change that one", async () => {
    await seedSession(testWindow, recordAt(server.issuer, now()));
    const record = await testWindow.sessionManager.addSession(grant(['read', 'write'], {}, KIM), {
      resumeSessionId: 's1',
      wanted: ['write'],
    });
    assert.deepEqual(
      [record.account.label, scopesById()],
      [
        'Kim',
        [
          ['s1', 'read'],
          ['new-1', 'read write'],
        ],
      ],
    );
    assert.equal(testWindow.record().accessToken, 'access-1');
  });

  it('becomes a separate session when that one was signed out meanwhile', async () => {
    const record = await testWindow.sessionManager.addSession(grant(['read', 'write']), {
      resumeSessionId: 's1',
      wanted: ['write'],
    });
    assert.equal(record.id, 'new-1');
  });

  it('uses the scopes that the server last granted, even after a refresh', async () => {
    await seedSession(testWindow, recordAt(server.issuer, now()));
    server.onToken(rotatingTokens({ scope: 'read extra' }));
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    assert.deepEqual([testWindow.record().granted, testWindow.record().scopes], [['read', 'extra'], ['read']]);
  });

  describe('is expected to be for', () => {
    const there = (more: Partial<SessionRecord>): Promise<SessionRecord> =>
      seedSession(testWindow, recordAt(server.issuer, now(), more));
    const expected = (scopes: readonly string[], account?: string): string | undefined =>
      findSessionToResume(testWindow.sessionManager, 'acme', scopes, account)?.id;

    it('no account when no user is signed in', () => {
      assert.equal(expected(['read']), undefined);
    });

    it('the only account when none of its sessions match', async () => {
      await there({});
      assert.equal(expected(['write']), 's1');
    });

    it('the only account although its session has ended', async () => {
      await there({ ended: { at: now() - HOUR, category: 'session-ended', code: 'invalid_grant' } });
      assert.equal(expected(['read']), 's1');
    });

    it('another account when the only one already matches and none is specified', async () => {
      await there({});
      assert.equal(expected(['read']), undefined);
      assert.equal(findSessionToResume(testWindow.sessionManager, 'acme', ['read'], undefined, () => false)?.id, 's1');
    });

    it('the specified account, and of several accounts no other', async () => {
      await there({});
      await there({ id: 's2', account: KIM });
      assert.deepEqual(
        [
          expected(['write']),
          expected(['write'], 'person-2'),
          expected(['read'], 'person-1'),
          expected(['read'], 'person-3'),
        ],
        [undefined, 's2', 's1', undefined],
      );
    });

    it("the account's session with exactly the scopes, or else one that can have them", async () => {
      await there({ id: 's2', scopes: ['https://a.example/read'], signedInAt: now() + 1 });
      await there({ id: 's1', scopes: ['read'] });
      await there({ id: 's3', scopes: ['read', 'write'], signedInAt: now() - 1 });
      assert.deepEqual(
        [expected(['read'], 'person-1'), expected(['https://a.example/write']), expected(['other'])],
        ['s1', 's2', 's1'],
      );
    });
  });
});
