import assert from 'node:assert/strict';
import { later } from '../../../src/host/lazy.ts';

describe('what is loaded later', () => {
  it('is loaded when it is asked for, and once', async () => {
    let loads = 0;
    const get = later(
      () => Promise.resolve({ number: (loads += 1) }),
      () => assert.fail(),
    );
    assert.equal(loads, 0);
    const [one, other] = await Promise.all([get(), get()]);
    assert.deepEqual(one, { number: 1 });
    assert.equal(other, one);
    assert.equal(await get(), one);
  });

  it('is nothing where it cannot be loaded, which is told once to all who wait, and is tried again', async () => {
    const told: unknown[] = [];
    const gone = new Error('gone');
    let isThere = false;
    const get = later(
      () => (isThere ? Promise.resolve('it') : Promise.reject(gone)),
      (error) => told.push(error),
    );
    assert.deepEqual(await Promise.all([get(), get()]), [undefined, undefined]);
    assert.deepEqual(told, [gone]);
    assert.equal(await get(), undefined);
    assert.deepEqual(told, [gone, gone]);
    isThere = true;
    assert.equal(await get(), 'it');
    assert.equal(told.length, 2);
  });
});
