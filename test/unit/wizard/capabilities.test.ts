import assert from 'node:assert/strict';
import { DEFAULT_SCOPES } from '../../../src/core/provider.ts';
import { CAPABILITY_NOTES, getCapabilityNotes, type ServerMetadata } from '../../../src/wizard/capabilities.ts';
import { createDraft, type Draft } from '../../../src/wizard/draft.ts';
import { validateScope } from '../../../src/wizard/entryValidation.ts';
import type { PresetId } from '../../../src/wizard/presets.ts';
import { proposeScopes } from '../../../src/wizard/proposals.ts';
import { ISSUER, draftWith, presetOf, selectedScopes } from '../../support/wizardDrafts.ts';

describe('getCapabilityNotes', () => {
  const notesFor = (metadata: ServerMetadata, draft: Draft = draftWith()): string[] =>
    getCapabilityNotes({ ...draft, metadata });

  it('returns the defaults for empty metadata', () => {
    assert.deepEqual(notesFor({}), ['browser', 'pkce-not-advertised', 'renewal-not-advertised', 'no-revocation']);
  });

  it('prefers what is known about a product', () => {
    assert.deepEqual(notesFor({ revocation_endpoint: 'x' }, createDraft(presetOf('cognito'))), [
      'browser',
      'pkce-not-advertised',
      'renews',
    ]);
  });

  it('needs no metadata for a product with known endpoints', () => {
    const known = (id: PresetId): string[] => getCapabilityNotes(createDraft(presetOf(id)));
    assert.deepEqual(known('github-oauth'), [
      'browser',
      'device',
      'pkce',
      'no-expiry',
      'secret-for-browser',
      'no-revocation',
    ]);
    assert.deepEqual(known('github-app'), [
      'browser',
      'device',
      'pkce',
      'renews',
      'secret-for-browser',
      'no-revocation',
    ]);
  });

  it('omits the device code flow if it needs another type of client', () => {
    const offers = { device_authorization_endpoint: 'x', revocation_endpoint: 'x', scopes_supported: ['openid'] };
    assert.deepEqual(notesFor(offers, createDraft(presetOf('google'))), [
      'browser',
      'pkce-not-advertised',
      'renews',
      'secret-required',
    ]);
    assert.ok(notesFor(offers, createDraft(presetOf('okta'))).includes('device'));
  });

  it('returns what complete metadata announce', () => {
    const offers = {
      scopes_supported: [...DEFAULT_SCOPES],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['plain', 'S256'],
      token_endpoint_auth_methods_supported: ['none'],
      device_authorization_endpoint: `${ISSUER}/device`,
      revocation_endpoint: `${ISSUER}/revoke`,
    };
    assert.deepEqual(notesFor(offers), ['browser', 'device', 'pkce', 'renews-with-scope']);
    assert.deepEqual(notesFor({ ...offers, scopes_supported: ['openid'] }), ['browser', 'device', 'pkce', 'renews']);
  });

  it('returns what the metadata rule out', () => {
    assert.deepEqual(
      notesFor({
        grant_types_supported: ['urn:ietf:params:oauth:grant-type:device_code'],
        device_authorization_endpoint: 'x',
        revocation_endpoint: 'x',
      }),
      ['no-browser', 'device', 'pkce-not-advertised', 'renewal-not-advertised'],
    );
    // The list of grants can be incomplete.
    assert.deepEqual(notesFor({ grant_types_supported: ['authorization_code'], revocation_endpoint: 'x' }), [
      'browser',
      'pkce-not-advertised',
      'renewal-not-advertised',
    ]);
    assert.deepEqual(
      notesFor({ grant_types_supported: ['implicit'], response_types_supported: ['code'], revocation_endpoint: 'x' }),
      ['browser', 'pkce-not-advertised', 'renewal-not-advertised'],
    );
    assert.ok(notesFor({ token_endpoint_auth_methods_supported: ['client_secret_basic'] }).includes('secret'));
    assert.ok(
      !notesFor(
        { token_endpoint_auth_methods_supported: ['client_secret_basic'] },
        createDraft(presetOf('keycloak')),
      ).includes('secret'),
    );
  });

  it('ignores values of the wrong type', () => {
    const bad: ServerMetadata = {
      scopes_supported: 'openid',
      grant_types_supported: [1, null],
      code_challenge_methods_supported: { S256: true },
      token_endpoint_auth_methods_supported: 7,
    };
    assert.ok(notesFor(bad).every((note) => (CAPABILITY_NOTES as readonly string[]).includes(note)));
    assert.deepEqual(selectedScopes(draftWith({ metadata: { scopes_supported: ['two words', 'a"b', 'openid'] } })), [
      'openid',
    ]);
    assert.ok(
      proposeScopes(draftWith({ metadata: { scopes_supported: ['two words', 'fine'] } })).every(
        ({ scope }) => validateScope(scope) === undefined,
      ),
    );
  });
});
