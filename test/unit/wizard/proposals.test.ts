import assert from 'node:assert/strict';
import { DEFAULT_SCOPES } from '../../../src/core/provider.ts';
import { createDraft } from '../../../src/wizard/draft.ts';
import { proposeScopes } from '../../../src/wizard/proposals.ts';
import { draftWith, presetOf, selectedScopes } from '../../support/wizardDrafts.ts';

describe('the scopes to choose from', () => {
  it('have the usual ones picked where the server does not list any', () => {
    assert.deepEqual(selectedScopes(draftWith()), DEFAULT_SCOPES);
    assert.deepEqual(selectedScopes(draftWith({ metadata: {} })), DEFAULT_SCOPES);
  });

  it('have those of the usual ones picked that the server lists, and show the rest of both', () => {
    const draft = draftWith({ metadata: { scopes_supported: ['notes', 'openid', 'email'] } });
    assert.deepEqual(selectedScopes(draft), ['openid', 'email']);
    assert.deepEqual(
      proposeScopes(draft).map(({ scope }) => scope),
      ['openid', 'email', 'profile', 'offline_access', 'notes'],
    );
    assert.deepEqual(
      proposeScopes(draft)
        .filter(({ isListed }) => !isListed)
        .map(({ scope }) => scope),
      ['profile', 'offline_access'],
    );
  });

  it('have offline_access picked unless the server lists scopes without it, and no grant that it would be for', () => {
    const isPicked = (metadata: Readonly<Record<string, unknown>>): boolean =>
      selectedScopes(draftWith({ metadata })).includes('offline_access');
    const WITHOUT = { scopes_supported: ['openid'] };
    assert.deepEqual(
      [
        isPicked({ ...WITHOUT, grant_types_supported: ['authorization_code', 'refresh_token'] }),
        isPicked({ grant_types_supported: ['authorization_code'] }),
      ],
      [true, true],
    );
    assert.deepEqual(
      [
        isPicked({ scopes_supported: ['openid', 'offline_access'], grant_types_supported: ['authorization_code'] }),
        isPicked({ ...WITHOUT, grant_types_supported: ['authorization_code'] }),
      ],
      [true, false],
    );
  });

  it('have those of the ready-made definition picked, whatever the server lists', () => {
    assert.deepEqual(selectedScopes({ ...createDraft(presetOf('gitlab')), metadata: { scopes_supported: ['api'] } }), [
      'openid',
      'profile',
      'email',
    ]);
  });

  it('have those picked that the entry has, or that were chosen before', () => {
    assert.deepEqual(selectedScopes(createDraft(undefined, { scopes: ['openid', 'own'] })), ['openid', 'own']);
  });
});
