import assert from 'node:assert/strict';
import { DEFAULT_SCOPES } from '../../../src/core/provider.ts';
import { createDraft, type Draft } from '../../../src/wizard/draft.ts';
import type { Entry } from '../../../src/wizard/entries.ts';
import {
  proposeRedirectKind,
  proposeScopes,
  withDefaults,
  withProposedRedirect,
} from '../../../src/wizard/proposals.ts';
import { issuerRedirectUri } from '../../../src/wizard/redirect.ts';
import { ISSUER, draftWith, presetOf, selectedScopes } from '../../support/wizardDrafts.ts';

describe('the proposed scopes', () => {
  it('include the default scopes if the server lists none', () => {
    assert.deepEqual(selectedScopes(draftWith()), DEFAULT_SCOPES);
    assert.deepEqual(selectedScopes(draftWith({ metadata: {} })), DEFAULT_SCOPES);
  });

  it('include the default scopes that the server lists, and offer all others', () => {
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

  it('include offline_access unless the server lists neither it nor the refresh token grant', () => {
    const isSelected = (metadata: Readonly<Record<string, unknown>>): boolean =>
      selectedScopes(draftWith({ metadata })).includes('offline_access');
    const WITHOUT = { scopes_supported: ['openid'] };
    assert.deepEqual(
      [
        isSelected({ ...WITHOUT, grant_types_supported: ['authorization_code', 'refresh_token'] }),
        isSelected({ grant_types_supported: ['authorization_code'] }),
      ],
      [true, true],
    );
    assert.deepEqual(
      [
        isSelected({ scopes_supported: ['openid', 'offline_access'], grant_types_supported: ['authorization_code'] }),
        isSelected({ ...WITHOUT, grant_types_supported: ['authorization_code'] }),
      ],
      [true, false],
    );
  });

  it('include the scopes of the preset, whatever the server lists', () => {
    assert.deepEqual(selectedScopes({ ...createDraft(presetOf('gitlab')), metadata: { scopes_supported: ['api'] } }), [
      'openid',
      'profile',
      'email',
    ]);
  });

  it('include the scopes of the entry', () => {
    assert.deepEqual(selectedScopes(createDraft(undefined, { scopes: ['openid', 'own'] })), ['openid', 'own']);
  });
});

describe('the proposed redirect URI', () => {
  const OTHERS = [{ id: 'other', issuer: 'https://other.example', clientId: 'c' }];
  const kindFor = (draft: Draft, others: readonly Entry[] = OTHERS): string => proposeRedirectKind(draft, others);

  it("has a path for the issuer only if another server is configured, and this one doesn't send iss", () => {
    assert.equal(kindFor(draftWith({ metadata: {} })), 'issuer-path');
    assert.equal(kindFor(draftWith({ metadata: null })), 'issuer-path');
    assert.equal(kindFor(draftWith({ metadata: {} }), []), 'any-port');
    assert.equal(
      kindFor(draftWith({ metadata: { authorization_response_iss_parameter_supported: true } })),
      'any-port',
    );
    assert.equal(
      kindFor(draftWith({ metadata: { authorization_response_iss_parameter_supported: 'true' } })),
      'issuer-path',
    );
  });

  it("doesn't count invalid entries and entries for the same server", () => {
    const draft = draftWith({ metadata: {} });
    assert.equal(kindFor(draft, [{ id: 'same', issuer: ISSUER, clientId: 'c' }]), 'any-port');
    assert.equal(kindFor(draft, [{ id: 'invalid', issuer: 'https://other.example' }]), 'any-port');
  });

  it('is none for a product that needs no registration', () => {
    assert.notEqual(kindFor(createDraft(presetOf('google'))), 'issuer-path');
  });

  it('keeps the host and the ports of the preset', () => {
    const cognito = { ...createDraft(presetOf('cognito')), issuer: ISSUER };
    const { redirectPorts, redirectUri } = withProposedRedirect(cognito, OTHERS);
    assert.equal(redirectUri, issuerRedirectUri(ISSUER, 'http://localhost/callback'));
    assert.deepEqual(redirectPorts, presetOf('cognito')?.fields?.redirectPorts);
    const moved = withProposedRedirect({ ...withProposedRedirect(cognito, OTHERS), issuer: `${ISSUER}/2` }, OTHERS);
    assert.equal(moved.redirectUri, issuerRedirectUri(`${ISSUER}/2`, 'http://localhost/callback'));
    const single = withProposedRedirect({ ...moved, issuer: ISSUER }, []);
    assert.deepEqual([single.redirectKind, single.redirectUri], ['redirect-uri', 'http://localhost/callback']);
  });

  it('stays what the user has chosen', () => {
    const chosen = draftWith({ metadata: {}, isRedirectChosen: true });
    assert.equal(withProposedRedirect(chosen, OTHERS).redirectKind, 'any-port');
  });
});

describe('withDefaults', () => {
  it('completes a new provider', () => {
    const { id, label, scopes } = withDefaults(draftWith(), []);
    assert.deepEqual([id, label, scopes], ['id-example-com', 'id.example.com', DEFAULT_SCOPES]);
  });

  it("doesn't change an existing entry", () => {
    const draft = createDraft(undefined, { issuer: ISSUER, clientId: 'c' });
    assert.deepEqual(withDefaults(draft, []), draft);
  });
});
