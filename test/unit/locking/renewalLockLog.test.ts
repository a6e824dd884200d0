import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { rejectsWith } from '../../support/failures.ts';
import { JUST_WAIT, RenewalLockFixture } from '../../support/renewalLockFixture.ts';

describe('The log of the renewal lock', () => {
  let fixture: RenewalLockFixture;
  let since: string;

  beforeEach(() => {
    fixture = new RenewalLockFixture();
    since = new Date(fixture.clock.now()).toISOString();
  });

  const waitingFor = (name: string, time: string): string =>
    `Waiting for another window to renew a session: the lock of session s1 is held by ${name} since ${time}.`;

  it('has the process that a window waits for, and since when, at once and then every minute', async () => {
    const { clock } = fixture;
    const held = await fixture.hold(fixture.openWindow());
    await clock.advance(HOUR);
    const other = fixture.openWindow();
    const waiting = fixture.hold(other, { ...JUST_WAIT, timeout: 10 * MINUTE });
    await clock.advance(0);
    const line = waitingFor('process 1', since);
    assert.deepEqual(other.lines, [line]);
    await clock.advance(MINUTE - 1);
    assert.deepEqual(other.lines, [line]);
    await clock.advance(2 * SECOND);
    assert.deepEqual(other.lines, [line, line]);
    await clock.advance(MINUTE);
    assert.deepEqual(other.lines, [line, line, line]);
    await held.release();
    await clock.advance(SECOND);
    await (await waiting).release();
    assert.equal(other.lines.length, 3);
  });

  it('has it once a minute when a window waits again and again', async () => {
    const { clock } = fixture;
    const held = await fixture.hold(fixture.openWindow());
    const other = fixture.openWindow();
    for (let time = 0; time < 10; time += 1) {
      const waiting = rejectsWith(fixture.hold(other, { ...JUST_WAIT, timeout: 10 * SECOND }), 'lock-timeout');
      await clock.advance(11 * SECOND);
      await waiting;
    }
    assert.deepEqual(other.lines, [waitingFor('process 1', since), waitingFor('process 1', since)]);
    await held.release();
  });

  it('has it immediately when another process has acquired the lock', async () => {
    const { clock, folder } = fixture;
    const held = await fixture.hold(fixture.openWindow());
    const other = fixture.openWindow();
    const waiting = fixture.hold(other);
    await clock.advance(SECOND / 2);
    const later = new Date(clock.now()).toISOString();
    folder.files.set('s1.1.released', '');
    folder.files.set('s1.2.locked', JSON.stringify({ token: 'window-1', name: 'process 9', since: clock.now() }));
    await clock.advance(SECOND);
    assert.deepEqual(other.lines, [waitingFor('process 1', since), waitingFor('process 9', later)]);
    await held.release();
    await clock.advance(SECOND);
    await waiting;
  });

  it('has it again after a minute when the clock was set back meanwhile', async () => {
    const { clock } = fixture;
    await fixture.hold(fixture.openWindow());
    const other = fixture.openWindow();
    const waiting = rejectsWith(fixture.hold(other), 'lock-timeout');
    await clock.advance(SECOND);
    clock.jump(-HOUR);
    await clock.advance(50 * SECOND);
    await waiting;
    assert.equal(other.lines.length, 2);
  });

  it('has nothing when the lock is free or its process has ended', async () => {
    await fixture.die();
    const window = fixture.openWindow();
    await fixture.pass(window);
    await fixture.pass(window);
    assert.deepEqual(window.lines, []);
  });

  it("has a warning when a window takes over from one that isn't responding", async () => {
    const { clock } = fixture;
    await fixture.hold(fixture.openWindow());
    fixture.stop('s1.1.locked');
    const other = fixture.openWindow();
    const waiting = fixture.hold(other, { ...JUST_WAIT, mayOvertake: () => true });
    await clock.advance(12 * SECOND);
    await waiting;
    assert.deepEqual(other.warnings, [
      `Taking over from a window that isn't responding: the lock of session s1 is held by process 1 since ${since}.`,
    ]);
    assert.equal(other.lines[0], waitingFor('process 1', since));
  });

  for (const [content, expected] of [
    [{ token: 'elsewhere', name: '[evil](command:x)\nnext line' }, 'evil(command:x) next line'],
    [{ token: 'elsewhere', name: 'n'.repeat(500) }, `${'n'.repeat(99)}…`],
    [{ token: 'elsewhere' }, 'another process'],
    [{ token: 1, name: 'process 1' }, 'another process'],
    [{ token: 'elsewhere', since: 1e300 }, 'another process since out of range'],
  ] as const) {
    it(`contains no link and no long text when a lock file has ${JSON.stringify(content).slice(0, 60)}`, async () => {
      const { clock, folder } = fixture;
      folder.files.set('s1.1.locked', JSON.stringify(content));
      const window = fixture.openWindow();
      const waiting = rejectsWith(fixture.hold(window, { ...JUST_WAIT, timeout: SECOND }), 'lock-timeout');
      await clock.advance(2 * SECOND);
      await waiting;
      assert.deepEqual(window.lines, [
        `Waiting for another window to renew a session: the lock of session s1 is held by ${expected}.`,
      ]);
    });
  }
});
