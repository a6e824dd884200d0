// The failed refreshes of other windows.
import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import type { RefreshFailure } from '../../../src/storage/sessionFile.ts';
import { FakeFolder, FakeProcessLiveness, FakeStore } from '../../support/fakeStore.ts';
import { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { ISSUER } from '../../support/sessionStoreFixture.ts';
import { createTestWindow, recordAt, seedSession, type TestWindow } from '../../support/testWindow.ts';

describe('CrossWindowSync with a failure of another window', () => {
  let clock: ManualAsyncClock;
  let one: TestWindow;
  let other: TestWindow;

  beforeEach(async () => {
    clock = new ManualAsyncClock();
    const shared = { clock, folder: new FakeFolder(), store: new FakeStore(), life: new FakeProcessLiveness() };
    [one, other] = [createTestWindow(ISSUER, shared), createTestWindow(ISSUER, shared)];
    other.sessions.start();
    await seedSession(one, record());
    await clock.rest();
  });

  afterEach(() => {
    other.sessions.dispose();
  });

  /** The session of both windows, which isn't due for days. */
  const record = (more: Partial<SessionRecord> = {}): SessionRecord =>
    recordAt(ISSUER, clock.now(), { accessExpiresAt: clock.now() + 3 * DAY, ...more });
  const failure = (more: Partial<RefreshFailure> = {}): RefreshFailure => ({
    generation: 1,
    at: clock.now(),
    category: 'server',
    code: 'http-503',
    failures: 2,
    nextAttemptAt: clock.now() + HOUR,
    ...more,
  });
  const failedAt = (): number | undefined => other.liveSessions.get('s1')?.failedAt;
  const share = async (more: Partial<RefreshFailure> = {}, of = record()): Promise<void> => {
    await one.sessionStore.recordFailure(of, failure(more));
    await clock.rest();
  };

  it('adopts it with its count, its times and its category', async () => {
    await share({ waitUntil: clock.now() + MINUTE, rejectedAt: clock.now() });
    const { failure: adopted, failures, nextAttemptAt, waitUntil, rejectedAt } = other.liveSessions.get('s1') ?? {};
    const now = clock.now();
    assert.deepEqual(
      [adopted?.category, adopted?.code, failures, failedAt(), nextAttemptAt, waitUntil, rejectedAt],
      ['server', 'http-503', 2, now, now + HOUR, now + MINUTE, now],
    );
  });

  it('ignores it when this window has failed since', async () => {
    const later = clock.now() + MINUTE;
    other.liveSessions.patch('s1', { failedAt: later, failures: 7 });
    await clock.pass(2 * MINUTE);
    await share({ at: later - SECOND });
    assert.deepEqual([failedAt(), other.liveSessions.get('s1')?.failures], [later, 7]);
    await share({ at: later + SECOND });
    assert.deepEqual([failedAt(), other.liveSessions.get('s1')?.failures], [later + SECOND, 2]);
  });

  it('ignores it when its time is in the future because the clock was set back', async () => {
    await share({ at: clock.now() + SECOND });
    assert.equal(failedAt(), undefined);
  });

  it("ignores it when this window doesn't have its generation yet", async () => {
    await one.sessionStore.markRefreshInFlight(record());
    const half = record({ generation: 2, isComplete: false });
    await one.sessionStore.put(half);
    await share({ generation: 2 }, half);
    assert.deepEqual([other.record().generation, failedAt()], [1, undefined]);
  });

  it('ignores it while this window refreshes the session', async () => {
    other.liveSessions.patch('s1', { refreshing: true });
    await share();
    assert.equal(failedAt(), undefined);
  });

  it('keeps waiting as long as the server requested from this window', async () => {
    const waitUntil = clock.now() + 30 * MINUTE;
    other.liveSessions.patch('s1', { waitUntil });
    await share({ waitUntil: clock.now() + MINUTE, nextAttemptAt: clock.now() + MINUTE });
    const session = other.liveSessions.get('s1');
    assert.deepEqual(
      [session?.waitUntil, session?.nextAttemptAt, session?.failure?.retryAfter],
      [waitUntil, waitUntil, 30 * MINUTE],
    );
  });
});
