import assert from 'node:assert/strict';
import { registerForChallenges, type RegistrationOptions } from '../../../src/auth/challenges.ts';

describe('The registration of a provider', () => {
  const registration = { dispose: () => {} };

  it('supports challenges', () => {
    const seen: RegistrationOptions[] = [];
    const outcome = registerForChallenges((options) => {
      seen.push(options);
      return registration;
    });
    assert.deepEqual(outcome, { registered: registration, supportsChallenges: true });
    assert.deepEqual(seen, [{ supportsMultipleAccounts: true, supportsChallenges: true }]);
  });

  it("doesn't support challenges if VS Code rejects that", () => {
    const outcome = registerForChallenges(({ supportsChallenges, ...options }) => {
      if (supportsChallenges === true) {
        throw new Error('CANNOT use API proposal: authenticationChallenges.');
      }
      assert.deepEqual(options, { supportsMultipleAccounts: true });
      return registration;
    });
    assert.deepEqual(outcome, { registered: registration, supportsChallenges: false });
  });

  it('throws any other error', () => {
    assert.throws(
      () =>
        registerForChallenges(() => {
          throw new Error('already registered');
        }),
      /already registered/,
    );
  });
});
