import assert from 'node:assert/strict';
import { Emitter } from '../../../src/core/emitter.ts';

describe('Emitter', () => {
  it('calls all listeners in the order in which they were added', () => {
    const emitter = new Emitter<string>();
    const heard: string[] = [];
    emitter.event((value) => heard.push(`one ${value}`));
    emitter.event((value) => heard.push(`two ${value}`));
    emitter.fire('a');
    emitter.fire('b');
    assert.deepEqual(heard, ['one a', 'two a', 'one b', 'two b']);
  });

  it("calls the other listeners when one throws, and doesn't throw itself", () => {
    const errors: unknown[] = [];
    const emitter = new Emitter<number>((error) => errors.push(error));
    const fault = new Error('fault');
    const heard: number[] = [];
    emitter.event(() => {
      throw fault;
    });
    emitter.event((value) => heard.push(value));
    emitter.fire(1);
    emitter.fire(2);
    assert.deepEqual(heard, [1, 2]);
    assert.deepEqual(errors, [fault, fault]);
  });

  it('discards what a listener throws when there is no error handler', () => {
    const emitter = new Emitter<number>();
    emitter.event(() => {
      throw new Error('fault');
    });
    assert.doesNotThrow(() => emitter.fire(1));
  });

  it("doesn't call a removed listener, and ignores a second removal", () => {
    const emitter = new Emitter<number>();
    const heard: string[] = [];
    const gone = emitter.event(() => heard.push('gone'));
    emitter.event(() => heard.push('here'));
    gone.dispose();
    gone.dispose();
    emitter.fire(1);
    assert.deepEqual(heard, ['here']);
  });

  it('treats a function that was added twice as two listeners', () => {
    const emitter = new Emitter<number>();
    let calls = 0;
    const listener = (): void => {
      calls += 1;
    };
    const first = emitter.event(listener);
    emitter.event(listener);
    emitter.fire(1);
    assert.equal(calls, 2);
    first.dispose();
    emitter.fire(1);
    assert.equal(calls, 3);
  });

  it('allows adding and removing listeners while it fires', () => {
    const emitter = new Emitter<number>();
    const heard: string[] = [];
    const once = emitter.event((value) => {
      heard.push(`once ${value}`);
      once.dispose();
      emitter.event((later) => heard.push(`new ${later}`));
    });
    emitter.event((value) => heard.push(`old ${value}`));
    emitter.fire(1);
    assert.deepEqual(heard, ['once 1', 'old 1'], 'a new listener is called from the next time on');
    emitter.fire(2);
    assert.deepEqual(heard.slice(2), ['old 2', 'new 2']);
  });

  it("doesn't call anything after it's disposed of", () => {
    const emitter = new Emitter<number>();
    const heard: number[] = [];
    const listening = emitter.event((value) => heard.push(value));
    emitter.dispose();
    emitter.fire(1);
    assert.deepEqual(heard, []);
    assert.doesNotThrow(() => listening.dispose());
    assert.doesNotThrow(() => emitter.dispose());
  });

  it('provides its event as a detached function', () => {
    const emitter = new Emitter<number>();
    const { event } = emitter;
    const heard: number[] = [];
    event((value) => heard.push(value));
    emitter.fire(1);
    assert.deepEqual(heard, [1]);
  });
});
