import assert from 'node:assert/strict';
import { Failure } from '../../../src/core/failure.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import type { Revocation } from '../../../src/protocol/revoke.ts';
import { combineSignOuts } from '../../../src/sessions/accountSignOut.ts';
import type { ServerSignOut } from '../../../src/sessions/serverSignOut.ts';
import { rejectsWith } from '../../support/failures.ts';
import { createTestWindow, recordAt, seedSession, type TestWindow } from '../../support/testWindow.ts';

const ISSUER = 'https://id.example.com';
const PAGE = {} as Awaited<ServerSignOut['page']>;
const signOut = (atServer: Promise<Revocation>, page?: typeof PAGE): ServerSignOut => ({
  queued: Promise.resolve(),
  atServer,
  page: Promise.resolve(page),
});

describe('The sign-out of an account', () => {
  const revoked = signOut(Promise.resolve('revoked'));

  it('is confirmed when that of every session is', async () => {
    assert.equal(await combineSignOuts([revoked, revoked]).atServer, 'revoked');
    const without = signOut(Promise.resolve('not-supported'));
    assert.equal(await combineSignOuts([revoked, without]).atServer, 'not-supported');
  });

  it("isn't confirmed when that of one session isn't", async () => {
    const failed = signOut(Promise.reject(new Failure('network', 'ENOTFOUND')));
    await rejectsWith(combineSignOuts([revoked, failed, revoked]).atServer, 'network');
  });

  it('opens one page when several sessions have one', async () => {
    const [one, other] = [{ ...PAGE }, { ...PAGE }] as (typeof PAGE)[];
    const all = [revoked, signOut(revoked.atServer, one), signOut(revoked.atServer, other)];
    assert.equal(await combineSignOuts(all).page, one);
    assert.equal(await combineSignOuts([revoked]).page, undefined);
  });
});

describe('Signing out of an account', () => {
  let testWindow: TestWindow;
  const seed = (id: string, more: Partial<SessionRecord> = {}): Promise<SessionRecord> =>
    seedSession(testWindow, recordAt(ISSUER, testWindow.clock.now(), { id, scopes: [id], ...more }));
  const remaining = (): string[] => testWindow.liveSessions.all().map(({ record }) => record.id);
  const unused = (): string[] => testWindow.sessionManager.getUnused().map(({ record }) => record.id);

  beforeEach(async () => {
    testWindow = createTestWindow(ISSUER, { fetch: () => Promise.reject(new Error('There is no server.')) });
    await seed('one');
    await seed('two');
    await seed('old', { clientId: 'another' });
    await seed('older', { clientId: 'another' });
    await seed('removed', { providerId: 'gone' });
  });
  afterEach(() => testWindow.sessions.dispose());

  it('signs out of all its sessions, and of none that is not used', async () => {
    await testWindow.sessionManager.signOutOfAccount('one');
    assert.deepEqual(remaining(), ['old', 'older', 'removed']);
  });

  it('signs out of all sessions that are not used, and of no other one', async () => {
    assert.deepEqual(unused(), ['old', 'older', 'removed']);
    await testWindow.sessionManager.signOutOfAccount('old');
    assert.deepEqual(remaining(), ['one', 'two', 'removed']);
    await testWindow.sessionManager.signOutOfAccount('removed');
    assert.deepEqual([remaining(), unused()], [['one', 'two'], []]);
  });
});
