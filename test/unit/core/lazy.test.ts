import assert from 'node:assert/strict';
import { lazy } from '../../../src/core/lazy.ts';

describe('A value loaded on demand', () => {
  it("is loaded once when it's first needed", async () => {
    let loads = 0;
    const number = lazy(
      () => Promise.resolve({ number: (loads += 1) }),
      () => assert.fail(),
    );
    assert.deepEqual([loads, number.value], [0, undefined]);
    const [one, other] = await Promise.all([number.load(), number.load()]);
    assert.deepEqual(one, { number: 1 });
    assert.equal(other, one);
    assert.equal(await number.load(), one);
    assert.equal(number.value, one);
  });

  it('reports an error once to all waiting callers, and is loaded again by the next call', async () => {
    const errors: unknown[] = [];
    const gone = new Error('gone');
    let isThere = false;
    const it = lazy(
      () => (isThere ? Promise.resolve('it') : Promise.reject(gone)),
      (error) => errors.push(error),
    );
    const outcomes = await Promise.allSettled([it.load(), it.load()]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.deepEqual(errors, [gone]);
    await assert.rejects(it.load(), gone);
    assert.deepEqual(errors, [gone, gone]);
    assert.equal(it.value, undefined);
    isThere = true;
    assert.equal(await it.load(), 'it');
    assert.equal(errors.length, 2);
  });
});
