import assert from 'node:assert/strict';
import { PendingRequests } from '../../../src/auth/pendingRequests.ts';
import { SAMPLE } from '../../support/coreSamples.ts';

const POLICY = { scopes: ['openid', 'profile'], combineScopes: false };

describe('Requests that wait for a session', () => {
  let pending: PendingRequests;

  beforeEach(() => {
    pending = new PendingRequests();
  });

  it('are fulfilled once by a session that serves them, with the scopes in the order of the caller', () => {
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

  it("aren't fulfilled by a session with more scopes than requested", () => {
    pending.add(['read']);
    assert.deepEqual(pending.removeFulfilled({ ...SAMPLE, scopes: ['read', 'write'] }, POLICY), []);
    assert.deepEqual(pending.removeFulfilled({ ...SAMPLE, scopes: ['openid', 'read'] }, POLICY), [['read']]);
  });

  it('are fulfilled by any session if they are those of the Accounts menu', () => {
    pending.setMenuScopes(['mail', 'calendar']);
    pending.add(['mail', 'calendar']);
    assert.deepEqual(pending.removeFulfilled(SAMPLE, POLICY), [['mail', 'calendar']]);
  });
});
