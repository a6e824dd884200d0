import assert from 'node:assert/strict';
import { PendingRequests } from '../../../src/auth/pendingRequests.ts';
import { SAMPLE } from '../../support/coreSamples.ts';

const POLICY = { scopes: ['openid', 'profile'], combineScopes: false };

describe('Requests that wait for a session', () => {
  let pending: PendingRequests;

  beforeEach(() => {
    pending = new PendingRequests();
  });

  it('are fulfilled once by a session that serves them, in the words of the caller', () => {
    pending.add(['profile', 'openid']);
    pending.add(['openid', 'profile']);
    pending.add(['mail']);
    assert.deepEqual(pending.removeFulfilled(SAMPLE, POLICY), [
      ['profile', 'openid'],
      ['openid', 'profile'],
    ]);
    assert.deepEqual(pending.removeFulfilled(SAMPLE, POLICY), []);
    assert.deepEqual(pending.removeAll(), [['mail']]);
    assert.deepEqual(pending.removeAll(), []);
  });

  it('are not fulfilled by a session with more than they ask for', () => {
    pending.add(['read']);
    assert.deepEqual(pending.removeFulfilled({ ...SAMPLE, scopes: ['read', 'write'] }, POLICY), []);
    assert.deepEqual(pending.removeFulfilled({ ...SAMPLE, scopes: ['openid', 'read'] }, POLICY), [['read']]);
  });

  it('are fulfilled by any session when they are those of the Accounts menu', () => {
    pending.setMenuScopes(['mail', 'calendar']);
    pending.add(['mail', 'calendar']);
    assert.deepEqual(pending.removeFulfilled(SAMPLE, POLICY), [['mail', 'calendar']]);
  });
});
