import assert from 'node:assert/strict';
import { Mutex } from '../../../src/locking/mutex.ts';
import { settle } from '../../support/fakeClock.ts';

describe('Mutex', () => {
  it('runs tasks with the same key in sequence, in the order of the calls', async () => {
    const mutex = new Mutex();
    const steps: string[] = [];
    const tasks = ['one', 'two', 'three'].map((name) =>
      mutex.runExclusive('key', async () => {
        steps.push(`${name} begins`);
        await settle();
        steps.push(`${name} ends`);
        return name;
      }),
    );
    assert.deepEqual(await Promise.all(tasks), ['one', 'two', 'three']);
    assert.deepEqual(
      steps,
      ['one', 'two', 'three'].flatMap((name) => [`${name} begins`, `${name} ends`]),
    );
  });

  it('runs tasks with different keys concurrently', async () => {
    const mutex = new Mutex();
    const first = Promise.withResolvers<string>();
    const running = mutex.runExclusive('one', () => first.promise);
    assert.equal(await mutex.runExclusive('other', () => Promise.resolve('done')), 'done');
    first.resolve('done later');
    assert.equal(await running, 'done later');
  });

  it('rejects to the caller, and runs the next task, when a task fails', async () => {
    const mutex = new Mutex();
    const failing = mutex.runExclusive('key', () => Promise.reject(new Error('no')));
    const next = mutex.runExclusive('key', () => Promise.resolve('done'));
    await assert.rejects(failing, /^Error: no$/);
    assert.equal(await next, 'done');
  });

  it('runs a task when all earlier ones have ended, even when an earlier one has requested it', async () => {
    const mutex = new Mutex();
    const run = (): Promise<string> => mutex.runExclusive('key', () => Promise.resolve('done'));
    let later = Promise.resolve('');
    await mutex.runExclusive('key', () => {
      later = run();
      return Promise.resolve();
    });
    assert.equal(await later, 'done');
    await settle();
    assert.equal(await run(), 'done');
  });
});
