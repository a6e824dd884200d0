import assert from 'node:assert/strict';
import { CATEGORIES } from '../../../src/core/failure.ts';
import { REMEDIES } from '../../../src/core/remedy.ts';

describe('the remedy', () => {
  it('is there for every category, and for nothing else', () => {
    assert.deepEqual(Object.keys(REMEDIES).sort(), [...CATEGORIES].sort());
  });

  for (const category of CATEGORIES) {
    it(`for "${category}" offers at most two things, none of them twice`, () => {
      const { actions } = REMEDIES[category];
      assert.ok(actions.length <= 2);
      assert.equal(new Set(actions).size, actions.length);
    });
  }

  it('ends a session on a definite verdict only, never because of the network, a proxy, the server or a clock', () => {
    assert.deepEqual(CATEGORIES.filter((category) => REMEDIES[category].endsSession), ['session-ended', 'sign-in-needed']);
  });

  it('is to sign in again, first of all, where the session has ended, and no renewal is tried again', () => {
    for (const category of CATEGORIES.filter((one) => REMEDIES[one].endsSession)) {
      assert.equal(REMEDIES[category].actions[0], 'sign-in');
      assert.equal(REMEDIES[category].retry, 'never');
    }
  });

  it('is to try again soon where waiting is likely to help, and only there', () => {
    assert.deepEqual(CATEGORIES.filter((category) => REMEDIES[category].retry === 'quick'), ['network', 'server', 'rate-limited', 'other-window']);
  });

  it('is never to try again at once where the server asked to be left alone', () => {
    assert.ok(!REMEDIES['rate-limited'].actions.includes('retry'));
  });

  it('goes on trying for everything that keeps the session, unless the person called it off', () => {
    const stops = CATEGORIES.filter((category) => REMEDIES[category].retry === 'never' && !REMEDIES[category].endsSession);
    assert.deepEqual(stops, ['cancelled']);
  });

  it('is to wait for another window that does not come to an end, or to try again, and nothing that touches the session', () => {
    assert.deepEqual(REMEDIES['other-window'], { actions: ['retry', 'log'], retry: 'quick', endsSession: false });
  });

  it('leads to the settings for what is wrong in the settings', () => {
    for (const category of ['client-rejected', 'redirect-rejected', 'scope-rejected', 'configuration'] as const) {
      assert.equal(REMEDIES[category].actions[0], 'settings');
    }
  });
});
