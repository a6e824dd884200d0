import assert from 'node:assert/strict';
import { Failure } from '../../../src/core/failure.ts';
import type { Revocation } from '../../../src/protocol/revoke.ts';
import { combineSignOuts } from '../../../src/sessions/accountSignOut.ts';
import type { ServerSignOut } from '../../../src/sessions/serverSignOut.ts';
import { rejectsWith } from '../../support/failures.ts';

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
