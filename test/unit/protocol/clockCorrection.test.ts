// How far the `Date` header of a response can move the time by which it's checked.
import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { DpopKeys } from '../../../src/protocol/dpop.ts';
import { tradeForIdToken } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';

describe('The correction of the clock', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  const seconds = (at: number): number => Math.floor(at / SECOND);
  /** Signs in with an ID token that is valid for five minutes around the server's time. */
  const signIn = (ahead: number): Promise<unknown> => {
    server.date = () => Date.now() + ahead;
    return tradeForIdToken(server, (nonce) => {
      const now = Date.now() + ahead;
      return server.idToken({ aud: 'editor', nonce, iat: seconds(now), exp: seconds(now + 5 * MINUTE) });
    });
  };

  it('covers a wrong time zone, in both directions', async () => {
    for (const ahead of [-23 * HOUR, -14 * HOUR, -HOUR, HOUR, 14 * HOUR, 23 * HOUR]) {
      await signIn(ahead);
    }
  });

  it("is a day at most, so that a header can't make a token valid that expired days ago or is issued years from now", async () => {
    for (const ahead of [-3650 * DAY, -30 * DAY, -2 * DAY, -25 * HOUR, 50 * HOUR, 30 * DAY, 3650 * DAY]) {
      await rejectsWith(signIn(ahead), 'clock');
    }
  });

  it('is a day at most for DPoP proofs', () => {
    for (const [skew, seen] of [
      [10 * 365 * DAY, DAY],
      [-10 * 365 * DAY, -DAY],
      [2 * HOUR, 2 * HOUR],
      [10 * SECOND, 0],
    ] as const) {
      const keys = new DpopKeys();
      keys.recordServerClock({ skew, platformClockOffset: 0 });
      assert.equal(keys.clockOffset, seen / SECOND);
    }
  });
});
