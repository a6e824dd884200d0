// The guards for the errors of requests for sessions.
import assert from 'node:assert/strict';
import {
  isSessionKeeperError,
  isTemporary,
  isUserCancellation,
  needsSignIn,
  SignInRequiredError,
} from '../../../client/src/index.ts';
import { REACTIONS } from '../../../client/src/errorNames.ts';
import { sessionKeeperError } from '../../support/clientFixture.ts';

/** Returns the guards that accept an error. */
function guardsFor(error: unknown): string[] {
  return Object.entries({ isTemporary, needsSignIn, isUserCancellation })
    .filter(([, guard]) => guard(error))
    .map(([name]) => name);
}

describe('the guards of the client library', () => {
  it('know each error of Session Keeper', () => {
    for (const [name, reaction] of Object.entries(REACTIONS)) {
      const error = sessionKeeperError(name.replace('SessionKeeper.', ''));
      assert.ok(isSessionKeeperError(error), name);
      const expected = { retry: ['isTemporary'], 'sign-in': ['needsSignIn'], none: ['isUserCancellation'], show: [] }[
        reaction
      ];
      assert.deepEqual(guardsFor(error), expected, name);
    }
  });

  it("accept an error that this version doesn't know as one to show", () => {
    const error = sessionKeeperError('invented-later');
    assert.ok(isSessionKeeperError(error));
    assert.deepEqual(guardsFor(error), []);
    assert.deepEqual(guardsFor(sessionKeeperError('constructor')), []);
  });

  it('know the errors of VS Code and of this library', () => {
    assert.deepEqual(guardsFor(new SignInRequiredError('acme')), ['needsSignIn']);
    assert.deepEqual(guardsFor(Object.assign(new Error('Canceled'), { name: 'Canceled' })), ['isUserCancellation']);
    assert.deepEqual(guardsFor(new Error('User did not consent to login.')), ['isUserCancellation']);
    assert.deepEqual(guardsFor(new Error('Canceled')), ['isUserCancellation']);
  });

  it('accept nothing else', () => {
    for (const value of [
      new Error('SessionKeeper.network'),
      new TypeError('fetch failed'),
      'network',
      undefined,
      { name: 'SessionKeeper.network' },
    ]) {
      assert.ok(!isSessionKeeperError(value));
      assert.deepEqual(guardsFor(value), []);
    }
  });
});
