import assert from 'node:assert/strict';
import { mayLackConsent, promptWithConsent } from '../../../src/core/consent.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { providerAt } from '../../support/fixtures.ts';
import { SAMPLE } from '../../support/coreSamples.ts';

describe('consent for a refresh token', () => {
  const { refreshToken: _token, ...bare } = SAMPLE;
  const record: SessionRecord = { ...bare, scopes: ['offline_access', 'openid'] };
  const provider = providerAt(SAMPLE.issuer);

  it('may be lacking if one was asked for and none came', () => {
    assert.ok(mayLackConsent(record, provider));
    assert.ok(
      mayLackConsent(record, { ...provider, authorizationParameters: { prompt: 'login', audience: 'consent' } }),
    );
  });

  it('is not lacking if there is one, none was asked for, none is needed, or the entry asks for consent', () => {
    assert.ok(!mayLackConsent({ ...record, refreshToken: 'r' }, provider));
    assert.ok(!mayLackConsent({ ...record, scopes: ['openid'] }, provider));
    assert.ok(!mayLackConsent({ ...record, accessExpiresAt: undefined }, provider));
    assert.ok(!mayLackConsent(record, { ...provider, authorizationParameters: { prompt: 'login  consent' } }));
    assert.ok(!mayLackConsent(record, undefined));
  });

  it('is asked for beside what the entry wants shown', () => {
    assert.deepEqual(
      [undefined, '', 'login', 'select_account login', 'none', 'consent', 'login consent'].map(promptWithConsent),
      ['consent', 'consent', 'login consent', 'select_account login consent', 'consent', 'consent', 'login consent'],
    );
  });
});
