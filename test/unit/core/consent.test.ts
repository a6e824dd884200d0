import assert from 'node:assert/strict';
import { mayLackConsent, promptWithConsent } from '../../../src/core/consent.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { providerAt } from '../../support/fixtures.ts';
import { SAMPLE } from '../../support/coreSamples.ts';

describe('mayLackConsent and promptWithConsent', () => {
  const { refreshToken: _token, ...bare } = SAMPLE;
  const record: SessionRecord = { ...bare, scopes: ['offline_access', 'openid'] };
  const provider = providerAt(SAMPLE.issuer);

  it('reports missing consent when a refresh token was requested and none was issued', () => {
    assert.ok(mayLackConsent(record, provider));
    assert.ok(
      mayLackConsent(record, { ...provider, authorizationParameters: { prompt: 'login', audience: 'consent' } }),
    );
  });

  it('reports no missing consent when there is a token, none was requested, none is needed, or the entry requests consent', () => {
    assert.ok(!mayLackConsent({ ...record, refreshToken: 'r' }, provider));
    assert.ok(!mayLackConsent({ ...record, scopes: ['openid'] }, provider));
    assert.ok(!mayLackConsent({ ...record, accessExpiresAt: undefined }, provider));
    assert.ok(!mayLackConsent(record, { ...provider, authorizationParameters: { prompt: 'login  consent' } }));
    assert.ok(!mayLackConsent(record, undefined));
  });

  it('adds consent to the prompt of the entry', () => {
    assert.deepEqual(
      [undefined, '', 'login', 'select_account login', 'none', 'consent', 'login consent'].map(promptWithConsent),
      ['consent', 'consent', 'login consent', 'select_account login consent', 'consent', 'consent', 'login consent'],
    );
  });
});
