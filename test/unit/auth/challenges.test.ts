import assert from 'node:assert/strict';
import { registerForChallenges, type RegistrationOptions } from '../../../src/auth/challenges.ts';

describe('The registration of a provider', () => {
  const registration = { dispose: () => {} };

  it('says that it answers challenges', () => {
    const seen: RegistrationOptions[] = [];
    const outcome = registerForChallenges((options) => {
      seen.push(options);
      return registration;
    });
    assert.deepEqual(outcome, { registered: registration, supportsChallenges: true });
    assert.deepEqual(seen, [{ supportsMultipleAccounts: true, supportsChallenges: true }]);
  });

  it('does without that in a VS Code that refuses it', () => {
    const outcome = registerForChallenges(({ supportsChallenges, ...options }) => {
      if (supportsChallenges === true) {
        throw new Error('CANNOT use API proposal: authenticationChallenges.');
      }
      assert.deepEqual(options, { supportsMultipleAccounts: true });
      return registration;
    });
    assert.deepEqual(outcome, { registered: registration, supportsChallenges: false });
  });

  it('hides no other refusal', () => {
    assert.throws(
      () =>
        registerForChallenges(() => {
          throw new Error('already registered');
        }),
      /already registered/,
    );
  });
});
